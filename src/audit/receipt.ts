/**
 * A reader's receipt: its signed word, given to the server, of what it got from it. With it a server can prove that a
 * read took place, and for what, without the reader's log, and a reader can not deny it later.
 *
 * On the wire and in an entry it is a statement of the reader (statement.ts).
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
import { hash, isLabel, key, LABEL_CHARACTERS_MAX, timeMs } from '../ledger/encoding/names.ts'
import { accepted, type Outcome } from '../ledger/encoding/outcome.ts'
import { exactly, integer, nullable, object, type Shaped, text, where } from '../ledger/encoding/shape.ts'
import type { Sha256, Sign, Verify } from '../ledger/encoding/signature.ts'
import {
  openStatement,
  recordBytesMax,
  type StatementFault,
  type StatementForm,
  signStatement
} from '../ledger/encoding/statement.ts'

const TERMS_BYTES_MAX = 640
export const RECEIPT_BYTES_MAX = recordBytesMax(TERMS_BYTES_MAX)

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

export type ReceiptFault = StatementFault

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
const FORM: StatementForm<Shaped<typeof termsShape>> = {
  ...{ domain: 'receipt', what: 'receipt', recordWhat: 'receipt' },
  ...{ bytesMax: TERMS_BYTES_MAX, depthMax: 1, shape: termsShape },
  signer: { name: 'the reader', keyOf: ({ reader }) => reader }
}

export function createReceipt(
  terms: ReceiptTerms,
  keys: { readonly sign: Sign; readonly sha256: Sha256 }
): Uint8Array {
  assert(terms.reader !== terms.server, 'nobody gives a receipt to itself')
  const { record } = signStatement(
    'receipt',
    {
      v: 1,
      org: idBytes(terms.org),
      reader: idBytes(terms.reader),
      server: idBytes(terms.server),
      version: idBytes(terms.version),
      purpose: terms.purpose,
      bytes: terms.bytes,
      begun: terms.begunMs,
      time: terms.timeMs
    },
    keys
  )
  return record
}

export function decodeReceipt(
  record: Uint8Array,
  keys: { readonly verify: Verify; readonly sha256: Sha256 }
): Outcome<ReceiptTerms, ReceiptFault> {
  const opened = openStatement(FORM, record, keys)
  if (!opened.ok) return opened
  const { terms } = opened.value
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
