/**
 * Who may read a version, and what a device may read, each with the reason: the answers of access.ts to every question
 * of one kind at once. They are the same answers; only grants that concern nothing in question are left out first.
 */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import { covers, isOf, type ReadDecision, readingOf } from './access.ts'
import { getOr } from './fold-books.ts'
import { type GrantEntry, hasEnded, type State } from './state.ts'

type Allowed = Extract<ReadDecision, { allowed: true }>
type Denied = Extract<ReadDecision, { allowed: false }>

export interface VersionReaders {
  /** Why no device reads it, whoever it is; undefined where some may. */
  readonly closed: Denied | undefined
  readonly devices: ReadonlyMap<DeviceId, Allowed>
  /** Groups with grants of a dataset that has the version. */
  readonly groups: ReadonlyMap<OperationId, readonly GrantEntry[]>
}

export function readersOf(state: State, version: VersionId, nowMs: number): VersionReaders {
  const datasets = [...(state.publishedAs.get(version) ?? [])].flatMap(name => state.datasets.get(name) ?? [])
  const grants = [...state.grants.values()].filter(
    grant => !hasEnded(grant.expiresMs, nowMs) && datasets.some(dataset => covers(grant.scope, dataset))
  )
  const mayRead = readingOf(state, version, { nowMs, grants })
  const devices = new Map<DeviceId, Allowed>()
  const denials: Denied[] = []
  for (const device of state.devices.keys()) {
    const decision = mayRead(device)
    if (decision.allowed) devices.set(device, decision)
    else if (!PERSONAL.has(decision.reason)) denials.push(decision)
  }
  const closed = devices.size === 0 ? denials[0] : undefined
  const groups = new Map<OperationId, GrantEntry[]>()
  for (const grant of closed === undefined ? grants : [])
    if (grant.grantee.kind === 'group') getOr(groups, grant.grantee.group, (): GrantEntry[] => []).push(grant)
  return { closed, devices, groups }
}

/** Reasons that are about who asks. */
const PERSONAL: ReadonlySet<Denied['reason']> = new Set(['not-a-member', 'needs-grant', 'not-scanned'])

/** Every version that a device may read. */
export function readableBy(state: State, device: DeviceId, nowMs: number): Map<VersionId, Allowed> {
  const grants = [...state.grants.values()].filter(({ grantee }) => isOf(state, grantee, { device, nowMs }))
  const readable = new Map<VersionId, Allowed>()
  for (const version of state.publishedAs.keys()) {
    const decision = readingOf(state, version, { nowMs, grants })(device)
    if (decision.allowed) readable.set(version, decision)
  }
  return readable
}
