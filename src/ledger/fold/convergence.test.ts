import assert from 'node:assert/strict'
import { env } from 'node:process'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { OperationId } from '../../base/ids.ts'
import type { Root } from '../chain/root.ts'
import { RootChain } from '../chain/root-chain.ts'
import { KEYS } from '../chain/root-fixture.conformance.ts'
import { Ledger } from '../ledger.ts'
import { createOperation, type Operation, type OperationDraft } from '../operation/operation.ts'
import type { OperationContent } from '../operation/operation-content.ts'
import { OPERATION_TYPES, takes } from '../operation/operation-types.ts'
import { decodeSyncMessage, encodeSyncMessage, type SyncMessage } from '../sync/sync-messages.ts'
import { mayRead, READ_FAULTS } from './access.ts'
import { deletionOf } from './deletion.ts'
import { feedKey } from './feed.ts'
import { at, contentOf, Scene, VERSIONS } from './governance-content.conformance.ts'
import {
  type Event,
  foundings,
  type History,
  histories,
  isRoot,
  minute,
  operationsOf,
  succeed,
  tellHistory
} from './governance-history.conformance.ts'
import { EVERYONE, OPENING, type Step, step } from './governance-step.conformance.ts'
import { NaiveFold } from './naive-fold.conformance.ts'
import { NaiveLog } from './naive-log.conformance.ts'
import { differences, naiveMayRead, naiveState, snapshotOf } from './naive-state.conformance.ts'
import {
  INCARNATION,
  OTHER_INCARNATION,
  START_MS,
  sha256,
  type TestKey,
  verify
} from './org-fixture.conformance.ts'
import { INERT_REASONS, isMember, type State } from './state.ts'

/** That of the run, or drawn anew where this file is run on its own; CONVERGENCE_SEED repeats one. */
const DRAWN = fc.readConfigureGlobal()?.seed ?? Math.trunc(Math.random() * 2 ** 31)
const SEED = Number(env.CONVERGENCE_SEED ?? DRAWN)
/** For a longer search: how many times the usual number of histories, without a limit of time. */
const TIMES = Number(env.CONVERGENCE_TIMES ?? 1)
const LIMIT_MS = 5000
const STEPS_MAX = 45
const ROOTS_MAX = 3
/** Two admins and two devices. */
const PEERS = 4

/** Checks a law and says in a few lines what broke it: never whole records. */
function holds<T>(
  context: TestContext,
  arbitrary: fc.Arbitrary<T>,
  { runs, law, tell }: { runs: number; law: (value: T) => void; tell: (value: T) => string }
): void {
  const checked = fc.check(fc.property(arbitrary, law), {
    seed: SEED,
    numRuns: runs * TIMES,
    ...(TIMES > 1 ? {} : { interruptAfterTimeLimit: LIMIT_MS })
  })
  context.diagnostic(`seed ${SEED}, ${checked.numRuns} histories`)
  if (!checked.failed) return
  const [example] = checked.counterexample ?? []
  const { errorInstance: error } = checked
  const said = error instanceof Error ? (error.stack ?? '').slice(0, 2000) : String(error)
  assert.fail(`CONVERGENCE_SEED=${SEED}\n${said}\n${example === undefined ? '' : tell(example)}`)
}

/** One peer: its chain, its ledger, and every event that it was handed. */
class Peer {
  readonly chain: RootChain
  readonly ledger: Ledger
  readonly handed: Event[] = []

  constructor(founding: Root) {
    this.chain = new RootChain(founding, KEYS)
    this.ledger = new Ledger(this.chain, { verify, sha256 })
  }

  take(events: readonly Event[]): void {
    this.handed.push(...events)
    for (const event of events)
      if (isRoot(event)) {
        const added = this.chain.add(event.record)
        // Also one that is kept aside: what names it is contested from now on, and not unknown.
        if (!added.ok || added.value.outcome !== 'kept') continue
        if (added.value.chainMoved) this.ledger.chainMoved()
        else this.ledger.rootsKept()
      }
    const { rejected } = this.ledger.add(operationsOf(events).map(({ record }) => record))
    assert.deepEqual(
      rejected.map(({ reason }) => reason),
      []
    )
  }

  oracle(): NaiveFold {
    return new NaiveFold(this.chain, operationsOf(this.handed), verify)
  }
}

function assertSame(actual: State, expected: State): void {
  const found = differences(snapshotOf(actual), snapshotOf(expected))
  assert.ok(found.length === 0, found.slice(0, 8).join('\n'))
}

/** Everyone's reading of every version, before and after things have expired. */
function assertSameReading(actual: State, expected: State): void {
  for (const nowMs of [START_MS, START_MS + 100 * 60_000, START_MS + 1000 * 60_000])
    for (const { id } of EVERYONE)
      for (const version of VERSIONS) {
        const decision = mayRead(actual, id, version, nowMs)
        const answer = decision.allowed ? 'allowed' : decision.reason
        assert.equal(answer, naiveMayRead(expected, id, version, nowMs))
      }
}

/** The history in some order, cut into batches, some of it twice. */
const deliveries = histories(STEPS_MAX).chain(({ founding, events }) =>
  fc
    .record({
      order: fc.oneof(fc.constant(events), fc.shuffledSubarray([...events], { minLength: events.length })),
      repeated: fc.subarray([...events]),
      batch: fc.integer({ min: 1, max: 9 })
    })
    .map(({ order, repeated, batch }) => ({ founding, events, sent: [...order, ...repeated], batch }))
)

test('any order, any batches and any repetition fold into the state that the naive oracle computes', t => {
  holds(t, deliveries, {
    runs: 150,
    law: ({ founding, events, sent, batch }) => {
      const peer = new Peer(founding)
      for (let from = 0; from < sent.length; from += batch) {
        peer.take(sent.slice(from, from + batch))
        // The state is asked for on the way too, and is that of what has come so far.
        const oracle = peer.oracle()
        const expected = naiveState(oracle)
        assert.equal(peer.ledger.size, oracle.log.operations.length)
        assertSame(peer.ledger.state(), expected)
        assertSameReading(peer.ledger.state(), expected)
      }
      assert.equal(peer.ledger.size, operationsOf(events).length)
    },
    tell: ({ founding, events, sent, batch }) =>
      `${tellHistory({ founding, events })}\nsent ${sent.map(event => events.indexOf(event))} by ${batch}`
  })
})

/** What a history shows of the rules. */
function shown(history: History): Set<string> {
  const seen = new Set<string>()
  const see = (what: string, isSo: boolean) => isSo && seen.add(what)
  const peer = new Peer(history.founding)
  peer.take(operationsOf(history.events))
  for (const { reason } of peer.ledger.state().inert.values()) seen.add(reason)
  peer.take(history.events.filter(isRoot))
  const state = peer.ledger.state()
  for (const { reason } of state.inert.values()) seen.add(reason)
  see('fork', state.forks.size > 0)
  see('freeze', state.freeze !== undefined)
  see('later root', state.root.version > 2)
  for (const { standing, roles, role, enrolment } of state.devices.values()) {
    seen.add(standing)
    see('role', role === 'device' && roles.size > 0)
    see('lasting enrolment', enrolment?.expiresMs === null)
  }
  for (const { redeemedBy, cancelledBy } of state.invites.values()) {
    see('redeemed', redeemedBy.size > 0)
    see('cancelled', cancelledBy !== undefined)
  }
  for (const { devices, epochs } of state.groups.values()) {
    see('in a group', devices.size > 0)
    see('later epoch', epochs.length > 1)
  }
  see('held', state.holds.size > 0)
  see('levels', state.levels.size > 0)
  see('prices', state.prices.size > 0)
  see('accepted', state.acceptances.size > 0)
  for (const { kind, version, confirmations } of state.erasures.values()) {
    see('confirmed', confirmations.size > 0)
    see('recall confirmed', kind === 'recall' && confirmations.size > 0)
    see('deletion waits', deletionOf(state, version).kind === 'held')
    see('recall waits', deletionOf(state, version).kind === 'waiting')
  }
  for (const { scans, quarantines } of state.content.values()) {
    see(
      'clean',
      scans.some(({ verdict }) => verdict === 'clean')
    )
    see(
      'found',
      quarantines.some(({ reason }) => reason?.startsWith('a scan') === true)
    )
  }
  for (const { policy, storage, versions } of state.datasets.values()) {
    see('policy', policy !== undefined)
    see('storage', storage !== undefined)
    see(
      'subjects',
      versions.some(({ subjects }) => subjects.size > 0)
    )
    see(
      'cut',
      versions.some(({ shares }) => shares.length > 0)
    )
    see(
      'retired',
      versions.some(({ retiredBy }) => retiredBy !== undefined)
    )
    see(
      'origin',
      versions.some(({ origin }) => origin !== undefined)
    )
    see(
      'published again',
      versions.some(({ retiredBy }, index) => index > 0 && retiredBy === undefined)
    )
  }
  for (const operation of operationsOf(history.events)) {
    const verdict = peer.ledger.verdict(operation.id)
    const { content } = operation
    if (verdict?.inForce !== true || content === undefined) continue
    seen.add(`${operation.type} in force`).add(`as ${verdict.role}`)
    const fork = state.forks.get(feedKey(operation))
    const isForked = fork !== undefined && operation.seq >= fork.seq
    see('ruled site', content.type === 'device.storage' && content.device !== operation.author)
    see('found on a fork', isForked && content.type === 'content.scan' && takes(content))
    if (content.type === 'hold.lift') {
      const hold = operationsOf(history.events).find(({ id }) => id === content.hold)?.content
      const standing = hold?.type === 'hold.place' ? (state.holds.get(hold.name) ?? []) : []
      see('lifted', hold?.type === 'hold.place' && standing.every(({ operation: id }) => id !== content.hold))
    }
    if (content.type === 'risk.withdraw') {
      const accepted = operationsOf(history.events).find(({ id }) => id === content.acceptance)?.content
      see('withdrawn', accepted?.type === 'risk.accept' && !state.acceptances.has(content.acceptance))
    }
    see('given past a fork', isForked && !takes(content))
  }
  for (const { id } of EVERYONE)
    for (const version of VERSIONS) {
      const decision = mayRead(state, id, version, START_MS)
      seen.add(decision.allowed ? `reads by ${decision.because}` : `${decision.reason}, so reads nothing`)
    }
  return seen
}

test('the histories reach what the rules are about', () => {
  const roles = ['admin', 'desk', 'lead', 'publisher', 'reader', 'device', 'owner'].map(role => `as ${role}`)
  const readings = ['class', 'reader', 'owner', 'publisher', 'admin', 'grant'].map(why => `reads by ${why}`)
  const faults = READ_FAULTS.map(reason => `${reason}, so reads nothing`)
  const features = ['fork', 'freeze', 'later root', 'member', 'suspended', 'revoked', 'former', 'role']
  features.push('lasting enrolment', 'redeemed', 'cancelled', 'in a group', 'policy', 'origin', 'retired')
  features.push('published again', 'given past a fork', 'ruled site', 'later epoch', 'confirmed', 'held')
  features.push('lifted', 'clean', 'found', 'found on a fork', 'subjects', 'cut', 'storage', 'deletion waits')
  features.push('recall confirmed', 'recall waits', 'accepted', 'withdrawn', 'levels', 'prices')
  const types = OPERATION_TYPES.map(type => `${type} in force`)
  const wanted = [...INERT_REASONS, ...types, ...roles, ...readings, ...faults, ...features]
  const missing = new Set(wanted)
  for (let seed = 1; seed <= 40 && missing.size > 0; seed++)
    for (const history of fc.sample(histories(STEPS_MAX), { seed, numRuns: 20 }))
      for (const what of shown(history)) missing.delete(what)
  assert.deepEqual([...missing], [], 'no history showed these')
})

const relay = (message: SyncMessage): SyncMessage => {
  const decoded = decodeSyncMessage(encodeSyncMessage(message))
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.detail)
  return decoded.value
}

/** One side of a sync as a peer runs it, through the encoded messages: first the roots, then the operations. */
function pull(mine: Peer, theirs: Peer, countMax: number): void {
  mine.take(theirs.chain.records().filter(({ version }) => version > 1))
  const tips = relay({ kind: 'tips', tips: theirs.ledger.tips() })
  assert.equal(tips.kind, 'tips')
  let sent: readonly OperationId[] = []
  for (let pages = 0; ; pages++) {
    assert.ok(pages < 200, 'a sync makes progress')
    const wants = tips.kind === 'tips' ? mine.ledger.wantsFrom(tips.tips, sent) : []
    const want = relay({ kind: 'want', wants })
    if (want.kind !== 'want' || want.wants.length === 0) return
    const page = relay({
      kind: 'records',
      ...theirs.ledger.recordsFor(want.wants, { countMax, bytesMax: 100_000 })
    })
    if (page.kind !== 'records') return
    const added = mine.ledger.add(page.records)
    assert.equal(added.waiting, 0, 'a page needs no waiting')
    assert.equal(added.rejected.length, 0, 'a page has nothing to reject')
    sent = mine.ledger.lastOf(added.accepted.length > 0 ? added.accepted : page.records)
    mine.handed.push(...added.accepted)
  }
}

test('two sides of a partition hold the same after each has pulled once, forks and roots included', t => {
  const partitions = histories(STEPS_MAX).chain(({ founding, events }) =>
    fc.record({
      founding: fc.constant(founding),
      events: fc.constant(events),
      left: fc.subarray([...events]),
      right: fc.subarray([...events]),
      countMax: fc.integer({ min: 1, max: 50 })
    })
  )
  holds(t, partitions, {
    runs: 120,
    law: ({ founding, left, right, countMax }) => {
      const [a, b] = [new Peer(founding), new Peer(founding)]
      // Only what is causally closed counts as held: what waits is not offered to others.
      a.take(closed(founding, left))
      b.take(closed(founding, right))
      const union = new Set([...a.ledger.operations(), ...b.ledger.operations()].map(({ id }) => id))
      a.ledger.state()
      pull(a, b, countMax)
      pull(b, a, countMax)
      assert.equal(a.ledger.size, union.size)
      assert.deepEqual(a.ledger.hello(), b.ledger.hello())
      assertSame(a.ledger.state(), naiveState(a.oracle()))
      assertSame(b.ledger.state(), a.ledger.state())
      assert.equal(a.ledger.wantsFrom(b.ledger.tips()).length, 0)
    },
    tell: tellHistory
  })
})

function closed(founding: Root, events: readonly Event[]): Event[] {
  const { operations } = new NaiveLog(founding, operationsOf(events))
  const chain = new RootChain(founding, KEYS)
  for (const { record } of events.filter(isRoot)) chain.add(record)
  return [...chain.records().filter(({ version }) => version > 1), ...operations]
}

/** A device with a ledger of its own, which writes what its ledger drafts. */
class WritingPeer extends Peer {
  readonly key: TestKey
  incarnation = INCARNATION

  constructor(founding: Root, key: TestKey) {
    super(founding)
    this.key = key
  }

  /** Undefined when nobody has introduced it yet. A device that finds its feed forked goes on in a new incarnation. */
  write(content: OperationContent, timeMs: number, expiresMs: number | null): Operation | undefined {
    const draft = this.#draft(content, timeMs)
    if (draft === undefined) return undefined
    const operation = createOperation({ ...draft, timeMs, expiresMs }, { sign: this.key.sign, sha256 })
    this.take([operation])
    return operation
  }

  #draft(content: OperationContent, nowMs: number): Omit<OperationDraft, 'timeMs' | 'expiresMs'> | undefined {
    for (const incarnation of [this.incarnation, OTHER_INCARNATION]) {
      const draft = this.ledger.draft({ author: this.key.id, incarnation, content, nowMs })
      if (!draft.ok) continue
      this.incarnation = incarnation
      return draft.value
    }
    return undefined
  }

  /** The same device from a backup that lacks the last operations that it signed. */
  restored(lost: number): WritingPeer {
    const own = operationsOf(this.handed).filter(({ author }) => author === this.key.id)
    const gone = new Set<Event>(lost === 0 ? [] : own.slice(-lost))
    const peer = new WritingPeer(this.chain.founding, this.key)
    peer.incarnation = this.incarnation
    peer.take(
      closed(
        this.chain.founding,
        this.handed.filter(event => !gone.has(event))
      )
    )
    return peer
  }
}

test('peers who write what they draft and meet now and then agree, and no member lacks standing for what it writes', t => {
  const meetings = fc.record({
    founding: foundings,
    steps: fc.array(fc.record({ next: step, meets: fc.nat({ max: 2 * PEERS }) }), {
      maxLength: 40,
      size: 'max'
    })
  })
  let events: Event[] = []
  holds(t, meetings, {
    runs: 60,
    law: ({ founding, steps }) => {
      const scene = new Scene(founding)
      const peers = EVERYONE.slice(0, PEERS).map(key => new WritingPeer(founding, key))
      events = []
      const opening = OPENING.map(next => ({ next, meets: next.target }))
      for (const [index, { next, meets }] of [...opening, ...steps].entries()) {
        const event = act(scene, peers, { ...next, target: next.target % PEERS }, minute(index))
        if (event !== undefined) events.push(event)
        const [mine, theirs] = [at(peers, next.actor), peers[meets]]
        if (theirs === undefined || mine === theirs) continue
        pull(theirs, mine, 100)
        pull(mine, theirs, 100)
      }
      const middle = at(peers, 0)
      // Who waits for a root can not pass on the one after it, so a round per successor.
      for (let round = 1; round < ROOTS_MAX; round++) {
        for (const other of peers) if (other !== middle) pull(middle, other, 100)
        for (const other of peers) if (other !== middle) pull(other, middle, 100)
      }
      const expected = naiveState(middle.oracle())
      for (const peer of peers) assertSame(peer.ledger.state(), expected)
    },
    tell: ({ founding }) => tellHistory({ founding, events })
  })
})

/** One step by the device that it names: it writes, or it is handed a new root. */
function act(scene: Scene, peers: WritingPeer[], next: Step, timeMs: number): Event | undefined {
  const place = next.actor % peers.length
  if (next.back > 0) peers[place] = at(peers, place).restored(next.back)
  const peer = at(peers, place)
  if (next.action === 'flaw') return undefined
  if (next.action === 'root' || next.action === 'contest') {
    if (scene.roots.length >= ROOTS_MAX) return undefined
    const root = succeed(scene, next, scene.written.length)
    scene.roots.push(root)
    peer.take([root])
    return root
  }
  const said = contentOf(scene, next, peer.key)
  const content = 'cutoffs' in said ? { ...said, cutoffs: peer.ledger.cutoffsOf(said.device) } : said
  const before = peer.ledger.state()
  const isEnrolled = isMember(before, peer.key.id, timeMs) && !before.root.admins.includes(peer.key.id)
  const expiresMs = next.lifeMinutes === null ? null : timeMs + 60_000 * next.lifeMinutes
  const written = peer.write(content, timeMs, expiresMs)
  if (written === undefined) return undefined
  const reason = peer.ledger.state().inert.get(written.id)?.reason
  if (isEnrolled) assert.ok(!reason?.startsWith('author-'), `what a member drafts is inert: ${reason}`)
  scene.written.push(written)
  return written
}
