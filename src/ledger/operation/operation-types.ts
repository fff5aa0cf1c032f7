/**
 * The bytes of what operations say. Each known type has one closed schema for its target and body; a later version of a
 * type takes a new type name, because two readers that fold one operation differently would never converge.
 *
 * An operation may name a type that this program does not know, or break its type's schema: it stays in its feed,
 * so that the chain goes on, and is inert.
 *
 * `gives` and `takes` decide what a fork does: a device that equivocates loses what its operations gave from the fork
 * on, and never undoes what they took away (remove-wins).
 */

import { defined } from '../../base/assert.ts'
import { fromHex, toHex } from '../../base/bytes.ts'
import {
  type DeviceId,
  deviceIdFromBytes,
  idBytes,
  type OperationId,
  operationIdFromBytes,
  type VersionId,
  versionIdFromBytes
} from '../../base/ids.ts'
import type { CborValue } from '../encoding/cbor.ts'
import {
  DATASET_CLASSES,
  DATASET_NAME_CHARACTERS_MAX,
  DEVICE_KINDS,
  hash,
  isDatasetName,
  isVisibleLine,
  key,
  label,
  timeMs
} from '../encoding/names.ts'
import {
  bytes,
  bytesUpTo,
  converted,
  integer,
  isAscending,
  isList,
  list,
  Misshape,
  nullable,
  object,
  oneOf,
  type Shape,
  text,
  tuple,
  where
} from '../encoding/shape.ts'
import { SIGNATURE_BYTES } from '../encoding/signature.ts'
import type { Cutoff, Grantee, OperationContent, OperationType, Scope } from './operation-content.ts'
import { isOriginUrl, ORIGIN_URL_CHARACTERS_MAX } from './origin-url.ts'

export const INVITE_USES_MAX = 10_000
export const CUTOFFS_MAX = 64
export const DATASET_LABELS_MAX = 16
export const REASON_CHARACTERS_MAX = 200
export const NOTE_CHARACTERS_MAX = 1000
export const PROPOSED_ROOT_BYTES_MAX = 32 * 1024
const PIECE_BYTES_MIN = 16 * 1024
const INCARNATION_BYTES = 8
const ROLE_PATTERN = /^[a-z][a-z0-9-]*$/
const ROLE_CHARACTERS_MAX = 64

const deviceId: Shape<DeviceId> = converted(key, deviceIdFromBytes)
const operationId: Shape<OperationId> = converted(hash, operationIdFromBytes)
const versionId: Shape<VersionId> = converted(hash, versionIdFromBytes)
const datasetName = where(text(DATASET_NAME_CHARACTERS_MAX), isDatasetName, 'a dataset name')
const role = text(ROLE_CHARACTERS_MAX, ROLE_PATTERN)
const line = (charactersMax: number): Shape<string> =>
  where(text(charactersMax), value => isVisibleLine(value, charactersMax), 'one visible line')
const reason = nullable(line(REASON_CHARACTERS_MAX))
const nothing = object({})

const cutoffEntries = list(tuple(bytes(INCARNATION_BYTES), integer(1), hash), CUTOFFS_MAX)
const cutoffs: Shape<readonly Cutoff[]> = converted(
  where(
    cutoffEntries,
    entries => isAscending(entries.map(([incarnation]) => incarnation)),
    'in the order of their incarnations, each once'
  ),
  entries =>
    entries.map(([incarnation, seq, id]) => ({
      incarnation: toHex(incarnation),
      seq,
      operation: operationIdFromBytes(id)
    }))
)
const takenBody = object({ cutoffs, reason })

const textual = <const T extends string>(value: T): Shape<T> => oneOf([value])
const grantee: Shape<Grantee> = value => {
  const kind = isList(value) ? value[0] : undefined
  if (kind === 'd')
    return converted(tuple(textual('d'), deviceId), ([, device]) => ({ kind: 'device' as const, device }))(
      value
    )
  return converted(tuple(textual('g'), operationId), ([, group]) => ({ kind: 'group' as const, group }))(
    value
  )
}
const prefix = where(
  text(DATASET_NAME_CHARACTERS_MAX + 1),
  value => value.endsWith('/') && isDatasetName(value.slice(0, -1)),
  'the beginning of dataset names, up to a slash'
)
const scope: Shape<Scope> = value => {
  const kind = isList(value) ? value[0] : undefined
  switch (kind) {
    case 'n':
      return converted(tuple(textual('n'), datasetName), ([, name]) => ({ kind: 'name' as const, name }))(
        value
      )
    case 'p':
      return converted(tuple(textual('p'), prefix), ([, start]) => ({
        kind: 'prefix' as const,
        prefix: start
      }))(value)
    case 'l':
      return converted(tuple(textual('l'), label), ([, named]) => ({ kind: 'label' as const, label: named }))(
        value
      )
    default:
      return converted(tuple(textual('*')), () => ({ kind: 'all' as const }))(value)
  }
}
const labels = where(
  list(label, DATASET_LABELS_MAX),
  values => values.every((value, index) => index === 0 || value > (values[index - 1] ?? '')),
  'sorted and free of repeats'
)

const enrolBody = object({
  kind: oneOf(DEVICE_KINDS),
  name: hash,
  redeem: nullable(object({ invite: operationId, proof: bytes(SIGNATURE_BYTES) }))
})
const originUrl = where(text(ORIGIN_URL_CHARACTERS_MAX), isOriginUrl, 'the URL of an origin')
const publishBody = object({
  version: versionId,
  class: oneOf(DATASET_CLASSES),
  piece: where(integer(PIECE_BYTES_MIN, 2 ** 30), isPowerOfTwo, 'a power of two'),
  files: integer(1),
  bytes: integer(0)
})

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0
}

type Wire = { readonly target: CborValue; readonly body: CborValue }
type Polarity = 'gives' | 'takes'

interface TypeRule {
  readonly polarity: Polarity
  read(wire: Wire): OperationContent | Misshape
}

/** Joins the shapes of target and body; either may say where it broke. */
function rule<T, B>(
  polarity: Polarity,
  shapes: { readonly target: Shape<T>; readonly body: Shape<B> },
  build: (target: T, body: B) => OperationContent
): TypeRule {
  return {
    polarity,
    read: wire => {
      const target = shapes.target(wire.target)
      if (target instanceof Misshape) return target.inside('target')
      const body = shapes.body(wire.body)
      if (body instanceof Misshape) return body.inside('body')
      return build(target, body)
    }
  }
}

const RULES: { readonly [T in OperationType]: TypeRule } = {
  'device.enrol': rule('gives', { target: deviceId, body: enrolBody }, (device, { kind, name, redeem }) => ({
    type: 'device.enrol',
    device,
    kind,
    nameCommitment: name,
    redemption: redeem
  })),
  'device.update': rule(
    'gives',
    { target: deviceId, body: object({ kind: oneOf(DEVICE_KINDS), name: hash }) },
    (device, { kind, name }) => ({ type: 'device.update', device, kind, nameCommitment: name })
  ),
  'device.suspend': rule('takes', { target: deviceId, body: takenBody }, (device, body) => ({
    type: 'device.suspend',
    device,
    ...body
  })),
  'device.revoke': rule('takes', { target: deviceId, body: takenBody }, (device, body) => ({
    type: 'device.revoke',
    device,
    ...body
  })),
  'invite.create': rule(
    'gives',
    { target: key, body: object({ uses: integer(1, INVITE_USES_MAX), expires: timeMs }) },
    (inviteKey, { uses, expires }) => ({ type: 'invite.create', inviteKey, uses, expiresMs: expires })
  ),
  'invite.cancel': rule('takes', { target: operationId, body: nothing }, invite => ({
    type: 'invite.cancel',
    invite
  })),
  'group.create': rule('gives', { target: label, body: nothing }, name => ({ type: 'group.create', name })),
  'group.add': rule(
    'gives',
    { target: operationId, body: object({ device: deviceId }) },
    (group, { device }) => ({
      type: 'group.add',
      group,
      device
    })
  ),
  'group.remove': rule(
    'takes',
    { target: operationId, body: object({ device: deviceId }) },
    (group, { device }) => ({ type: 'group.remove', group, device })
  ),
  'role.grant': rule('gives', { target: deviceId, body: object({ role }) }, (device, body) => ({
    type: 'role.grant',
    device,
    role: body.role
  })),
  'role.revoke': rule('takes', { target: deviceId, body: object({ role, cutoffs }) }, (device, body) => ({
    type: 'role.revoke',
    device,
    role: body.role,
    cutoffs: body.cutoffs
  })),
  'dataset.publish': rule('gives', { target: datasetName, body: publishBody }, (name, body) => ({
    type: 'dataset.publish',
    name,
    version: body.version,
    class: body.class,
    pieceBytes: body.piece,
    files: body.files,
    bytes: body.bytes
  })),
  'dataset.retire': rule(
    'takes',
    { target: datasetName, body: object({ version: nullable(versionId) }) },
    (name, { version }) => ({ type: 'dataset.retire', name, version })
  ),
  'dataset.policy': rule(
    'gives',
    { target: datasetName, body: object({ labels, access: oneOf(['members', 'granted']) }) },
    (name, body) => ({ type: 'dataset.policy', name, labels: body.labels, access: body.access })
  ),
  'dataset.origin': rule(
    'gives',
    { target: datasetName, body: object({ version: versionId, url: nullable(originUrl) }) },
    (name, { version, url }) => ({ type: 'dataset.origin', name, version, url })
  ),
  'access.grant': rule(
    'gives',
    { target: grantee, body: object({ scope, purpose: nullable(label) }) },
    (to, body) => ({ type: 'access.grant', grantee: to, scope: body.scope, purpose: body.purpose })
  ),
  'access.revoke': rule(
    'takes',
    { target: grantee, body: object({ scope: nullable(scope) }) },
    (to, body) => ({
      type: 'access.revoke',
      grantee: to,
      scope: body.scope
    })
  ),
  'content.quarantine': rule('takes', { target: versionId, body: object({ reason }) }, (version, body) => ({
    type: 'content.quarantine',
    version,
    reason: body.reason
  })),
  'content.release': rule('gives', { target: versionId, body: nothing }, version => ({
    type: 'content.release',
    version
  })),
  'content.recall': rule('takes', { target: versionId, body: object({ reason }) }, (version, body) => ({
    type: 'content.recall',
    version,
    reason: body.reason
  })),
  approve: rule('gives', { target: operationId, body: nothing }, operation => ({
    type: 'approve',
    operation
  })),
  note: rule(
    'gives',
    { target: nullable(operationId), body: object({ text: line(NOTE_CHARACTERS_MAX) }) },
    (about, body) => ({ type: 'note', about, text: body.text })
  ),
  'root.propose': rule(
    'gives',
    { target: hash, body: object({ bytes: bytesUpTo(PROPOSED_ROOT_BYTES_MAX) }) },
    (proposed, body) => ({ type: 'root.propose', hash: proposed, bytes: body.bytes })
  ),
  'root.vote': rule(
    'gives',
    { target: hash, body: object({ key: deviceId, sig: bytes(SIGNATURE_BYTES) }) },
    (proposed, body) => ({ type: 'root.vote', hash: proposed, key: body.key, signature: body.sig })
  )
}

export const OPERATION_TYPES = Object.keys(RULES) as readonly OperationType[]

export function isOperationType(type: string): type is OperationType {
  return Object.hasOwn(RULES, type)
}

/** Whether an operation of this type only takes away, and so stays in force even on a forked feed. */
export function takes(type: OperationType): boolean {
  return RULES[type].polarity === 'takes'
}

export function readContent(type: OperationType, wire: Wire): OperationContent | Misshape {
  return RULES[type].read(wire)
}

function writeCutoffs(entries: readonly Cutoff[]): CborValue {
  return entries
    .toSorted((a, b) => (a.incarnation < b.incarnation ? -1 : 1))
    .map(({ incarnation, seq, operation }) => [
      defined(fromHex(incarnation), 'an incarnation in hex'),
      seq,
      idBytes(operation)
    ])
}

function writeGrantee(to: Grantee): CborValue {
  return to.kind === 'device' ? ['d', idBytes(to.device)] : ['g', idBytes(to.group)]
}

function writeScope(of: Scope): CborValue {
  switch (of.kind) {
    case 'name':
      return ['n', of.name]
    case 'prefix':
      return ['p', of.prefix]
    case 'label':
      return ['l', of.label]
    case 'all':
      return ['*']
  }
}

export function writeContent(content: OperationContent): Wire {
  switch (content.type) {
    case 'device.enrol': {
      const { kind, nameCommitment, redemption } = content
      const redeem =
        redemption === null ? null : { invite: idBytes(redemption.invite), proof: redemption.proof }
      return { target: idBytes(content.device), body: { kind, name: nameCommitment, redeem } }
    }
    case 'device.update':
      return { target: idBytes(content.device), body: { kind: content.kind, name: content.nameCommitment } }
    case 'device.suspend':
    case 'device.revoke':
      return {
        target: idBytes(content.device),
        body: { cutoffs: writeCutoffs(content.cutoffs), reason: content.reason }
      }
    case 'invite.create':
      return { target: content.inviteKey, body: { uses: content.uses, expires: content.expiresMs } }
    case 'invite.cancel':
      return { target: idBytes(content.invite), body: {} }
    case 'group.create':
      return { target: content.name, body: {} }
    case 'group.add':
    case 'group.remove':
      return { target: idBytes(content.group), body: { device: idBytes(content.device) } }
    case 'role.grant':
      return { target: idBytes(content.device), body: { role: content.role } }
    case 'role.revoke':
      return {
        target: idBytes(content.device),
        body: { role: content.role, cutoffs: writeCutoffs(content.cutoffs) }
      }
    default:
      return writeMore(content)
  }
}

function writeMore(
  content: Exclude<
    OperationContent,
    { type: `device.${string}` | `invite.${string}` | `group.${string}` | `role.${string}` }
  >
): Wire {
  switch (content.type) {
    case 'dataset.publish': {
      const { version, class: dataClass, pieceBytes, files, bytes: size } = content
      return {
        target: content.name,
        body: { version: idBytes(version), class: dataClass, piece: pieceBytes, files, bytes: size }
      }
    }
    case 'dataset.retire':
      return {
        target: content.name,
        body: { version: content.version === null ? null : idBytes(content.version) }
      }
    case 'dataset.policy':
      return { target: content.name, body: { labels: [...content.labels].sort(), access: content.access } }
    case 'dataset.origin':
      return { target: content.name, body: { version: idBytes(content.version), url: content.url } }
    case 'access.grant':
      return {
        target: writeGrantee(content.grantee),
        body: { scope: writeScope(content.scope), purpose: content.purpose }
      }
    case 'access.revoke':
      return {
        target: writeGrantee(content.grantee),
        body: { scope: content.scope === null ? null : writeScope(content.scope) }
      }
    case 'content.quarantine':
    case 'content.recall':
      return { target: idBytes(content.version), body: { reason: content.reason } }
    case 'content.release':
      return { target: idBytes(content.version), body: {} }
    case 'approve':
      return { target: idBytes(content.operation), body: {} }
    case 'note':
      return { target: content.about === null ? null : idBytes(content.about), body: { text: content.text } }
    case 'root.propose':
      return { target: content.hash, body: { bytes: content.bytes } }
    case 'root.vote':
      return { target: content.hash, body: { key: idBytes(content.key), sig: content.signature } }
  }
}
