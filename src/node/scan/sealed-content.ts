/**
 * A sealed version as something to scan: the files that its manifest names, opened one chunk after another on the way
 * to clamd. Nothing of them is written to a disk here.
 *
 * As in held-content.ts each piece of an object is verified against the version before it is opened: who has the key of
 * an object could else put another in its place, and a verdict would be about that.
 */

import { AppError } from '../../base/errors.ts'
import type { Manifest, ManifestEntry, SealedObject } from '../../content/sealing/manifest.ts'
import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import {
  chunkCountOf,
  objectBytesOf,
  PAYLOAD_NONCE_BYTES,
  payloadBytesOf,
  sealedChunk
} from '../../content/sealing/payload-layout.ts'
import type { VersionFile } from '../../content/version.ts'
import { ChunkCipher, hkdf } from '../../store/sealing/openssl-ciphers.ts'
import { MANIFEST_OBJECT_BYTES_MAX, openManifest } from '../../store/sealing/tree-opening.ts'
import type { Holding } from '../../store/store.ts'
import { type Pace, piecesOf } from './held-content.ts'
import type { ScannedVersion } from './version-scan.ts'

export interface SealedContent {
  readonly holding: Holding
  /** That of the manifest. */
  readonly fileKey: Uint8Array
  readonly pace: Pace | undefined
  readonly signal: AbortSignal
}

/** Opens the manifest. Throws AppError CONTENT_CHANGED, SEALED_INVALID, BENCODE_INVALID, PATH_UNSAFE. */
export async function sealedContent(content: SealedContent): Promise<ScannedVersion> {
  const { holding, pace } = content
  const objects = new Map(holding.version.files.map(file => [file.path.join('/'), file]))
  const manifest = await readManifest(content, objects)
  const files = manifest.entries.flatMap(({ object, ...entry }) =>
    object === undefined ? [] : [{ entry, object }]
  )
  return {
    files: files.length,
    bytes: files.reduce((sum, { entry }) => sum + entry.bytes, 0),
    async *read() {
      for (const { entry, object } of files)
        yield {
          path: entry.path.join('/'),
          bytes: entry.bytes,
          stream: signal => opened(holding, { objects, entry, object, pace, signal })
        }
    }
  }
}

async function readManifest(
  { holding, fileKey, pace, signal }: SealedContent,
  objects: ReadonlyMap<string, VersionFile>
): Promise<Manifest> {
  const name = manifestNameOf(fileKey, hkdf)
  const file = objects.get(name)
  if (file === undefined) throw invalid(name, 'the version has no such object')
  if (file.bytes > MANIFEST_OBJECT_BYTES_MAX)
    throw invalid(name, `it has ${file.bytes} B, more than any manifest`)
  const object = new Uint8Array(file.bytes)
  let at = 0
  for await (const piece of piecesOf(holding, { file, pace, signal })) {
    object.set(piece, at)
    at += piece.length
  }
  return openManifest(name, object, fileKey)
}

function fileOf(
  objects: ReadonlyMap<string, VersionFile>,
  { bytes }: Omit<ManifestEntry, 'object'>,
  { name }: SealedObject
): VersionFile {
  const file = objects.get(name)
  if (file === undefined) throw invalid(name, 'the version has no such object')
  const expected = objectBytesOf(bytes)
  if (file.bytes !== expected) throw invalid(name, `it has ${file.bytes} B instead of ${expected} B`)
  return file
}

interface Opening {
  readonly objects: ReadonlyMap<string, VersionFile>
  readonly entry: Omit<ManifestEntry, 'object'>
  readonly object: SealedObject
  readonly pace: Pace | undefined
  readonly signal: AbortSignal
}

/** The plaintext of an object, chunk by chunk; each is authentic and in its place. */
async function* opened(
  holding: Holding,
  { objects, entry, object, pace, signal }: Opening
): AsyncGenerator<Uint8Array> {
  const file = fileOf(objects, entry, object)
  const chunks = chunkCountOf(entry.bytes)
  const payload = new PayloadParts(payloadBytesOf(entry.bytes))
  let cipher: ChunkCipher | undefined
  let index = 0
  for await (const piece of piecesOf(holding, { file, pace, signal })) {
    payload.add(piece)
    if (cipher === undefined) {
      const nonce = payload.take(PAYLOAD_NONCE_BYTES)
      if (nonce === undefined) continue
      cipher = new ChunkCipher(object.fileKey, nonce)
    }
    while (index < chunks) {
      const chunk = payload.take(sealedChunk(entry.bytes, index).bytes)
      if (chunk === undefined) break
      const plaintext = cipher.open(index, index === chunks - 1, chunk)
      if (plaintext === undefined)
        throw invalid(object.name, `chunk ${index} of ${chunks} is not what was sealed`)
      index++
      if (plaintext.length > 0) yield plaintext
    }
  }
  if (index < chunks) throw invalid(object.name, 'it ends early')
}

/** The payload of an object, which pieces cut elsewhere than chunks, without the padding behind it. */
class PayloadParts {
  #left: number
  #buffer = Buffer.alloc(0)

  constructor(payloadBytes: number) {
    this.#left = payloadBytes
  }

  add(bytes: Uint8Array): void {
    const part = bytes.subarray(0, this.#left)
    this.#left -= part.length
    this.#buffer = Buffer.concat([this.#buffer, part])
  }

  /** Undefined until so many are there. */
  take(bytes: number): Uint8Array | undefined {
    if (this.#buffer.length < bytes) return undefined
    const taken = this.#buffer.subarray(0, bytes)
    this.#buffer = this.#buffer.subarray(bytes)
    return taken
  }
}

function invalid(object: string, reason: string): AppError {
  const message = `can not open the object ${object} to scan it: ${reason}`
  return new AppError('SEALED_INVALID', message, { details: { object, reason } })
}
