/**
 * Epochs of groups: which device may begin one, when one is due, and which may be sealed to.
 *
 * An epoch is sealed to only while each of its members, with the very key that it got it by, may read what is sealed.
 * So whoever left the group, lost its membership or has said another key opens nothing that is sealed afterwards, from
 * the moment that the sealer knows: members are then wrapped for one by one, until somebody who may has begun another.
 */

import { equalBytes } from '../../base/bytes.ts'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import { type GroupEntry, hasEnded, isInGroup, isMember, rolesOf, type State } from '../fold/state.ts'
import { GROUP_EPOCH_MAX } from '../operation/operation-limits.ts'

/** Fewer cost less one by one. */
export const EPOCH_MEMBERS_MIN = 2
/** How many that joined since are wrapped for one by one; or half of its members, if that is more. */
export const JOINED_MAX = 16

/** What its records say of the current epoch of a group, once all of them are here. */
export interface KnownEpoch {
  readonly group: OperationId
  /** Its public key. */
  readonly recipient: Uint8Array
  /** Its members, each with the key that it got it by. */
  readonly members: ReadonlyMap<DeviceId, Uint8Array>
}

export type EpochReason = 'first' | 'lost' | 'left' | 'joined'

export interface EpochScene {
  readonly known: ReadonlyMap<DeviceId, Uint8Array> | undefined
  readonly isLost: boolean
  readonly nowMs: number
}

export function mayBeginEpoch(state: State, device: DeviceId, nowMs: number): boolean {
  return rolesOf(state, device, nowMs).some(
    role => state.root.roles.get(role)?.includes('group.epoch') === true
  )
}

/** Who is in a group now, is a member of the org and has said its key. */
export function epochMembers(state: State, group: OperationId, nowMs: number): Map<DeviceId, Uint8Array> {
  const members = new Map<DeviceId, Uint8Array>()
  for (const device of state.groups.get(group)?.devices.keys() ?? []) {
    const recipient = state.devices.get(device)?.sealing?.recipient
    if (recipient === undefined || !isMember(state, device, nowMs)) continue
    if (isInGroup(state, { group, device, nowMs })) members.set(device, recipient)
  }
  return members
}

/** Groups that something is granted to. */
export function grantedGroups(state: State, nowMs: number): Set<OperationId> {
  const groups = new Set<OperationId>()
  for (const { grantee, expiresMs } of state.grants.values())
    if (grantee.kind === 'group' && !hasEnded(expiresMs, nowMs)) groups.add(grantee.group)
  return groups
}

/**
 * Why a group needs a new epoch; undefined when it does not. `known` are the members of its current one, undefined
 * while its records are not all here: then nothing can be said but that there is one, unless they are lost.
 */
export function epochDue(
  state: State,
  { operation }: GroupEntry,
  { known, isLost, nowMs }: EpochScene
): EpochReason | undefined {
  const current = state.groups.get(operation)?.epochs.at(-1)
  if (current !== undefined && current.epoch >= GROUP_EPOCH_MAX) return undefined
  if (current !== undefined && known === undefined && !isLost) return undefined
  const members = epochMembers(state, operation, nowMs)
  if (members.size < EPOCH_MEMBERS_MIN) return undefined
  if (current === undefined) return 'first'
  if (known === undefined) return 'lost'
  if (![...known].every(([device, recipient]) => isSame(members.get(device), recipient))) return 'left'
  let joined = 0
  for (const device of members.keys()) if (!known.has(device)) joined++
  return joined > Math.max(JOINED_MAX, known.size / 2) ? 'joined' : undefined
}

/** Of epochs of groups that may read something those all of whose members do, with the keys that they have now. */
export function sealableEpochs(
  epochs: readonly KnownEpoch[],
  groups: { has(group: OperationId): boolean },
  readers: ReadonlyMap<DeviceId, Uint8Array>
): KnownEpoch[] {
  return epochs.filter(
    ({ group, members }) =>
      groups.has(group) && [...members].every(([device, recipient]) => isSame(readers.get(device), recipient))
  )
}

function isSame(now: Uint8Array | undefined, then: Uint8Array): boolean {
  return now !== undefined && equalBytes(now, then)
}
