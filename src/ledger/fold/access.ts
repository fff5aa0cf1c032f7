/**
 * Who may read what: the question that every peer answers for itself before it serves, and before it fetches.
 *
 * - Only members read. A version that is retired or expired, quarantined, recalled or erased is read by nobody.
 * - Class public and internal: every member, unless the dataset's policy asks for a grant.
 * - Class confidential: a grant, the role `reader`, or whoever owns the dataset, published the version or is an admin.
 * - Class restricted, or a policy that asks for a grant: a grant; or, again, owner, publisher and admins.
 *
 * - Of a class that asks for a scan, and of a version that no scan found clean yet: admins, the role `scanner`, and who
 *   published it, of those who might read it otherwise.
 *
 * A grant is given to a device or to a group that it is in by then, ends with its expiry, and covers datasets by name,
 * by the beginning of the name, by a label of the policy, or all.
 *
 * Any member can publish a version id under a name of its own, without having its content. So a version that several
 * have published is read only by who may read it from each of them: nobody opens to itself what others keep closed.
 * While admins publish it, theirs alone counts, so that nobody closes what they open either. To retire ends what one
 * name opens, and no more; to withdraw a version under whatever name, quarantine or recall it.
 *
 * A share of a version is had by who may have the version, under all names that say it is one: what denies the one
 * denies the other. What is published itself besides has to be allowed as such, too, so nobody opens it to itself by
 * saying that it is a share of something.
 */

import { defined } from '../../base/assert.ts'
import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import { DATASET_CLASSES, type DatasetClass } from '../encoding/names.ts'
import type { Grantee, Scope } from '../operation/operation-content.ts'
import { classRules } from './class-policy.ts'
import {
  type ContentEntry,
  type DatasetEntry,
  type DatasetVersion,
  type GrantEntry,
  hasEnded,
  isAvailable,
  isInGroup,
  membershipFault,
  rolesOf,
  type State
} from './state.ts'

/** The role of devices that scan what others may not read yet. */
export const SCANNER_ROLE = 'scanner'

export const READ_FAULTS = [
  'not-a-member',
  'unknown',
  'retired',
  'quarantined',
  'recalled',
  'erased',
  'needs-grant',
  'not-scanned'
] as const
export type ReadFault = (typeof READ_FAULTS)[number]

export type ReadDecision =
  | {
      readonly allowed: true
      readonly because: 'class' | 'reader' | 'owner' | 'publisher' | 'admin' | 'grant'
      /** The dataset's name under which it is allowed. */
      readonly name: string
      readonly class: DatasetClass
      readonly grant: OperationId | undefined
      readonly purpose: string | null
    }
  | { readonly allowed: false; readonly reason: ReadFault; readonly detail: string }

/** What stands against a version, whoever asks. */
export interface ContentFault {
  readonly reason: Extract<ReadFault, 'quarantined' | 'recalled' | 'erased'>
  readonly detail: string
}

/** Undefined when nothing stands against it. */
export function contentFault(content: ContentEntry | undefined): ContentFault | undefined {
  const [erasure] = content?.erasures ?? []
  const [recall] = content?.recalls ?? []
  const [quarantine] = content?.quarantines ?? []
  const because = (reason: string | null) => (reason === null ? '' : `: ${reason}`)
  if (erasure !== undefined)
    return { reason: 'erased', detail: `the version was erased${because(erasure.reason)}` }
  if (recall !== undefined)
    return { reason: 'recalled', detail: `the version was recalled${because(recall.reason)}` }
  if (quarantine !== undefined)
    return { reason: 'quarantined', detail: `the version is quarantined${because(quarantine.reason)}` }
  return undefined
}

/** A list of grants, or a map of them. */
interface Grants {
  values(): Iterable<GrantEntry>
}

export interface Publication {
  readonly dataset: DatasetEntry
  readonly published: DatasetVersion
}

/** Whether a device may read a version now. When several published it, the strictest class is told. */
export function mayRead(state: State, device: DeviceId, version: VersionId, nowMs: number): ReadDecision {
  return readingOf(state, version, { nowMs, grants: state.grants })(device)
}

/**
 * The same question of one version for any device. `grants` are those of the state that may matter to the devices that
 * are asked about: whoever asks about many leaves out what concerns none of them.
 */
export function readingOf(
  state: State,
  version: VersionId,
  { nowMs, grants }: { readonly nowMs: number; readonly grants: Grants }
): (device: DeviceId) => ReadDecision {
  const decide = decidingOf(state, { nowMs, grants })
  const ask = askOwners(state, version, nowMs)
  return device => ask(device, publication => decide(device, publication))
}

/** What a single publication of a version says of a device that reads it. */
export function decidingOf(
  state: State,
  { nowMs, grants }: { readonly nowMs: number; readonly grants: Grants }
): (device: DeviceId, publication: Publication) => ReadDecision {
  const scene: Scene = { state, nowMs, grants }
  return (device, publication) => decide(scene, device, publication)
}

export type Denial = Extract<ReadDecision, { allowed: false }>
type Allowance = { readonly allowed: true; readonly class: DatasetClass }

/**
 * Whether every owner of a version that counts allows something, where `decide` says of a publication whether it does.
 * The answer of the strictest class is told.
 */
export function askOwners(
  state: State,
  version: VersionId,
  nowMs: number
): <A extends Allowance>(device: DeviceId, decide: (publication: Publication) => A | Denial) => A | Denial {
  const all = publicationsOf(state, version)
  const closed = closedTo(state, version, { publications: all, nowMs })
  const byAdmins = all.filter(
    ({ dataset, published }) => dataset.owner === 'admins' && isAvailable(published, nowMs)
  )
  const byOwner = Map.groupBy(byAdmins.length > 0 ? byAdmins : all, ({ dataset }) => dataset.owner)
  return <A extends Allowance>(device: DeviceId, decide: (publication: Publication) => A | Denial) => {
    const outside = membershipFault(state, device, nowMs)
    if (outside !== undefined) return denied('not-a-member', outside)
    if (closed !== undefined) return closed
    let decision: A | undefined
    let denial: Denial | undefined
    for (const publications of byOwner.values()) {
      const here = decideFrom(publications, nowMs, each => wholeFault(state, version, each) ?? decide(each))
      if (!here.allowed) denial = denial === undefined || waitsForScan(denial) ? here : denial
      else if (decision === undefined || isStricter(here.class, decision.class)) decision = here
    }
    return denial ?? defined(decision, 'a publication that counts')
  }
}

/** What stands against the version that a publication says a version is a share of. */
function wholeFault(state: State, version: VersionId, { published }: Publication): Denial | undefined {
  if (published.version === version) return undefined
  const fault = contentFault(state.content.get(published.version))
  return fault && { allowed: false, ...fault }
}

/** What is needed to decide about any device. */
interface Scene {
  readonly state: State
  readonly nowMs: number
  readonly grants: Grants
}

/** Why no member reads a version. */
function closedTo(
  state: State,
  version: VersionId,
  { publications: all, nowMs }: { readonly publications: readonly Publication[]; readonly nowMs: number }
): Denial | undefined {
  const fault = contentFault(state.content.get(version))
  if (fault !== undefined) return { allowed: false, ...fault }
  const [first] = all
  if (first === undefined) return denied('unknown', 'no dataset of the org has this version')
  return all.some(({ published }) => isAvailable(published, nowMs))
    ? undefined
    : denied('retired', `version ${first.published.ordinal} of ${first.dataset.name} is retired`)
}

function isFoundClean(content: ContentEntry | undefined): boolean {
  return content?.scans.some(({ verdict }) => verdict === 'clean') ?? false
}

/** In causal order under each name; of a share those of what it is a share of. */
export function publicationsOf(state: State, version: VersionId): Publication[] {
  const names = new Set([...(state.publishedAs.get(version) ?? []), ...(state.sharedAs.get(version) ?? [])])
  return [...names].flatMap(name => {
    const dataset = state.datasets.get(name)
    if (dataset === undefined) return []
    return dataset.versions
      .filter(published => published.version === version || isShareOf(published, version))
      .map(published => ({ dataset, published }))
  })
}

function isShareOf({ shares }: DatasetVersion, version: VersionId): boolean {
  return shares.some(set => set.shares.includes(version))
}

function isStricter(a: DatasetClass, b: DatasetClass): boolean {
  return DATASET_CLASSES.indexOf(a) > DATASET_CLASSES.indexOf(b)
}

/**
 * What one owner says: whether one of its publications allows it that is not withdrawn. When all are, the last under
 * each name has to: to publish what others have withdrawn opens it to nobody who could not read it before.
 */
function decideFrom<A extends Allowance>(
  publications: readonly Publication[],
  nowMs: number,
  decide: (publication: Publication) => A | Denial
): A | Denial {
  const available = publications.filter(({ published }) => isAvailable(published, nowMs))
  const last = new Map(publications.map(publication => [publication.dataset.name, publication]))
  const counted = available.length > 0 ? available : [...last.values()]
  const decisions = counted.map(decide)
  const isOpen = (decision: A | Denial) => decision.allowed
  const isClosed = (decision: A | Denial) => !decision.allowed && !waitsForScan(decision)
  const decision =
    available.length > 0
      ? (decisions.find(isOpen) ?? decisions.find(waitsForScan))
      : (decisions.find(isClosed) ?? decisions.find(waitsForScan))
  return defined(decision ?? decisions[0], 'a publication by this owner')
}

/** Of what all that is needed but a scan is there: told only where nothing else is missing. */
function waitsForScan(decision: Allowance | Denial): boolean {
  return !decision.allowed && decision.reason === 'not-scanned'
}

function decide(scene: Scene, device: DeviceId, publication: Publication): ReadDecision {
  const decision = decideUnscanned(scene, device, publication)
  const { dataset, published } = publication
  const isClean = isFoundClean(scene.state.content.get(published.version))
  if (!decision.allowed || isClean || !classRules(scene.state, published.class).scan) return decision
  const roles = rolesOf(scene.state, device, scene.nowMs)
  if (roles.includes('admin') || roles.includes(SCANNER_ROLE) || published.publisher === device)
    return decision
  const detail = `${dataset.name} (${published.class}) is read once a scan has found the version clean, and none has yet`
  return denied('not-scanned', detail)
}

function decideUnscanned(
  { state, nowMs, grants }: Scene,
  device: DeviceId,
  { dataset, published }: Publication
): ReadDecision {
  const allowed = (
    because: Extract<ReadDecision, { allowed: true }>['because'],
    grant?: GrantEntry
  ): ReadDecision => ({
    allowed: true,
    because,
    name: dataset.name,
    class: published.class,
    grant: grant?.operation,
    purpose: grant?.purpose ?? null
  })
  const asksForGrant = dataset.policy?.access === 'granted' || published.class === 'restricted'
  const isOpen = published.class === 'public' || published.class === 'internal'
  if (isOpen && !asksForGrant) return allowed('class')
  const roles = rolesOf(state, device, nowMs)
  if (roles.includes('admin')) return allowed('admin')
  if (dataset.owner === device) return allowed('owner')
  if (published.publisher === device) return allowed('publisher')
  if (!asksForGrant && roles.includes('reader')) return allowed('reader')
  const grant = findGrant(state, device, { dataset, nowMs, grants })
  if (grant !== undefined) return allowed('grant', grant)
  return denied(
    'needs-grant',
    `${dataset.name} (${published.class}) is read with a grant only, and this device has none`
  )
}

/** Of the grants that cover a dataset for a device the one that lets it read the longest; of equals, the least id. */
function findGrant(
  state: State,
  device: DeviceId,
  {
    dataset,
    nowMs,
    grants
  }: {
    readonly dataset: DatasetEntry
    readonly nowMs: number
    readonly grants: Grants
  }
): GrantEntry | undefined {
  let best: { readonly grant: GrantEntry; readonly endMs: number } | undefined
  for (const grant of grants.values()) {
    if (hasEnded(grant.expiresMs, nowMs) || !covers(grant.scope, dataset)) continue
    const { grantee } = grant
    if (!isOf(state, grantee, { device, nowMs })) continue
    const endMs = Math.min(grant.expiresMs ?? Number.POSITIVE_INFINITY, placeEndMs(state, grantee, device))
    const isLess = endMs === best?.endMs && grant.operation < best.grant.operation
    if (best === undefined || endMs > best.endMs || isLess) best = { grant, endMs }
  }
  return best?.grant
}

/** Whether a device is who a grant is given to, or in the group that is. */
export function isOf(
  state: State,
  grantee: Grantee,
  { device, nowMs }: { readonly device: DeviceId; readonly nowMs: number }
): boolean {
  return grantee.kind === 'device'
    ? grantee.device === device
    : isInGroup(state, { group: grantee.group, device, nowMs })
}

/** When a device ceases to be of a grantee by time alone. */
function placeEndMs(state: State, grantee: Grantee, device: DeviceId): number {
  if (grantee.kind === 'device') return Number.POSITIVE_INFINITY
  return state.groups.get(grantee.group)?.devices.get(device) ?? Number.POSITIVE_INFINITY
}

export function covers(scope: Scope, dataset: DatasetEntry): boolean {
  switch (scope.kind) {
    case 'name':
      return dataset.name === scope.name
    case 'prefix':
      return dataset.name.startsWith(scope.prefix)
    case 'label':
      return dataset.policy?.labels.includes(scope.label) ?? false
    case 'all':
      return true
  }
}

/** The next instant at which time alone may change what anybody may read or do; undefined when none is ahead. */
export function nextExpiryMs(state: State, nowMs: number): number | undefined {
  let next = Number.POSITIVE_INFINITY
  const consider = (endMs: number | null | undefined): void => {
    if (endMs != null && endMs > nowMs && endMs < next) next = endMs
  }
  for (const { enrolment, roles } of state.devices.values()) {
    consider(enrolment?.expiresMs)
    for (const { expiresMs } of roles.values()) consider(expiresMs)
  }
  for (const { expiresMs } of state.grants.values()) consider(expiresMs)
  for (const { devices } of state.groups.values()) for (const endMs of devices.values()) consider(endMs)
  for (const { versions } of state.datasets.values())
    for (const { expiresMs } of versions) consider(expiresMs)
  return Number.isFinite(next) ? next : undefined
}

/** Of which class a version is, the strictest where it was published more than once; undefined when it is not known. */
export function classOf(state: State, version: VersionId): DatasetClass | undefined {
  let strictest: DatasetClass | undefined
  for (const { published } of publicationsOf(state, version))
    if (strictest === undefined || isStricter(published.class, strictest)) strictest = published.class
  return strictest
}

function denied(reason: ReadFault, detail: string): Denial {
  return { allowed: false, reason, detail }
}
