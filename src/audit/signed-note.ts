/**
 * Signed notes: text under one or more signatures, in the form of C2SP's signed-note. What a signature means is its
 * type's to say; checkpoint.ts has type 0x01, cosignature.ts type 0x04.
 *
 * The text ends in a line feed; a blank line parts it from the signatures, one a line:
 *
 *     — <key name> <base64 of 4 bytes of key id and the signature>
 *
 * Exactly one encoding exists for each note here: canonical base64, no carriage returns, no other control characters.
 */

import { assert } from '../base/assert.ts'
import { concatBytes, fromBase64, fromUtf8, toBase64, utf8 } from '../base/bytes.ts'
import { accepted, type Outcome, rejected } from '../ledger/encoding/outcome.ts'
import type { Sha256 } from '../ledger/encoding/signature.ts'

export const NOTE_BYTES_MAX = 16 * 1024
/** The log's own and those of its witnesses; C2SP asks for sixteen at least. */
export const NOTE_SIGNATURES_MAX = 64
export const KEY_ID_BYTES = 4

const SIGNATURE_START = '\u2014 '
const KEY_NAME = /^[^\p{White_Space}+]+$/u
/** Once line feeds are taken out: control characters, and what else ends a line in Unicode. */
const CONTROL = /[\p{Cc}\u2028\u2029]/u
const LINE = /^\u2014 ([^\p{White_Space}+]+) ([A-Za-z0-9+/=]+)$/u

/** Type byte of a signature, which its key's id is made with. */
export const ED25519_TYPE = 0x01
export const COSIGNATURE_TYPE = 0x04

export function isKeyName(name: string): boolean {
  return KEY_NAME.test(name)
}

export interface NoteSignature {
  readonly name: string
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
}

export interface SignedNote {
  /** Ends in a line feed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

export type NoteFault = 'too-large' | 'malformed'

/** SHA-256(name ‖ LF ‖ type ‖ public key), its first four bytes. */
export function keyIdOf(
  key: { readonly name: string; readonly type: number; readonly publicKey: Uint8Array },
  sha256: Sha256
): Uint8Array {
  return sha256(concatBytes([utf8(`${key.name}\n`), Uint8Array.of(key.type), key.publicKey])).slice(
    0,
    KEY_ID_BYTES
  )
}

/** One signature line, its line feed included. */
export function formatSignature({ name, keyId, signature }: NoteSignature): string {
  assert(isKeyName(name) && keyId.length === KEY_ID_BYTES, 'a key has a name and an id')
  return `${SIGNATURE_START}${name} ${toBase64(concatBytes([keyId, signature]))}\n`
}

/** A signature line with or without its line feed; undefined when it is none. */
export function parseSignature(line: string): NoteSignature | undefined {
  const [, name, encoded] = LINE.exec(line.endsWith('\n') ? line.slice(0, -1) : line) ?? []
  const bytes = fromBase64(encoded ?? '')
  if (name === undefined || bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined
  return { name, keyId: bytes.slice(0, KEY_ID_BYTES), signature: bytes.slice(KEY_ID_BYTES) }
}

export function encodeNote({ text, signatures }: SignedNote): Uint8Array {
  assert(text.endsWith('\n') && signatures.length > 0, 'a note has lines of text and a signature')
  const encoded = utf8(`${text}\n${signatures.map(formatSignature).join('')}`)
  assert(decodeNote(encoded).ok, 'a note that we write is one that we read')
  return encoded
}

export function decodeNote(bytes: Uint8Array): Outcome<SignedNote, NoteFault> {
  if (bytes.length > NOTE_BYTES_MAX)
    return rejected('too-large', `a note of ${bytes.length} bytes, at most ${NOTE_BYTES_MAX}`)
  const whole = fromUtf8(bytes)
  if (whole === undefined) return rejected('malformed', 'the note is not UTF-8')
  if (CONTROL.test(whole.replaceAll('\n', '')))
    return rejected('malformed', 'the note has control characters')
  const parting = whole.lastIndexOf('\n\n')
  if (parting < 0) return rejected('malformed', 'the note has no blank line before its signatures')
  const lines = whole.slice(parting + 2).split('\n')
  if (lines.pop() !== '' || lines.length === 0)
    return rejected('malformed', 'the note does not end in signature lines')
  if (lines.length > NOTE_SIGNATURES_MAX)
    return rejected('too-large', `${lines.length} signatures, at most ${NOTE_SIGNATURES_MAX}`)
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const signature = parseSignature(line)
    if (signature === undefined)
      return rejected('malformed', `line ${signatures.length + 1} of the signatures`)
    signatures.push(signature)
  }
  return accepted({ text: whole.slice(0, parting + 1), signatures })
}
