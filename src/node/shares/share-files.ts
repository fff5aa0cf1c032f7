/**
 * The bytes of shares on disk: cut from a version that is here, and made of each other. All of it streams, some stripes
 * at a time, so that it takes the same memory whatever the size.
 *
 * What is read of a holding was verified once and is compared with its fingerprint by the store; what is made here is
 * hashed afterwards by whoever has it made, and counts only if it is what it should be.
 */

import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assert, defined } from '../../base/assert.ts'
import { pieceIndex } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { planReconstruction } from '../../content/erasure/coding-matrix.ts'
import type { MatrixProduct } from '../../content/erasure/matrix-product.ts'
import { shareBytes, stripeAt, stripeCount } from '../../content/erasure/share-layout.ts'
import type { SharedObject } from '../../content/erasure/share-scheme.ts'
import { type Cut, cutFileName } from '../../content/erasure/shared-version.ts'
import { StripeEncoder } from '../../content/erasure/stripe-encoding.ts'
import { makeFolder } from '../../files/make-folder.ts'
import type { Holding } from '../../store/store.ts'
import { onDisk } from '../follow/disk-steps.ts'

const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
/** Of all shares together that are in memory at a time, unless a stripe is more. */
const BATCH_BYTES = 8 * MIB

type Readable = Pick<Holding, 'version' | 'read'>

/** Fills `into` with bytes of a file of a holding. Rejects as `Holding.read` does. */
export async function readFile(
  holding: Readable,
  fileIndex: number,
  { offset, into }: { readonly offset: number; readonly into: Uint8Array }
): Promise<void> {
  const { version } = holding
  const file = defined(version.files[fileIndex], 'a file of the version')
  assert(offset + into.length <= file.bytes, 'the file has the bytes')
  for (let at = 0; at < into.length; ) {
    const inFile = offset + at
    const begin = inFile % version.pieceBytes
    const length = Math.min(version.pieceBytes - begin, into.length - at)
    const piece = pieceIndex(file.firstPiece + Math.floor(inFile / version.pieceBytes))
    const part = into.subarray(at, at + length)
    const read = await holding.read({ piece, begin, length }, part)
    if (read !== part) part.set(read)
    at += length
  }
}

/** Fills `into` with bytes of a cut, from the files of the version that are in it. */
async function readCut(
  holding: Readable,
  cut: Cut,
  { offset, into }: { readonly offset: number; readonly into: Uint8Array }
): Promise<void> {
  let begin = 0
  for (let index = cut.firstFile; index < cut.endFile; index++) {
    const { bytes } = defined(holding.version.files[index], 'a file of the cut')
    const from = Math.max(offset, begin)
    const to = Math.min(offset + into.length, begin + bytes)
    if (from < to)
      await readFile(holding, index, {
        offset: from - begin,
        into: into.subarray(from - offset, to - offset)
      })
    begin += bytes
  }
}

export interface ShareWork {
  readonly product: MatrixProduct
  readonly signal: AbortSignal
  /** Bytes of the version, or of a share, that are done. */
  readonly onBytes?: (bytes: number) => void
}

/** Writes the shares of all cuts, each share into its folder, durably. */
export async function writeShares(
  holding: Readable,
  { cuts, folders }: { readonly cuts: readonly Cut[]; readonly folders: readonly string[] },
  work: ShareWork
): Promise<void> {
  for (const folder of folders) await makeShareFolder(folder)
  for (const [at, cut] of cuts.entries()) {
    const { object } = cut
    const paths = folders.map(folder => join(folder, cutFileName(at)))
    await withFiles(paths, async files => {
      const encoder = new StripeEncoder(object, work.product)
      for (const batch of batchesOf(object)) {
        work.signal.throwIfAborted()
        const bytes = new Uint8Array(batch.objectBytes)
        await readCut(holding, cut, { offset: batch.objectOffset, into: bytes })
        const parts = files.map(() => new Uint8Array(batch.bytes))
        for (let index = batch.first; index < batch.end; index++) encodeStripe(index, { batch, bytes, parts })
        await writeAll(files, parts, { offset: batch.offset, path: paths[0] ?? '' })
        work.onBytes?.(batch.objectBytes)
      }

      function encodeStripe(
        index: number,
        { batch, bytes, parts }: { batch: Batch; bytes: Uint8Array; parts: readonly Uint8Array[] }
      ): void {
        const stripe = stripeAt(object, index)
        const from = stripe.shareOffset - batch.offset
        const units = parts.map(part => part.subarray(from, from + stripe.unitBytes))
        const begin = stripe.objectOffset - batch.objectOffset
        const data = encoder.encode(
          stripe,
          bytes.subarray(begin, begin + stripe.bytes),
          units.slice(object.dataShares)
        )
        for (const [share, unit] of data.entries()) units[share]?.set(unit)
      }
    })
  }
}

/** Writes one share of all cuts, made of the same cuts of k others, durably. */
export async function writeShareOf(
  sources: ReadonlyMap<number, Readable>,
  { cuts, share, folder }: { readonly cuts: readonly Cut[]; readonly share: number; readonly folder: string },
  work: ShareWork
): Promise<void> {
  await makeShareFolder(folder)
  for (const [at, { object }] of cuts.entries()) {
    const plan = planReconstruction(object, { available: [...sources.keys()], wanted: [share] })
    assert(plan.kind === 'reconstruction', 'there are as many shares as it takes')
    const path = join(folder, cutFileName(at))
    await withFiles([path], async files => {
      for (const { offset, bytes } of batchesOf(object)) {
        work.signal.throwIfAborted()
        const inputs = await Promise.all(
          plan.sources.map(async source => {
            const into = new Uint8Array(bytes)
            await readFile(defined(sources.get(source), 'a source'), at, { offset, into })
            return into
          })
        )
        const output = new Uint8Array(bytes)
        work.product({ coefficients: plan.coefficients, inputs, outputs: [output] })
        await writeAll(files, [output], { offset, path })
        work.onBytes?.(bytes)
      }
    })
  }
}

/** Writes a small file beside the cuts, durably. */
export async function writeBeside(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name)
  await onDisk('write', path, () => writeFile(path, bytes, { mode: FILE_MODE, flush: true }))
}

export async function makeShareFolder(folder: string): Promise<void> {
  await onDisk('make', folder, () => makeFolder(folder, { mode: FOLDER_MODE }))
}

/** Some stripes: where they lie in the object and in each share. */
interface Batch {
  readonly first: number
  readonly end: number
  readonly objectOffset: number
  readonly objectBytes: number
  readonly offset: number
  readonly bytes: number
}

function* batchesOf(object: SharedObject): Generator<Batch> {
  const { dataShares, parityShares, unitBytes } = object
  const count = stripeCount(object)
  const length = Math.max(1, Math.floor(BATCH_BYTES / (unitBytes * (dataShares + parityShares))))
  for (let first = 0; first < count; first += length) {
    const end = Math.min(count, first + length)
    const [begin, last] = [stripeAt(object, first), stripeAt(object, end - 1)]
    yield {
      ...{ first, end, objectOffset: begin.objectOffset, offset: begin.shareOffset },
      objectBytes: last.objectOffset + last.bytes - begin.objectOffset,
      bytes: last.shareOffset + last.unitBytes - begin.shareOffset
    }
  }
  assert(shareBytes(object) > 0, 'a cut has bytes')
}

async function withFiles(
  paths: readonly string[],
  work: (files: readonly FileHandle[]) => Promise<void>
): Promise<void> {
  const files: FileHandle[] = []
  try {
    for (const path of paths) files.push(await onDisk('write', path, () => open(path, 'w', FILE_MODE)))
    await work(files)
    for (const [at, file] of files.entries()) await onDisk('fsync', paths[at] ?? '', () => file.sync())
  } finally {
    for (const file of files) await file.close()
  }
}

async function writeAll(
  files: readonly FileHandle[],
  parts: readonly Uint8Array[],
  { offset, path }: { readonly offset: number; readonly path: string }
): Promise<void> {
  await onDisk('write', path, () =>
    Promise.all(files.map((file, at) => writeWhole(file, parts[at] ?? new Uint8Array(0), offset)))
  )
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length; )
    at += (await file.write(bytes, at, bytes.length - at, offset + at)).bytesWritten
}
