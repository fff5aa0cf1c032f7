/**
 * Keeps what is good of files that are damaged, so that only their bad pieces are fetched again.
 *
 * A whole file of which a piece was found bad becomes the part file that it once was, in place and without a copy,
 * and lacks that piece: it is renamed, then the index says so in one transaction. A crash in between leaves it whole,
 * as far as is known, and its name is given back.
 *
 * A file that was given up, in the index too, becomes a part file likewise: it gets that name and is fsynced; it is
 * read; what matches is claimed in one transaction. A crash in between leaves a part file of which nothing is claimed,
 * which the next salvage reads again. What can not be read is what does not match. A file of which all matches gets its
 * name back.
 *
 * A name is taken away only from a regular file that has no other, and put on nothing that is there: whatever else
 * stands at either place is left to the caller.
 */

import { assert, defined } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import type { AppError } from '../base/errors.ts'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { pieceSpan, type Version } from '../content/version.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { HashRange, RangeResult } from './hash-jobs.ts'
import type { HashPool } from './hash-pool.ts'
import { type HeldFile, type HeldFiles, hashAt } from './held-files.ts'
import type { Amendment, FileRow, PieceRun } from './index-database.ts'
import { cutRange, hashRanges } from './range-hashing.ts'
import { absolute, inodeOf } from './safe-files.ts'
import type { Fingerprint, HoldingProblem, SalvageReport } from './store.ts'

/** Files that one message to the commit worker names. */
const FILES_MAX = 1024

export interface SalvagedHolding {
  readonly rowId: number
  readonly version: Version
  readonly files: HeldFiles
  readonly context: { readonly pool: HashPool; readonly commits: CommitQueue }
  pieceHash(piece: PieceIndex): Uint8Array | undefined
  isWriting(fileIndex: number): boolean
  amend(amendment: Omit<Amendment, 'holding'>): Promise<void>
  nameFiles(): Promise<void>
  finishOrFail(): Promise<void>
  giveUp(fileIndex: number, held: HeldFile, why: string): AppError
  settle(now: { readonly damage: HoldingProblem | undefined }): void
}

/** See {@link Holding.disclaim}. */
export async function disclaimPiece(
  holding: SalvagedHolding,
  piece: PieceIndex,
  { mend }: { readonly mend: boolean }
): Promise<void> {
  const { files, version } = holding
  const { fileIndex } = pieceSpan(version, piece)
  const held = files.get(fileIndex)
  if (!files.have.has(piece)) return
  const isReopened = mend && held.phase === 'whole' && (await reopen(holding, piece, held))
  if (files.get(fileIndex) !== held || !files.have.has(piece)) return
  if (!mend || (!isReopened && held.phase !== 'part')) {
    holding.giveUp(fileIndex, held, 'its bytes have changed')
    return
  }
  files.unclaim(fileIndex, piece)
  const path = absolute(files.final(fileIndex))
  const message = `${path} has a piece that is not what it was; what is good of it is served, and the rest is to be fetched`
  holding.settle({ damage: { code: 'CONTENT_CHANGED', message, path } })
  if (!isReopened)
    await holding.amend({ drop: [{ first: piece, count: 1 }], add: [], dropFiles: [], putFiles: [] })
}

/** A whole file becomes a part file that lacks a piece, on disk and in the index; in memory all is claimed still. */
async function reopen(holding: SalvagedHolding, piece: PieceIndex, held: HeldFile): Promise<boolean> {
  const { files, version, context } = holding
  const { fileIndex } = pieceSpan(version, piece)
  const inode = inodeOf(defined(held.fingerprint, 'the fingerprint of a whole file'))
  // From here on it is looked for under both names.
  held.phase = 'part'
  const answer = await context.commits.run({
    kind: 'reopen',
    files: [{ file: files.final(fileIndex), bytes: files.entry(fileIndex).bytes }],
    amendment: {
      ...{ holding: holding.rowId, add: [], dropFiles: [], drop: [{ first: piece, count: 1 }] },
      putFiles: [{ file: fileIndex, inode, fingerprint: undefined }]
    }
  })
  assert(answer.kind === 'reopened', 'reopening is answered as such')
  if (answer.files[0]?.inode !== inode) {
    held.phase = 'whole'
    return false
  }
  held.inode = inode
  held.fingerprint = undefined
  return true
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
