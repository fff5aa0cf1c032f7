import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SECOND_MS } from '../../base/units.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import { encodeSyncMessage } from '../../ledger/sync/sync-messages.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { countedStream } from '../transport/counted-stream.conformance.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { MemoryNetwork, type MemoryTransport } from '../transport/memory-transport.ts'
import { foundedBy, keeperOf } from './founded-org.conformance.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'
import { LEDGER_FACE_TOPIC, LEDGER_PROTOCOL, LEDGER_TOPIC, LedgerSync } from './ledger-sync.ts'
import { isSame } from './shown-ledgers.ts'

const admin = DeviceKey.generate()
const laptop = DeviceKey.generate()
const root = foundedBy([admin])

interface Peer {
  readonly keeper: LedgerKeeper
  readonly transport: MemoryTransport
  readonly sync: LedgerSync
}

async function begin(network: MemoryNetwork, key: DeviceKey, gossips = false): Promise<Peer> {
  const transport = network.create(key.id, [LEDGER_TOPIC, LEDGER_FACE_TOPIC])
  transport.setGate(() => 'member')
  // Hints get lost on the way.
  if (!gossips) transport.publish = () => undefined
  const keeper = keeperOf(key, root)
  const sync = new LedgerSync({ transport, keeper, log: SILENT_LOG })
  await transport.start()
  return { keeper, transport, sync }
}

async function end({ sync, transport }: Peer): Promise<void> {
  sync.close()
  await transport.stop()
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000 && !holds(); turn++) await nextTurn()
  assert.ok(holds())
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await nextTurn()
}

test('who is asked by one that knows more asks back', async () => {
  const network = new MemoryNetwork()
  const [knows, lacks] = [await begin(network, admin), await begin(network, laptop)]
  try {
    await knows.transport.dial(
      { device: laptop.id, addresses: lacks.transport.addresses() },
      new AbortController().signal
    )
    await settled() // what they ask each other when they link
    const { id } = knows.keeper.append({ type: 'group.create', name: 'workers' })
    const isThere = (): boolean => [...lacks.keeper.ledger.operations()].some(each => each.id === id)
    await settled()
    assert.equal(isThere(), false, 'nobody said anything')
    knows.sync.ask(laptop.id)
    for (let turn = 0; turn < 2000 && !isThere(); turn++) await nextTurn()
    assert.equal(isThere(), true)
  } finally {
    for (const peer of [knows, lacks]) await end(peer)
  }
})

/** Peers in a row, each linked with the next, that have said to each other what they know. */
async function inARow(
  t: TestContext,
  { count, gossips = false }: { count: number; gossips?: boolean }
): Promise<{
  readonly row: readonly [Peer, Peer, ...Peer[]]
  readonly asked: { count: number }
  readonly network: MemoryNetwork
}> {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const network = new MemoryNetwork()
  const keys = [admin, ...Array.from({ length: count - 1 }, () => DeviceKey.generate())]
  const row: Peer[] = []
  const asked = { count: 0 }
  for (const key of keys) {
    const peer = await begin(network, key, gossips)
    const { transport } = peer
    t.after(() => end(peer))
    const open = transport.open.bind(transport)
    transport.open = (device, protocol, signal) => {
      if (protocol === LEDGER_PROTOCOL) asked.count++
      return open(device, protocol, signal)
    }
    const before = row.at(-1)?.transport
    row.push(peer)
    if (before === undefined) continue
    const target = { device: transport.self, addresses: transport.addresses() }
    await before.dial(target, new AbortController().signal)
  }
  await settled()
  return { row: row as [Peer, Peer, ...Peer[]], asked, network }
}

function suspend({ keeper }: Peer): Operation {
  const device = DeviceKey.generate().id
  return keeper.append({ type: 'device.suspend', device, cutoffs: [], reason: 'stolen' })
}

const has = ({ keeper }: Peer, { id }: Operation): boolean =>
  [...keeper.ledger.operations()].some(each => each.id === id)

test('what was taken goes from peer to peer in a second each, though gossip brings none of it', async t => {
  const { row } = await inARow(t, { count: 4 })
  const suspension = suspend(row[0])
  await settled()
  for (let knows = 1; knows < row.length; knows++) {
    assert.equal(row.filter(peer => has(peer, suspension)).length, knows)
    t.mock.timers.tick(SECOND_MS)
    await settled()
  }
  assert.ok(row.every(peer => has(peer, suspension)))
})

test('what was taken just after a comparison waits for the next, and is not forgotten', async t => {
  const { row } = await inARow(t, { count: 2 })
  suspend(row[0])
  await settled()
  t.mock.timers.tick(SECOND_MS)
  await settled()
  const second = suspend(row[0])
  await settled()
  t.mock.timers.tick(SECOND_MS)
  await settled()
  assert.equal(has(row[1], second), false)
  t.mock.timers.tick(4 * SECOND_MS)
  await settled()
  t.mock.timers.tick(2 * SECOND_MS) // by the other's clock, which stands, it asked back just now
  await settled()
  assert.equal(has(row[1], second), true)
})

test('what was given comes without gossip, too, and less urgently', async t => {
  const { row } = await inARow(t, { count: 2 })
  const group = row[0].keeper.append({ type: 'group.create', name: 'workers' })
  await settled()
  t.mock.timers.tick(9 * SECOND_MS)
  await settled()
  assert.equal(has(row[1], group), false)
  t.mock.timers.tick(SECOND_MS)
  await settled()
  assert.equal(has(row[1], group), true)
})

/** Linked with all of `others` at once; `inBytes` counts what they send it on streams of the sync. */
async function joinsAll(
  t: TestContext,
  network: MemoryNetwork,
  others: readonly Pick<Peer, 'transport'>[]
): Promise<{ readonly joiner: Peer; readonly came: { bytes: number } }> {
  const joiner = await begin(network, laptop)
  t.after(() => end(joiner))
  const came = { bytes: 0 }
  const open = joiner.transport.open.bind(joiner.transport)
  joiner.transport.open = async (...asked) => countedStream(await open(...asked), came)
  await Promise.all(
    others.map(({ transport }) =>
      joiner.transport.dial(
        { device: transport.self, addresses: transport.addresses() },
        new AbortController().signal
      )
    )
  )
  return { joiner, came }
}

test('a ledger comes once, however many peers have it', async t => {
  const network = new MemoryNetwork()
  const others = [await begin(network, admin)]
  for (let index = 0; index < 6; index++) others.push(await begin(network, DeviceKey.generate()))
  for (const other of others) t.after(() => end(other))
  const [first] = others as [Peer]
  for (let index = 0; index < 50; index++)
    first.keeper.append({ type: 'group.create', name: `group-${index}` })
  const records = [...first.keeper.ledger.operations()].map(({ record }) => record)
  for (const { keeper } of others) keeper.take(records)
  const { joiner, came } = await joinsAll(t, network, others)
  await until(() => isSame(joiner.keeper.hello(), first.keeper.hello()))
  await settled()
  const ledgerBytes = records.reduce((sum, record) => sum + record.length, 0)
  assert.ok(came.bytes > ledgerBytes && came.bytes < 2 * ledgerBytes, `${came.bytes} for ${ledgerBytes}`)
})

/** A peer that says hello as one whose ledger differs, and then nothing: on so many streams. */
async function saysMore(
  t: TestContext,
  network: MemoryNetwork
): Promise<{ readonly silent: MemoryTransport; readonly held: { streams: number } }> {
  const silent = network.create(DeviceKey.generate().id, [LEDGER_TOPIC, LEDGER_FACE_TOPIC])
  silent.setGate(() => 'member')
  const held = { streams: 0 }
  silent.handle(LEDGER_PROTOCOL, stream => {
    const lie = { ...keeperOf(laptop, root).hello(), digest: new Uint8Array(32).fill(7) }
    const framed = new FramedStream(stream, { messageBytesMax: 1 << 20 })
    void framed.write(encodeSyncMessage({ kind: 'hello', ...lie })).then(() => held.streams++)
  })
  await silent.start()
  t.after(() => silent.stop())
  return { silent, held }
}

test('a peer that says that it has more and does not send it keeps what others have for no longer than its turn', async t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const network = new MemoryNetwork()
  const { silent, held } = await saysMore(t, network)
  const honest = await begin(network, admin)
  t.after(() => end(honest))
  const { joiner } = await joinsAll(t, network, [{ transport: silent }])
  await until(() => held.streams > 0)
  await settled()
  const suspension = suspend(honest)
  const target = { device: admin.id, addresses: honest.transport.addresses() }
  await joiner.transport.dial(target, new AbortController().signal)
  await settled()
  t.mock.timers.tick(4 * SECOND_MS)
  await settled()
  assert.equal(has(joiner, suspension), false, 'the other has its turn')
  t.mock.timers.tick(SECOND_MS)
  await settled()
  assert.equal(has(joiner, suspension), true)
})

test('one who has more and still waits to ask for more, behind peers that send nothing, is asked for it', async t => {
  const { row, network } = await inARow(t, { count: 2 })
  for (let index = 0; index < 3; index++) {
    const { silent, held } = await saysMore(t, network)
    const target = { device: silent.self, addresses: silent.addresses() }
    await row[0].transport.dial(target, new AbortController().signal)
    await until(() => held.streams > 0)
  }
  const suspension = suspend(row[0])
  await settled()
  t.mock.timers.tick(SECOND_MS)
  await settled()
  t.mock.timers.tick(SECOND_MS)
  await settled()
  assert.equal(has(row[1], suspension), true)
})

test('a peer that never ends its side of a stream has one of them at most, however often it is asked', async t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const network = new MemoryNetwork()
  const asker = await begin(network, admin)
  t.after(() => end(asker))
  const clinging = network.create(laptop.id, [LEDGER_TOPIC, LEDGER_FACE_TOPIC])
  clinging.setGate(() => 'member')
  let [open, openMost, opened] = [0, 0, 0]
  clinging.handle(LEDGER_PROTOCOL, stream => {
    opened++
    openMost = Math.max(openMost, ++open)
    stream.onClose(() => open--)
    const hello = encodeSyncMessage({ kind: 'hello', ...asker.keeper.hello() })
    const length = Buffer.alloc(4)
    length.writeUInt32BE(hello.length)
    stream.send([length, hello])
  })
  await clinging.start()
  t.after(() => clinging.stop())
  const target = { device: laptop.id, addresses: clinging.addresses() }
  await asker.transport.dial(target, new AbortController().signal)
  for (let times = 0; times < 5; times++) {
    await settled()
    asker.sync.ask(laptop.id)
    t.mock.timers.tick(20 * SECOND_MS)
  }
  await settled()
  assert.ok(opened >= 5)
  assert.equal(openMost, 1)
})

test('where gossip has brought it, nobody is asked', async t => {
  const { row, asked } = await inARow(t, { count: 2, gossips: true })
  const suspension = suspend(row[0])
  await settled()
  assert.ok(has(row[1], suspension))
  const before = asked.count
  t.mock.timers.tick(SECOND_MS / 2) // who took it in says so
  await settled()
  t.mock.timers.tick(20 * SECOND_MS)
  await settled()
  assert.equal(asked.count, before)
})

test('who asked back a moment ago asks back again for what came since', async t => {
  const { row } = await inARow(t, { count: 2 })
  const [knows, lacks] = row
  const early = knows.keeper.append({ type: 'group.create', name: 'early' })
  knows.sync.ask(lacks.transport.self)
  await settled()
  assert.equal(has(lacks, early), true)
  const late = knows.keeper.append({ type: 'group.create', name: 'late' })
  knows.sync.ask(lacks.transport.self)
  await settled()
  assert.equal(has(lacks, late), false, 'it asks back at most now and then')
  t.mock.timers.tick(2 * SECOND_MS)
  await settled()
  assert.equal(has(lacks, late), true)
})

test('two who can not agree ask each other back once, and no more while neither has anything new', async t => {
  const { row, asked } = await inARow(t, { count: 2 })
  const [differs, other] = row
  const hello = differs.keeper.hello.bind(differs.keeper)
  differs.keeper.hello = () => ({ ...hello(), rootHash: new Uint8Array(32).fill(7) })
  const before = asked.count
  differs.sync.ask(other.transport.self)
  await settled()
  assert.equal(asked.count - before, 3)
  for (let second = 0; second < 10; second++) {
    t.mock.timers.tick(SECOND_MS)
    await settled()
  }
  assert.equal(asked.count - before, 3)
})
