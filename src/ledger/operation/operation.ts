/**
 * An operation: one signed entry of a device's feed.
 *
 * Its id is the SHA-256 of its bytes, which are the deterministic CBOR of the envelope; its record, on the wire
 * and on disk, is the deterministic CBOR of [bytes, signature]. The signature is the author's, over the
 * domain-separated id. The envelope is closed and final for version 1: new meaning comes as new types.
 *
 * Decoding checks the shape and the signature. What an operation may do is not decided here but by the fold, and
 * whether its chain holds is decided by the feed: both need other operations.
 */

import { assert } from '../../base/assert.ts'
import { compareBytes, fromHex, toHex } from '../../base/bytes.ts'
import {
  type DeviceId,
  deviceIdFromBytes,
  idBytes,
  type OperationId,
  type OrgId,
  operationIdFromBytes,
  orgIdFromBytes
} from '../../base/ids.ts'
import { type CborFault, type CborValue, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { hash, key, timeMs, timeMsOrNull } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import {
  anything,
  bytes,
  bytesUpTo,
  exactly,
  integer,
  Misshape,
  nullable,
  object,
  sortedBytes,
  text,
  tuple
} from '../encoding/shape.ts'
import {
  domainMessage,
  type Sha256,
  SIGNATURE_BYTES,
  type Sign,
  signId,
  type Verify
} from '../encoding/signature.ts'
import type { OperationContent } from './operation-content.ts'
import { isOperationType, readContent, writeContent } from './operation-types.ts'

export const OPERATION_BYTES_MAX = 64 * 1024
/** A record adds a signature and the heads of three CBOR items to an operation. */
export const OPERATION_RECORD_BYTES_MAX = OPERATION_BYTES_MAX + SIGNATURE_BYTES + 16
export const OPERATION_DEPTH_MAX = 8
export const DEPS_MAX = 16
export const INCARNATION_BYTES = 8
const TYPE_CHARACTERS_MAX = 64
const TYPE_PATTERN = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*$/

/** What its author decides about an operation before signing it. */
export interface OperationDraft {
  readonly org: OrgId
  /** SHA-256 of the root version that it is made under. */
  readonly root: Uint8Array
  readonly author: DeviceId
  /** Names the feed among those of its author: drawn at random once per life of a device's database (hex). */
  readonly incarnation: string
  /** Position in the feed, from 1. */
  readonly seq: number
  /** The operation before it in the feed; null exactly at position 1. */
  readonly prev: OperationId | null
  /** Operations of other feeds that this one builds on. */
  readonly deps: readonly OperationId[]
  readonly content: OperationContent
  /** The author's clock. */
  readonly timeMs: number
  /** From when on it gives nothing any more, or null. */
  readonly expiresMs: number | null
}

export interface Operation extends Omit<OperationDraft, 'content'> {
  readonly id: OperationId
  readonly type: string
  /** Undefined when the type is unknown or its schema is broken: the operation is then inert. */
  readonly content: OperationContent | undefined
  /** Why there is no content. */
  readonly flaw: { readonly reason: 'unknown-type' | 'bad-body'; readonly detail: string } | undefined
  /** Deterministic CBOR of [bytes, signature]. */
  readonly record: Uint8Array
}

export type OperationFault = CborFault | 'unknown-version' | 'bad-signature'

const RECORD_LIMITS = { bytesMax: OPERATION_RECORD_BYTES_MAX, depthMax: 1 }
const ENVELOPE_LIMITS = { bytesMax: OPERATION_BYTES_MAX, depthMax: OPERATION_DEPTH_MAX }

const recordShape = tuple(bytesUpTo(OPERATION_BYTES_MAX), bytes(SIGNATURE_BYTES))
const envelopeShape = object({
  v: exactly(1),
  org: hash,
  root: hash,
  author: key,
  incarnation: bytes(INCARNATION_BYTES),
  seq: integer(1),
  prev: nullable(hash),
  deps: sortedBytes(32, DEPS_MAX),
  type: text(TYPE_CHARACTERS_MAX, TYPE_PATTERN),
  target: anything,
  body: anything,
  time: timeMs,
  expires: timeMsOrNull
})

export function incarnationBytes(incarnation: string): Uint8Array {
  const decoded = fromHex(incarnation)
  assert(decoded?.length === INCARNATION_BYTES, `an incarnation is hex of ${INCARNATION_BYTES} bytes`)
  return decoded
}

/** Signs an operation. The caller takes seq, prev, root and deps from the ledger's draft. */
export function createOperation(draft: OperationDraft, keys: { sign: Sign; sha256: Sha256 }): Operation {
  assert((draft.seq === 1) === (draft.prev === null), 'exactly the first operation of a feed has no prev')
  assert(draft.deps.length <= DEPS_MAX, `an operation has at most ${DEPS_MAX} deps`)
  const deps = [...new Set(draft.deps)].sort()
  const encoded = encodeCbor({
    v: 1,
    org: idBytes(draft.org),
    root: draft.root,
    author: idBytes(draft.author),
    incarnation: incarnationBytes(draft.incarnation),
    seq: draft.seq,
    prev: draft.prev === null ? null : idBytes(draft.prev),
    deps: deps.map(idBytes),
    type: draft.content.type,
    ...writeContent(draft.content),
    time: draft.timeMs,
    expires: draft.expiresMs
  })
  const id = keys.sha256(encoded)
  const record = encodeCbor([encoded, signId('operation', id, keys.sign)])
  // Reading it back proves that what was signed is what every peer will accept.
  const operation = readOperation(encoded, id, record)
  assert(operation.ok, `a drafted operation is valid: ${operation.ok ? '' : operation.detail}`)
  assert(
    operation.value.flaw === undefined,
    `a drafted operation has a valid body: ${operation.value.flaw?.detail}`
  )
  return operation.value
}

/** An operation whose signature by its author is still to be checked, at the price of one verification. */
export interface UncheckedOperation {
  readonly operation: Operation
  readonly signature: Uint8Array
}

/** What the author of an operation signs. */
export function operationMessage(id: OperationId): Uint8Array {
  return domainMessage('operation', idBytes(id))
}

export function isSigned({ operation, signature }: UncheckedOperation, verify: Verify): boolean {
  return verify(idBytes(operation.author), operationMessage(operation.id), signature)
}

/** Decodes a record of any origin but for its signature, so that what is known already costs no verification. */
export function parseOperation(
  record: Uint8Array,
  sha256: Sha256
): Outcome<UncheckedOperation, OperationFault> {
  const outer = decodeCbor(record, RECORD_LIMITS)
  if (!outer.ok) return outer
  const parts = recordShape(outer.value)
  if (parts instanceof Misshape) return rejected('malformed', `record: ${parts}`)
  const [encoded, signature] = parts
  const id = sha256(encoded)
  const operation = readOperation(encoded, id, record.slice())
  if (!operation.ok) return operation
  return accepted({ operation: operation.value, signature })
}

/** Decodes a record of any origin: its shape, its id and its signature. */
export function decodeOperation(
  record: Uint8Array,
  { verify, sha256 }: { verify: Verify; sha256: Sha256 }
): Outcome<Operation, OperationFault> {
  const parsed = parseOperation(record, sha256)
  if (!parsed.ok) return parsed
  return isSigned(parsed.value, verify)
    ? accepted(parsed.value.operation)
    : rejected('bad-signature', 'the signature is not by the author')
}

function readOperation(
  encoded: Uint8Array,
  id: Uint8Array,
  record: Uint8Array
): Outcome<Operation, OperationFault> {
  const decoded = decodeCbor(encoded, ENVELOPE_LIMITS)
  if (!decoded.ok) return decoded
  const envelope = envelopeShape(decoded.value)
  if (envelope instanceof Misshape)
    return rejected(envelope.path === 'v' ? 'unknown-version' : 'malformed', `operation: ${envelope}`)
  if ((envelope.seq === 1) !== (envelope.prev === null))
    return rejected('malformed', 'operation: exactly the first of a feed has no prev')
  const { prev } = envelope
  if (prev !== null && envelope.deps.some(dep => compareBytes(dep, prev) === 0))
    return rejected('malformed', 'operation: deps repeat prev')
  const { content, flaw } = readBody(envelope.type, { target: envelope.target, body: envelope.body })
  return accepted({
    id: operationIdFromBytes(id),
    org: orgIdFromBytes(envelope.org),
    root: envelope.root,
    author: deviceIdFromBytes(envelope.author),
    incarnation: toHex(envelope.incarnation),
    seq: envelope.seq,
    prev: prev === null ? null : operationIdFromBytes(prev),
    deps: envelope.deps.map(operationIdFromBytes),
    type: envelope.type,
    content,
    flaw,
    timeMs: envelope.time,
    expiresMs: envelope.expires,
    record
  })
}

function readBody(
  type: string,
  wire: { target: CborValue; body: CborValue }
): Pick<Operation, 'content' | 'flaw'> {
  if (!isOperationType(type))
    return { content: undefined, flaw: { reason: 'unknown-type', detail: `type ${type} is unknown here` } }
  const content = readContent(type, wire)
  return content instanceof Misshape
    ? { content: undefined, flaw: { reason: 'bad-body', detail: content.toString() } }
    : { content, flaw: undefined }
}
