import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { type DeviceId, versionIdFromBytes } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'
import { createRootRecord, decodeRoot, foundingTerms, orgIdOf, type Root } from '../../ledger/chain/root.ts'
import { isMember } from '../../ledger/fold/state.ts'
import { decodeBeacon } from '../../ledger/freshness/beacon.ts'
import { encodeBeaconExchange } from '../../ledger/freshness/beacon-exchange.ts'
import { freshnessTermsOf } from '../../ledger/freshness/freshness-terms.ts'
import { createOverride } from '../../ledger/freshness/override.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import { decodeSyncMessage, encodeSyncMessage } from '../../ledger/sync/sync-messages.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { MemoryNetwork, type MemoryTransport } from '../transport/memory-transport.ts'
import { nextMessage } from '../transport/next-message.ts'
import { BEACON_TOPIC, BeaconBoard, type OverrideUse } from './beacon-board.ts'
import { freshnessStatus } from './freshness-status.ts'
import { saveRoots } from './kept-records.ts'
import { LedgerKeeper, verify } from './ledger-keeper.ts'
import { LEDGER_FACE_TOPIC, LEDGER_PROTOCOL, LEDGER_TOPIC, LedgerSync } from './ledger-sync.ts'

const START_MS = 1_800_000_000_000
const PERIOD_MS = 5 * MINUTE_MS
const LIFE_MS = 30 * MINUTE_MS
const LIMIT_MS = 15 * MINUTE_MS
const TOPICS = [LEDGER_TOPIC, LEDGER_FACE_TOPIC, BEACON_TOPIC]

const [admin, signer, second, laptop] = [0, 1, 2, 3].map(() => DeviceKey.generate()) as [
  DeviceKey,
  DeviceKey,
  DeviceKey,
  DeviceKey
]

function foundRoot(quorum: number): Root {
  const record = createRootRecord(
    {
      ...foundingTerms({ orgName: 'Acme', admin: admin.id, timeMs: START_MS }),
      beacon: { signers: [signer.id, second.id], quorum, periodMs: PERIOD_MS, lifeMs: LIFE_MS },
      stalenessMs: { public: null, internal: null, confidential: LIMIT_MS, restricted: MINUTE_MS }
    },
    { signers: [{ key: admin.id, sign: message => admin.sign(message) }], sha256 }
  )
  const root = decodeRoot(record, { verify, sha256 })
  assert.ok(root.ok)
  return root.value
}

function enrolment(device: DeviceId): OperationContent {
  return {
    type: 'device.enrol',
    device,
    kind: 'server',
    nameCommitment: new Uint8Array(32),
    redemption: null
  }
}

/** The parts of a node that freshness runs through. */
class Peer {
  readonly key: DeviceKey
  readonly records: MemoryRecords
  readonly transport: MemoryTransport
  readonly keeper: LedgerKeeper
  readonly sync: LedgerSync
  readonly board: BeaconBoard
  readonly kept: string[] = []
  readonly used: OverrideUse[] = []
  readonly changes: string[] = []
  readonly asked: DeviceId[] = []
  isKept = true

  constructor(network: MemoryNetwork, key: DeviceKey, root: Root, records = new MemoryRecords()) {
    this.key = key
    this.records = records
    saveRoots(records, [root])
    this.transport = network.create(key.id, TOPICS)
    this.transport.setGate(() => 'member')
    this.keeper = new LedgerKeeper({ records, key, log: SILENT_LOG })
    this.sync = new LedgerSync({ transport: this.transport, keeper: this.keeper, log: SILENT_LOG })
    this.board = new BeaconBoard({
      transport: this.transport,
      records,
      key,
      terms: () =>
        freshnessTermsOf({
          org: this.keeper.ledger.org,
          roots: this.keeper.chain.roots,
          isMember: device => isMember(this.keeper.state(), device, Date.now())
        }),
      holding: () => ({
        digest: this.keeper.ledger.hello().digest,
        operations: this.keeper.ledger.size
      }),
      isKept: () => this.isKept,
      syncWith: device => {
        this.asked.push(device)
        this.sync.ask(device)
      },
      onOverrideKept: override => this.kept.push(override.id),
      onOverrideUsed: use => this.used.push(use),
      log: SILENT_LOG
    })
    this.sync.on(this.board.syncEvents)
    this.board.follow(this.keeper)
    this.board.onChange(changed => this.changes.push(changed.join(' ')))
  }

  async start(): Promise<void> {
    await this.transport.start()
    this.board.start()
  }

  async stop(): Promise<void> {
    this.sync.close()
    this.board.close()
    await this.transport.stop()
  }

  async dial(other: Peer): Promise<void> {
    const target = { device: other.key.id, addresses: other.transport.addresses() }
    const outcome = await this.transport.dial(target, new AbortController().signal)
    assert.equal(outcome.kind, 'connected')
    await settle()
  }

  learn(from: Peer): void {
    this.keeper.take([...from.keeper.ledger.operations()].map(operation => operation.record))
  }

  /** Minutes since the start, or null. */
  asOf(): number | null {
    const { asOfMs } = this.board.view()
    return asOfMs === null ? null : (asOfMs - START_MS) / MINUTE_MS
  }

  verdict(): string {
    const access = this.board.look('confidential')
    if (!access.allowed) return access.reason
    return access.override === null ? 'allowed' : 'override'
  }
}

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

async function pass(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    mock.timers.tick(MINUTE_MS)
    await settle()
  }
}

describe('beacon board', () => {
  let network: MemoryNetwork
  let peers: Peer[] = []
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: START_MS })
    network = new MemoryNetwork()
  })
  afterEach(async () => {
    for (const peer of peers) await peer.stop()
    peers = []
    mock.timers.reset()
  })

  async function create(key: DeviceKey, root: Root, records?: MemoryRecords): Promise<Peer> {
    const peer = new Peer(network, key, root, records)
    peers.push(peer)
    return peer
  }

  /** An admin, two signers and a laptop that hold the same; none of them linked yet. */
  async function createOrg(quorum: number): Promise<{ a: Peer; s: Peer; t: Peer; l: Peer; root: Root }> {
    const root = foundRoot(quorum)
    const [a, s, t, l] = await Promise.all([admin, signer, second, laptop].map(key => create(key, root)))
    assert.ok(a && s && t && l)
    for (const key of [signer, second, laptop]) a.keeper.append(enrolment(key.id))
    for (const peer of [s, t, l]) peer.learn(a)
    for (const peer of [a, s, t, l]) await peer.start()
    return { a, s, t, l, root }
  }

  it('brings beacons to a device that links, and fresh ones every period after', async () => {
    const { s, l } = await createOrg(1)
    assert.equal(l.verdict(), 'unheard')
    await l.dial(s)
    assert.equal(l.asOf(), 0)
    assert.equal(l.verdict(), 'allowed')
    await pass(23)
    assert.equal(l.asOf(), 20)
    assert.deepEqual(l.changes, [
      'confidential restricted',
      ...Array(4).fill(['restricted', 'restricted']).flat(),
      'restricted'
    ])
  })

  it('needs the quorum, and passes on what others signed', async () => {
    const { a, s, t, l } = await createOrg(2)
    await l.dial(s)
    assert.equal(l.verdict(), 'unheard')
    await t.dial(a)
    await l.dial(a)
    assert.equal(l.verdict(), 'allowed', 'by way of a device that is no signer')
    assert.deepEqual(l.board.view().heard, [signer.id, second.id].sort())
  })

  it('ages when it is cut off, says so at the limit, and recovers with the link', async () => {
    const { s, l } = await createOrg(1)
    await l.dial(s)
    await pass(6)
    await l.transport.hangUp(signer.id, 'cut off')
    await pass(14)
    assert.equal(l.verdict(), 'allowed', 'the view is of minute 5')
    l.changes.length = 0
    await pass(1)
    assert.deepEqual(l.changes, ['confidential'], 'the timer noticed')
    assert.equal(l.verdict(), 'stale')
    await pass(22)
    const access = l.board.look('confidential')
    assert.match(
      access.allowed ? '' : access.detail,
      /38 min 0 s old, class confidential allows 15 min 0 s; reconnect to/
    )
    const { asOfAtMs, ageMs, signersHeard, classes } = freshnessStatus(l.board)
    assert.deepEqual([asOfAtMs, ageMs, signersHeard], [null, null, 0], 'its beacons have expired')
    assert.deepEqual(
      classes.map(({ dataClass, limitMs, allowed }) => [dataClass, limitMs, allowed]),
      [
        ['public', null, true],
        ['internal', null, true],
        ['confidential', LIMIT_MS, false],
        ['restricted', MINUTE_MS, false]
      ]
    )
    await l.dial(s)
    assert.equal(l.verdict(), 'allowed')
    assert.equal(freshnessStatus(l.board).asOfAtMs, START_MS + 40 * MINUTE_MS)
  })

  it('syncs when a beacon speaks of what is not here, and counts it only after', async () => {
    const { a, s, l } = await createOrg(1)
    await l.dial(s)
    await l.transport.hangUp(signer.id, 'cut off')
    a.keeper.append({ type: 'dataset.retire', name: 'os/image', version: null })
    s.learn(a)
    await pass(5)
    const beacon = s.board.view()
    assert.equal(beacon.asOfMs, START_MS + PERIOD_MS)
    assert.equal(l.asOf(), 0)
    await l.dial(s)
    assert.ok(l.asked.includes(signer.id))
    assert.equal(l.keeper.ledger.size, a.keeper.ledger.size)
    assert.equal(l.asOf(), 5)
  })

  it('takes a sync with the signer itself for what the signer held, though it holds more by now', async () => {
    const { a, s, l } = await createOrg(1)
    const retire = (name: string) => {
      a.keeper.append({ type: 'dataset.retire', name, version: null })
      s.learn(a)
    }
    retire('os/image')
    await pass(5)
    retire('tools')
    await l.dial(s)
    assert.equal(l.keeper.ledger.size, a.keeper.ledger.size)
    assert.equal(l.asOf(), 5)
  })

  it('is not covered by a peer that claims a digest and shows older tips', async () => {
    const { a, s, t, l } = await createOrg(1)
    const stale = l.keeper.ledger.hello()
    a.keeper.append({ type: 'dataset.retire', name: 'os/image', version: null })
    s.learn(a)
    await pass(5)
    const { hello, record } = { hello: s.keeper.ledger.hello(), record: newestOf(s) }
    await t.stop()
    // A member that withholds operations: it says that it is where the signer is.
    const liar = network.create(second.id, TOPICS)
    liar.setGate(() => 'member')
    let lied = 0
    liar.handle(LEDGER_PROTOCOL, async stream => {
      const framed = new FramedStream(stream, { messageBytesMax: 1 << 20 })
      const asked = await nextMessage(framed, { timeoutMs: 1000 })
      assert.equal(asked === undefined ? undefined : decodeSyncMessage(asked).ok, true)
      await framed.write(encodeSyncMessage({ kind: 'hello', ...hello }))
      await framed.write(encodeSyncMessage({ kind: 'tips', tips: l.keeper.ledger.tips() }))
      lied++
    })
    await liar.start()
    const target = { device: second.id, addresses: liar.addresses() }
    await l.transport.dial(target, new AbortController().signal)
    liar.publish(BEACON_TOPIC, encodeBeaconExchange({ beacons: [record], overrides: [] }))
    await settle()
    assert.ok(lied > 0 && l.asked.includes(second.id))
    assert.deepEqual(l.keeper.ledger.hello().digest, stale.digest)
    assert.equal(l.board.view().uncovered.length, 1)
    assert.equal(l.verdict(), 'unheard')
    await liar.stop()
    await l.dial(s)
    assert.equal(l.verdict(), 'allowed')
  })

  it('keeps its maxima over a restart, and takes no older beacon after it', async () => {
    const { s, l, root } = await createOrg(1)
    const first = newestOf(s)
    await l.dial(s)
    await pass(5)
    assert.equal(l.asOf(), 5)
    await l.stop()
    const again = await create(laptop, root, l.records)
    await again.start()
    assert.equal(again.asOf(), 5)
    assert.equal(again.verdict(), 'allowed')
    await again.dial(s)
    s.transport.publish(BEACON_TOPIC, encodeBeaconExchange({ beacons: [first], overrides: [] }))
    await settle()
    assert.equal(again.asOf(), 5)
    assert.deepEqual(again.board.view().regressed, [])
  })

  it('survives garbage and malformed exchanges', async () => {
    const { s, l } = await createOrg(1)
    await l.dial(s)
    const record = newestOf(s).slice()
    record[100] = (record[100] ?? 0) ^ 1
    for (const message of [
      Uint8Array.of(0xff, 0xff),
      encodeBeaconExchange({ beacons: [record, Uint8Array.of(1)], overrides: [record] })
    ])
      s.transport.publish(BEACON_TOPIC, message)
    await settle()
    assert.equal(l.verdict(), 'allowed')
    assert.equal(l.board.view().uncovered.length, 0)
  })

  it('does not sign under a clock that a quorum contradicts', async () => {
    const { s, t, l } = await createOrg(1)
    mock.timers.setTime(START_MS + 60 * MINUTE_MS)
    await pass(5)
    mock.timers.setTime(START_MS + 10 * MINUTE_MS)
    await t.dial(s)
    assert.equal(t.board.view().clock.kind, 'behind')
    const before = newestOf(t)
    await pass(10)
    assert.deepEqual(newestOf(t), before)
    await l.dial(s)
    assert.equal(l.board.view().clock.kind, 'behind')
    assert.equal(l.verdict(), 'clock-skew')
  })

  it('does not sign while what it would speak of is not on disk', async () => {
    const { s, l } = await createOrg(1)
    await l.dial(s)
    s.isKept = false
    await pass(12)
    assert.equal(l.asOf(), 0)
    s.isKept = true
    await pass(5)
    assert.equal(l.asOf(), 15)
  })

  it('signs, or no longer, by a root that comes alone', async () => {
    const { s, l, root } = await createOrg(1)
    await pass(6)
    const signs = (peer: Peer): boolean => {
      const before = peer.board.view().nowMs
      const blob = peer.records.getBlob(`beacon/${peer.key.id}`)
      return blob !== undefined && before - latestTimeMs(peer) < PERIOD_MS
    }
    assert.deepEqual([signs(s), signs(l)], [true, false])
    assert.ok(root.beacon !== null)
    const next = createRootRecord(
      { ...root, version: 2, prev: root.hash, beacon: { ...root.beacon, signers: [laptop.id] } },
      { signers: [{ key: admin.id, sign: message => admin.sign(message) }], sha256 }
    )
    for (const peer of [s, l]) assert.equal(peer.keeper.takeRoots([next]), true)
    assert.equal(signs(l), true, 'at once')
    await pass(6)
    assert.deepEqual([signs(s), signs(l)], [false, true])
  })

  it('spreads an override, opens what it names, and reports each use', async () => {
    const { a, s, l, root } = await createOrg(1)
    await l.dial(s)
    await l.dial(a)
    await s.stop()
    await pass(20)
    assert.equal(l.verdict(), 'stale')
    const override = createOverride(
      {
        org: orgIdOf(root),
        rootHash: root.hash,
        classes: ['confidential'],
        reason: 'both signers are down',
        devices: [laptop.id],
        timeMs: Date.now(),
        expiresMs: Date.now() + 30 * MINUTE_MS
      },
      { signers: [{ key: admin.id, sign: message => admin.sign(message) }], sha256 }
    )
    const to = { device: signer.id, version: versionIdFromBytes(new Uint8Array(32)) }
    l.changes.length = 0
    a.board.addOverride(override.record)
    await settle()
    assert.deepEqual(l.changes, ['confidential'])
    assert.equal(l.verdict(), 'override')
    for (const { kept } of [a, l]) assert.deepEqual(kept, [override.id], 'both note that it holds')
    assert.equal(l.used.length, 0, 'looking is no use')
    assert.deepEqual(l.board.access('confidential', to), { allowed: true, override: override.id })
    assert.equal(l.board.access('restricted', to).allowed, false)
    assert.deepEqual(
      l.used.map(use => [use.override.id, use.class, use.device, use.version]),
      [[override.id, 'confidential', to.device, to.version]]
    )
    assert.equal(a.board.look('confidential').allowed, false, 'it is for another device')
    await l.stop()
    const again = await create(laptop, root, l.records)
    await again.start()
    assert.equal(again.verdict(), 'override', 'after a restart too')
    assert.deepEqual(again.kept, [], 'that is noted once')
    await pass(30)
    assert.equal(again.verdict(), 'stale')
    assert.equal(again.records.listBlobs('override/').length, 0)
  })

  it('refuses an override by somebody else', async () => {
    const { l, root } = await createOrg(1)
    const byLaptop = createOverride(
      {
        org: orgIdOf(root),
        rootHash: root.hash,
        classes: ['confidential'],
        reason: 'please',
        devices: null,
        timeMs: Date.now(),
        expiresMs: Date.now() + MINUTE_MS
      },
      { signers: [{ key: laptop.id, sign: message => laptop.sign(message) }], sha256 }
    )
    assert.throws(() => l.board.addOverride(byLaptop.record), { code: 'NOT_AUTHORISED' })
    assert.throws(() => l.board.addOverride(Uint8Array.of(1)), { code: 'RECORD_INVALID' })
  })
})

/** When a signer last signed. */
function latestTimeMs(peer: Peer): number {
  const beacon = decodeBeacon(newestOf(peer), { verify, sha256 })
  assert.ok(beacon.ok)
  return beacon.value.timeMs
}

/** The record of the signer's own newest beacon, as it is kept. */
function newestOf(peer: Peer): Uint8Array {
  const blob = peer.records.getBlob(`beacon/${peer.key.id}`)
  assert.ok(blob !== undefined, 'it has signed')
  // [1, record, record]: the head of the list, the 1, and a head of three bytes.
  const length = (blob[3] ?? 0) * 256 + (blob[4] ?? 0)
  return blob.slice(5, 5 + length)
}
