/**
 * What operations can say. Each known type has one closed schema for its target and body; a later version of a
 * type takes a new type name, because two readers that fold one operation differently would never converge.
 *
 * An operation may name a type that this program does not know, or break its type's schema: it stays in its feed,
 * so that the chain goes on, and is inert.
 *
 * `grants` and `removes` decide what a fork does: a device that equivocates loses what its operations gave from
 * the fork on, and never undoes what they took away (remove-wins).
 */

import {
  type DeviceId,
  deviceIdFromBytes,
  idBytes,
  type OperationId,
  operationIdFromBytes,
  type VersionId,
  versionIdFromBytes
} from '../base/ids.ts'
import type { CborValue } from './cbor.ts'
import {
  DATASET_CLASSES,
  DATASET_NAME_CHARACTERS_MAX,
  type DatasetClass,
  DEVICE_KINDS,
  type DeviceKind,
  hash,
  isDatasetName,
  key,
  timeMs
} from './names.ts'
import {
  bytes,
  converted,
  integer,
  Misshape,
  nullable,
  object,
  oneOf,
  type Shape,
  text,
  where
} from './shape.ts'
import { SIGNATURE_BYTES } from './signature.ts'

export const INVITE_USES_MAX = 10_000
const PIECE_BYTES_MIN = 16 * 1024

/** Makes a device a member of the org. Written by an admin for itself, or by the author of the invite redeemed. */
export interface DeviceEnrol {
  readonly type: 'device.enrol'
  readonly device: DeviceId
  readonly kind: DeviceKind
  /** Binds the name that the device shows in its presence, without putting it into the ledger. */
  readonly nameCommitment: Uint8Array
  /** The invite that is redeemed, and the proof by its key; null for an enrolment without an invite. */
  readonly redemption: { readonly invite: OperationId; readonly proof: Uint8Array } | null
}

/** Allows whoever holds the private half of `inviteKey` to be enrolled by this author. */
export interface InviteCreate {
  readonly type: 'invite.create'
  readonly inviteKey: Uint8Array
  /** How many different devices may redeem it. */
  readonly uses: number
  readonly expiresMs: number
}

/** Gives a dataset its next version. */
export interface DatasetPublish {
  readonly type: 'dataset.publish'
  readonly name: string
  readonly version: VersionId
  readonly class: DatasetClass
  readonly pieceBytes: number
  readonly files: number
  readonly bytes: number
}

/** Withdraws one version of a dataset, or all that its author knew of. */
export interface DatasetRetire {
  readonly type: 'dataset.retire'
  readonly name: string
  readonly version: VersionId | null
}

export type OperationContent = DeviceEnrol | InviteCreate | DatasetPublish | DatasetRetire
export type OperationType = OperationContent['type']
export type DatasetOperation = DatasetPublish | DatasetRetire

const deviceId: Shape<DeviceId> = converted(key, deviceIdFromBytes)
const operationId: Shape<OperationId> = converted(hash, operationIdFromBytes)
const versionId: Shape<VersionId> = converted(hash, versionIdFromBytes)
const datasetName = where(text(DATASET_NAME_CHARACTERS_MAX), isDatasetName, 'a dataset name')

const enrolBody = object({
  kind: oneOf(DEVICE_KINDS),
  name: hash,
  redeem: nullable(object({ invite: operationId, proof: bytes(SIGNATURE_BYTES) }))
})
const inviteBody = object({ uses: integer(1, INVITE_USES_MAX), expires: timeMs })
const publishBody = object({
  version: versionId,
  class: oneOf(DATASET_CLASSES),
  piece: where(integer(PIECE_BYTES_MIN, 2 ** 30), isPowerOfTwo, 'a power of two'),
  files: integer(1),
  bytes: integer(0)
})
const retireBody = object({ version: nullable(versionId) })

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0
}

type Wire = { readonly target: CborValue; readonly body: CborValue }

interface TypeRule<C extends OperationContent> {
  readonly polarity: 'grants' | 'removes'
  read(wire: Wire): C | Misshape
  write(content: C): Wire
}

/** Joins the shapes of target and body; either may say where it broke. */
function read<T, B, C>(
  wire: Wire,
  target: Shape<T>,
  body: Shape<B>,
  build: (target: T, body: B) => C
): C | Misshape {
  const shapedTarget = target(wire.target)
  if (shapedTarget instanceof Misshape) return shapedTarget.inside('target')
  const shapedBody = body(wire.body)
  if (shapedBody instanceof Misshape) return shapedBody.inside('body')
  return build(shapedTarget, shapedBody)
}

const RULES: { readonly [T in OperationType]: TypeRule<Extract<OperationContent, { type: T }>> } = {
  'device.enrol': {
    polarity: 'grants',
    read: wire =>
      read(wire, deviceId, enrolBody, (device, body) => ({
        type: 'device.enrol',
        device,
        kind: body.kind,
        nameCommitment: body.name,
        redemption: body.redeem
      })),
    write: content => ({
      target: idBytes(content.device),
      body: {
        kind: content.kind,
        name: content.nameCommitment,
        redeem:
          content.redemption === null
            ? null
            : { invite: idBytes(content.redemption.invite), proof: content.redemption.proof }
      }
    })
  },
  'invite.create': {
    polarity: 'grants',
    read: wire =>
      read(wire, key, inviteBody, (inviteKey, body) => ({
        type: 'invite.create',
        inviteKey,
        uses: body.uses,
        expiresMs: body.expires
      })),
    write: content => ({
      target: content.inviteKey,
      body: { uses: content.uses, expires: content.expiresMs }
    })
  },
  'dataset.publish': {
    polarity: 'grants',
    read: wire =>
      read(wire, datasetName, publishBody, (name, body) => ({
        type: 'dataset.publish',
        name,
        version: body.version,
        class: body.class,
        pieceBytes: body.piece,
        files: body.files,
        bytes: body.bytes
      })),
    write: content => ({
      target: content.name,
      body: {
        version: idBytes(content.version),
        class: content.class,
        piece: content.pieceBytes,
        files: content.files,
        bytes: content.bytes
      }
    })
  },
  'dataset.retire': {
    polarity: 'removes',
    read: wire =>
      read(wire, datasetName, retireBody, (name, body) => ({
        type: 'dataset.retire',
        name,
        version: body.version
      })),
    write: content => ({
      target: content.name,
      body: { version: content.version === null ? null : idBytes(content.version) }
    })
  }
}

export const OPERATION_TYPES = Object.keys(RULES) as readonly OperationType[]

export function isOperationType(type: string): type is OperationType {
  return Object.hasOwn(RULES, type)
}

/** Whether an operation of this type only takes away, and so stays in force even on a forked feed. */
export function removes(type: OperationType): boolean {
  return RULES[type].polarity === 'removes'
}

export function readContent(type: OperationType, wire: Wire): OperationContent | Misshape {
  return RULES[type].read(wire)
}

export function writeContent(content: OperationContent): Wire {
  switch (content.type) {
    case 'device.enrol':
      return RULES[content.type].write(content)
    case 'invite.create':
      return RULES[content.type].write(content)
    case 'dataset.publish':
      return RULES[content.type].write(content)
    case 'dataset.retire':
      return RULES[content.type].write(content)
  }
}
