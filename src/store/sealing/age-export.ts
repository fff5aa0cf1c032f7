/**
 * Writes the files of a sealed version as age files, `<path>.age` each, which the `age` tool opens: the envelope of
 * the object's own key, wrapped to those it is exported for, and behind it the payload as it lies in the object.
 * Nothing is decrypted, and nothing of it is on disk in the plain but the names.
 *
 * The folder appears whole and durable, or not at all. Links have no object and are left out.
 */

import { randomBytes } from 'node:crypto'
import { closeSync, existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { Manifest, ManifestEntry } from '../../content/sealing/manifest.ts'
import { payloadBytesOf } from '../../content/sealing/payload-layout.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { syncToDisk } from '../disk-sync.ts'
import { appErrorOf, failureOf } from '../failure.ts'
import { openInside, READ_FLAGS } from '../safe-files.ts'
import { wrapEnvelope } from './envelope.ts'
import { type OpenedFile, readFull, writeParts } from './file-parts.ts'

const PART_BYTES = 1024 * 1024
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700

export interface AgeExport {
  readonly manifest: Manifest
  /** Where all objects lie. */
  readonly folder: string
  /** Is not there yet. */
  readonly destination: string
  /** Raw X25519 public keys. */
  readonly recipients: readonly Uint8Array[]
  readonly signal: AbortSignal
  readonly onProgress: (done: { readonly files: number; readonly bytes: number }) => void
}

/** Of plaintext. */
export interface AgeExported {
  readonly files: number
  readonly bytes: number
  readonly links: number
}

/** Throws AppError DEST_EXISTS, DISK_FULL, STORAGE_FAILED, SEALED_INVALID, and the signal's reason. */
export async function exportAsAge(order: AgeExport): Promise<AgeExported> {
  const { manifest, destination, signal, onProgress } = order
  if (existsSync(destination)) throw exists(destination)
  const making = `${destination}.${randomBytes(8).toString('hex')}.part`
  let files = 0
  let bytes = 0
  try {
    await makeFolder(making, { mode: FOLDER_MODE })
    const folders = new Set([making])
    for (const entry of manifest.entries) {
      signal.throwIfAborted()
      if (entry.object === undefined) continue
      const path = join(making, ...entry.path.slice(0, -1), `${entry.path.at(-1)}.age`)
      await makeFolder(dirname(path), { mode: FOLDER_MODE })
      for (let at = dirname(path); at.length > making.length; at = dirname(at)) folders.add(at)
      await exportOne(order, { entry, path })
      files++
      bytes += entry.bytes
      onProgress({ files, bytes })
    }
    sync([...folders])
    if (existsSync(destination)) throw exists(destination)
    await rename(making, destination)
    sync([dirname(destination)])
  } catch (thrown) {
    await rm(making, { recursive: true, force: true })
    if (thrown instanceof AppError || signal.aborted) throw thrown
    throw appErrorOf(failureOf('write', destination, thrown), thrown)
  }
  return { files, bytes, links: manifest.entries.length - files }
}

async function exportOne(
  { folder, recipients, signal }: AgeExport,
  { entry, path }: { readonly entry: ManifestEntry; readonly path: string }
): Promise<void> {
  const { object, bytes } = entry
  if (object === undefined) return
  const fd = openInside({ base: folder, path: object.name }, READ_FLAGS)
  try {
    const target = await open(path, 'wx', FILE_MODE)
    try {
      const header = wrapEnvelope(object.fileKey, recipients)
      const to: OpenedFile = { fd: target.fd, name: path }
      await writeParts(to, [header], 0)
      const payloadBytes = payloadBytesOf(bytes)
      const part = new Uint8Array(Math.min(PART_BYTES, payloadBytes))
      for (let at = 0; at < payloadBytes; at += PART_BYTES) {
        signal.throwIfAborted()
        const view = part.subarray(0, Math.min(PART_BYTES, payloadBytes - at))
        if ((await readFull({ fd, name: object.name }, view, at)) < view.length) throw cutOff(object.name)
        await writeParts(to, [view], header.length + at)
      }
      await target.sync()
    } finally {
      await target.close()
    }
  } finally {
    closeSync(fd)
  }
}

function sync(folders: readonly string[]): void {
  const [failure] = syncToDisk(folders.map(path => ({ path, fd: undefined, isFolder: true }))).values()
  if (failure !== undefined) throw appErrorOf(failure)
}

function cutOff(object: string): AppError {
  const message = `can not export the object ${object}: it ends early; verify the version, and fetch it again`
  return new AppError('SEALED_INVALID', message, { details: { object } })
}

function exists(destination: string): AppError {
  return new AppError('DEST_EXISTS', `${destination} is there already; name a folder that is not`, {
    details: { path: destination }
  })
}
