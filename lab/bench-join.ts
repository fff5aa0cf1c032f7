/**
 * `npm run bench:join`: what comes in over the sync protocol of the ledger when a device is linked with several others at
 * once: one that has nothing, and one that was away for a few operations. Ledgers and what syncs them are real, the
 * network is in memory, all in one process.
 *
 *   node lab/bench-join.ts --devices 500 --peers 8
 */

import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { DeviceKey } from '../src/node/keys/device-key.ts'
import { foundedBy, keeperOf } from '../src/node/ledger/founded-org.conformance.ts'
import type { LedgerKeeper } from '../src/node/ledger/ledger-keeper.ts'
import { LEDGER_PROTOCOL, LedgerSync } from '../src/node/ledger/ledger-sync.ts'
import { SILENT_LOG } from '../src/node/log.ts'
import { GOSSIP_TOPICS } from '../src/node/node.ts'
import { countedStream } from '../src/node/transport/counted-stream.conformance.ts'
import { MemoryNetwork, type MemoryTransport } from '../src/node/transport/memory-transport.ts'
import { topicNames } from '../src/node/transport/transport.ts'
import { eventually } from './org-in-process.ts'

const LACKING = 5
/** Until the rounds that were set off have ended. */
const SETTLE_MS = 3000
const TIMEOUT_MS = 300_000

interface Org {
  readonly root: ReturnType<typeof foundedBy>
  readonly network: MemoryNetwork
  readonly whole: LedgerKeeper
  readonly records: readonly Uint8Array[]
  readonly peers: readonly MemoryTransport[]
}

/** An org with one feed for each device. */
async function found(devices: number, peers: number): Promise<Org> {
  const admin = DeviceKey.generate()
  const root = foundedBy([admin])
  const whole = keeperOf(admin, root)
  const keys = Array.from({ length: devices }, () => DeviceKey.generate())
  for (const { id: device } of keys)
    whole.append({
      type: 'device.enrol',
      ...{ device, kind: 'server', nameCommitment: new Uint8Array(32), redemption: null }
    })
  const enrolments = [...whole.ledger.operations()].map(({ record }) => record)
  for (const [index, key] of keys.entries()) {
    const own = keeperOf(key, root)
    own.take(enrolments.slice(0, index + 1))
    whole.take([own.append({ type: 'note', about: null, text: 'here' }).record])
    await own.close()
  }
  const records = [...whole.ledger.operations()].map(({ record }) => record)
  const network = new MemoryNetwork()
  const transports: MemoryTransport[] = []
  for (const key of keys.slice(0, peers)) {
    const keeper = keeperOf(key, root)
    keeper.take(records)
    const { transport } = await begin(network, key, keeper)
    transports.push(transport)
  }
  return { root, network, whole, records, peers: transports }
}

async function begin(
  network: MemoryNetwork,
  key: DeviceKey,
  keeper: LedgerKeeper
): Promise<{ readonly transport: MemoryTransport; readonly came: { bytes: number } }> {
  const transport = network.create(key.id, topicNames(GOSSIP_TOPICS))
  transport.setGate(() => 'member')
  const came = { bytes: 0 }
  const { open, handle } = transport
  transport.open = async (device, protocol, signal) => {
    const stream = await open.call(transport, device, protocol, signal)
    return protocol === LEDGER_PROTOCOL ? countedStream(stream, came) : stream
  }
  transport.handle = (protocol, handler, options) =>
    handle.call(transport, protocol, stream => handler(countedStream(stream, came)), options)
  new LedgerSync({ transport, keeper, log: SILENT_LOG })
  await transport.start()
  return { transport, came }
}

async function measure(org: Org, what: string, known: readonly Uint8Array[]): Promise<void> {
  const key = DeviceKey.generate()
  const keeper = keeperOf(key, org.root)
  keeper.take(known)
  const { transport, came } = await begin(org.network, key, keeper)
  const startMs = performance.now()
  await Promise.all(
    org.peers.map(peer =>
      transport.dial({ device: peer.self, addresses: peer.addresses() }, AbortSignal.timeout(TIMEOUT_MS))
    )
  )
  const wanted = org.whole.size
  await eventually('the ledger is here', () => keeper.size === wanted, TIMEOUT_MS)
  const ms = performance.now() - startMs
  await delay(SETTLE_MS)
  const ledgerBytes = org.records.reduce((sum, record) => sum + record.length, 0)
  console.log(
    `| ${what}, linked with ${org.peers.length} at once | ${(came.bytes / 1000).toFixed(0)} kB came, ` +
      `${(came.bytes / ledgerBytes).toFixed(2)} of a ledger of ${(ledgerBytes / 1000).toFixed(0)} kB ` +
      `| whole after ${ms.toFixed(0)} ms |`
  )
  await transport.stop()
}

const { values } = parseArgs({
  options: { devices: { type: 'string', default: '500' }, peers: { type: 'string', default: '8' } }
})
const org = await found(Number(values.devices), Number(values.peers))
await measure(org, 'has nothing', [])
await measure(org, `lacks ${LACKING} operations`, org.records.slice(0, -LACKING))
process.exit(0)
