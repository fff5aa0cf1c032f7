/**
 * Seals a tree that was hashed into a folder of objects and their manifest (docs/protocol-sealing.md). The source is
 * only read: each file is compared with what was hashed before and after it is read.
 *
 * Objects of the version before are taken over as links to the same file, or copies where the file system has none.
 * Their bytes are not looked at here: whoever calls this hashes the folder, and compares.
 *
 * When it resolves all is durable. When it rejects the folder is the caller's to remove.
 */

import { closeSync, constants, fstatSync } from 'node:fs'
import { copyFile, link, open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AppError, systemCodeOf } from '../../base/errors.ts'
import {
  encodeManifest,
  type Manifest,
  type ManifestEntry,
  OBJECT_NAME_BYTES,
  objectNameOf,
  type SealedObject
} from '../../content/sealing/manifest.ts'
import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import { FILE_KEY_BYTES, sealObject } from '../../content/sealing/payload.ts'
import { objectBytesOf } from '../../content/sealing/payload-layout.ts'
import { reusedObjects } from '../../content/sealing/reuse.ts'
import type { VersionFile } from '../../content/version.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { syncToDisk } from '../disk-sync.ts'
import { appErrorOf, failureOf } from '../failure.ts'
import { fingerprintOf, openInside, READ_FLAGS } from '../safe-files.ts'
import type { HashedTree } from '../store.ts'
import { sealFile } from './object-sealing.ts'
import { aead, hkdf, randomBytes } from './openssl-ciphers.ts'

const OBJECT_MODE = 0o600
const FOLDER_MODE = 0o700
/** Files that are made durable together: few enough that the thread is not held up for long. */
const SYNC_FILES = 512

export interface PreviousObjects {
  readonly manifest: Manifest
  /** Where its objects lie. */
  readonly folder: string
}

export interface TreeSealing {
  readonly tree: HashedTree
  /** Is made. */
  readonly folder: string
  readonly previous?: PreviousObjects | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: { readonly files: number; readonly bytes: number }) => void) | undefined
}

export interface SealedTree {
  /** That of the manifest: who has it can open everything. */
  readonly fileKey: Uint8Array
  readonly manifest: Manifest
  /** Names of objects that were taken over. */
  readonly reused: ReadonlySet<string>
  /** Plaintext that was sealed anew. */
  readonly newBytes: number
}

/** Throws AppError CONTENT_CHANGED, DISK_FULL, STORAGE_FAILED, SEALED_INVALID, and the signal's reason. */
export async function sealTree(sealing: TreeSealing): Promise<SealedTree> {
  const { tree, folder, previous, signal, onProgress } = sealing
  const { files, name, isSingleFile } = tree.version
  const candidates = previous === undefined ? [] : reusedObjects(previous.manifest, files)
  const reused = new Set<string>()
  const entries: ManifestEntry[] = []
  const written: string[] = []
  let bytes = 0
  let newBytes = 0
  await attempt('make', folder, () => makeFolder(folder, { mode: FOLDER_MODE }))
  for (const [index, file] of files.entries()) {
    signal?.throwIfAborted()
    const candidate = candidates[index]
    let object: SealedObject | undefined
    if (file.symlink === undefined) {
      if (
        candidate !== undefined &&
        previous !== undefined &&
        (await takeOver(candidate, file, { previous, folder }))
      )
        object = candidate
      if (object !== undefined) reused.add(object.name)
      else {
        const done = bytes
        object = newObject()
        await sealOne(sealing, {
          index,
          file,
          object,
          onBytes: at => onProgress?.({ files: index, bytes: done + at })
        })
        newBytes += file.bytes
        written.push(join(folder, object.name))
      }
    }
    bytes += file.bytes
    onProgress?.({ files: index + 1, bytes })
    const { path, root, executable, symlink } = file
    entries.push({ path, bytes: file.bytes, root, executable, symlink, object })
    if (written.length >= SYNC_FILES) await makeDurable(written.splice(0))
  }
  const manifest = { name, isSingleFile, entries }
  const fileKey = randomBytes(FILE_KEY_BYTES)
  written.push(await writeManifest(folder, manifest, fileKey))
  await makeDurable(written, [folder, dirname(folder), dirname(dirname(folder))])
  return { fileKey, manifest, reused, newBytes }
}

function newObject(): SealedObject {
  return { name: objectNameOf(randomBytes(OBJECT_NAME_BYTES)), fileKey: randomBytes(FILE_KEY_BYTES) }
}

/** Whether the object is in the folder now. */
async function takeOver(
  { name }: SealedObject,
  { bytes }: VersionFile,
  { previous, folder }: { readonly previous: PreviousObjects; readonly folder: string }
): Promise<boolean> {
  const from = join(previous.folder, name)
  const to = join(folder, name)
  try {
    if ((await stat(from)).size !== objectBytesOf(bytes)) return false
    await link(from, to)
    return true
  } catch (thrown) {
    const code = systemCodeOf(thrown)
    if (code === 'ENOENT') return false
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK' && code !== 'ENOTSUP')
      throw appErrorOf(failureOf('link', to, thrown), thrown)
  }
  await attempt('copy', to, () => copyFile(from, to, constants.COPYFILE_EXCL))
  await makeDurable([to])
  return true
}

async function sealOne(
  { tree, folder, signal }: TreeSealing,
  {
    index,
    file,
    object,
    onBytes
  }: {
    readonly index: number
    readonly file: VersionFile
    readonly object: SealedObject
    readonly onBytes: (bytes: number) => void
  }
): Promise<void> {
  const { source, version } = tree
  const placed = version.isSingleFile
    ? { base: dirname(source), path: source.slice(dirname(source).length).replace(/^[/\\]/, '') }
    : { base: source, path: file.path.join('/') }
  const path = join(placed.base, placed.path)
  const to = join(folder, object.name)
  const target = await attempt('write', to, () => open(to, 'wx', OBJECT_MODE))
  try {
    const fd = await attempt('read', path, async () => openInside(placed, READ_FLAGS))
    const check = () => {
      const hashed = tree.fingerprints.get(index)
      if (hashed !== undefined && fingerprintOf(fstatSync(fd, { bigint: true })) !== hashed)
        throw changed(path)
    }
    try {
      check()
      await sealFile({
        ...{ source: { fd, name: path }, plaintextBytes: file.bytes, fileKey: object.fileKey },
        ...{ object: { fd: target.fd, name: to }, signal, onProgress: onBytes }
      })
      check()
    } finally {
      closeSync(fd)
    }
  } finally {
    await target.close()
  }
}

async function writeManifest(folder: string, manifest: Manifest, fileKey: Uint8Array): Promise<string> {
  const path = join(folder, manifestNameOf(fileKey, hkdf))
  const object = sealObject(encodeManifest(manifest), fileKey, { hkdf, aead, randomBytes })
  await attempt('write', path, async () => {
    const file = await open(path, 'wx', OBJECT_MODE)
    try {
      await file.writeFile(object)
    } finally {
      await file.close()
    }
  })
  return path
}

async function makeDurable(files: readonly string[], folders: readonly string[] = []): Promise<void> {
  const targets = [
    ...files.map(path => ({ path, fd: undefined, isFolder: false })),
    ...folders.map(path => ({ path, fd: undefined, isFolder: true }))
  ]
  const [failure] = syncToDisk(targets).values()
  if (failure !== undefined) throw appErrorOf(failure)
  await nextTurn()
}

async function attempt<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown
    throw appErrorOf(failureOf(action, path, thrown), thrown)
  }
}

function changed(path: string): AppError {
  return new AppError(
    'CONTENT_CHANGED',
    `can not seal ${path}: it was changed since it was hashed; publish again when nothing writes to it`,
    { details: { path } }
  )
}
