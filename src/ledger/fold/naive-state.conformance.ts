/**
 * The oracle's rendering of what is in force as a state, its answer to who may read what, and any state as plain data,
 * comparable whatever order it came about in.
 */

import { toHex } from '../../base/bytes.ts'
import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import { orgIdOf } from '../chain/root.ts'
import type { Operation } from '../operation/operation.ts'
import type { Grantee, Scope } from '../operation/operation-content.ts'
import { feedKey } from './feed.ts'
import type { NaiveFold, Said } from './naive-fold.conformance.ts'
import { feedOf } from './naive-log.conformance.ts'
import {
  naiveContents,
  naiveDeviceStorage,
  naiveEpochs,
  naiveSealing,
  naiveStorage
} from './naive-storage.conformance.ts'
import type {
  DatasetEntry,
  DeviceEntry,
  Enrolment,
  Fork,
  GrantEntry,
  GroupEntry,
  InviteEntry,
  RoleHolding,
  Standing,
  State,
  Taking
} from './state.ts'

export function naiveState(fold: NaiveFold): State {
  const { chain, log } = fold
  const datasets = new Map<string, DatasetEntry>()
  for (const [name, { owner, policy, storage, versions }] of fold.datasets)
    if (owner !== undefined) datasets.set(name, { name, owner, policy, storage, versions })
  return {
    org: orgIdOf(chain.founding),
    root: chain.head,
    freeze: chain.freeze,
    devices: devicesOf(fold),
    invites: byId(fold.said('invite.create'), invite => inviteOf(fold, invite)),
    datasets,
    publishedAs: publicationsOf(datasets),
    sharedAs: sharesOf(datasets),
    groups: byId(fold.said('group.create'), group => groupOf(fold, group)),
    grants: grantsOf(fold),
    content: naiveContents(fold),
    ...naiveStorage(fold),
    proposals: byId(fold.said('root.propose'), ({ operation, content: { hash, bytes } }) => {
      return { operation: operation.id, by: operation.author, hash, bytes, timeMs: operation.timeMs }
    }),
    votes: byId(fold.said('root.vote'), ({ operation, content: { hash, key, signature } }) => {
      return { operation: operation.id, hash, key, signature }
    }),
    forks: forksOf(fold),
    inert: new Map([...fold.inert].map(([id, reason]) => [id, { reason, detail: '' }]))
  }

  function forksOf(of: NaiveFold): State['forks'] {
    const forks = new Map<ReturnType<typeof feedKey>, Fork>()
    for (const feed of log.feeds) {
      const seq = of.log.forkSeq(feed)
      const at = log.operations.filter(other => feedOf(other) === feed && other.seq === seq)
      const [first] = at
      if (first === undefined) continue
      const { author, incarnation } = first
      const operations = at.map(({ id }) => id).sort()
      forks.set(feedKey(first), { author, incarnation, seq, operations })
    }
    return forks
  }
}

function publicationsOf(datasets: State['datasets']): State['publishedAs'] {
  const versions = [...datasets.values()].flatMap(dataset => dataset.versions.map(({ version }) => version))
  const namesOf = (version: VersionId) =>
    [...datasets.values()].filter(dataset => dataset.versions.some(other => other.version === version))
  return new Map(versions.map(version => [version, new Set(namesOf(version).map(({ name }) => name))]))
}

function sharesOf(datasets: State['datasets']): State['sharedAs'] {
  const sharesIn = ({ versions }: DatasetEntry) =>
    versions.flatMap(each => each.shares.flatMap(set => set.shares))
  const all = [...datasets.values()]
  const namesOf = (share: VersionId) => all.filter(dataset => sharesIn(dataset).includes(share))
  return new Map(all.flatMap(sharesIn).map(share => [share, new Set(namesOf(share).map(({ name }) => name))]))
}

function byId<S extends { readonly operation: Operation }, R>(
  all: readonly S[],
  render: (one: S) => R
): Map<OperationId, R> {
  return new Map(all.map(one => [one.operation.id, render(one)]))
}

function devicesOf(fold: NaiveFold): Map<DeviceId, DeviceEntry> {
  const admins = fold.chain.roots.flatMap(root => root.admins)
  const enrolled = fold.said('device.enrol').map(({ content }) => content.device)
  return new Map([...admins, ...enrolled].map(device => [device, deviceOf(fold, device)]))
}

function deviceOf(fold: NaiveFold, device: DeviceId): DeviceEntry {
  const standing = fold.standing(device)
  const isAdmin = fold.chain.head.admins.includes(device)
  const gives = fold.holding(standing)
  const isOut = !isAdmin && gives.length === 0
  const offer = { sealing: naiveSealing(fold, device), storage: naiveDeviceStorage(fold, device) }
  const nobody = { device, takenBy: undefined, roles: new Map(), enrolment: undefined }
  if (isOut && standing.gives.length === 0)
    return { ...nobody, role: 'device', standing: 'former', sealing: undefined, storage: undefined }
  const isRevoked = standing.takes.some(({ content }) => content.type === 'device.revoke')
  const out: Standing = isRevoked ? 'revoked' : 'suspended'
  return {
    device,
    role: isAdmin ? 'admin' : 'device',
    standing: isOut ? out : 'member',
    takenBy: isOut ? takenBy(fold, device) : undefined,
    roles: rolesOf(fold, device),
    enrolment: enrolmentOf(fold, device, gives.length > 0 ? gives : standing.gives),
    ...offer
  }
}

/** The first revocation; else the newest suspension that nobody answered; else the newest. */
function takenBy(fold: NaiveFold, device: DeviceId): Taking | undefined {
  const { gives, takes } = fold.standing(device)
  const ordered = (of: typeof takes) => fold.log.inCausalOrder(of.map(({ operation }) => operation))
  const unanswered = takes.filter(take => !gives.some(give => fold.isKnown(take, give)))
  const said =
    ordered(takes.filter(({ content }) => content.type === 'device.revoke'))[0] ??
    ordered(unanswered).at(-1) ??
    ordered(takes).at(-1)
  return said && takingOf(said)
}

function takingOf({ id, author, content, timeMs }: Operation): Taking {
  const reason = content !== undefined && 'reason' in content ? content.reason : null
  return { operation: id, by: author, reason, timeMs }
}

function rolesOf(fold: NaiveFold, device: DeviceId): Map<string, RoleHolding> {
  const roles = new Map<string, RoleHolding>()
  for (const role of new Set(fold.said('role.grant').map(({ content }) => content.role))) {
    const grants = fold.holding(fold.role(device, role)).map(({ operation }) => operation)
    const lasting = grants.filter(({ expiresMs }) => expiresMs === null)
    const longest = Math.max(...grants.map(({ expiresMs }) => expiresMs ?? 0))
    const best = lasting.length > 0 ? lasting : grants.filter(({ expiresMs }) => expiresMs === longest)
    const grant = fold.log.inCausalOrder(best).at(-1)
    if (grant !== undefined)
      roles.set(role, { role, operation: grant.id, by: grant.author, expiresMs: grant.expiresMs })
  }
  return roles
}

function enrolmentOf(
  fold: NaiveFold,
  device: DeviceId,
  gives: readonly { readonly operation: Operation }[]
): Enrolment | undefined {
  const newest = fold.log.inCausalOrder(gives.map(({ operation }) => operation)).at(-1)
  if (newest === undefined) return undefined
  const updates = fold
    .said('device.update')
    .filter(({ content }) => content.device === device)
    .map(({ operation }) => operation)
  const { content } = fold.log.inCausalOrder([newest, ...updates]).at(-1) ?? newest
  if (content?.type !== 'device.enrol' && content?.type !== 'device.update') return undefined
  const { kind, nameCommitment } = content
  const { id, author, timeMs, expiresMs } = newest
  return { operation: id, by: author, kind, nameCommitment, timeMs, expiresMs }
}

function inviteOf(fold: NaiveFold, { operation, content, rank }: Said<'invite.create'>): InviteEntry {
  const { id, author, incarnation, timeMs } = operation
  const { inviteKey, uses, expiresMs } = content
  const redeemed = fold.said('device.enrol').filter(other => other.content.redemption?.invite === id)
  const cancels = fold
    .said('invite.cancel')
    .filter(cancel => cancel.content.invite === id && cancel.rank <= rank)
  return {
    operation: id,
    author,
    incarnation,
    inviteKey,
    uses,
    redeemedBy: new Set(redeemed.map(other => other.content.device)),
    cancelledBy: fold.log.inCausalOrder(cancels.map(cancel => cancel.operation))[0]?.id,
    timeMs,
    expiresMs
  }
}

function groupOf(fold: NaiveFold, { operation, content }: Said<'group.create'>): GroupEntry {
  const { id, author } = operation
  const adds = fold.said('group.add').filter(add => add.content.group === id)
  const removes = fold.said('group.remove').filter(remove => remove.content.group === id)
  const devices = new Map<DeviceId, number | null>()
  for (const { content: add } of adds) {
    const ofDevice = (said: { content: { device: DeviceId } }) => said.content.device === add.device
    const holding = fold.holding({ gives: adds.filter(ofDevice), takes: removes.filter(ofDevice) })
    const ends = holding.map(give => give.operation.expiresMs)
    if (ends.length > 0) devices.set(add.device, ends.includes(null) ? null : Math.max(...ends.map(Number)))
  }
  return { operation: id, name: content.name, by: author, devices, epochs: naiveEpochs(fold, id) }
}

function grantsOf(fold: NaiveFold): Map<OperationId, GrantEntry> {
  const inForce = fold.said('access.grant').filter(({ operation, content }) => {
    const revokes = fold
      .said('access.revoke')
      .filter(
        ({ content: { grantee, scope } }) =>
          isSame(grantee, content.grantee) && (scope === null || isSame(scope, content.scope))
      )
    return revokes.every(revoke => fold.log.knows(operation, revoke.operation))
  })
  return byId(inForce, ({ operation, content: { grantee, scope, purpose } }) => {
    const { id, author, timeMs, expiresMs } = operation
    return { operation: id, by: author, grantee, scope, purpose, timeMs, expiresMs }
  })
}

function isSame<T extends Grantee | Scope>(a: T, b: T): boolean {
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b))
}

type Answer =
  | 'allowed'
  | 'not-a-member'
  | 'unknown'
  | 'retired'
  | 'quarantined'
  | 'recalled'
  | 'erased'
  | 'needs-grant'
  | 'not-scanned'

/** Who may read what, by the rules of access.ts once more. */
export function naiveMayRead(state: State, device: DeviceId, version: VersionId, nowMs: number): Answer {
  const isAhead = (endMs: number | null | undefined) => endMs == null || nowMs < endMs
  const entry = state.devices.get(device)
  const isAdmin = entry?.role === 'admin'
  const isMember = entry?.standing === 'member' && isAhead(entry.enrolment?.expiresMs)
  if (!isAdmin && !isMember) return 'not-a-member'
  if ((state.content.get(version)?.erasures ?? []).length > 0) return 'erased'
  if ((state.content.get(version)?.recalls ?? []).length > 0) return 'recalled'
  if ((state.content.get(version)?.quarantines ?? []).length > 0) return 'quarantined'
  const all = [...state.datasets.values()].flatMap(dataset =>
    dataset.versions.filter(other => other.version === version).map(other => ({ dataset, ...other }))
  )
  if (all.length === 0) return 'unknown'
  const isAvailable = ({ retiredBy, expiresMs }: (typeof all)[number]) =>
    retiredBy === undefined && isAhead(expiresMs)
  if (!all.some(isAvailable)) return 'retired'
  const byAdmins = all.filter(one => one.dataset.owner === 'admins' && isAvailable(one))
  const publications = byAdmins.length > 0 ? byAdmins : all
  const reader = entry.roles.get('reader')
  const isReader = reader !== undefined && isAhead(reader.expiresMs)
  const groups = [...state.groups.values()].filter(
    ({ devices }) => devices.has(device) && isAhead(devices.get(device))
  )
  const grants = [...state.grants.values()].filter(
    ({ grantee, expiresMs }) =>
      isAhead(expiresMs) &&
      (grantee.kind === 'device'
        ? grantee.device === device
        : groups.some(({ operation }) => operation === grantee.group))
  )
  const isScanner = entry.roles.has('scanner') && isAhead(entry.roles.get('scanner')?.expiresMs)
  const isClean = state.content.get(version)?.scans.some(({ verdict }) => verdict === 'clean') === true
  const isTold = ({ class: dataClass, publisher }: (typeof all)[number]): boolean =>
    state.classes.get(dataClass)?.scan !== true || isClean || isAdmin || isScanner || publisher === device
  const opens = ({
    dataset: { name, owner, policy },
    class: dataClass,
    publisher
  }: (typeof all)[number]): boolean => {
    if (isAdmin || owner === device || publisher === device) return true
    const isGranted = grants.some(
      ({ scope }) =>
        scope.kind === 'all' ||
        (scope.kind === 'name' && scope.name === name) ||
        (scope.kind === 'prefix' && name.startsWith(scope.prefix)) ||
        (scope.kind === 'label' && policy?.labels.includes(scope.label) === true)
    )
    if (isGranted) return true
    if (policy?.access === 'granted' || dataClass === 'restricted') return false
    return dataClass === 'confidential' ? isReader : true
  }
  const isLast = (one: (typeof all)[number]) =>
    !publications.some(({ dataset, ordinal }) => dataset === one.dataset && ordinal > one.ordinal)
  const isAllowed = (allows: (one: (typeof all)[number]) => boolean) =>
    publications.every(({ dataset: { owner } }) => {
      const theirs = publications.filter(({ dataset }) => dataset.owner === owner)
      return theirs.some(isAvailable)
        ? theirs.some(one => isAvailable(one) && allows(one))
        : theirs.filter(isLast).every(allows)
    })
  if (isAllowed(one => opens(one) && isTold(one))) return 'allowed'
  return isAllowed(opens) ? 'not-scanned' : 'needs-grant'
}

export type Plain = null | string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain }

/** A state as plain data: of roots their hashes, of inert operations the reasons. */
export function snapshotOf(state: State): Plain {
  const { root, freeze, inert, ...rest } = state
  return plain({
    ...rest,
    root: root.hash,
    freeze: freeze && {
      version: freeze.version,
      contested: freeze.contested,
      equivocators: freeze.equivocators
    },
    inert: new Map([...inert].map(([id, { reason }]) => [id, reason]))
  })
}

function plain(value: unknown): Plain {
  if (value instanceof Uint8Array) return toHex(value)
  if (value instanceof Set) return [...value].map(plain).sort()
  if (value instanceof Map) return plain(Object.fromEntries(value))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map(key => [key, plain((value as Record<string, unknown>)[key])])
    )
  return value === undefined ? null : (value as Plain)
}

/** Where two snapshots differ, in a few short lines: whole states are too long to read. */
export function differences(actual: Plain, expected: Plain, at = ''): string[] {
  if (isBranch(actual) && isBranch(expected)) {
    const keys = new Set([...Object.keys(actual), ...Object.keys(expected)])
    return [...keys].flatMap(key =>
      differences(actual[key] ?? null, expected[key] ?? null, `${at}/${key.slice(0, 12)}`)
    )
  }
  const text = (value: Plain) => JSON.stringify(value).slice(0, 120)
  return text(actual) === text(expected) ? [] : [`${at}: ${text(actual)}, and should be ${text(expected)}`]
}

function isBranch(value: Plain): value is { readonly [key: string]: Plain } {
  return typeof value === 'object' && value !== null
}
