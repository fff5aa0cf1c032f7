import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { idBytes, type OperationId } from '../base/ids.ts'
import { singleRoot } from './chain-view.ts'
import { Ledger } from './ledger.ts'
import { NaiveFold, snapshotOf } from './naive-fold.conformance.ts'
import { createOperation, decodeOperation, type Operation } from './operation.ts'
import type { OperationContent } from './operation-content.ts'
import {
  enrolment,
  foundOrg,
  INCARNATION,
  keyNamed,
  OTHER_INCARNATION,
  publication,
  rawEnvelope,
  START_MS,
  sha256,
  signRaw,
  type TestKey,
  verify,
  versionNamed
} from './org-fixture.conformance.ts'
import { DEFAULT_ROLES, orgIdOf, type Root } from './root.ts'
import type { InertReason } from './state.ts'
import { decodeSyncMessage, encodeSyncMessage, type SyncMessage } from './sync-messages.ts'

const ADMINS = [keyNamed('admin 1'), keyNamed('admin 2')]
const OTHERS = [keyNamed('device 1'), keyNamed('device 2'), keyNamed('device 3')]
const EVERYONE = [...ADMINS, ...OTHERS]
const INVITE_KEYS = [keyNamed('invite 1'), keyNamed('invite 2')]
const NAMES = ['os', 'app/data']
const VERSIONS = ['one', 'two']
const ACTIONS = [
  'invite',
  'enrol',
  'enrol',
  'redeem',
  'redeem',
  'forge',
  'publish',
  'publish',
  'publish',
  'retire',
  'retire-all',
  'unknown'
] as const

const ROOTS = [
  foundOrg(ADMINS),
  // Every device may do everything: membership is then given along chains of devices.
  foundOrg(ADMINS, {
    roles: new Map([...DEFAULT_ROLES, ['device', DEFAULT_ROLES.get('admin') ?? []]])
  }),
  foundOrg(ADMINS, { approvals: new Map([['dataset.retire', 2]]) })
] as const

interface Step {
  readonly actor: number
  readonly action: (typeof ACTIONS)[number]
  readonly pick: number
  readonly deps: readonly number[]
  /** How far the author's clock is off. */
  readonly skewMinutes: number
  readonly otherIncarnation: boolean
  /** How many operations back in its own feed it continues; above zero forks. */
  readonly back: number
}

const step: fc.Arbitrary<Step> = fc.record({
  actor: fc.nat({ max: EVERYONE.length - 1 }),
  action: fc.constantFrom(...ACTIONS),
  pick: fc.nat({ max: 11 }),
  deps: fc.array(fc.nat({ max: 60 }), { maxLength: 3 }),
  skewMinutes: fc.integer({ min: -30, max: 30 }),
  otherIncarnation: fc.boolean(),
  back: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) })
})

const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)]

function contentOf(
  root: Root,
  { actor, action, pick }: Step,
  written: readonly Operation[]
): OperationContent {
  const org = orgIdOf(root)
  const key = at(INVITE_KEYS, pick) ?? keyNamed('invite')
  const device = at(EVERYONE, pick) ?? keyNamed('device')
  const name = at(NAMES, pick) ?? 'name'
  switch (action) {
    case 'invite':
      return {
        type: 'invite.create',
        inviteKey: key.publicKey,
        uses: 1 + (pick % 2),
        expiresMs: START_MS + 60_000 * (40 + 20 * pick)
      }
    case 'redeem':
    case 'forge': {
      const invites = written.filter(operation => operation.content?.type === 'invite.create')
      const own = invites.filter(operation => operation.author === at(EVERYONE, actor)?.id)
      const invite = at(own.length > 0 && pick < 9 ? own : invites, pick)
      if (invite?.content?.type !== 'invite.create') return enrolment(org, device)
      const { inviteKey } = invite.content
      const owner = INVITE_KEYS.find(other => Buffer.compare(other.publicKey, inviteKey) === 0)
      const signer = action === 'redeem' && owner !== undefined ? owner : keyNamed('forger')
      return enrolment(org, device, { operation: invite.id, key: signer })
    }
    case 'publish':
      return publication(name, at(VERSIONS, pick >> 1) ?? 'one')
    case 'retire':
      return { type: 'dataset.retire', name, version: versionNamed(at(VERSIONS, pick >> 1) ?? 'one') }
    case 'retire-all':
      return { type: 'dataset.retire', name, version: null }
    default:
      return enrolment(org, device)
  }
}

/** Plays the steps into operations; a step that its author could not sign at all is left out. */
function play(root: Root, steps: readonly Step[]): Operation[] {
  const written: Operation[] = []
  const founding: Step = {
    actor: 0,
    action: 'enrol',
    pick: 0,
    deps: [],
    skewMinutes: 0,
    otherIncarnation: false,
    back: 0
  }
  const opening = OTHERS.map((_, index) => ({ ...founding, pick: ADMINS.length + index }))
  for (const [index, next] of [...opening, ...steps].entries()) {
    const operation = signStep(root, { ...next, skewMinutes: next.skewMinutes + index }, written)
    if (operation !== undefined && !written.some(({ id }) => id === operation.id)) written.push(operation)
  }
  return written
}

function signStep(root: Root, next: Step, written: readonly Operation[]): Operation | undefined {
  const author: TestKey = at(EVERYONE, next.actor) ?? keyNamed('nobody')
  const incarnation = next.otherIncarnation ? OTHER_INCARNATION : INCARNATION
  const feed = written.filter(other => other.author === author.id && other.incarnation === incarnation)
  const prev = feed.at(-1 - next.back)
  const deps = new Set<OperationId>()
  for (const dep of next.deps) {
    const other = at(written, dep)
    if (other !== undefined && other !== prev) deps.add(other.id)
  }
  if (prev === undefined) {
    const introduction = written.find(
      ({ content }) => content?.type === 'device.enrol' && content.device === author.id
    )
    if (introduction !== undefined) deps.add(introduction.id)
    else if (!ADMINS.includes(author)) return undefined
  }
  const position = { seq: (prev?.seq ?? 0) + 1, prev: prev?.id ?? null, deps: [...deps].sort() }
  const timeMs = START_MS + 60_000 * (60 + next.skewMinutes)
  const base = { author: author.id, incarnation, root: root.hash, timeMs, expiresMs: null, ...position }
  if (next.action !== 'unknown') {
    const content = contentOf(root, next, written)
    return createOperation({ ...base, org: orgIdOf(root), content }, { sign: author.sign, sha256 })
  }
  const record = signRaw(author, {
    ...rawEnvelope(root, author),
    incarnation: Buffer.from(incarnation, 'hex'),
    seq: position.seq,
    prev: position.prev === null ? null : idBytes(position.prev),
    deps: position.deps.map(idBytes),
    time: timeMs,
    ...(next.pick % 2 === 0 ? { type: 'dataset.sing' } : { body: { version: 1 } })
  })
  const decoded = decodeOperation(record, { verify, sha256 })
  assert.ok(decoded.ok)
  return decoded.value
}

const history = fc
  .record({ root: fc.constantFrom(...ROOTS), steps: fc.array(step, { maxLength: 45, size: 'max' }) })
  .map(({ root, steps }) => ({ root, operations: play(root, steps) }))

/** The history in some order, cut into batches, some of it twice. */
const delivery = history.chain(({ root, operations }) =>
  fc
    .record({
      order: fc.shuffledSubarray(operations, { minLength: operations.length }),
      repeated: fc.subarray(operations),
      batch: fc.integer({ min: 1, max: 9 })
    })
    .map(({ order, repeated, batch }) => ({ root, operations, sent: [...order, ...repeated], batch }))
)

const RUNS = { numRuns: 150 }

test('any order, any batches and any repetition fold into the state that the naive oracle computes', () => {
  fc.assert(
    fc.property(delivery, ({ root, operations, sent, batch }) => {
      const ledger = new Ledger(singleRoot(root), { verify, sha256 })
      for (let from = 0; from < sent.length; from += batch) {
        const { rejected } = ledger.add(sent.slice(from, from + batch).map(({ record }) => record))
        assert.deepEqual(rejected, [])
        // The state is asked for on the way too, and is that of what has come so far.
        const soFar = new NaiveFold(root, sent.slice(0, from + batch), verify)
        assert.equal(ledger.size, soFar.placed.size)
        assert.deepEqual(snapshotOf(ledger.state()), soFar.snapshot())
      }
      assert.equal(ledger.size, operations.length)
    }),
    RUNS
  )
})

test('the histories reach what the rules are about', () => {
  const seen = new Set<string>()
  for (const { root, operations } of fc.sample(history, { seed: 1, numRuns: 150 })) {
    const ledger = new Ledger(singleRoot(root), { verify, sha256 })
    ledger.add(operations.map(({ record }) => record))
    for (const { reason } of ledger.state().inert.values()) seen.add(reason)
    if (ledger.state().forks.size > 0) seen.add('fork')
    for (const { versions } of ledger.state().datasets.values())
      if (versions.some(({ retiredBy }) => retiredBy !== undefined)) seen.add('retired')
  }
  const reasons: InertReason[] = [
    'forked',
    'author-not-enrolled',
    'not-authorised',
    'needs-approval',
    'name-taken'
  ]
  reasons.push('unknown-type', 'bad-body', 'invite-unknown', 'invite-expired', 'invite-spent', 'bad-proof')
  for (const reason of [...reasons, 'fork', 'retired'])
    assert.ok(seen.has(reason), `no history showed ${reason}`)
})

const relay = (message: SyncMessage): SyncMessage => {
  const decoded = decodeSyncMessage(encodeSyncMessage(message))
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.detail)
  return decoded.value
}

/** One side of a sync as a peer runs it, through the encoded messages; answers how many pages it took. */
function pull(mine: Ledger, theirs: Ledger, countMax: number): number {
  const tips = relay({ kind: 'tips', tips: theirs.tips() })
  assert.equal(tips.kind, 'tips')
  let sent: readonly OperationId[] = []
  for (let pages = 0; ; pages++) {
    assert.ok(pages < 200, 'a sync makes progress')
    const want = relay({ kind: 'want', wants: tips.kind === 'tips' ? mine.wantsFrom(tips.tips, sent) : [] })
    if (want.kind !== 'want' || want.wants.length === 0) return pages
    const page = relay({ kind: 'records', ...theirs.recordsFor(want.wants, { countMax, bytesMax: 100_000 }) })
    if (page.kind !== 'records') return pages
    const added = mine.add(page.records)
    assert.equal(added.waiting, 0, 'a page needs no waiting')
    assert.deepEqual(added.rejected, [])
    sent = mine.lastOf(added.accepted.length > 0 ? added.accepted : page.records)
  }
}

test('two sides of a partition hold the same after each has pulled once, forks included', () => {
  const parts = history.chain(({ root, operations }) =>
    fc.record({
      root: fc.constant(root),
      operations: fc.constant(operations),
      left: fc.subarray(operations),
      right: fc.subarray(operations),
      countMax: fc.integer({ min: 1, max: 50 })
    })
  )
  fc.assert(
    fc.property(parts, ({ root, left, right, countMax }) => {
      const a = new Ledger(singleRoot(root), { verify, sha256 })
      const b = new Ledger(singleRoot(root), { verify, sha256 })
      // Only what is causally closed counts as held: what waits is not offered to others.
      a.add([...new NaiveFold(root, left, verify).placed].map(id => recordOf(left, id)))
      b.add([...new NaiveFold(root, right, verify).placed].map(id => recordOf(right, id)))
      const union = new Set([...a.operations(), ...b.operations()].map(({ id }) => id))
      pull(a, b, countMax)
      pull(b, a, countMax)
      assert.equal(a.size, union.size)
      assert.deepEqual(a.hello(), b.hello())
      assert.deepEqual(snapshotOf(a.state()), snapshotOf(b.state()))
      assert.deepEqual(a.wantsFrom(b.tips()), [])
    }),
    RUNS
  )
})

function recordOf(operations: readonly Operation[], id: OperationId): Uint8Array {
  const found = operations.find(operation => operation.id === id)
  assert.ok(found)
  return found.record
}
