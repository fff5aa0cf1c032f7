import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foundOrg, keyNamed, TestDevice } from '../../ledger/fold/org-fixture.conformance.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { LocalLedgerExplorer } from './ledger-explorer.ts'
import { LedgerKeeper, saveRoots } from './ledger-keeper.ts'

const ADMINS = ['founder', 'second'].map(keyNamed)
const root = foundOrg(ADMINS, { approvals: new Map([['content.recall', 2]]) })
const founder = new TestDevice(keyNamed('founder'), root)
const second = new TestDevice(keyNamed('second'), root)
const lab = new TestDevice(keyNamed('lab'), root)
const ALL = { type: null, author: null, sinceMs: null, limit: 100 }

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
  const lines = await explorer.operations(ALL)
  const types = (of: typeof lines) => of.map(({ type }) => type)
  assert.deepEqual(types(lines), ['approve', 'content.recall', 'dataset.publish', 'device.enrol'])
  assert.deepEqual(types(await explorer.operations({ ...ALL, author: 'lab-7' })), ['dataset.publish'])
  assert.deepEqual(types(await explorer.operations({ ...ALL, type: 'approve' })), ['approve'])
  assert.deepEqual(types(await explorer.operations({ ...ALL, limit: 1 })), ['approve'])
  const sinceMs = lines[1]?.atMs ?? 0
  assert.deepEqual(types(await explorer.operations({ ...ALL, sinceMs })), ['approve', 'content.recall'])
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
  const lines = await exploring(author).operations(ALL)
  const [far, ...others] = lines.map(({ aheadMs }) => aheadMs)
  assert.ok(far !== null && far !== undefined && far > 600_000 && far <= 660_000)
  assert.deepEqual(others, [null, null])
})
