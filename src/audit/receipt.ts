/**
 * A reader's receipt: its signed word, given to the server, of what it got from it. With it a server can prove that a
 * read took place, and for what, without the reader's log, and a reader can not deny it later.
 *
 * On the wire and in an entry it is the deterministic CBOR of [bytes, signature]; the signature is the reader's over
 * the domain-separated hash of the bytes.
 */

import { assert } from '../base/assert.ts'
import {
  type DeviceId,
  deviceIdFromBytes,
  idBytes,
  type OrgId,
  orgIdFromBytes,
  type VersionId,
  versionIdFromBytes
} from '../base/ids.ts'
import { type CborFault, decodeCbor, encodeCbor } from '../ledger/encoding/cbor.ts'
import { hash, isLabel, key, LABEL_CHARACTERS_MAX, timeMs } from '../ledger/encoding/names.ts'
import { accepted, type Outcome, rejected } from '../ledger/encoding/outcome.ts'
import {
  bytes,
  bytesUpTo,
  exactly,
  integer,
  Misshape,
  nullable,
  object,
  text,
  tuple,
  where
} from '../ledger/encoding/shape.ts'
import {
  domainMessage,
  type Sha256,
  SIGNATURE_BYTES,
  type Sign,
  signId,
  type Verify
} from '../ledger/encoding/signature.ts'

const TERMS_BYTES_MAX = 640
export const RECEIPT_BYTES_MAX = TERMS_BYTES_MAX + SIGNATURE_BYTES + 16

export interface ReceiptTerms {
  readonly org: OrgId
  readonly reader: DeviceId
  readonly server: DeviceId
  readonly version: VersionId
  /** What the reader says that it read for; null when it says nothing. */
  readonly purpose: string | null
  /** Verified payload that came from that server in this read. */
  readonly bytes: number
  /** The reader's clock: when the read began, and when it signed. */
  readonly begunMs: number
  readonly timeMs: number
}

export type ReceiptFault = CborFault | 'unknown-version' | 'bad-signature'

const recordShape = tuple(bytesUpTo(TERMS_BYTES_MAX), bytes(SIGNATURE_BYTES))
const termsShape = object({
  v: exactly(1),
  org: hash,
  reader: key,
  server: key,
  version: hash,
  purpose: nullable(where(text(LABEL_CHARACTERS_MAX), isLabel, 'a label')),
  bytes: integer(0),
  begun: timeMs,
  time: timeMs
})

export function createReceipt(
  terms: ReceiptTerms,
  keys: { readonly sign: Sign; readonly sha256: Sha256 }
): Uint8Array {
  assert(terms.reader !== terms.server, 'nobody gives a receipt to itself')
  const encoded = encodeCbor({
    v: 1,
    org: idBytes(terms.org),
    reader: idBytes(terms.reader),
    server: idBytes(terms.server),
    version: idBytes(terms.version),
    purpose: terms.purpose,
    bytes: terms.bytes,
    begun: terms.begunMs,
    time: terms.timeMs
  })
  return encodeCbor([encoded, signId('receipt', keys.sha256(encoded), keys.sign)])
}

export function decodeReceipt(
  record: Uint8Array,
  keys: { readonly verify: Verify; readonly sha256: Sha256 }
): Outcome<ReceiptTerms, ReceiptFault> {
  const outer = decodeCbor(record, { bytesMax: RECEIPT_BYTES_MAX, depthMax: 1 })
  if (!outer.ok) return outer
  const parts = recordShape(outer.value)
  if (parts instanceof Misshape) return rejected('malformed', `receipt: ${parts}`)
  const [encoded, signature] = parts
  const decoded = decodeCbor(encoded, { bytesMax: TERMS_BYTES_MAX, depthMax: 1 })
  if (!decoded.ok) return decoded
  const terms = termsShape(decoded.value)
  if (terms instanceof Misshape)
    return rejected(terms.path === 'v' ? 'unknown-version' : 'malformed', `receipt: ${terms}`)
  if (!keys.verify(terms.reader, domainMessage('receipt', keys.sha256(encoded)), signature))
    return rejected('bad-signature', 'the signature is not by the reader')
  return accepted({
    org: orgIdFromBytes(terms.org),
    reader: deviceIdFromBytes(terms.reader),
    server: deviceIdFromBytes(terms.server),
    version: versionIdFromBytes(terms.version),
    purpose: terms.purpose,
    bytes: terms.bytes,
    begunMs: terms.begun,
    timeMs: terms.time
  })
}
