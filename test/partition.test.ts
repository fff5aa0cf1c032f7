/**
 * Two sites that do not reach each other for a day, and go on: both publish, put, grant, revoke, hold and erase. Once
 * they meet again all know the same, what was taken stays taken, copies are as their policy asks for, none was given up
 * in between (ack-log.ts), and no more moved than what was lacking.
 */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AckLog, erasureOf, hashesBelow, holdersOf, type Put } from '../lab/ack-log.ts'
import { type FaultyNode, FaultyOrg } from '../lab/faulty-org.ts'
import { eventually } from '../lab/org-in-process.ts'
import { OrgJudge } from '../lab/org-judge.ts'
import { AppError } from '../src/base/errors.ts'
import { HOUR_MS, MINUTE_MS } from '../src/base/units.ts'

const TASK = { signal: new AbortController().signal, onProgress: () => undefined }
const FILE_BYTES = 500_000
const DAY_HOURS = 24

const org = new FaultyOrg([
  { name: 'office', site: 'berlin', offers: false },
  { name: 'ber-1', site: 'berlin', offers: true },
  { name: 'ber-2', site: 'berlin', offers: true },
  { name: 'par-1', site: 'paris', offers: true },
  { name: 'par-2', site: 'paris', offers: true }
])
const [office, , , par1] = org.nodes as [FaultyNode, FaultyNode, FaultyNode, FaultyNode]
const log = new AckLog()
const judge = new OrgJudge(org, log)

async function publish(by: FaultyNode, name: string, text: string): Promise<Put> {
  const marker = `marker-${name}-${text}`
  const source = join(by.files, `source-${name}-${text}`)
  mkdirSync(join(source, marker), { recursive: true })
  const bytes = Buffer.alloc(FILE_BYTES, `${marker} `)
  writeFileSync(join(source, marker, 'file'), bytes)
  writeFileSync(join(source, marker, 'small'), marker)
  const { version } = await by.as(({ service }) =>
    service.publish({ path: source, name, dataClass: 'internal' }, TASK)
  )
  const stored = hashesBelow(source)
  const put = log.begin({
    ...{ name, version, publisher: by, source, marker, isSealed: false, copies: 2, sites: 2, stored },
    plain: new Map([[`${marker}/file`, bytes]])
  })
  const policy = 'copies=2,sites=2'
  await by.as(({ service }) => service.storage.setStoragePolicy({ name, policy }))
  return put
}

const isSafe = async ({ name, version }: Put, at: FaultyNode): Promise<boolean> =>
  (await at.as(({ service }) => service.storage.versionStorage({ name, version }))).isSafe
const received = () =>
  org.nodes.reduce((sum, node) => sum + node.as(({ node: { transport } }) => bytesOf(transport.peers())), 0)
const bytesOf = (links: readonly { readonly bytesReceived: number }[]): number =>
  links.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0)

before(async () => {
  await org.prepare()
  await org.reset()
})
after(() => org.stop())

test('two sites that are apart for a day come together again, and nothing is lost or comes back', async t => {
  const kept = await publish(office, 'kept', 'first')
  const gone = await publish(par1, 'gone', 'first')
  await eventually('both are safe', async () => (await isSafe(kept, office)) && (await isSafe(gone, par1)))
  log.acknowledge(kept, org.nodes)
  log.acknowledge(gone, org.nodes)
  const who = 'par-2'
  const scope = { kind: 'name', name: 'kept' } as const
  const granted = { who, scope, purpose: null, expiresInMs: null }
  await office.as(({ service }) => service.governance.grantAccess(granted))
  await org.agreed()

  org.partition(({ site }) => (site === 'berlin' ? 1 : 0))
  gone.isEnding = true
  const erased = await office.as(({ service }) => service.erasures.erase(erasureOf(gone)))
  judge.cases.push({ id: erased.case, put: gone })
  await office.as(({ service }) => service.governance.revokeAccess({ who, scope }))
  await office.as(({ service }) => service.custody.placeHold({ name: 'kept', reason: 'case 17' }))
  // On the other side it is published again, and more beside it, by who knows nothing of that.
  const again = await publish(par1, 'gone', 'second')
  const here = await publish(office, 'here', 'berlin')
  const there = await publish(par1, 'there', 'paris')
  for (let hour = 0; hour < DAY_HOURS; hour += 2) {
    await org.advance(2 * HOUR_MS)
    log.look(org.nodes)
  }
  assert.equal(await isSafe(there, par1), false, 'one site alone does not keep it on two')
  await assert.rejects(
    office.as(({ service }) => service.startTransfer(order(gone))),
    AppError
  )
  const before = received()

  org.heal()
  await org.agreed()
  await org.advance(10 * MINUTE_MS)
  await judge.settles('after the day')
  for (const put of [kept, again, here, there]) {
    await eventually(`${put.name} is safe`, async () => {
      const all = await Promise.all(org.nodes.map(node => isSafe(put, node)))
      return all.every(Boolean) && holdersOf(put, org.nodes).length >= put.copies
    })
    if (!put.isAcknowledged) log.acknowledge(put, org.nodes)
  }
  await judge.settles('in the end')
  judge.judge()
  const [first, ...others] = org.nodes.map(stateOf)
  for (const other of others) assert.deepEqual(other, first)
  for (const node of org.nodes)
    await assert.rejects(
      node.as(({ service }) => service.startTransfer(order(gone))),
      AppError
    )
  await judge.readBack(nodes => nodes.at(-1))
  const moved = received() - before
  t.diagnostic(`${moved} bytes moved after it, for copies of ${FILE_BYTES} bytes that lacked`)
})

function order({ name, version }: Put) {
  return { name, version, destination: '/nonexistent', purpose: null, priority: null, only: [] }
}

/** What the ledger means to a node, of what both sides wrote. */
function stateOf(node: FaultyNode): unknown {
  return node.as(({ node: { keeper } }) => {
    const { datasets, content, grants, holds, copies, erasures } = keeper.state()
    return { datasets, content, grants, holds, copies, erasures }
  })
}
