/**
 * Fuzz target of notes, checkpoints and what is asked of outside witnesses: what decodes is written again to the very
 * same bytes, a checkpoint that opens too, and no signature makes anything throw.
 */

import { createHash } from 'node:crypto'
import { assert } from '../base/assert.ts'
import { equalBytes, utf8 } from '../base/bytes.ts'
import { deviceIdFromBytes, orgIdFromBytes } from '../base/ids.ts'
import { addCosignatures, checkpointText, openCheckpoint, signCheckpoint } from './checkpoint.ts'
import { createCosignature, formatWitnessKey, parseWitnessKey } from './cosignature.ts'
import { decodeNote, encodeNote, formatSignature, parseSignature } from './signed-note.ts'
import { decodeWitnessRequest, encodeWitnessRequest } from './witness-request.ts'

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
const sign = () => new Uint8Array(64).fill(9)
const org = orgIdFromBytes(new Uint8Array(32).fill(1))
const device = deviceIdFromBytes(new Uint8Array(32).fill(2))
const checkpoint = {
  org,
  device,
  incarnation: 1_800_000_000_000,
  size: 1000,
  root: new Uint8Array(32).fill(3)
}
const note = signCheckpoint(checkpoint, { sign, sha256 })
const text = checkpointText(checkpoint)
const line = createCosignature({ org, witness: device, timeSeconds: 7, text }, { sign, sha256 })

const request = encodeWitnessRequest({ oldSize: 3, proof: [new Uint8Array(32).fill(4)], note })
const outside = { name: 'auditor.example', publicKey: new Uint8Array(32).fill(5) }

export const seeds: Uint8Array[] = [
  request,
  utf8(formatWitnessKey(outside, sha256)),
  note,
  addCosignatures(note, [line]),
  utf8(formatSignature(line))
]

export function fuzz(input: Uint8Array): void {
  const decoded = decodeNote(input)
  if (decoded.ok) assert(equalBytes(encodeNote(decoded.value), input), 'a note has one encoding')
  for (const verify of [() => true, () => false]) {
    const opened = openCheckpoint(input, { verify, sha256 })
    if (opened.ok) assert(checkpointText(opened.value) === opened.value.text, 'a checkpoint has one text')
  }
  const asked = decodeWitnessRequest(input)
  if (asked.ok) assert(equalBytes(encodeWitnessRequest(asked.value), input), 'a request has one encoding')
  const words = new TextDecoder().decode(input)
  const key = parseWitnessKey(words, sha256)
  if (key !== undefined) assert(formatWitnessKey(key, sha256) === words, 'a verifier key has one form')
  const signature = parseSignature(words)
  if (signature !== undefined)
    assert(formatSignature(signature).trimEnd() === words.replace(/\n$/, ''), 'a signature has one line')
}
