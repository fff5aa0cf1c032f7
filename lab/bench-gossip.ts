/**
 * `npm run bench:gossip`: what one operation costs each device of an org whose devices are linked with a few others, not
 * with all: messages of gossip that come in, those that came already among them, their bytes, and the processor time of
 * all; and how long until the last device has it. Transports, ledgers and what syncs them are real, all in one process
 * and over TCP; nodes have nothing else.
 *
 *   node lab/bench-gossip.ts --devices 64 --links 8 --operations 20
 */

import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type GossipSubComponents, gossipsub } from '@libp2p/gossipsub'
import { defaultLogger } from '@libp2p/logger'
import { DeviceKey } from '../src/node/keys/device-key.ts'
import { foundedBy, keeperOf } from '../src/node/ledger/founded-org.conformance.ts'
import type { LedgerKeeper } from '../src/node/ledger/ledger-keeper.ts'
import { LedgerSync } from '../src/node/ledger/ledger-sync.ts'
import { PRESENCE_TOPIC } from '../src/node/ledger/presence-board.ts'
import { SILENT_LOG } from '../src/node/log.ts'
import { GOSSIP_TOPICS } from '../src/node/node.ts'
import { Libp2pTransport } from '../src/node/transport/libp2p-transport.ts'
import { eventually } from './org-in-process.ts'
import { median } from './shaped/report.ts'

/** Until gossip has its meshes, and until what an operation set off has ended: comparisons come after 10 s. */
const SETTLE_MS = 15_000
const LINK_TIMEOUT_MS = 60_000
const ARRIVAL_TIMEOUT_MS = 60_000
/** Of a presence record with an address or two. */
const STATEMENT_BYTES = 330

interface Device {
  readonly transport: Libp2pTransport
  readonly keeper: LedgerKeeper
  readonly sync: LedgerSync
}

const came = { messages: 0, bytes: 0 }

/** Counts what comes in, at the one entry that gossipsub has for it. */
function countGossip(): void {
  // It is made and never started, for its class alone.
  const idle = gossipsub()({ logger: defaultLogger() } as GossipSubComponents)
  const prototype = Object.getPrototypeOf(idle) as object
  const taken: unknown = Reflect.get(prototype, 'handleReceivedMessage')
  if (typeof taken !== 'function') throw new Error('gossipsub has one entry for messages')
  Reflect.set(
    prototype,
    'handleReceivedMessage',
    function (this: unknown, from: unknown, message: { data?: Uint8Array }) {
      came.messages++
      came.bytes += message.data?.length ?? 0
      return Reflect.apply(taken, this, [from, message]) as unknown
    }
  )
}

async function startAll(count: number): Promise<Device[]> {
  const admin = DeviceKey.generate()
  const root = foundedBy([admin])
  const devices: Device[] = []
  for (let index = 0; index < count; index++) {
    const key = index === 0 ? admin : DeviceKey.generate()
    const transport = new Libp2pTransport({ key, listen: ['/ip4/127.0.0.1/tcp/0'], topics: GOSSIP_TOPICS })
    transport.setGate(() => 'member')
    const keeper = keeperOf(key, root)
    const sync = new LedgerSync({ transport, keeper, log: SILENT_LOG })
    await transport.start()
    devices.push({ transport, keeper, sync })
  }
  return devices
}

/** In a ring, each with the next ones, and with some far off: no device is many links from another. */
async function link(devices: readonly Device[], links: number): Promise<void> {
  const count = devices.length
  const steps = Array.from({ length: links / 2 }, (_, index) =>
    Math.max(1, Math.round(count ** (index / (links / 2))))
  )
  for (const [index, { transport }] of devices.entries())
    for (const step of new Set(steps)) {
      const other = devices[(index + step) % count]?.transport
      if (other === undefined) continue
      await transport.dial(
        { device: other.self, addresses: other.addresses() },
        AbortSignal.timeout(LINK_TIMEOUT_MS)
      )
    }
}

/** What comes to each device, of medians, when something is done again and again. */
async function cost(times: number, devices: number, act: () => Promise<void>): Promise<string> {
  const each = { messages: [] as number[], bytes: [] as number[], cpuMs: [] as number[] }
  for (let index = 0; index < times; index++) {
    const before = { ...came }
    const cpu = process.cpuUsage()
    await act()
    await delay(SETTLE_MS)
    const { user, system } = process.cpuUsage(cpu)
    each.messages.push((came.messages - before.messages) / devices)
    each.bytes.push((came.bytes - before.bytes) / devices)
    each.cpuMs.push((user + system) / 1000 / devices)
  }
  return (
    `${median(each.messages).toFixed(1)} messages, ${median(each.bytes).toFixed(0)} B of content to each, ` +
    `${median(each.cpuMs).toFixed(1)} ms of a processor each in ${SETTLE_MS / 1000} s`
  )
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      devices: { type: 'string', default: '64' },
      links: { type: 'string', default: '8' },
      operations: { type: 'string', default: '20' }
    }
  })
  countGossip()
  const devices = await startAll(Number(values.devices))
  const [admin] = devices
  if (admin === undefined) throw new Error('an org has a device')
  try {
    await link(devices, Number(values.links))
    await delay(SETTLE_MS)
    const ofDevices = `${devices.length} devices, ${admin.transport.peers().length} links each`
    const lastMs: number[] = []
    const operation = await cost(Number(values.operations), devices.length, async () => {
      const startMs = performance.now()
      const { id } = admin.keeper.append({ type: 'group.create', name: `group-${lastMs.length}` })
      await eventually(
        'all have it',
        () => devices.every(({ keeper }) => keeper.ledger.get(id) !== undefined),
        ARRIVAL_TIMEOUT_MS
      )
      lastMs.push(performance.now() - startMs)
    })
    console.log(
      `| ${ofDevices}, one operation | ${operation} | the last has it after ${median(lastMs).toFixed(0)} ms |`
    )
    const statement = await cost(Number(values.operations), devices.length, async () =>
      admin.transport.publish(PRESENCE_TOPIC, randomBytes(STATEMENT_BYTES))
    )
    console.log(`| ${ofDevices}, one statement of where a device is | ${statement} | |`)
  } finally {
    for (const { sync } of devices) sync.close()
    await Promise.all(devices.map(({ transport }) => transport.stop()))
  }
}

await main()
