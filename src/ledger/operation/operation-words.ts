/**
 * What operations say, in words for people: one sentence for each type, without a subject, such as "suspends lab-7:
 * stolen". The ledger holds no names, so what devices and groups are called comes in as functions; whatever was typed by
 * someone stays as it was typed, and whoever shows it makes it printable.
 */

import { type DeviceId, type OperationId, shortId, type VersionId } from '../../base/ids.ts'
import { counted } from '../../base/units.ts'
import type { Cutoff, DatasetPolicy, Grantee, OperationContent, Scope } from './operation-content.ts'

export interface OperationNames {
  readonly device: (device: DeviceId) => string
  readonly group: (group: OperationId) => string
}

export function scopeInWords(scope: Scope): string {
  switch (scope.kind) {
    case 'name':
      return scope.name
    case 'prefix':
      return `everything under ${scope.prefix}`
    case 'label':
      return `everything with label ${scope.label}`
    case 'all':
      return 'every dataset'
  }
}

export function granteeInWords(grantee: Grantee, names: OperationNames): string {
  return grantee.kind === 'device' ? names.device(grantee.device) : `the group ${names.group(grantee.group)}`
}

/** What an operation of this content says. */
export function inWords(content: OperationContent, names: OperationNames): string {
  switch (content.type) {
    case 'device.enrol':
      return `enrols ${names.device(content.device)} as a ${content.kind}${content.redemption === null ? '' : ` by invite ${shortId(content.redemption.invite)}`}`
    case 'device.update':
      return `describes ${names.device(content.device)} anew, as a ${content.kind}`
    case 'device.suspend':
      return `suspends ${names.device(content.device)}${because(content.reason)}; ${keeping(content.cutoffs)}`
    case 'device.revoke':
      return `revokes ${names.device(content.device)} for good${because(content.reason)}; ${keeping(content.cutoffs)}`
    case 'invite.create':
      return `invites ${counted(content.uses, 'device')} until ${momentInWords(content.expiresMs)}`
    case 'invite.cancel':
      return `cancels invite ${shortId(content.invite)}`
    case 'group.create':
      return `creates the group ${content.name}`
    case 'group.add':
      return `adds ${names.device(content.device)} to the group ${names.group(content.group)}`
    case 'group.remove':
      return `removes ${names.device(content.device)} from the group ${names.group(content.group)}`
    case 'role.grant':
      return `gives ${names.device(content.device)} the role ${content.role}`
    case 'role.revoke':
      return `takes the role ${content.role} from ${names.device(content.device)}; ${keeping(content.cutoffs)}`
    default:
      return ofContentInWords(content, names)
  }
}

function ofContentInWords(
  content: Exclude<OperationContent, { type: `${'device' | 'invite' | 'group' | 'role'}.${string}` }>,
  names: OperationNames
): string {
  switch (content.type) {
    case 'dataset.publish':
      return `publishes ${content.name} as version ${shortId(content.version)}: ${content.class}, ${counted(content.files, 'file')}, ${counted(content.bytes, 'byte')}`
    case 'dataset.retire':
      return content.version === null
        ? `retires every version of ${content.name}`
        : `retires version ${shortId(content.version)} of ${content.name}`
    case 'dataset.policy':
      return `sets the policy of ${content.name}: ${policyInWords(content)}`
    case 'dataset.origin':
      return content.url === null
        ? `takes the origin from version ${shortId(content.version)} of ${content.name}`
        : `names ${content.url} as an origin of version ${shortId(content.version)} of ${content.name}`
    case 'access.grant':
      return `lets ${granteeInWords(content.grantee, names)} read ${scopeInWords(content.scope)}${content.purpose === null ? '' : ` for ${content.purpose}`}`
    case 'access.revoke':
      return `takes from ${granteeInWords(content.grantee, names)} ${content.scope === null ? 'every grant' : `the grant of ${scopeInWords(content.scope)}`}`
    case 'content.quarantine':
      return `quarantines ${versionInWords(content.version)}${because(content.reason)}`
    case 'content.release':
      return `releases ${versionInWords(content.version)} from quarantine`
    case 'content.recall':
      return `recalls ${versionInWords(content.version)} for good${because(content.reason)}`
    case 'approve':
      return `approves operation ${shortId(content.operation)}`
    case 'note':
      return `notes${content.about === null ? '' : ` about operation ${shortId(content.about)}`}: ${content.text}`
    case 'root.propose':
      return `proposes root ${hashInWords(content.hash)}`
    case 'root.vote':
      return `brings the signature of key ${names.device(content.key)} under root ${hashInWords(content.hash)}`
  }
}

export function momentInWords(atMs: number): string {
  const date = new Date(atMs)
  return Number.isNaN(date.getTime()) ? `${atMs} ms` : date.toISOString()
}

function policyInWords({ access, labels }: DatasetPolicy): string {
  const read = access === 'granted' ? 'read with a grant only' : 'read as its class says'
  return `${read}, ${labels.length === 0 ? 'no labels' : `labels ${labels.join(', ')}`}`
}

function because(reason: string | null): string {
  return reason === null ? '' : `: ${reason}`
}

function keeping(cutoffs: readonly Cutoff[]): string {
  return cutoffs.length === 0
    ? 'nothing that it signed keeps its effect'
    : `what it signed up to ${cutoffs.map(({ seq, incarnation }) => `position ${seq} of feed ${incarnation}`).join(' and ')} keeps its effect`
}

function versionInWords(version: VersionId): string {
  return `version ${shortId(version)}`
}

function hashInWords(hash: Uint8Array): string {
  return [...hash.subarray(0, 6)].map(byte => byte.toString(16).padStart(2, '0')).join('')
}
