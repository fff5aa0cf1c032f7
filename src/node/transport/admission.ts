/**
 * The admission: the first bytes that the accepting side of every stream of ours sends, after the protocol was
 * negotiated and before anything else. One byte of status; a refusal adds the reason for the person on the other side.
 * Busy says that a member has as many links as it takes: try another, or later.
 *
 *   admitted:  00
 *   refused:   01 | length of the reason, one byte | reason, UTF-8 | end of stream
 *   busy:      02 | end of stream
 *
 * The opener sends nothing before it was admitted, so a refused stream costs nobody a byte of content.
 */

import { concatBytes, fromUtf8, utf8 } from '../../base/bytes.ts'

export const ADMITTED = Uint8Array.of(0)
export const BUSY = Uint8Array.of(2)
export const REFUSAL_REASON_BYTES_MAX = 255

const STATUS_ADMITTED = 0
const STATUS_REFUSED = 1
const STATUS_BUSY = 2

/** A reason that is too long for the wire is cut at a character. */
export function encodeRefusal(reason: string): Uint8Array {
  let text = reason
  while (utf8(text).length > REFUSAL_REASON_BYTES_MAX) text = [...text].slice(0, -1).join('')
  const bytes = utf8(text)
  return concatBytes([Uint8Array.of(STATUS_REFUSED, bytes.length), bytes])
}

export type Admission =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'admitted'; readonly rest: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'busy' }
  | { readonly kind: 'malformed' }

/** Reads the admission at the head of what has come so far. */
export function decodeAdmission(bytes: Uint8Array): Admission {
  const status = bytes[0]
  if (status === undefined) return { kind: 'incomplete' }
  if (status === STATUS_ADMITTED) return { kind: 'admitted', rest: bytes.subarray(1) }
  if (status === STATUS_BUSY && bytes.length === 1) return { kind: 'busy' }
  if (status !== STATUS_REFUSED) return { kind: 'malformed' }
  const length = bytes[1]
  if (length === undefined || bytes.length < 2 + length) return { kind: 'incomplete' }
  if (bytes.length > 2 + length) return { kind: 'malformed' }
  const reason = fromUtf8(bytes.subarray(2, 2 + length))
  return reason === undefined ? { kind: 'malformed' } : { kind: 'refused', reason: printable(reason) }
}

/** What a stranger sends ends up on somebody's terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, ' ')
}
