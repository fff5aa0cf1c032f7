/**
 * What devices want and who holds it, as far as this device knows: what linked devices ask for (demand-book.ts), what
 * those with a stream say, who published, and who says in the ledger that it keeps a copy.
 *
 * A server that asks counts as one that is about to hold, and not as one that wants: else servers that boost would be
 * a reason for others to boost. So does one that asked within the hour and asks no more.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { type Publication, publicationsOf } from '../../ledger/fold/access.ts'
import { copiesOf } from '../../ledger/fold/copies.ts'
import { publishersOf } from '../../ledger/fold/deletion.ts'
import { isAvailable, type State } from '../../ledger/fold/state.ts'
import { type BoostHolder, isAlwaysOn, type WantedVersion } from '../../placement/boost.ts'
import type { Policy } from '../../placement/policy.ts'
import type { PeerStatus } from '../../swarm/transfer-types.ts'
import type { DeviceKind } from '../service-words.ts'
import { isClosed, passingPolicy, type StoredVersion, unitOf } from '../storage/storage-units.ts'
import type { PastHolder } from '../swarm/past-holders.ts'
import { type DemandBook, WANTED_WINDOW_MS } from './demand-book.ts'

/** What the swarm of this device knows. */
export interface HeardSwarm {
  /** Versions with streams, or that are wanted here. */
  versions(): readonly VersionId[]
  wants(version: VersionId): boolean
  peers(version: VersionId): readonly Pick<PeerStatus, 'device' | 'isComplete' | 'isSatisfied'>[]
  past(version: VersionId): ReadonlyMap<DeviceId, PastHolder>
}

export interface WantedTerms {
  readonly self: DeviceId
  readonly state: State
  readonly book: DemandBook
  readonly swarm: HeardSwarm
  /** What is here in full. */
  readonly held: ReadonlySet<VersionId>
  readonly present: ReadonlySet<DeviceId>
  readonly siteOf: (device: DeviceId) => string
  readonly mayHold: (device: DeviceId, version: VersionId) => boolean
  readonly rates: ReadonlyMap<DeviceId, number>
  readonly nowMs: number
}

export interface Wanted extends Omit<WantedVersion, 'lackingSinceMs'> {
  readonly stored: StoredVersion
}

/** Versions that somebody wants now and that may be given. */
export function wantedVersions(terms: WantedTerms): Wanted[] {
  const { state, book, swarm } = terms
  const heard = new Set(swarm.versions())
  if (!book.isEmpty) for (const version of state.publishedAs.keys()) if (book.has(version)) heard.add(version)
  return [...heard].flatMap(version => {
    const stored = openVersion(state, version, terms.nowMs)
    if (stored === undefined) return []
    const { wanting, holding } = whoIsWho(version, terms)
    if (wanting.size === 0) return []
    const wanted = new Map<string, number>()
    for (const device of wanting) {
      const site = terms.siteOf(device)
      wanted.set(site, (wanted.get(site) ?? 0) + 1)
    }
    const holders = [...holding].map(device => holderOf(device, terms))
    return [{ stored, unit: stored.unit, wanted, holders }]
  })
}

/** A version that can be had, and where a copy in passing may be; undefined when something stands against it. */
export function openVersion(state: State, version: VersionId, nowMs: number): StoredVersion | undefined {
  if (isClosed(state, version)) return undefined
  const publications = publicationsOf(state, version).filter(
    ({ published }) => published.version === version && isAvailable(published, nowMs)
  )
  const policy = passingPolicy(state, publications)
  const [first] = publications
  return policy && first && storedAs(state, first, policy)
}

function storedAs(state: State, publication: Publication, policy: Policy): StoredVersion {
  const { dataset, published } = publication
  return { name: dataset.name, published, shares: undefined, unit: unitOf(state, publication, policy) }
}

/** Who wants a version, and who has it or is about to. */
function whoIsWho(
  version: VersionId,
  { self, state, book, swarm, held, mayHold, nowMs }: WantedTerms
): { readonly wanting: Set<DeviceId>; readonly holding: Set<DeviceId> } {
  const holding = new Set<DeviceId>(publishersOf(state, version))
  for (const { device, untilMs } of copiesOf(state, version)) if (untilMs > nowMs) holding.add(device)
  for (const [device, { isComplete }] of swarm.past(version)) if (isComplete) holding.add(device)
  const wanting = new Set<DeviceId>()
  const asks = (device: DeviceId, isNow: boolean): void => {
    if (isAlwaysOn({ kind: kindOf(state, device) })) holding.add(device)
    else if (isNow && !holding.has(device) && mayHold(device, version)) wanting.add(device)
  }
  for (const [device, askedMs] of book.of(version)) asks(device, askedMs + WANTED_WINDOW_MS >= nowMs)
  for (const { device, isComplete, isSatisfied } of swarm.peers(version)) {
    wanting.delete(device)
    if (isComplete) holding.add(device)
    else if (!isSatisfied) asks(device, true)
  }
  if (held.has(version)) holding.add(self)
  else if (swarm.wants(version)) asks(self, true)
  return { wanting, holding }
}

function holderOf(id: DeviceId, { self, state, present, siteOf, rates }: WantedTerms): BoostHolder {
  return {
    ...{ id, site: siteOf(id), kind: kindOf(state, id) },
    isPresent: id === self || present.has(id),
    givesBytesPerSecond: rates.get(id) ?? null
  }
}

function kindOf(state: State, device: DeviceId): DeviceKind {
  return state.devices.get(device)?.enrolment?.kind ?? 'server'
}
