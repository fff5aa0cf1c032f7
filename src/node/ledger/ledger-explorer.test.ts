import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foundOrg, keyNamed, TestDevice } from '../../ledger/fold/org-fixture.conformance.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { saveRoots } from './kept-records.ts'
import { LocalLedgerExplorer } from './ledger-explorer.ts'
import { LedgerKeeper } from './ledger-keeper.ts'
import type { LedgerLines } from './ledger-terms.ts'

const ADMINS = ['founder', 'second'].map(keyNamed)
const root = foundOrg(ADMINS, { approvals: new Map([['content.recall', 2]]) })
const founder = new TestDevice(keyNamed('founder'), root)
const second = new TestDevice(keyNamed('second'), root)
const lab = new TestDevice(keyNamed('lab'), root)
const ALL = {
  ...{ type: null, author: null, about: null, effect: null, sinceMs: null, untilMs: null, limit: 100 }
}

function exploring(device: TestDevice): LocalLedgerExplorer {
  const records = new MemoryRecords()
  saveRoots(records, [root])
  const keeper = new LedgerKeeper({ records, key: DeviceKey.generate(), log: SILENT_LOG })
  keeper.take([...device.ledger.operations()].map(operation => operation.record))
  return new LocalLedgerExplorer(keeper, id => ({
    ...{ device: id, name: id === lab.id ? 'lab-7' : null, site: null }
  }))
}

test('each operation is shown with its place, its approvals and why it has or lacks effect', async () => {
  const enrolled = founder.enrol(lab.key)
  lab.learn(founder)
  const published = lab.publish('lab/image', '1')
  const [version] = lab.ledger.state().datasets.get('lab/image')?.versions ?? []
  assert.ok(version !== undefined)
  founder.learn(lab)
  const recalled = founder.write({ type: 'content.recall', version: version.version, reason: 'wrong' })

  const waiting = await exploring(founder).operation(recalled.id.slice(0, 8))
  assert.deepEqual(
    [waiting.inForce, waiting.reason, waiting.approvalsNeeded, waiting.approvals.length],
    [false, 'needs-approval', 2, 0]
  )
  assert.equal(waiting.signature, 'good')
  assert.deepEqual(waiting.concerns, {
    ...{ devices: [], operations: [] },
    datasets: [{ name: 'lab/image', version: version.version, ordinal: 1 }]
  })
  assert.deepEqual([waiting.seq, waiting.prev?.operation, waiting.next], [2, enrolled.id, []])
  assert.deepEqual(waiting.fields, { version: version.version, reason: 'wrong' })

  second.learn(founder)
  const approval = second.write({ type: 'approve', operation: recalled.id })
  const explorer = exploring(second)
  const approved = await explorer.operation(recalled.id)
  assert.deepEqual([approved.inForce, approved.role, approved.rank], [true, 'admin', 1])
  assert.deepEqual(
    approved.approvals.map(({ operation }) => operation),
    [approval.id]
  )
  const enrolment = await explorer.operation(enrolled.id)
  assert.deepEqual(
    enrolment.next.map(({ operation }) => operation),
    [recalled.id]
  )
  assert.equal(enrolment.says, 'enrols lab-7 as a server')
  const publication = await explorer.operation(published.id)
  assert.deepEqual(
    publication.deps.map(({ operation }) => operation),
    [enrolled.id]
  )
  assert.equal(publication.author.name, 'lab-7')
})

test('lists are by time, and narrowed by author, type, time and number', async () => {
  const explorer = exploring(second)
  const { operations: lines } = await explorer.operations(ALL)
  const types = ({ operations }: LedgerLines) => operations.map(({ type }) => type)
  assert.deepEqual(
    lines.map(({ type }) => type),
    ['approve', 'content.recall', 'dataset.publish', 'device.enrol']
  )
  assert.deepEqual(types(await explorer.operations({ ...ALL, author: 'lab-7' })), ['dataset.publish'])
  assert.deepEqual(types(await explorer.operations({ ...ALL, type: 'approve' })), ['approve'])
  const first = await explorer.operations({ ...ALL, limit: 1 })
  assert.deepEqual([types(first), first.matched], [['approve'], 4])
  const sinceMs = lines[1]?.atMs ?? 0
  assert.deepEqual(types(await explorer.operations({ ...ALL, sinceMs })), ['approve', 'content.recall'])
  const earlier = await explorer.operations({ ...ALL, untilMs: sinceMs })
  assert.deepEqual(types(earlier), ['dataset.publish', 'device.enrol'])
  await assert.rejects(explorer.operations({ ...ALL, author: 'nobody' }), /no device "nobody" is known here/)
  await assert.rejects(explorer.operation('1234'), /at least 8 digits/)
})

test('what is dated ahead of now, by more than clocks may be off, says by how much', async () => {
  const author = new TestDevice(keyNamed('founder'), root)
  const nowMs = Date.now()
  for (const minutes of [-60, 9, 11]) {
    const content = { type: 'note', about: null, text: `${minutes}` } as const
    author.write(content, { timeMs: nowMs + minutes * 60_000 })
  }
  const { operations: lines } = await exploring(author).operations(ALL)
  const [far, ...others] = lines.map(({ aheadMs }) => aheadMs)
  assert.ok(far !== null && far !== undefined && far > 600_000 && far <= 660_000)
  assert.deepEqual(others, [null, null])
})

test('lists are narrowed by what operations name, and by whether they are in force', async () => {
  const explorer = exploring(second)
  const types = async (part: Partial<typeof ALL> | object) =>
    (await explorer.operations({ ...ALL, ...part })).operations.map(({ type }) => type)
  // The publication names the dataset, and the recall its version.
  assert.deepEqual(await types({ about: 'lab/image' }), ['content.recall', 'dataset.publish'])
  assert.deepEqual(await types({ about: 'lab-7' }), ['device.enrol'])
  const { operations } = await explorer.operations({ ...ALL, type: 'content.recall' })
  const recall = operations[0]?.operation ?? ''
  assert.deepEqual(await types({ about: recall.slice(0, 8) }), ['approve', 'content.recall'])
  assert.deepEqual(await types({ about: 'nothing' }), [])
  assert.deepEqual(await types({ effect: 'waiting' }), [])
  assert.equal((await types({ effect: 'in-force' })).length, 4)
  const before = await exploring(founder).operations({ ...ALL, effect: 'waiting' })
  assert.deepEqual(
    before.operations.map(({ type, reason }) => [type, reason]),
    [['content.recall', 'needs-approval']]
  )
})

test('feeds say where each ends, and of a forked one the operations that prove it', async () => {
  const device = new TestDevice(keyNamed('founder'), root)
  const first = device.write({ type: 'note', about: null, text: 'first' })
  const twin = new TestDevice(keyNamed('founder'), root)
  twin.learn(device)
  const here = device.write({ type: 'note', about: null, text: 'here' })
  const there = twin.write({ type: 'note', about: null, text: 'there' })
  device.learn(twin)
  const { feeds, operations, types } = await exploring(device).feeds()
  assert.equal(operations, 3)
  assert.deepEqual(types, [{ type: 'note', operations: 3 }])
  assert.deepEqual(
    feeds.map(({ fork, heads, operations: size }) => [fork, new Set(heads.map(({ seq }) => seq)), size]),
    [[{ seq: first.seq + 1, operations: [here.id, there.id].sort() }, new Set([first.seq + 1]), 3]]
  )
})
