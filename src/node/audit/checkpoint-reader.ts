/**
 * Opens checkpoints, each once: the same notes come again and again, by every peer and with every question, and each
 * signature on them would cost as much as the first time. What was read is remembered by the hash of the whole note,
 * so a note that differs in one byte is read anew.
 */

import { type CheckpointFault, openCheckpoint, type SignedCheckpoint } from '../../audit/checkpoint.ts'
import { parseWitnessKey, type WitnessKey } from '../../audit/cosignature.ts'
import { toHex } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import type { Outcome } from '../../ledger/encoding/outcome.ts'
import { sha256 } from '../../store/sha256.ts'
import { verify } from '../ledger/ledger-keeper.ts'

const READ_MAX = 2048

/** Verifier keys of witnesses, as an administrator writes them. Throws AppError USAGE. */
export function witnessKeysOf(texts: readonly string[]): WitnessKey[] {
  return texts.map(text => {
    const key = parseWitnessKey(text, sha256)
    if (key !== undefined) return key
    throw new AppError(
      'USAGE',
      `${text} is no verifier key of a witness: write what 'peerage audit witness' prints, name+id+key`,
      { details: { witness: text } }
    )
  })
}

export class CheckpointReader {
  /** Outside witnesses that are trusted. */
  readonly witnesses: readonly WitnessKey[]
  readonly #read = new Map<string, Outcome<SignedCheckpoint, CheckpointFault>>()

  constructor(witnesses: readonly WitnessKey[] = []) {
    this.witnesses = witnesses
  }

  open(note: Uint8Array): Outcome<SignedCheckpoint, CheckpointFault> {
    const key = toHex(sha256(note))
    const known = this.#read.get(key)
    if (known !== undefined) return known
    const opened = openCheckpoint(note, { verify, sha256, witnesses: this.witnesses })
    if (!opened.ok) return opened // what anyone can make without end is not worth a place
    const oldest = this.#read.keys().next().value
    if (this.#read.size >= READ_MAX && oldest !== undefined) this.#read.delete(oldest)
    this.#read.set(key, opened)
    return opened
  }

  /** Of many notes, those that are valid. */
  valid(notes: readonly Uint8Array[]): SignedCheckpoint[] {
    return notes.flatMap(note => {
      const opened = this.open(note)
      return opened.ok ? [opened.value] : []
    })
  }
}
