/**
 * Fuzz target of the sealed manifest: whatever is accepted encodes to the very same bytes. The zeros behind an input
 * are put there, as hardly any mutant has as many as belong there.
 */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { decodeManifest, encodeManifest, type Manifest } from './manifest.ts'
import { objectBytesOf, plaintextBytesOf } from './payload-layout.ts'
import { SAMPLE, sampleFile } from './samples.conformance.ts'

function withoutZeros(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.findLastIndex(byte => byte !== 0) + 1)
}

export const seeds: Uint8Array[] = [
  SAMPLE,
  { name: 'a', isSingleFile: true, entries: [sampleFile('a', 3)] }
].map(manifest => withoutZeros(encodeManifest(manifest)))

function decode(input: Uint8Array): Manifest | undefined {
  try {
    return decodeManifest(input)
  } catch (thrown) {
    if (thrown instanceof AppError) return undefined
    throw thrown
  }
}

export function fuzz(input: Uint8Array): void {
  decode(input)
  const dictionary = withoutZeros(input)
  const filled = new Uint8Array(plaintextBytesOf(objectBytesOf(dictionary.length)) ?? 0)
  filled.set(dictionary)
  const manifest = decode(filled)
  if (manifest !== undefined)
    assert(equalBytes(encodeManifest(manifest), filled), 'a manifest has one encoding')
}
