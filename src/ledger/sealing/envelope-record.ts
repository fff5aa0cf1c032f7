/**
 * An envelope with what it is of, signed by the device that wrapped it: what lets others open a sealed version. It is
 * kept beside the ledger and not in it, so that it can be destroyed (docs/protocol-sealing.md).
 *
 * Of each author the newest record of a version counts, and none that is older than the *floor* of any that counts.
 * Whoever writes one carries the highest floor that it knows on, so what was ended once can not be brought back to
 * anybody who has a later record. Whether its author may write one is decided by envelope-rules.ts; what the envelope
 * holds is opaque here.
 *
 * Form 1 said `alone` instead of a floor, which is a floor of its own time. It is read and no more written.
 */

import {
  type DeviceId,
  deviceIdFromBytes,
  idBytes,
  type OrgId,
  orgIdFromBytes,
  type VersionId,
  versionIdFromBytes
} from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import type { CborValue } from '../encoding/cbor.ts'
import { hash, key, timeMs } from '../encoding/names.ts'
import type { Outcome } from '../encoding/outcome.ts'
import { bytesUpTo, exactly, fieldOf, flag, Misshape, object, type Shape } from '../encoding/shape.ts'
import type { Sha256, Sign, Verify } from '../encoding/signature.ts'
import {
  openStatement,
  recordBytesMax,
  type StatementFault,
  type StatementForm,
  signStatement
} from '../encoding/statement.ts'

/** An age header at its longest (age-header.ts). */
export const ENVELOPE_BYTES_MAX = 512 * KIB
const FIELDS_BYTES_MAX = 256
export const ENVELOPE_RECORD_BYTES_MAX = recordBytesMax(ENVELOPE_BYTES_MAX + FIELDS_BYTES_MAX)

export interface EnvelopeTerms {
  readonly org: OrgId
  readonly version: VersionId
  readonly author: DeviceId
  readonly timeMs: number
  /** All records with a smaller time are ended, whoever wrote them. At most its own time; 0 ends none. */
  readonly floorMs: number
  /** The header of an age file: the file key of the manifest, wrapped to who may read. */
  readonly envelope: Uint8Array
}

export interface EnvelopeRecord extends EnvelopeTerms {
  readonly form: 1 | 2
  /** SHA-256 of what is signed. */
  readonly hash: Uint8Array
  readonly record: Uint8Array
}

interface Wire {
  readonly v: 1 | 2
  readonly org: Uint8Array
  readonly version: Uint8Array
  readonly author: Uint8Array
  readonly time: number
  readonly floor: number
  readonly envelope: Uint8Array
}

const fields = {
  org: hash,
  version: hash,
  author: key,
  time: timeMs,
  envelope: bytesUpTo(ENVELOPE_BYTES_MAX)
}
const first = object({ v: exactly(1), ...fields, alone: flag })
const second = object({ v: exactly(2), ...fields, floor: timeMs })

const shape: Shape<Wire> = value => {
  if (!isFirst(value)) return second(value)
  const read = first(value)
  return read instanceof Misshape ? read : { ...read, floor: read.alone ? read.time : 0 }
}

function isFirst(value: CborValue | undefined): boolean {
  return value !== undefined && fieldOf(value, 'v') === 1
}

const FORM: StatementForm<Wire> = {
  domain: 'envelope',
  what: 'the envelope',
  recordWhat: 'the record of an envelope',
  bytesMax: ENVELOPE_BYTES_MAX + FIELDS_BYTES_MAX,
  depthMax: 1,
  shape,
  signer: { name: 'its author', keyOf: ({ author }) => author },
  faultOf: ({ envelope, floor, time }) =>
    envelope.length === 0 ? 'it is empty' : floor > time ? 'it ends itself' : undefined
}

export function createEnvelopeRecord(
  terms: EnvelopeTerms,
  keys: { readonly sign: Sign; readonly sha256: Sha256 }
): EnvelopeRecord {
  const { org, version, author, timeMs: time, floorMs: floor, envelope } = terms
  const wire = { v: 2, org: idBytes(org), version: idBytes(version), author: idBytes(author) }
  const signed = signStatement('envelope', { ...wire, time, floor, envelope }, keys)
  return { ...terms, form: 2, hash: signed.hash, record: signed.record }
}

export function decodeEnvelopeRecord(
  record: Uint8Array,
  keys: { readonly verify: Verify; readonly sha256: Sha256 }
): Outcome<EnvelopeRecord, StatementFault> {
  const opened = openStatement(FORM, record, keys)
  if (!opened.ok) return opened
  const { terms, hash: of } = opened.value
  const value = {
    org: orgIdFromBytes(terms.org),
    version: versionIdFromBytes(terms.version),
    author: deviceIdFromBytes(terms.author),
    ...{ timeMs: terms.time, floorMs: terms.floor, envelope: terms.envelope },
    ...{ form: terms.v, hash: of, record }
  }
  return { ok: true, value }
}
