/**
 * Files of a sealed version, read through its objects: what is read is opened in memory, a chunk at a time, and nothing
 * of it is written to a disk. Each piece of an object is verified against the version first, as everything is.
 */

import { AppError } from '../../base/errors.ts'
import type { Manifest, ManifestEntry, SealedObject } from '../../content/sealing/manifest.ts'
import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import {
  CHUNK_BYTES,
  chunkCountOf,
  chunksOfRange,
  objectBytesOf,
  objectRangeOf,
  PAYLOAD_NONCE_BYTES,
  sealedChunk
} from '../../content/sealing/payload-layout.ts'
import type { VersionFile } from '../../content/version.ts'
import { ChunkCipher, hkdf } from '../../store/sealing/openssl-ciphers.ts'
import { MANIFEST_OBJECT_BYTES_MAX, openManifest } from '../../store/sealing/tree-opening.ts'
import type { FileRange } from './content-terms.ts'
import { type HeldVersion, isRangeHeld, verifiedBytes } from './verified-bytes.ts'

const NONCE: FileRange = { offset: 0, bytes: PAYLOAD_NONCE_BYTES }

/** Undefined when not all of it is here. SEALED_INVALID, BENCODE_INVALID, PATH_UNSAFE, CONTENT_CHANGED. */
export async function heldManifest(held: HeldVersion, fileKey: Uint8Array): Promise<Manifest | undefined> {
  const name = manifestNameOf(fileKey, hkdf)
  const file = objectNamed(held, name)
  if (file.bytes > MANIFEST_OBJECT_BYTES_MAX)
    throw invalid(name, `it has ${file.bytes} B, more than any manifest`)
  const whole = { offset: 0, bytes: file.bytes }
  if (held.reader === undefined && !isRangeHeld(held, file, whole)) return undefined
  return openManifest(name, await allOf(verifiedBytes(held, file, whole), file.bytes), fileKey)
}

/** A file of the manifest with where its bytes are. */
export interface SealedFile {
  readonly entry: ManifestEntry
  readonly object: SealedObject
  /** Of the version. */
  readonly file: VersionFile
}

export function sealedFile(held: HeldVersion, entry: ManifestEntry, object: SealedObject): SealedFile {
  const file = objectNamed(held, object.name)
  const expected = objectBytesOf(entry.bytes)
  if (file.bytes !== expected) throw invalid(object.name, `it has ${file.bytes} B instead of ${expected} B`)
  return { entry, object, file }
}

export function isSealedRangeHeld(held: HeldVersion, { entry, file }: SealedFile, range: FileRange): boolean {
  return isRangeHeld(held, file, NONCE) && isRangeHeld(held, file, objectRangeOf(entry.bytes, range))
}

/** The plaintext of a range, chunk by chunk; each is authentic and in its place. */
export async function* openedBytes(
  held: HeldVersion,
  { entry, object, file }: SealedFile,
  range: FileRange
): AsyncGenerator<Uint8Array, void, undefined> {
  if (range.bytes === 0) return
  const nonce = await allOf(verifiedBytes(held, file, NONCE), NONCE.bytes)
  const cipher = new ChunkCipher(object.fileKey, nonce)
  const chunks = chunkCountOf(entry.bytes)
  let { first: index } = chunksOfRange(entry.bytes, range)
  let left = new Uint8Array()
  for await (const part of verifiedBytes(held, file, objectRangeOf(entry.bytes, range))) {
    let bytes = left.length === 0 ? part : Buffer.concat([left, part])
    while (index < chunks && bytes.length >= sealedChunk(entry.bytes, index).bytes && bytes.length > 0) {
      const sealed = sealedChunk(entry.bytes, index).bytes
      const plaintext = cipher.open(index, index === chunks - 1, bytes.subarray(0, sealed))
      if (plaintext === undefined)
        throw invalid(object.name, `chunk ${index} of ${chunks} is not what was sealed`)
      const begin = index * CHUNK_BYTES
      bytes = bytes.subarray(sealed)
      index++
      yield plaintext.subarray(Math.max(0, range.offset - begin), range.offset + range.bytes - begin)
    }
    left = Uint8Array.from(bytes)
  }
  if (left.length > 0) throw invalid(object.name, 'it ends within a chunk')
}

function objectNamed({ version }: HeldVersion, name: string): VersionFile {
  const file = version.files.find(({ path }) => path.length === 1 && path[0] === name)
  if (file === undefined) throw invalid(name, 'the version has no such object')
  return file
}

async function allOf(parts: AsyncIterable<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const all = new Uint8Array(bytes)
  let at = 0
  for await (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function invalid(object: string, reason: string): AppError {
  const message = `can not open the object ${object}: ${reason}; have the version published anew`
  return new AppError('SEALED_INVALID', message, { details: { object, reason } })
}
