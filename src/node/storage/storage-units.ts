/**
 * What of the ledger is to be kept in copies, by which rule, and who may hold it: the units of placement (unit.ts).
 *
 * Every version that can be had, and that nothing stands against, is one unit, however large: holders keep whole
 * versions. It is kept when the dataset has a rule of storage of its own, or its class asks for more than one copy:
 * what was just published stays with who published it as long as nobody asks for more. Under several names the rule
 * that asks for the most counts. A rule that asks for shares counts where they stand as many losses as the copies that
 * the class asks for.
 *
 * Who may hold a version is the same for all that every member may hold, for all that is sealed and for devices with
 * the role `storage`, and for all that only the readers of one name may: devices are asked about once for each such
 * kind.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { DeviceKind } from '../../ledger/encoding/names.ts'
import type { Publication } from '../../ledger/fold/access.ts'
import { classRules, storageTerms } from '../../ledger/fold/class-policy.ts'
import { mayHold, STORAGE_ROLE } from '../../ledger/fold/holding.ts'
import {
  type DatasetEntry,
  type DatasetVersion,
  isAvailable,
  rolesOf,
  type ShareSet,
  type State
} from '../../ledger/fold/state.ts'
import { DATA_SHARES_MIN } from '../../ledger/operation/operation-limits.ts'
import { DEVICE_KINDS } from '../../placement/fleet.ts'
import { type Policy, slotCount } from '../../placement/policy.ts'
import { bySeniority, type Unit } from '../../placement/unit.ts'

export interface StoredVersion {
  readonly unit: Unit
  readonly name: string
  readonly published: DatasetVersion
  /** What its shares are, where it is to be kept in shares and somebody has cut it. */
  readonly shares: ShareSet | undefined
}

/** By seniority, which is the order in which they are given their places. */
export function storedVersions(state: State, nowMs: number): StoredVersion[] {
  const stored = new Map<VersionId, StoredVersion>()
  for (const dataset of state.datasets.values())
    for (const published of dataset.versions) {
      if (!isAvailable(published, nowMs) || isClosed(state, published.version)) continue
      const policy = policyOf(state, dataset, published)
      if (policy === undefined) continue
      const known = stored.get(published.version)
      if (known !== undefined && slotCount(known.unit.policy) >= slotCount(policy)) continue
      stored.set(published.version, {
        ...{ name: dataset.name, published, shares: shareSetOf(published, policy) },
        unit: unitOf(state, { dataset, published }, policy)
      })
    }
  return [...stored.values()].sort((a, b) => bySeniority(a.unit, b.unit))
}

/** The rule by which a publication is kept in copies; undefined when nobody asks for any. */
export function policyOf(
  state: State,
  dataset: DatasetEntry,
  published: Pick<DatasetVersion, 'class'>
): Policy | undefined {
  const { copies, sites, regions, kinds, shares } = storageTerms(state, {
    name: dataset.name,
    class: published.class
  })
  if (dataset.storage === undefined && copies < 2) return undefined
  const isKind = (kind: string): kind is DeviceKind => DEVICE_KINDS.some(each => each === kind)
  const where = { regions, kinds: kinds.filter(isKind) }
  if (shares === null || shares.data < DATA_SHARES_MIN || shares.parity < copies - 1)
    return { copies, sites: Math.min(sites, copies), ...where, shares: null }
  const { data: k, parity: m } = shares
  return { copies: 1, sites: Math.min(sites, k + m), ...where, shares: { k, m } }
}

function shareSetOf({ shares: sets }: DatasetVersion, { shares }: Policy): ShareSet | undefined {
  return sets.find(set => set.data === shares?.k && set.shares.length === shares.k + shares.m)
}

/** Where a copy may be that no rule asks for: as the rules of all names say; undefined when they exclude each other. */
export function passingPolicy(state: State, publications: readonly Publication[]): Policy | undefined {
  const terms = publications.map(({ dataset, published }) =>
    storageTerms(state, { name: dataset.name, class: published.class })
  )
  const inAll = (lists: readonly (readonly string[])[]): string[] | undefined => {
    const [first, ...others] = lists.filter(({ length }) => length > 0)
    if (first === undefined) return []
    const common = first.filter(each => others.every(other => other.includes(each)))
    return common.length > 0 ? common.toSorted() : undefined
  }
  const regions = inAll(terms.map(each => each.regions))
  const kinds = inAll(terms.map(each => each.kinds))
  if (regions === undefined || kinds === undefined) return undefined
  const named = DEVICE_KINDS.filter(kind => kinds.includes(kind))
  return { copies: 1, sites: 1, regions, kinds: named, shares: null }
}

/** A publication as a unit of placement, by a rule. */
export function unitOf(state: State, { dataset, published }: Publication, policy: Policy): Unit {
  return {
    ...{ version: published.version, index: 0, bytes: published.bytes, policy },
    ...{ dataClass: holderKind(state, dataset, published), seniority: published.timeMs }
  }
}

/** Whether something stands against all copies of a version. */
export function isClosed(state: State, version: VersionId): boolean {
  const content = state.content.get(version)
  return (
    content !== undefined && content.quarantines.length + content.recalls.length + content.erasures.length > 0
  )
}

const OPEN = 'members'
const BY_ROLE = 'storage'

/** Versions with the same may be held by the same devices. */
function holderKind(state: State, dataset: DatasetEntry, published: DatasetVersion): string {
  const { scan, holders } = classRules(state, published.class)
  if (published.sealed && holders === 'members') return OPEN
  if (published.sealed && holders === 'storage') return BY_ROLE
  const isOpen = published.class === 'public' || published.class === 'internal'
  if (isOpen && !scan && dataset.policy?.access !== 'granted') return OPEN
  return scan ? `${dataset.name} ${published.version}` : `${dataset.name} ${published.class}`
}

/** Who may hold what, asked of the ledger once for each device and kind of version. */
export class HolderKinds {
  readonly #state: State
  readonly #nowMs: number
  readonly #versions: ReadonlyMap<string, VersionId>

  constructor(state: State, versions: Iterable<StoredVersion>, nowMs: number) {
    this.#state = state
    this.#nowMs = nowMs
    this.#versions = new Map([...versions].map(({ unit }) => [unit.dataClass, unit.version]))
  }

  of(device: DeviceId): { has(kind: string): boolean } {
    const known = new Map<string, boolean>()
    return {
      has: kind => {
        const before = known.get(kind)
        if (before !== undefined) return before
        const version = this.#versions.get(kind)
        const mayAsSuch = kind !== BY_ROLE || rolesOf(this.#state, device, this.#nowMs).includes(STORAGE_ROLE)
        const may =
          mayAsSuch && version !== undefined && mayHold(this.#state, device, version, this.#nowMs).allowed
        known.set(kind, may)
        return may
      }
    }
  }
}
