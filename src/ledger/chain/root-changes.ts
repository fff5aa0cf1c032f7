/**
 * Changes of a root: from what an admin wants to the terms of a successor, and from two roots to what differs, in
 * words. Whoever votes reads the words and not the bytes, so `describeChanges` leaves no policy out that can differ,
 * `describeFrontier` says what ends to count, and keys are named in full: the start of a key can be imitated.
 */

import type { DeviceId } from '../../base/ids.ts'
import { DATASET_CLASSES, type DatasetClass, isLabel } from '../encoding/names.ts'
import {
  ADMINS_MAX,
  type BeaconPolicy,
  decodeTerms,
  type FrontierEntry,
  isRoleName,
  isTypeName,
  lockOutText,
  majorityOf,
  RANK_MAX,
  RECOVERY_KEYS_MAX,
  ROLES_MAX,
  type RootTerms,
  repairLacks,
  rootBytes,
  SUCCESSOR_BYTES_MAX
} from './root-terms.ts'

/** What is to differ; what is left out stays. */
export interface RootChanges {
  readonly orgName?: string
  readonly addAdmins?: readonly DeviceId[]
  readonly removeAdmins?: readonly DeviceId[]
  /** Left out, it stays where it is, or as near to that as a majority of the new admins allows. */
  readonly threshold?: number
  /** Roles by name, each with all of its operation types and its rank; null takes the role away. */
  readonly roles?: ReadonlyMap<string, { readonly types: readonly string[]; readonly rank: number } | null>
  /** Approvals by operation type; 1 is the author alone. */
  readonly approvals?: ReadonlyMap<string, number>
  readonly beacon?: BeaconPolicy | null
  readonly stalenessMs?: Partial<Record<DatasetClass, number | null>>
  /** All recovery keys, not only further ones. */
  readonly recovery?: readonly DeviceId[]
  readonly expiresMs?: number | null
}

export type SuccessorTerms =
  | { readonly ok: true; readonly terms: RootTerms }
  /** Everything that is in the way, a sentence each. */
  | { readonly ok: false; readonly problems: readonly string[] }

/** Roles that the fold gives by itself: without them nobody could do anything. */
const BUILT_IN_ROLES = ['admin', 'device']

/** The terms of the successor of `before` (a root, with its hash), or all that makes the changes impossible. */
export function successorTerms(
  before: RootTerms & { readonly hash: Uint8Array },
  changes: RootChanges,
  { timeMs, frontier }: { readonly timeMs: number; readonly frontier: readonly FrontierEntry[] }
): SuccessorTerms {
  const admins = adminsAfter(before, changes)
  const { roles, ranks } = rolesAfter(before, changes)
  const approvals = new Map(before.approvals)
  for (const [type, count] of changes.approvals ?? [])
    if (count === 1) approvals.delete(type)
    else approvals.set(type, count)
  const recovery = changes.recovery ?? before.recovery
  const terms: RootTerms = {
    version: before.version + 1,
    prev: before.hash,
    orgName: changes.orgName ?? before.orgName,
    timeMs,
    admins,
    threshold: changes.threshold ?? thresholdAfter(before, admins.length),
    roles,
    approvals,
    ranks,
    beacon: changes.beacon === undefined ? before.beacon : changes.beacon,
    stalenessMs: { ...before.stalenessMs, ...changes.stalenessMs },
    recovery,
    expiresMs: changes.expiresMs === undefined ? before.expiresMs : changes.expiresMs,
    frontier
  }
  const problems = [...problemsOfKeys(before, changes, terms), ...problemsOfPolicy(before, changes, terms)]
  if (problems.length > 0) return { ok: false, problems }
  if (describeChanges(before, terms).length === 0) return { ok: false, problems: ['nothing would change'] }
  // Whatever is not found above, the decoder that every peer runs has the last word.
  const encoded = rootBytes(terms)
  if (encoded.length > SUCCESSOR_BYTES_MAX)
    return {
      ok: false,
      problems: [`the new root takes ${encoded.length} bytes, at most ${SUCCESSOR_BYTES_MAX} fit a proposal`]
    }
  const decoded = decodeTerms(encoded)
  return decoded.ok ? { ok: true, terms: decoded.value } : { ok: false, problems: [decoded.detail] }
}

function adminsAfter(before: RootTerms, { addAdmins = [], removeAdmins = [] }: RootChanges): DeviceId[] {
  const removed = new Set(removeAdmins)
  return [...new Set([...before.admins.filter(admin => !removed.has(admin)), ...addAdmins])].sort()
}

function thresholdAfter(before: RootTerms, adminCount: number): number {
  return Math.max(majorityOf(adminCount), Math.min(before.threshold, adminCount))
}

function rolesAfter(before: RootTerms, changes: RootChanges) {
  const roles = new Map(before.roles)
  const ranks = new Map(before.ranks)
  for (const [name, role] of changes.roles ?? [])
    if (role === null) {
      roles.delete(name)
      ranks.delete(name)
    } else {
      roles.set(name, [...new Set(role.types)].sort())
      ranks.set(name, role.rank)
    }
  return { roles, ranks }
}

function problemsOfKeys(before: RootTerms, changes: RootChanges, after: RootTerms): string[] {
  const { addAdmins = [], removeAdmins = [] } = changes
  const count = after.admins.length
  const least = majorityOf(count)
  const problems = [
    ...addAdmins.filter(key => before.admins.includes(key)).map(key => `${key} is an admin already`),
    ...removeAdmins.filter(key => !before.admins.includes(key)).map(key => `${key} is no admin`),
    ...removeAdmins
      .filter(key => addAdmins.includes(key))
      .map(key => `${key} can not be both added and removed`),
    ...after.recovery
      .filter(key => after.admins.includes(key))
      .map(key => `${key} would be an admin and a recovery key; it can be one of them`)
  ]
  if (count === 0) problems.push('no admin would be left')
  if (count > ADMINS_MAX) problems.push(`there would be ${count} admins, at most ${ADMINS_MAX}`)
  else if (count > 0 && !isIntegerIn(after.threshold, least, count))
    problems.push(
      `a threshold of ${after.threshold} is not possible: from ${least} to ${count} of ${count} admins`
    )
  if (after.recovery.length > RECOVERY_KEYS_MAX)
    problems.push(`there would be ${after.recovery.length} recovery keys, at most ${RECOVERY_KEYS_MAX}`)
  if (new Set(after.recovery).size < after.recovery.length) problems.push('a recovery key is given twice')
  return problems
}

function problemsOfPolicy(before: RootTerms, changes: RootChanges, after: RootTerms): string[] {
  const problems: string[] = []
  if (!isLabel(after.orgName)) problems.push('the name of the org has to be one line of 1 to 64 characters')
  for (const [name, role] of changes.roles ?? []) {
    if (!isRoleName(name)) problems.push('a role is named by a-z, 0-9 and -')
    if (role?.types.every(isTypeName) === false)
      problems.push(
        `an operation type of role ${name} is not named by words of a-z, 0-9 and - with dots between`
      )
    if (role === null && BUILT_IN_ROLES.includes(name)) problems.push(`role ${name} can not be taken away`)
    else if (role === null && !before.roles.has(name)) problems.push(`there is no role ${name}`)
    if (role !== null && !isIntegerIn(role.rank, 1, RANK_MAX))
      problems.push(`rank ${role.rank} of ${name} is not from 1 to ${RANK_MAX}`)
  }
  if (after.roles.size > ROLES_MAX)
    problems.push(`there would be ${after.roles.size} roles, at most ${ROLES_MAX}`)
  if (![...after.approvals.keys()].every(isTypeName))
    problems.push('an operation type that needs approvals is not named by words of a-z, 0-9 and -')
  for (const [type, count] of after.approvals)
    if (!isIntegerIn(count, 2, after.admins.length))
      problems.push(`${type} would need ${count} approvals of ${after.admins.length} admins`)
  problems.push(...problemsOfRepair(after), ...problemsOfFreshness(after))
  if (!isIntegerIn(after.timeMs, 0)) problems.push('the time of the new root is no time')
  if (after.expiresMs !== null && !isIntegerIn(after.expiresMs, after.timeMs + 1))
    problems.push('the new root would have expired before it begins')
  return problems
}

function problemsOfRepair({ roles }: RootTerms): string[] {
  // Where the role itself goes, that is said already.
  const lacks = roles.has('device') ? repairLacks(roles) : []
  return lacks.length > 0 ? [lockOutText(lacks)] : []
}

function problemsOfFreshness({ beacon, stalenessMs }: RootTerms): string[] {
  const problems: string[] = []
  if (beacon !== null) {
    const { signers, quorum, periodMs, lifeMs } = beacon
    if (!isIntegerIn(quorum, 1, signers.length))
      problems.push(`a beacon quorum of ${quorum} is not possible with ${signers.length} signers`)
    if (!isIntegerIn(periodMs, 1) || !isIntegerIn(lifeMs, periodMs))
      problems.push('a beacon has to live at least until the next one is due')
  }
  for (const name of DATASET_CLASSES) {
    const limit = stalenessMs[name]
    if (limit !== null && beacon === null)
      problems.push(`a staleness limit for ${name} data needs a beacon policy`)
    if (limit !== null && !isIntegerIn(limit, 0))
      problems.push(`the staleness limit for ${name} is no duration`)
  }
  return problems
}

function isIntegerIn(value: number, min: number, max: number = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}

/** What the second root changes against the first, a sentence each; empty when they mean the same. */
export function describeChanges(before: RootTerms, after: RootTerms): string[] {
  return [
    ...changed('name of the org', before.orgName, after.orgName),
    ...describeKeys('admin', before.admins, after.admins),
    ...changed('threshold', before.threshold, after.threshold),
    ...describeRoles(before, after),
    ...describeApprovals(before, after),
    ...describeBeacon(before.beacon, after.beacon),
    ...DATASET_CLASSES.flatMap(name =>
      changed(
        `staleness limit for ${name} data`,
        duration(before.stalenessMs[name]),
        duration(after.stalenessMs[name])
      )
    ),
    ...describeKeys('recovery key', before.recovery, after.recovery),
    ...changed('expiry', moment(before.expiresMs), moment(after.expiresMs))
  ]
}

/** What of the feeds of the admins before still counts, a sentence for each feed, and for each admin without any. */
export function describeFrontier(before: RootTerms, after: RootTerms): string[] {
  return before.admins.flatMap(admin => {
    const feeds = after.frontier.filter(entry => entry.author === admin)
    return feeds.length === 0
      ? [`nothing that ${admin} signed under an earlier root counts any more`]
      : feeds.map(
          ({ incarnation, seq }) =>
            `${admin} counts up to operation ${seq} of feed ${incarnation} under earlier roots`
        )
  })
}

function changed(what: string, before: string | number, after: string | number): string[] {
  return before === after ? [] : [`${what} ${before} -> ${after}`]
}

function describeKeys(what: string, before: readonly DeviceId[], after: readonly DeviceId[]): string[] {
  return [
    ...after.filter(key => !before.includes(key)).map(key => `adds ${what} ${key}`),
    ...before.filter(key => !after.includes(key)).map(key => `removes ${what} ${key}`)
  ]
}

function describeRoles(before: RootTerms, after: RootTerms): string[] {
  const names = [...new Set([...before.roles.keys(), ...after.roles.keys()])].sort()
  return names.flatMap(name => {
    const then = before.roles.get(name)
    const now = after.roles.get(name)
    if (now === undefined) return [`removes role ${name}`]
    const rank = after.ranks.get(name) ?? 0
    if (then === undefined) return [`adds role ${name} of rank ${rank}: ${now.join(', ') || 'nothing'}`]
    const more = now.filter(type => !then.includes(type))
    const less = then.filter(type => !now.includes(type))
    return [
      ...(more.length > 0 ? [`role ${name} may also ${more.join(', ')}`] : []),
      ...(less.length > 0 ? [`role ${name} may no longer ${less.join(', ')}`] : []),
      ...changed(`rank of ${name}`, before.ranks.get(name) ?? 0, rank)
    ]
  })
}

function describeApprovals(before: RootTerms, after: RootTerms): string[] {
  const types = [...new Set([...before.approvals.keys(), ...after.approvals.keys()])].sort()
  return types.flatMap(type =>
    changed(`approvals of ${type}`, before.approvals.get(type) ?? 1, after.approvals.get(type) ?? 1)
  )
}

function describeBeacon(before: BeaconPolicy | null, after: BeaconPolicy | null): string[] {
  if (after === null) return before === null ? [] : ['ends the beacon policy']
  const then = before ?? { signers: [], quorum: 0, periodMs: 0, lifeMs: 0 }
  return [
    ...(before === null ? ['begins a beacon policy'] : []),
    ...describeKeys('beacon signer', then.signers, after.signers),
    ...changed('beacon quorum', then.quorum, after.quorum),
    ...changed('beacon period', duration(then.periodMs), duration(after.periodMs)),
    ...changed('beacon life', duration(then.lifeMs), duration(after.lifeMs))
  ]
}

function duration(lengthMs: number | null): string {
  return lengthMs === null ? 'none' : `${lengthMs / 1000} s`
}

function moment(atMs: number | null): string {
  if (atMs === null) return 'never'
  const date = new Date(atMs)
  return Number.isNaN(date.getTime()) ? `${atMs} ms` : date.toISOString()
}
