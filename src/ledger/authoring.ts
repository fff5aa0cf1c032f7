/**
 * Whether what a device is about to sign would have an effect now, asked before it signs: an operation that has none
 * stays in the ledger for ever. The rules are the fold's (fold-judge.ts), for an author that knows the whole ledger and
 * stands at its end; approvals are left out, as they come later.
 */

import type { DeviceId, OperationId } from '../base/ids.ts'
import { ADMIN_ROLE, BASE_ROLE } from './fold/fold-judge.ts'
import { hasEnded, membershipFault, rolesOf, type State } from './fold/state.ts'
import type { Ledger } from './ledger.ts'
import type { OperationContent, OperationType } from './operation/operation-content.ts'
import { takes } from './operation/operation-types.ts'

interface Acting {
  readonly role: string
  readonly rank: number
}

interface Author {
  readonly ledger: Ledger
  readonly state: State
  readonly device: DeviceId
}

/** Why an operation of this content by this device would have no effect, and who could; undefined when it would. */
export function authoringFault(
  ledger: Ledger,
  { device, content, nowMs }: { device: DeviceId; content: OperationContent; nowMs: number }
): string | undefined {
  const state = ledger.state()
  const author = { ledger, state, device }
  const outside = membershipFault(state, device, nowMs)
  if (outside !== undefined) return outside
  // Only a new root helps, so what leads to one is free of this.
  const isOfRoots = content.type === 'root.propose' || content.type === 'root.vote'
  if (!isOfRoots && !takes(content) && hasEnded(state.root.expiresMs, nowMs))
    return `root version ${state.root.version} has expired, and nothing is given under it; admins have to sign a new one`
  const held = rolesOf(state, device, nowMs)
  const acting = rolesThatMay(state, content.type).filter(({ role }) => held.includes(role))
  const [best] = acting
  if (best === undefined) return ownsScope(author, content) ? undefined : noRoleFault(state, content.type)
  return rankFault(author, content, best) ?? ownershipFault(author, content, best)
}

/** Roles whose holders may author a type, the best rank first. */
function rolesThatMay({ root }: State, type: string): readonly Acting[] {
  return [...root.roles]
    .filter(([, types]) => types.includes(type))
    .map(([role]) => ({ role, rank: root.ranks.get(role) ?? Number.MAX_SAFE_INTEGER }))
    .sort((a, b) => a.rank - b.rank || (a.role < b.role ? -1 : 1))
}

function noRoleFault(state: State, type: string): string {
  const roles = rolesThatMay(state, type).map(({ role }) => role)
  return roles.length === 0
    ? `no role of ${state.root.orgName} may author ${type}`
    : `no role of this device may author ${type}; ${roles.length === 1 ? 'the role' : 'one of the roles'} ${roles.join(', ')} may`
}

function rankFault(
  { ledger, state, device }: Author,
  content: OperationContent,
  best: Acting
): string | undefined {
  const { ranks } = state.root
  const base = ranks.get(BASE_ROLE)
  switch (content.type) {
    case 'device.enrol':
      return below(best, base, `role ${BASE_ROLE}`)
    case 'role.grant':
    case 'role.revoke': {
      const { role } = content
      if (role === ADMIN_ROLE)
        return 'admins are made and removed by the authority chain alone: peerage admin propose'
      if (role === BASE_ROLE) return `every member has the role ${BASE_ROLE}; it is neither given nor taken`
      if (!ranks.has(role))
        return `there is no role ${role}; there are ${[...ranks.keys()].sort().join(', ')}`
      return below(best, ranks.get(role), `role ${role}`)
    }
    case 'device.update':
    case 'device.storage':
      if (content.device === device) return undefined
      return below(best, ledger.rankOf(content.device) ?? base, 'that device')
    case 'device.suspend':
    case 'device.revoke':
      if (state.root.admins.includes(content.device))
        return 'that device is an admin, and only the authority chain removes admins: peerage admin propose remove'
      return below(best, ledger.rankOf(content.device) ?? base, 'that device')
    default:
      return undefined
  }
}

function below({ role, rank }: Acting, against: number | undefined, what: string): string | undefined {
  if (against !== undefined && rank < against) return undefined
  return `role ${role} of this device has rank ${rank}, and ${what} has rank ${against ?? 'none'}; it takes a smaller one`
}

function ownershipFault(
  { ledger, state, device }: Author,
  content: OperationContent,
  best: Acting
): string | undefined {
  if (content.type === 'device.sealing')
    return content.device === device ? undefined : 'only a device itself says what is sealed to it'
  if ((content.type === 'copy.state' || content.type === 'copy.renew') && content.device !== device)
    return 'only a device itself says what it keeps'
  if (content.type === 'hold.lift')
    return endFault(ledger, { of: content.hold, type: 'hold.place', what: 'hold' }, best)
  if (content.type === 'risk.withdraw')
    return endFault(ledger, { of: content.acceptance, type: 'risk.accept', what: 'acceptance' }, best)
  if (best.role === ADMIN_ROLE) return undefined
  switch (content.type) {
    case 'content.quarantine':
    case 'content.release':
    case 'content.recall': {
      const owns = [...state.datasets.values()].some(
        ({ owner, versions }) =>
          owner === device && versions.some(({ version }) => version === content.version)
      )
      return owns ? undefined : 'this device owns no dataset with that version; its owner or an admin may'
    }
    case 'dataset.origin':
    case 'dataset.policy':
    case 'dataset.storage':
    case 'dataset.shares':
    case 'dataset.subjects':
    case 'dataset.retire':
    case 'dataset.publish': {
      const owner = state.datasets.get(content.name)?.owner
      if (owner === device) return undefined
      if (owner === undefined)
        return content.type === 'dataset.publish' ? undefined : `there is no dataset ${content.name}`
      return `${content.name} belongs to ${owner === 'admins' ? 'the admins' : 'another device'}; they alone may`
    }
    case 'invite.cancel':
      return state.invites.get(content.invite)?.author === device
        ? undefined
        : 'another device made the invite; that device or an admin may cancel it'
    case 'approve':
      return 'only admins approve'
    default:
      return undefined
  }
}

/** Who placed a hold, or accepted a risk, in a better rank has to be asked. */
function endFault(
  ledger: Ledger,
  { of, type, what }: { readonly of: OperationId; readonly type: OperationType; readonly what: string },
  { role, rank }: Acting
): string | undefined {
  const placed = ledger.verdict(of)
  if (placed?.inForce !== true || ledger.get(of)?.type !== type) return `no ${what} in force has this id`
  if (placed.rank >= rank) return undefined
  return `the ${what} was signed in rank ${placed.rank}, and role ${role} of this device has rank ${rank}; it takes as good a one`
}

/** The owner of a dataset grants and takes access to it without a role for that. */
function ownsScope({ state, device }: Author, content: OperationContent): boolean {
  if (content.type !== 'access.grant' && content.type !== 'access.revoke') return false
  return content.scope?.kind === 'name' && state.datasets.get(content.scope.name)?.owner === device
}
