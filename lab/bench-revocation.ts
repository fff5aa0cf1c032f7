/**
 * `npm run bench:revocation`: how long after a device was suspended the last of the org's devices refuses it. All are
 * real nodes on one machine, each linked with each; the admin's and the suspended device's live in this process, so
 * that nothing but the network lies between the decision and what is measured.
 *
 *   node lab/bench-revocation.ts --nodes 20 --rounds 5
 */

import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { DeviceId } from '../src/base/ids.ts'
import { HOUR_MS } from '../src/base/units.ts'
import { ClusterNode, runJson } from './cluster.ts'
import { eventually, OrgInProcess, type Running } from './org-in-process.ts'

const MESH_TIMEOUT_MS = 180_000
const LOOK_MS = 1

/** Milliseconds from now until each device that is linked to `suspended` has hung up on it. */
async function hangUps(suspended: Running): Promise<number[]> {
  const startMs = performance.now()
  const times: number[] = []
  let left = new Set<DeviceId>(suspended.node.transport.peers().map(link => link.device))
  while (left.size > 0) {
    await delay(LOOK_MS)
    const linked = new Set(suspended.node.transport.peers().map(link => link.device))
    for (const device of left) if (!linked.has(device)) times.push(performance.now() - startMs)
    left = new Set([...left].filter(device => linked.has(device)))
  }
  return times
}

async function round(admin: Running, victim: Running): Promise<number[]> {
  const { keeper } = admin.node
  const { device } = victim.node.identity
  const cutoffs = keeper.ledger.cutoffsOf(device)
  keeper.append({ type: 'device.suspend', device, cutoffs, reason: 'to measure' })
  const times = await hangUps(victim)
  const { enrolment } = keeper.state().devices.get(device) ?? {}
  if (enrolment === undefined) throw new Error('a suspended device was enrolled')
  const { kind, nameCommitment } = enrolment
  keeper.append({ type: 'device.enrol', device, kind, nameCommitment, redemption: null })
  return times
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { nodes: { type: 'string', default: '20' }, rounds: { type: 'string', default: '5' } }
  })
  const count = Number(values.nodes)
  const org = new OrgInProcess()
  const others: ClusterNode[] = []
  try {
    const admin = await org.found('admin')
    const victim = await org.join(admin, 'victim')
    for (let index = 2; index < count; index++) {
      const node = new ClusterNode(org.folder, `node-${index}`, 'berlin')
      const { ticket } = await admin.service.invite({ uses: 1, expiresInMs: HOUR_MS })
      await runJson(['join', ticket, '--site', 'berlin', '--device', node.name, '--home', node.home])
      await node.up()
      others.push(node)
      process.stderr.write(`\r${index + 1} of ${count} nodes are up`)
    }
    process.stderr.write('\n')
    const all: number[] = []
    const last: number[] = []
    for (let index = 0; index < Number(values.rounds); index++) {
      const isMeshed = () => [admin, victim].every(({ node }) => node.transport.peers().length === count - 1)
      await eventually('the org is meshed', isMeshed, MESH_TIMEOUT_MS)
      await delay(2000)
      const times = await round(admin, victim)
      all.push(...times)
      last.push(Math.max(...times))
    }
    const at = (values: number[], share: number) =>
      values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1]?.toFixed(0)
    console.log(
      `| ${count} nodes, ${last.length} rounds: a device refuses after | ${at(all, 0.5)} ms median, ${at(all, 0.95)} ms p95 |`
    )
    console.log(
      `| the last of them refuses after | ${at(last, 0.5)} ms median, ${at(last, 1)} ms at most | target p95 under 1 s |`
    )
  } finally {
    await Promise.all(others.map(node => node.stop()))
    await org.stop()
  }
}

await main()
