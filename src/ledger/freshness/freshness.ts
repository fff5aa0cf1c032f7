/**
 * Freshness: how recent this device's view of the ledger is, as far as it can prove, and which classes it may use by
 * it.
 *
 * A beacon (beacon.ts) of one of the policy's signers *counts* when this device has *covered* it, that is holds all
 * that it speaks of; when its root is of our chain; and while it lives. The view is as of the time of the quorum-th
 * newest beacon that counts: with fewer liars than the quorum among the signers, an honest one stood at or after that
 * time where we stand now. A limit of a class bounds how old the view may be.
 *
 * Invariants
 * - Of each signer the newest beacon is kept, and the newest covered one; neither gives way to an older one, to a
 *   lower root version or to fewer operations. A signer that offers such a one is reported as *regressed*.
 * - A replay, a repetition or another order of the same beacons never makes a view fresher.
 * - Covered is what was proved: a digest of what we hold, or of tips that a peer showed and that we then held all of,
 *   or what a signer itself held when a sync with it, begun after its beacon was here, was complete.
 *
 * The clock. *Now* is our clock, or the quorum-th newest time that signers have stated if that is later: a clock that
 * is set back never takes us behind that, and no minority of signers can move it. A clock that is behind that time by
 * more than the tolerance is reported as skewed, and so is one that is so far ahead that the beacons which signers
 * just handed us look old. While it is skewed no class with a limit may be used. Less than the tolerance is lived
 * with: a clock that is behind may stretch a limit by so much, one that is ahead shortens it.
 *
 * A beacon from further ahead than the tolerance waits aside until now has come near it; one signer can so not spend
 * its maximum for the future by mistake, and a quorum of them is the proof that it is our clock that is wrong.
 */

import { assert } from '../../base/assert.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import { type DeviceId, shortId } from '../../base/ids.ts'
import { formatDuration, MINUTE_MS } from '../../base/units.ts'
import type { BeaconPolicy } from '../chain/root.ts'
import { DATASET_CLASSES, type DatasetClass } from '../encoding/names.ts'
import type { Beacon } from './beacon.ts'
import type { FreshnessTerms } from './freshness-terms.ts'
import { OverrideShelf } from './override-shelf.ts'

/** How far a clock may be off before it counts as wrong. */
export const CLOCK_TOLERANCE_MS = 10 * MINUTE_MS
/** Digests remembered as covered; the oldest give way, and what they covered stays covered. */
export const COVERED_DIGESTS_MAX = 4096
/** Signers named in a reason for people. */
const NAMED_SIGNERS_MAX = 3

export interface Now {
  readonly terms: FreshnessTerms
  /** This device's clock. */
  readonly nowMs: number
}

export type TakeOutcome =
  /** It is the newest of its signer now. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'known' }
  /** A replay: a newer one is here, and this fits before it. */
  | { readonly kind: 'older' }
  /** It contradicts the one that is here: its signer lost what it had stated, or states two things. */
  | { readonly kind: 'regressed'; readonly detail: string }
  /** From further ahead than the tolerance; set aside. */
  | { readonly kind: 'ahead'; readonly byMs: number }
  | { readonly kind: 'refused'; readonly reason: 'foreign-org' | 'not-a-signer' | 'foreign-root' }

export type ClockVerdict =
  | { readonly kind: 'ok' }
  /** What has to be added to our clock, by the signers' word; negative when it is ahead. */
  | { readonly kind: 'behind' | 'ahead'; readonly offsetMs: number }

export interface FreshnessView {
  /** False when the org runs without beacons. */
  readonly enforced: boolean
  /** The clock, or what a quorum has stated if that is later. */
  readonly nowMs: number
  /** The time that the view is proved to be as recent as; null when fewer than a quorum count. */
  readonly asOfMs: number | null
  /** The same if beacons never expired: what to tell people who are cut off. */
  readonly lastAsOfMs: number | null
  /** When fewer than a quorum will count if nothing new comes. */
  readonly expiresMs: number | null
  /** Signers of whom a beacon counts. */
  readonly heard: readonly DeviceId[]
  readonly signers: number
  readonly quorum: number
  /** The newest beacons of signers that speak of what is not here: a reason to sync. */
  readonly uncovered: readonly Beacon[]
  readonly clock: ClockVerdict
  readonly regressed: readonly DeviceId[]
}

export type ClassAccess =
  | {
      readonly allowed: true
      /** Id of the override without which it would be denied. */
      readonly override: string | null
    }
  | {
      readonly allowed: false
      readonly reason: 'clock-skew' | 'unheard' | 'stale'
      /** For people. */
      readonly detail: string
    }

interface Track {
  newest: Beacon
  covered: Beacon | undefined
}

export class Freshness {
  readonly overrides = new OverrideShelf()
  readonly #self: DeviceId
  readonly #tracks = new Map<DeviceId, Track>()
  readonly #ahead = new Map<DeviceId, Beacon>()
  /** Hex, oldest first. */
  readonly #digests = new Set<string>()
  readonly #regressed = new Set<DeviceId>()
  /** Signer's time less our clock, when a new beacon last came from its signer itself. */
  readonly #offsetsMs = new Map<DeviceId, number>()

  constructor({ self }: { self: DeviceId }) {
    this.#self = self
  }

  /** What this device knew when it last ran; `covered` is the newest covered one of the same signer. */
  restore(newest: Beacon, covered: Beacon | undefined): void {
    assert(covered === undefined || covered.device === newest.device, 'a track is of one signer')
    const isSame = covered !== undefined && equalBytes(covered.hash, newest.hash)
    this.#tracks.set(newest.device, { newest, covered: isSame ? newest : covered })
  }

  /** `isLive`: it came from its signer itself, just now, and so tells the time. */
  take(beacon: Beacon, { terms, nowMs, isLive = false }: Now & { isLive?: boolean }): TakeOutcome {
    if (beacon.org !== terms.org) return { kind: 'refused', reason: 'foreign-org' }
    if (!terms.beacon?.signers.includes(beacon.device)) return { kind: 'refused', reason: 'not-a-signer' }
    if (rootOf(beacon, terms) === 'foreign') return { kind: 'refused', reason: 'foreign-root' }
    const current = this.#tracks.get(beacon.device)?.newest
    const order = current === undefined ? 'newer' : compareBeacons(beacon, current)
    if (order === 'regressed') {
      this.#regressed.add(beacon.device)
      return { kind: 'regressed', detail: describeRegress(beacon, current) }
    }
    if (order !== 'newer') return { kind: order }
    if (isLive) this.#offsetsMs.set(beacon.device, beacon.timeMs - nowMs)
    const aside = this.#ahead.get(beacon.device)
    if (aside !== undefined && equalBytes(aside.hash, beacon.hash)) return { kind: 'known' }
    // A signer that states an earlier time now has set its clock right.
    if (aside === undefined || aside.timeMs < beacon.timeMs || isLive) this.#ahead.set(beacon.device, beacon)
    const limitMs = this.#now({ terms, nowMs }) + CLOCK_TOLERANCE_MS
    if (beacon.timeMs > limitMs) return { kind: 'ahead', byMs: beacon.timeMs - nowMs }
    this.#accept(beacon)
    return { kind: 'taken' }
  }

  /** Beacons that had been set aside and are near enough now; they are the newest of their signers from here on. */
  settle(now: Now): Beacon[] {
    const settled: Beacon[] = []
    for (const beacon of [...this.#ahead.values()]) {
      const isNear = beacon.timeMs <= this.#now(now) + CLOCK_TOLERANCE_MS
      const isSigner = now.terms.beacon?.signers.includes(beacon.device) ?? false
      if (isSigner && !isNear) continue
      this.#ahead.delete(beacon.device)
      const { kind } = isSigner ? this.take(beacon, now) : { kind: 'refused' }
      if (kind === 'taken') settled.push(beacon)
    }
    return settled
  }

  /** We hold all that `digest` stands for. Returns the signers of whom a beacon is covered by it. */
  cover(digest: Uint8Array): DeviceId[] {
    const hex = toHex(digest)
    this.#digests.delete(hex)
    this.#digests.add(hex)
    const [oldest] = this.#digests
    if (this.#digests.size > COVERED_DIGESTS_MAX && oldest !== undefined) this.#digests.delete(oldest)
    const covered: DeviceId[] = []
    for (const [device, track] of this.#tracks) {
      if (track.covered === track.newest || !equalBytes(track.newest.digest, digest)) continue
      track.covered = track.newest
      covered.push(device)
    }
    return covered
  }

  /**
   * A sync with a signer itself is complete, and began when the beacon of that hash was here: what the signer held
   * when it signed, it held when it answered. `operations` is how many we hold now: with fewer than the beacon
   * states, the signer has lost some, and its word covers nothing.
   */
  coverSigner(device: DeviceId, { hash, operations }: { hash: Uint8Array; operations: number }): boolean {
    const track = this.#tracks.get(device)
    if (track === undefined || !equalBytes(track.newest.hash, hash)) return false
    if (track.covered === track.newest || operations < track.newest.operations) return false
    track.covered = track.newest
    return true
  }

  /** For this device's own beacons from a clock that ran ahead, which nobody else has taken: it starts over. */
  forget(device: DeviceId): void {
    this.#tracks.delete(device)
    this.#ahead.delete(device)
  }

  /** The newest beacon of a signer, and the newest that is covered. */
  find(device: DeviceId): { readonly newest: Beacon; readonly covered: Beacon | undefined } | undefined {
    return this.#tracks.get(device)
  }

  /** The newest of each signer of the policy, those set aside included: what others should hear. */
  newest(policy: BeaconPolicy): Beacon[] {
    return policy.signers.flatMap(device => this.#ahead.get(device) ?? this.#tracks.get(device)?.newest ?? [])
  }

  view(now: Now): FreshnessView {
    const { terms } = now
    const nowMs = this.#now(now)
    const policy = terms.beacon
    const tracks = this.#tracksOf(terms)
    const held = tracks.flatMap(({ covered }) =>
      covered !== undefined && rootOf(covered, terms) === 'ours' ? [covered] : []
    )
    const counting = held.filter(beacon => nowMs < endOf(beacon, policy))
    const quorum = policy?.quorum ?? 0
    const asOfMs = nthLargest(
      counting.map(beacon => beacon.timeMs),
      quorum
    )
    return {
      enforced: policy !== null,
      nowMs,
      asOfMs,
      lastAsOfMs: nthLargest(
        held.map(beacon => beacon.timeMs),
        quorum
      ),
      expiresMs: nthLargest(
        counting.map(beacon => endOf(beacon, policy)),
        quorum
      ),
      heard: counting.map(beacon => beacon.device).sort(),
      signers: policy?.signers.length ?? 0,
      quorum,
      uncovered: tracks.flatMap(({ newest, covered }) =>
        newest === covered && rootOf(newest, terms) === 'ours' ? [] : [newest]
      ),
      clock: this.#judgeClock(now, asOfMs),
      regressed: [...this.#regressed].filter(device => policy?.signers.includes(device)).sort()
    }
  }

  /** Whether this device may use a class now; an override is named only when it is what decides. */
  access(name: DatasetClass, now: Now): ClassAccess {
    const limitMs = now.terms.stalenessMs[name]
    if (now.terms.beacon === null || limitMs === null) return { allowed: true, override: null }
    const view = this.view(now)
    const denial = denialOf(view, { name, limitMs, policy: now.terms.beacon })
    if (denial === undefined) return { allowed: true, override: null }
    const override = this.overrides.opening(
      { class: name, device: this.#self },
      { terms: now.terms, nowMs: view.nowMs }
    )
    return override === undefined ? denial : { allowed: true, override: override.id }
  }

  /**
   * The next reading of our clock at which time alone may change what `view` or `access` say, or null. It may be too
   * early, never too late.
   */
  nextChangeMs(now: Now): number | null {
    const { beacon: policy, stalenessMs } = now.terms
    if (policy === null) return null
    const limits = DATASET_CLASSES.flatMap(name => stalenessMs[name] ?? [])
    const view = this.view(now)
    const instants = [
      ...limits.map(limitMs => (view.asOfMs ?? 0) + limitMs + 1),
      ...this.#tracksOf(now.terms).flatMap(({ covered }) => (covered ? [endOf(covered, policy)] : [])),
      ...[...this.#ahead.values()].map(beacon => beacon.timeMs - CLOCK_TOLERANCE_MS),
      ...[...this.overrides.all()].map(override => override.expiresMs)
    ]
    // A clock that is behind what a quorum stated is skewed until it comes within the tolerance of it.
    if (view.clock.kind === 'behind') instants.push(view.nowMs - CLOCK_TOLERANCE_MS)
    const coming = instants.filter(instant => instant > now.nowMs)
    return coming.length === 0 ? null : Math.min(...coming)
  }

  #accept(beacon: Beacon): void {
    const { device } = beacon
    const isCovered = this.#digests.has(toHex(beacon.digest))
    const covered = isCovered ? beacon : this.#tracks.get(device)?.covered
    this.#tracks.set(device, { newest: beacon, covered })
    const aside = this.#ahead.get(device)
    if (aside !== undefined && aside.timeMs <= beacon.timeMs) this.#ahead.delete(device)
  }

  #tracksOf(terms: FreshnessTerms): Track[] {
    const signers = terms.beacon?.signers ?? []
    return signers.filter(terms.isMember).flatMap(device => this.#tracks.get(device) ?? [])
  }

  /** The quorum-th newest time that signers have stated, or null while fewer have spoken. */
  #statedMs(terms: FreshnessTerms): number | null {
    const { beacon: policy } = terms
    if (policy === null) return null
    const times = policy.signers.filter(terms.isMember).flatMap(device => {
      const newest = this.#ahead.get(device) ?? this.#tracks.get(device)?.newest
      return newest?.timeMs ?? []
    })
    return nthLargest(times, policy.quorum)
  }

  #now({ terms, nowMs }: Now): number {
    return Math.max(nowMs, this.#statedMs(terms) ?? nowMs)
  }

  #judgeClock({ terms, nowMs }: Now, asOfMs: number | null): ClockVerdict {
    const { beacon: policy } = terms
    const statedMs = this.#statedMs(terms)
    if (statedMs !== null && statedMs - nowMs > CLOCK_TOLERANCE_MS)
      return { kind: 'behind', offsetMs: statedMs - nowMs }
    if (policy === null || asOfMs !== null) return { kind: 'ok' }
    // A signer's newest beacon is never older than its period: one that looks older came under a clock that is ahead.
    const offsets = policy.signers.flatMap(device => this.#offsetsMs.get(device) ?? [])
    const nearestMs = Math.max(...offsets)
    return offsets.length > 0 && nearestMs < -(policy.periodMs + CLOCK_TOLERANCE_MS)
      ? { kind: 'ahead', offsetMs: nearestMs }
      : { kind: 'ok' }
  }
}

/** `unknown`: of a version that is not here yet. */
function rootOf(beacon: Beacon, terms: FreshnessTerms): 'ours' | 'foreign' | 'unknown' {
  const ours = terms.rootHashes[beacon.rootVersion - 1]
  if (ours === undefined) return 'unknown'
  return equalBytes(ours, beacon.rootHash) ? 'ours' : 'foreign'
}

/** The policy bounds how long a beacon is believed, whatever it asks for. */
function endOf(beacon: Beacon, policy: BeaconPolicy | null): number {
  return policy === null ? beacon.expiresMs : Math.min(beacon.expiresMs, beacon.timeMs + policy.lifeMs)
}

/** Of one signer: the order in time has to be the order of all that can only grow. */
function compareBeacons(next: Beacon, current: Beacon): 'newer' | 'known' | 'older' | 'regressed' {
  if (equalBytes(next.hash, current.hash)) return 'known'
  const [later, earlier] = next.timeMs > current.timeMs ? [next, current] : [current, next]
  const grew = later.rootVersion >= earlier.rootVersion && later.operations >= earlier.operations
  if (!grew || next.timeMs === current.timeMs) return 'regressed'
  return later === next ? 'newer' : 'older'
}

function describeRegress(next: Beacon, current: Beacon | undefined): string {
  const of = (beacon: Beacon) =>
    `${beacon.operations} operations under root ${beacon.rootVersion} at ${beacon.timeMs}`
  return `it stated ${current === undefined ? 'nothing' : of(current)}, and states ${of(next)}`
}

function denialOf(
  view: FreshnessView,
  { name, limitMs, policy }: { name: DatasetClass; limitMs: number; policy: BeaconPolicy }
): (ClassAccess & { allowed: false }) | undefined {
  const deny = (reason: 'clock-skew' | 'unheard' | 'stale', detail: string) =>
    ({ allowed: false, reason, detail }) as const
  if (view.clock.kind !== 'ok') {
    const off = formatDuration(Math.abs(view.clock.offsetMs))
    return deny(
      'clock-skew',
      `the clock of this device is about ${off} ${view.clock.kind} by the org's beacons, ` +
        `at most ${formatDuration(CLOCK_TOLERANCE_MS)} is allowed for class ${name}; set the clock`
    )
  }
  if (view.asOfMs !== null && view.nowMs - view.asOfMs <= limitMs) return undefined
  const what = reconnect(view, policy)
  if (view.lastAsOfMs === null)
    return deny(
      'unheard',
      `this device has checked beacons of ${view.heard.length} of the ${view.quorum} signers that class ${name} needs; ${what}`
    )
  const age = formatDuration(view.nowMs - (view.asOfMs ?? view.lastAsOfMs))
  const limit = formatDuration(Math.min(limitMs, policy.lifeMs))
  return deny(
    'stale',
    `the newest state that this device could check is ${age} old, class ${name} allows ${limit}; ${what}`
  )
}

function reconnect(view: FreshnessView, policy: BeaconPolicy): string {
  if (view.uncovered.length > 0 && view.heard.length + view.uncovered.length >= view.quorum)
    return 'the ledger is being synced; if that does not end, look at the links with peerage peers'
  const missing = policy.signers.filter(device => !view.heard.includes(device))
  const candidates = missing.length > 0 ? missing : policy.signers
  const named = candidates.slice(0, NAMED_SIGNERS_MAX).map(shortId).join(', ')
  return `reconnect to ${candidates.length > NAMED_SIGNERS_MAX ? `${named} or another signer` : named}`
}

/** The n-th largest, counted from 1; null when there are fewer. */
function nthLargest(values: readonly number[], n: number): number | null {
  return [...values].sort((a, b) => b - a)[n - 1] ?? null
}
