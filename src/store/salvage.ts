/**
 * Takes up what is left of files that were given up, so that only their bad pieces are fetched again: each becomes the
 * part file that it once was, in place and without a copy, and its pieces that match are claimed. A file of which all
 * matches gets its name back.
 *
 * The order makes a crash at any instant harmless: a file was given up in the index before; it gets the name of a part
 * file and is fsynced; it is read; what matches is claimed in one transaction. A crash in between leaves a part file of
 * which nothing is claimed, which the next salvage reads again. What can not be read is what does not match.
 *
 * A name is taken away only from a regular file that has no other, and put on nothing that is there: whatever else
 * stands at either place is left to the caller.
 */

import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import type { Version } from '../content/version.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { HashRange, RangeResult } from './hash-jobs.ts'
import type { HashPool } from './hash-pool.ts'
import { type HeldFile, type HeldFiles, hashAt } from './held-files.ts'
import type { Amendment, FileRow, PieceRun } from './index-database.ts'
import { cutRange, hashRanges } from './range-hashing.ts'
import { absolute } from './safe-files.ts'
import type { Fingerprint, SalvageReport } from './store.ts'

/** Files that one message to the commit worker names. */
const FILES_MAX = 1024

export interface SalvagedHolding {
  readonly version: Version
  readonly files: HeldFiles
  readonly context: { readonly pool: HashPool; readonly commits: CommitQueue }
  pieceHash(piece: PieceIndex): Uint8Array | undefined
  isWriting(fileIndex: number): boolean
  amend(amendment: Omit<Amendment, 'holding'>): Promise<void>
  nameFiles(): Promise<void>
  finishOrFail(): Promise<void>
}

interface Remains {
  readonly fileIndex: number
  /** What was known of the file when this began. */
  readonly held: HeldFile
  readonly inode: string
  readonly good: PieceIndex[]
  fingerprint: Fingerprint | undefined
  isStable: boolean
}

interface RemainsRange extends HashRange {
  readonly remains: Remains
}

/** Files of the version that should be there and are given up. */
function lostFiles({ files, isWriting }: SalvagedHolding): number[] {
  if (files.isDetached) return []
  return [...files.withBytes()].filter(
    fileIndex =>
      files.isSelected(fileIndex) && files.get(fileIndex).phase === 'absent' && !isWriting(fileIndex)
  )
}

function judge(holding: SalvagedHolding, { remains, ...range }: RemainsRange, result: RangeResult): void {
  if (result.outcome !== 'hashed') {
    remains.isStable = false
    return
  }
  remains.fingerprint ??= result.before
  if (result.before !== remains.fingerprint || result.after !== remains.fingerprint) remains.isStable = false
  const { pieceBytes } = holding.version
  const first = holding.files.runOf(remains.fileIndex).first + range.offset / pieceBytes
  for (let at = 0; at < result.hashes.length / HASH_BYTES; at++) {
    const piece = pieceIndex(first + at)
    const wanted = holding.pieceHash(piece)
    if (wanted !== undefined && equalBytes(hashAt(result.hashes, at), wanted)) remains.good.push(piece)
  }
}

/** Claims what matches, in memory; adds what the index is to learn. */
function conclude(
  { files }: SalvagedHolding,
  remains: Remains,
  found: { readonly add: PieceRun[]; readonly putFiles: FileRow[] }
): void {
  const { fileIndex, held, inode, good } = remains
  // Something was written to it meanwhile: that is the newer truth.
  if (files.get(fileIndex) !== held || held.phase !== 'absent' || good.length === 0) return
  const isWhole = good.length === files.runOf(fileIndex).count && remains.isStable
  // All of it matches and something writes to it: one piece is fetched again, and its name comes with that.
  const claimed = isWhole || good.length < files.runOf(fileIndex).count ? good : good.slice(1)
  const row: FileRow = { file: fileIndex, inode, fingerprint: isWhole ? remains.fingerprint : undefined }
  files.restore(row, isWhole ? 'unnamed' : 'part')
  for (const piece of claimed) {
    files.claim(fileIndex, piece)
    found.add.push({ first: piece, count: 1 })
  }
  found.putFiles.push(row)
}

/** See {@link Holding.salvage}. */
export async function salvageHolding(holding: SalvagedHolding, signal: AbortSignal): Promise<SalvageReport> {
  const { files, version, context } = holding
  const lost = lostFiles(holding)
  const stuckFiles: string[] = []
  const all: Remains[] = []
  for (let at = 0; at < lost.length; at += FILES_MAX) {
    signal.throwIfAborted()
    const some = lost.slice(at, at + FILES_MAX)
    const known = some.map(fileIndex => files.get(fileIndex))
    const answer = await context.commits.run({
      kind: 'reopen',
      files: some.map(fileIndex => ({ file: files.final(fileIndex), bytes: files.entry(fileIndex).bytes }))
    })
    assert(answer.kind === 'reopened', 'reopening is answered as such')
    for (const [index, fileIndex] of some.entries()) {
      const { inode, isStuck } = answer.files[index] ?? { isStuck: false }
      if (isStuck) stuckFiles.push(absolute(files.final(fileIndex)))
      const held = known[index]
      if (inode === undefined || held === undefined) continue
      all.push({ fileIndex, held, inode, good: [], fingerprint: undefined, isStable: true })
    }
  }
  function* ranges(): Generator<RemainsRange> {
    for (const remains of all) {
      const fileBytes = files.entry(remains.fileIndex).bytes
      const { path } = files.part(remains.fileIndex)
      yield* cutRange({ path, offset: 0, bytes: fileBytes, fileBytes, remains }, version.pieceBytes)
    }
  }
  const hashing = { pool: context.pool, base: files.place.base, pieceBytes: version.pieceBytes, signal }
  await hashRanges(hashing, ranges(), (range, result) => judge(holding, range, result))
  const found = { add: [] as PieceRun[], putFiles: [] as FileRow[], drop: [], dropFiles: [] }
  for (const remains of all) conclude(holding, remains, found)
  if (found.add.length > 0) {
    await holding.amend(found)
    await holding.nameFiles()
    await holding.finishOrFail()
  }
  return { keptPieces: found.add.length, stuckFiles }
}
