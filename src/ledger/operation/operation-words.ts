/**
 * What operations say, in words for people: one sentence for each type, without a subject, such as "suspends lab-7:
 * stolen". The ledger holds no names, so what devices and groups are called comes in as functions; whatever was typed by
 * someone stays as it was typed, and whoever shows it makes it printable.
 */

import { toHex } from '../../base/bytes.ts'
import { type DeviceId, type OperationId, shortId, type VersionId } from '../../base/ids.ts'
import { counted, DAY_MS, HOUR_MS, MILLIONTHS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { isoTime } from '../../base/words.ts'
import type {
  ClassRules,
  ContentScan,
  CopyOf,
  Cutoff,
  DatasetPolicy,
  DatasetStorage,
  EraseConfirm,
  Grantee,
  OperationContent,
  Scope
} from './operation-content.ts'
import { ANY_SITE, type LevelSet, type PriceSet } from './performance-content.ts'

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
    case 'group.epoch':
      return `begins key epoch ${content.epoch} of the group ${names.group(content.group)}`
    case 'device.sealing':
      return `names the key that content for ${names.device(content.device)} is sealed to from here on`
    case 'device.storage':
      return `says that ${names.device(content.device)} is at site ${content.site} and holds ${content.capacityBytes === 0 ? 'nothing' : `up to ${counted(content.capacityBytes, 'byte')}`} for others`
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
    case 'copy.renew':
      return `says that ${names.device(content.device)} keeps what it stores until ${isoTime(content.untilMs)}`
    case 'copy.state':
      return content.untilMs === 0
        ? `says that ${names.device(content.device)} keeps ${copiesInWords(content.copies)} no more`
        : `says that ${names.device(content.device)} keeps ${copiesInWords(content.copies)}${content.untilMs === null ? '' : ` until ${isoTime(content.untilMs)}`}`
    case 'copy.dispute':
      return `says that ${names.device(content.device)} could not prove ${copiesInWords(content.copies)}${because(content.reason)}`
    case 'site.region':
      return `says that site ${content.site} is in region ${content.region}`
    case 'class.policy':
      return `sets the rules of class ${content.class}: ${classRulesInWords(content)}`
    case 'dataset.publish':
      return `publishes ${content.name} as version ${shortId(content.version)}: ${content.class}, ${content.sealed ? 'sealed, ' : ''}${counted(content.files, 'file')}, ${counted(content.bytes, 'byte')}`
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
    case 'dataset.storage':
      return `sets how ${content.name} is stored: ${storageInWords(content)}`
    case 'dataset.shares':
      return `says which ${content.shares.length} shares version ${shortId(content.version)} of ${content.name} is kept in, of which ${content.data} restore it`
    case 'dataset.subjects':
      return `says that version ${shortId(content.version)} of ${content.name} is about ${counted(content.subjects.length, 'person')}, under pseudonyms`
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
    case 'content.scan':
      return `says of ${versionInWords(content.version)}: ${scanInWords(content)}`
    case 'content.erase':
      return `erases ${versionInWords(content.version)} for good, case ${content.case.slice(0, 12)} by ${content.basis}${because(content.reason)}`
    case 'erase.confirm':
      return `confirms erasure ${shortId(content.erase)}: ${confirmationInWords(content)}`
    case 'hold.place':
      return `holds all of ${content.name} from being deleted${because(content.reason)}`
    case 'hold.lift':
      return `lifts hold ${shortId(content.hold)}`
    case 'risk.accept':
      return `accepts risk ${content.risk} up to a score of ${content.score} until ${momentInWords(content.untilMs)}: ${content.reason}`
    case 'risk.withdraw':
      return `withdraws acceptance ${shortId(content.acceptance)} of a risk`
    case 'level.set':
      return levelInWords(content)
    case 'price.set':
      return priceInWords(content)
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

const HOLDERS_IN_WORDS = { members: 'any member', storage: 'storage devices', readers: 'readers' } as const

const LENGTHS = [
  [DAY_MS, 'd'],
  [HOUR_MS, 'h'],
  [MINUTE_MS, 'min'],
  [SECOND_MS, 's'],
  [1, 'ms']
] as const

/** Exactly, in the largest unit that it is a multiple of: it is a rule, and not a measurement. */
function lengthInWords(lengthMs: number): string {
  const [unitMs, unit] = LENGTHS.find(([each]) => lengthMs % each === 0) ?? [1, 'ms']
  return `${lengthMs / unitMs} ${unit}`
}

/** The rules of a class, for its operation and for who lists them. */
export function classRulesInWords(rules: ClassRules): string {
  return [
    rules.sealed ? 'sealed' : 'not sealed',
    `held by ${HOLDERS_IN_WORDS[rules.holders]}`,
    `${counted(rules.copies, 'copy', 'copies')} on ${counted(rules.sites, 'site')}`,
    rules.leaves ? 'may leave the org' : 'stays in the org',
    ...(rules.scan ? ['read once scanned'] : []),
    ...(rules.stalenessMs === null
      ? []
      : [`used while the view is at most ${lengthInWords(rules.stalenessMs)} old`]),
    rules.retentionMs === null ? 'kept' : `deleted after ${lengthInWords(rules.retentionMs)}`
  ].join(', ')
}

function storageInWords({ copies, sites, regions, kinds, shares, retentionMs }: DatasetStorage): string {
  return [
    shares === null
      ? counted(copies, 'copy', 'copies')
      : `${shares.data + shares.parity} shares of which ${shares.data} restore it`,
    `on ${counted(sites, 'site')}`,
    ...(regions.length === 0 ? [] : [`in ${regions.join(', ')}`]),
    ...(kinds.length === 0 ? [] : [`on devices that are ${kinds.join(' or ')}`]),
    ...(retentionMs === null ? [] : [`deleted after ${lengthInWords(retentionMs)}`])
  ].join(', ')
}

function scanInWords({ verdict, found, engine, database }: ContentScan): string {
  return `${verdict}${found === null ? '' : ` (${found})`}, by ${engine} with ${database}`
}

function because(reason: string | null): string {
  return reason === null ? '' : `: ${reason}`
}

function keeping(cutoffs: readonly Cutoff[]): string {
  return cutoffs.length === 0
    ? 'nothing that it signed keeps its effect'
    : `what it signed up to ${cutoffs.map(({ seq, incarnation }) => `position ${seq} of feed ${incarnation}`).join(' and ')} keeps its effect`
}

function copiesInWords(copies: readonly CopyOf[]): string {
  const [first] = copies
  if (copies.length > 1 || first === undefined) return counted(copies.length, 'copy', 'copies')
  const what = first.share === null ? 'a copy' : `share ${first.share}`
  return `${what} of version ${shortId(first.version)}`
}

function versionInWords(version: VersionId): string {
  return `version ${shortId(version)}`
}

function hashInWords(hash: Uint8Array): string {
  return toHex(hash.subarray(0, 6))
}

function confirmationInWords({ outcome, bytes, keys }: EraseConfirm): string {
  const deleted = `it deleted ${counted(bytes, 'byte')}`
  if (outcome === 'not-held') return keys ? 'it held nothing, and destroyed keys' : 'it held nothing'
  if (outcome === 'deleted') return keys ? `${deleted} and destroyed keys` : deleted
  return `${deleted}${keys ? ', destroyed keys' : ''} and left the files that were published there to their owner`
}

function levelInWords({ name, objective }: LevelSet): string {
  if (objective === null) return `ends service level ${name}`
  const { measure, dataset, site, limitMs, share, windowMs } = objective
  const of = dataset === null ? '' : ` of ${dataset}`
  const where = site === null ? '' : ` at site ${site}`
  const within = limitMs === null ? '' : ` within ${limitMs / SECOND_MS} s`
  const hours = Number((windowMs / HOUR_MS).toFixed(2))
  return `sets service level ${name}: ${(share * 100) / MILLIONTHS} % of ${measure}${of}${where}${within}, over ${hours} h`
}

function priceInWords({ site, price }: PriceSet): string {
  const into = site === ANY_SITE ? 'any other site' : `site ${site}`
  if (price === null) return `ends the price of a GB into ${into}`
  return `says that a GB into ${into} costs ${price.microsPerGb / MILLIONTHS} ${price.currency}`
}
