/**
 * The messages of the audit protocol: bodies only, framing is the stream's. Each is the deterministic CBOR of a map
 * with `v`, `kind` and the fields below. The opener of a stream asks; each question has one answer:
 *
 *     cosign        -> cosignature | conflict | refuse
 *     logs          -> logs | refuse            the incarnations that the answerer has of its own log
 *     fetch         -> page | refuse            entries from a position on, and the checkpoint they belong to
 *     prove         -> proof | refuse           consistency of two sizes of the answerer's own log
 *     checkpoints   -> checkpoints              the latest checkpoints that each side has seen, of any device
 *     receipt       -> taken | refuse
 */

import { type CborFault, type CborValue, decodeCbor, encodeCbor } from '../ledger/encoding/cbor.ts'
import { hash } from '../ledger/encoding/names.ts'
import { accepted, type Outcome, rejected } from '../ledger/encoding/outcome.ts'
import {
  bytesUpTo,
  exactly,
  fieldOf,
  integer,
  list,
  Misshape,
  message,
  nullable,
  object,
  oneOf,
  type Shape,
  text
} from '../ledger/encoding/shape.ts'
import { ENTRY_BYTES_MAX, isDropped, REASON, REASON_CHARACTERS_MAX } from './entry.ts'
import { RECEIPT_BYTES_MAX } from './receipt.ts'
import { NOTE_BYTES_MAX } from './signed-note.ts'
import { PROOF_HASHES_MAX, TREE_SIZE_MAX } from './tree.ts'

export const AUDIT_MESSAGE_BYTES_MAX = 2 * 1024 * 1024
const AUDIT_DEPTH_MAX = 2
/** Of 2 KiB each at most, they fit a message. */
export const PAGE_ENTRIES_MAX = 900
export const CHECKPOINTS_MAX = 64
/** Logs of one device that anyone deals with; an honest device does not begin anew as often in its life. */
export const INCARNATIONS_MAX = 64
const LINE_CHARACTERS_MAX = 512

export type AuditMessage =
  | {
      readonly kind: 'cosign'
      /** What the asker believes was cosigned last. */
      readonly old: number
      readonly proof: readonly Uint8Array[]
      readonly note: Uint8Array
    }
  /** One signature line, without its line feed. */
  | { readonly kind: 'cosignature'; readonly line: string }
  /** What was cosigned last, and its note if there is one. */
  | { readonly kind: 'conflict'; readonly size: number; readonly note: Uint8Array | null }
  /** Asks with an empty list. */
  | { readonly kind: 'logs'; readonly incarnations: readonly number[] }
  | { readonly kind: 'fetch'; readonly incarnation: number; readonly from: number; readonly limit: number }
  | {
      readonly kind: 'page'
      /** Leaf hashes of those entries that are empty because they were dropped by retention, in order. */
      readonly dropped: readonly Uint8Array[]
      readonly entries: readonly Uint8Array[]
      readonly note: Uint8Array | null
      /** That the log up to the last entry of this page is the beginning of the note's. */
      readonly proof: readonly Uint8Array[]
    }
  | {
      readonly kind: 'prove'
      readonly incarnation: number
      readonly old: number
      readonly size: number
    }
  | { readonly kind: 'proof'; readonly proof: readonly Uint8Array[] }
  | { readonly kind: 'checkpoints'; readonly notes: readonly Uint8Array[] }
  | { readonly kind: 'receipt'; readonly receipt: Uint8Array }
  | { readonly kind: 'taken' }
  | { readonly kind: 'refuse'; readonly reason: string }

export type AuditMessageFault = CborFault | 'unknown-version' | 'unknown-kind'

const size = integer(0, TREE_SIZE_MAX)
const incarnation = integer(1)
const proof = list(hash, PROOF_HASHES_MAX)
const note = bytesUpTo(NOTE_BYTES_MAX)

const v = exactly(1)
const SHAPES: { readonly [K in AuditMessage['kind']]: Shape<Extract<AuditMessage, { kind: K }>> } = {
  cosign: message(object({ v, kind: oneOf(['cosign']), old: size, proof, note })),
  cosignature: message(object({ v, kind: oneOf(['cosignature']), line: text(LINE_CHARACTERS_MAX) })),
  conflict: message(object({ v, kind: oneOf(['conflict']), size, note: nullable(note) })),
  logs: message(object({ v, kind: oneOf(['logs']), incarnations: list(incarnation, INCARNATIONS_MAX) })),
  fetch: message(
    object({ v, kind: oneOf(['fetch']), incarnation, from: size, limit: integer(1, PAGE_ENTRIES_MAX) })
  ),
  page: message(
    object({
      v,
      kind: oneOf(['page']),
      dropped: list(hash, PAGE_ENTRIES_MAX),
      entries: list(bytesUpTo(ENTRY_BYTES_MAX), PAGE_ENTRIES_MAX),
      note: nullable(note),
      proof
    })
  ),
  prove: message(object({ v, kind: oneOf(['prove']), incarnation, old: size, size })),
  proof: message(object({ v, kind: oneOf(['proof']), proof })),
  checkpoints: message(object({ v, kind: oneOf(['checkpoints']), notes: list(note, CHECKPOINTS_MAX) })),
  receipt: message(object({ v, kind: oneOf(['receipt']), receipt: bytesUpTo(RECEIPT_BYTES_MAX) })),
  taken: message(object({ v, kind: oneOf(['taken']) })),
  refuse: message(object({ v, kind: oneOf(['refuse']), reason: text(REASON_CHARACTERS_MAX, REASON) }))
}

export function encodeAuditMessage(sent: AuditMessage): Uint8Array {
  const fields: { readonly [key: string]: CborValue } = { ...sent }
  return encodeCbor({ v: 1, ...fields })
}

export function decodeAuditMessage(encoded: Uint8Array): Outcome<AuditMessage, AuditMessageFault> {
  const decoded = decodeCbor(encoded, { bytesMax: AUDIT_MESSAGE_BYTES_MAX, depthMax: AUDIT_DEPTH_MAX })
  if (!decoded.ok) return decoded
  const version = fieldOf(decoded.value, 'v')
  const kind = fieldOf(decoded.value, 'kind')
  if (typeof version === 'number' && version !== 1)
    return rejected('unknown-version', `version ${version} is not known here`)
  if (typeof kind !== 'string') return rejected('malformed', 'audit message: kind is missing')
  if (!isKind(kind)) return rejected('unknown-kind', 'the kind is not known here')
  const shaped: AuditMessage | Misshape = SHAPES[kind](decoded.value)
  if (shaped instanceof Misshape) return rejected('malformed', `audit ${kind}: ${shaped}`)
  if (shaped.kind === 'page' && shaped.entries.filter(isDropped).length !== shaped.dropped.length)
    return rejected('malformed', 'audit page: a hash for each dropped entry')
  return accepted(shaped)
}

function isKind(kind: string): kind is AuditMessage['kind'] {
  return Object.hasOwn(SHAPES, kind)
}
