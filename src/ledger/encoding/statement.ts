/**
 * Statements: what one key says by itself. The record is the deterministic CBOR of [bytes, signature]; bytes encode a
 * closed map, and the signature is over their domain-separated SHA-256.
 */

import { type CborFault, type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import { accepted, type Outcome, rejected } from './outcome.ts'
import { bytes, bytesUpTo, Misshape, type Shape, tuple } from './shape.ts'
import {
  domainMessage,
  type Sha256,
  SIGNATURE_BYTES,
  type Sign,
  type SignedDomain,
  signId,
  type Verify
} from './signature.ts'

/** Heads of the array and of its two byte strings, with room to spare. */
const HEADS_BYTES = 16

export type StatementFault = CborFault | 'unknown-version' | 'bad-signature'

export interface StatementForm<Terms> {
  readonly domain: SignedDomain
  /** What the terms, and the record, are called in a fault. */
  readonly what: string
  readonly recordWhat: string
  /** Of the bytes that are signed. */
  readonly bytesMax: number
  readonly depthMax: number
  readonly shape: Shape<Terms>
  /** Whose signature it has to bear. */
  readonly signer: { readonly name: string; readonly keyOf: (terms: Terms) => Uint8Array }
  /** What its shape can not say. */
  readonly faultOf?: (terms: Terms) => string | undefined
}

export interface SignedStatement {
  readonly encoded: Uint8Array
  /** SHA-256 of `encoded`. */
  readonly hash: Uint8Array
  readonly record: Uint8Array
}

/** How long the record of a statement of so many bytes can be. */
export function recordBytesMax(bytesMax: number): number {
  return bytesMax + SIGNATURE_BYTES + HEADS_BYTES
}

export function signStatement(
  domain: SignedDomain,
  terms: CborValue,
  { sign, sha256 }: { readonly sign: Sign; readonly sha256: Sha256 }
): SignedStatement {
  const encoded = encodeCbor(terms)
  const hash = sha256(encoded)
  return { encoded, hash, record: encodeCbor([encoded, signId(domain, hash, sign)]) }
}

/** Reads a record of any origin: its shape, its terms and its signature, in this order. */
export function openStatement<Terms>(
  form: StatementForm<Terms>,
  record: Uint8Array,
  { verify, sha256 }: { readonly verify: Verify; readonly sha256: Sha256 }
): Outcome<{ readonly terms: Terms; readonly hash: Uint8Array }, StatementFault> {
  const outer = decodeCbor(record, { bytesMax: recordBytesMax(form.bytesMax), depthMax: 1 })
  if (!outer.ok) return outer
  const parts = tuple(bytesUpTo(form.bytesMax), bytes(SIGNATURE_BYTES))(outer.value)
  if (parts instanceof Misshape) return rejected('malformed', `${form.recordWhat}: ${parts}`)
  const [encoded, signature] = parts
  const read = readTerms(form, encoded)
  if (!read.ok) return read
  const { value: terms } = read
  const hash = sha256(encoded)
  const { name, keyOf } = form.signer
  return verify(keyOf(terms), domainMessage(form.domain, hash), signature)
    ? accepted({ terms, hash })
    : rejected('bad-signature', `the signature is not by ${name}`)
}

/** Reads the bytes that were signed. */
export function readTerms<Terms>(
  { what, bytesMax, depthMax, shape, faultOf }: StatementForm<Terms>,
  encoded: Uint8Array
): Outcome<Terms, CborFault | 'unknown-version'> {
  const decoded = decodeCbor(encoded, { bytesMax, depthMax })
  if (!decoded.ok) return decoded
  const terms = shape(decoded.value)
  if (terms instanceof Misshape)
    return rejected(terms.path === 'v' ? 'unknown-version' : 'malformed', `${what}: ${terms}`)
  const fault = faultOf?.(terms)
  return fault === undefined ? accepted(terms) : rejected('malformed', `${what}: ${fault}`)
}

/** For statements that end: why the time from one instant to the other is not one that they may live. */
export function lifeFault(
  { time, expires }: { readonly time: number; readonly expires: number },
  lifeMaxMs: number
): string | undefined {
  const lifeMs = expires - time
  return lifeMs > 0 && lifeMs <= lifeMaxMs ? undefined : `it lives ${lifeMs} ms, at most ${lifeMaxMs}`
}
