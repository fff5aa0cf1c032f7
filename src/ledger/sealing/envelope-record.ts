/**
 * An envelope with what it is of, signed by the device that wrapped it: what lets others open a sealed version. It is
 * kept beside the ledger and not in it, so that it can be destroyed (docs/protocol-sealing.md).
 *
 * Of each author the newest record of a version counts. One that stands *alone* puts an end to all older ones,
 * whoever wrote them. Whether its author may write one is decided by envelope-rules.ts; what the envelope holds is
 * opaque here.
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
import { hash, key, timeMs } from '../encoding/names.ts'
import type { Outcome } from '../encoding/outcome.ts'
import { bytesUpTo, exactly, flag, object } from '../encoding/shape.ts'
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
  readonly isAlone: boolean
  /** The header of an age file: the file key of the manifest, wrapped to who may read. */
  readonly envelope: Uint8Array
}

export interface EnvelopeRecord extends EnvelopeTerms {
  /** SHA-256 of what is signed. */
  readonly hash: Uint8Array
  readonly record: Uint8Array
}

type Wire = Exclude<ReturnType<typeof shape>, { readonly path: string; readonly expected: string }>

const shape = object({
  v: exactly(1),
  org: hash,
  version: hash,
  author: key,
  time: timeMs,
  alone: flag,
  envelope: bytesUpTo(ENVELOPE_BYTES_MAX)
})

const FORM: StatementForm<Wire> = {
  domain: 'envelope',
  what: 'the envelope',
  recordWhat: 'the record of an envelope',
  bytesMax: ENVELOPE_BYTES_MAX + FIELDS_BYTES_MAX,
  depthMax: 1,
  shape,
  signer: { name: 'its author', keyOf: ({ author }) => author },
  faultOf: ({ envelope }) => (envelope.length === 0 ? 'it is empty' : undefined)
}

export function createEnvelopeRecord(
  terms: EnvelopeTerms,
  keys: { readonly sign: Sign; readonly sha256: Sha256 }
): EnvelopeRecord {
  const { org, version, author, timeMs: time, isAlone: alone, envelope } = terms
  const wire = { v: 1, org: idBytes(org), version: idBytes(version), author: idBytes(author) }
  const signed = signStatement('envelope', { ...wire, time, alone, envelope }, keys)
  return { ...terms, hash: signed.hash, record: signed.record }
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
    ...{ timeMs: terms.time, isAlone: terms.alone, envelope: terms.envelope },
    ...{ hash: of, record }
  }
  return { ok: true, value }
}
