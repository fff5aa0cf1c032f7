/**
 * A full re-hash of a holding. What a file is afterwards:
 * - a file that is whole on disk is claimed, also if it had been given up, touched or restored from a backup;
 * - a named file that is not what it should be, or is gone, is given up entirely;
 * - of a part file only the pieces that do not match are given up.
 */

import { join } from 'node:path'
import { equalBytes } from '../base/bytes.ts'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { pieceLength, type Version } from '../content/version.ts'
import type { CommitQueue } from './commit-queue.ts'
import { relativePath } from './destination.ts'
import { appErrorOf, type Failure } from './failure.ts'
import type { HashRange, RangeResult } from './hash-jobs.ts'
import type { HashPool } from './hash-pool.ts'
import { type HeldFile, type HeldFiles, hashAt } from './held-files.ts'
import type { Amendment, FileRow, PieceRun } from './index-database.ts'
import type { OpenFiles } from './open-files.ts'
import type { ReadonlyPieceSet } from './piece-set.ts'
import { cutRange, hashRanges } from './range-hashing.ts'
import { lstatOf, type PlacedFile } from './safe-files.ts'
import type { Fingerprint, HoldingProblem, VerifyOptions, VerifyReport } from './store.ts'

/** What the check needs of a holding. */
export interface CheckedHolding {
  readonly version: Version
  readonly root: string
  readonly files: HeldFiles
  readonly have: ReadonlyPieceSet
  readonly wasCompleted: boolean
  readonly context: {
    readonly pool: HashPool
    readonly commits: CommitQueue
    readonly openFiles: OpenFiles
    readonly nowMs: () => number
  }
  pieceHash(piece: PieceIndex): Uint8Array | undefined
  fileKey(fileIndex: number): string
  amend(amendment: Omit<Amendment, 'holding'>): Promise<void>
  settle(now: { readonly damage: HoldingProblem | undefined }): void
}

interface FileCheck {
  readonly fileIndex: number
  /** What was known of the file when the check began. */
  readonly held: HeldFile
  readonly phase: HeldFile['phase']
  readonly file: PlacedFile
  readonly bad: PieceIndex[]
  fingerprint: Fingerprint | undefined
  /** It has another length, or something wrote to it while it was read. */
  isOther: boolean
  isMissing: boolean
}

interface CheckedRange extends HashRange {
  readonly check: FileCheck
}

function isBad(check: FileCheck): boolean {
  return check.bad.length > 0 || check.isOther
}

function isExpected({ files, wasCompleted }: CheckedHolding, fileIndex: number): boolean {
  return wasCompleted && files.isSelected(fileIndex)
}

/** Bytes that are looked at. */
function bytesToCheck(holding: CheckedHolding): number {
  const { files, have, version } = holding
  let bytes = 0
  for (const fileIndex of files.withBytes()) {
    const { first, count } = files.runOf(fileIndex)
    if (isExpected(holding, fileIndex)) bytes += files.entry(fileIndex).bytes
    else
      for (let piece = first; piece < first + count; piece++)
        if (have.has(piece)) bytes += pieceLength(version, pieceIndex(piece))
  }
  return bytes
}

/** Where a file is to be looked for; undefined when nothing of it should be there. */
function fileToCheck(holding: CheckedHolding, fileIndex: number): PlacedFile | undefined {
  const { files } = holding
  switch (files.get(fileIndex).phase) {
    case 'whole':
      return files.final(fileIndex)
    case 'part':
    case 'unnamed':
      return files.part(fileIndex)
    case 'absent':
      return isExpected(holding, fileIndex) ? files.final(fileIndex) : undefined
  }
}

/** The runs of pieces of a file that should be there. */
function* runsOf(holding: CheckedHolding, check: FileCheck): Generator<PieceRun> {
  const { first, count } = holding.files.runOf(check.fileIndex)
  if (check.phase !== 'part') {
    yield { first, count }
    return
  }
  for (let piece = first; piece < first + count; piece++) {
    let end = piece
    while (end < first + count && holding.have.has(end)) end++
    if (end > piece) yield { first: piece, count: end - piece }
    piece = end
  }
}

function* rangesOf(holding: CheckedHolding, checks: FileCheck[]): Generator<CheckedRange> {
  const { files, version } = holding
  for (const fileIndex of files.withBytes()) {
    const file = fileToCheck(holding, fileIndex)
    if (file === undefined) continue
    const check: FileCheck = {
      fileIndex,
      held: files.get(fileIndex),
      phase: files.get(fileIndex).phase,
      file,
      bad: [],
      fingerprint: undefined,
      isOther: false,
      isMissing: false
    }
    checks.push(check)
    const { bytes: fileBytes, firstPiece } = files.entry(fileIndex)
    for (const run of runsOf(holding, check)) {
      const offset = (run.first - firstPiece) * version.pieceBytes
      const bytes = Math.min(run.count * version.pieceBytes, fileBytes - offset)
      yield* cutRange({ path: file.path, offset, bytes, fileBytes, check }, version.pieceBytes)
    }
  }
}

function judge(holding: CheckedHolding, range: CheckedRange, result: RangeResult): void {
  const { check } = range
  if (result.outcome === 'failed') throw appErrorOf(result.failure)
  const { pieceBytes } = holding.version
  const hashes = result.outcome === 'hashed' ? result.hashes : new Uint8Array(0)
  if (result.outcome === 'missing') check.isMissing = true
  else {
    check.fingerprint ??= result.before
    const isStable = result.before === check.fingerprint && result.after === check.fingerprint
    // A named file is at rest; a part file may be written to at any time.
    if (check.phase !== 'part' && !(isStable && result.before.startsWith(`${range.fileBytes}.`)))
      check.isOther = true
  }
  const first = holding.files.runOf(check.fileIndex).first + range.offset / pieceBytes
  const count = Math.ceil(range.bytes / pieceBytes)
  for (let index = 0; index < count; index++) {
    const piece = pieceIndex(first + index)
    const expected = holding.pieceHash(piece)
    const isRead = (index + 1) * HASH_BYTES <= hashes.length
    if (!isRead || expected === undefined || !equalBytes(hashAt(hashes, index), expected))
      check.bad.push(piece)
  }
}

interface Findings {
  readonly drop: PieceRun[]
  readonly add: PieceRun[]
  readonly dropFiles: number[]
  readonly putFiles: FileRow[]
}

/** Turns what was found of a file into what is claimed of it. */
function conclude(holding: CheckedHolding, check: FileCheck, findings: Findings): void {
  const { files, context } = holding
  const { fileIndex, held, phase } = check
  // Written, named or given up while it was read: then the news is newer than this check.
  if (files.get(fileIndex) !== held || held.phase !== phase) return
  if (phase === 'part' && !check.isMissing) {
    for (const piece of check.bad) {
      files.unclaim(fileIndex, piece)
      findings.drop.push({ first: piece, count: 1 })
    }
    return
  }
  if (isBad(check) || check.fingerprint === undefined) {
    files.giveUp(fileIndex)
    context.openFiles.drop(holding.fileKey(fileIndex))
    findings.drop.push(files.runOf(fileIndex))
    findings.dropFiles.push(fileIndex)
  } else if (phase !== 'unnamed' && held.fingerprint !== check.fingerprint) {
    findings.putFiles.push(files.takeWhole(fileIndex, check.fingerprint, context.nowMs()))
    context.openFiles.drop(holding.fileKey(fileIndex))
    findings.add.push(files.runOf(fileIndex))
  }
}

/** Entries without bytes, which have no pieces, that are gone. */
function missingEntries(holding: CheckedHolding): string[] {
  const { version, files } = holding
  if (!holding.wasCompleted) return []
  return version.files
    .filter(
      (file, fileIndex) =>
        file.bytes === 0 &&
        files.isSelected(fileIndex) &&
        lstatOf(join(files.place.base, relativePath(version, files.place, file))) === undefined
    )
    .map(file => file.path.join('/'))
}

function damageOf(holding: CheckedHolding, names: readonly string[]): HoldingProblem | undefined {
  const [name] = names
  if (name === undefined || !holding.wasCompleted) return undefined
  const path = holding.version.isSingleFile ? holding.root : join(holding.root, name)
  const more = names.length > 1 ? ` and ${names.length - 1} more` : ''
  const failure: Failure = {
    code: 'VERIFY_FAILED',
    message: `${path}${more} differs from the version or is gone; restore it and verify, or fetch it again`,
    path
  }
  return failure
}

/** See {@link Holding.verify}. Changes nothing when it is aborted or a file can not be read at all. */
export async function verifyHolding(holding: CheckedHolding, options: VerifyOptions): Promise<VerifyReport> {
  const { context, version, files } = holding
  const checks: FileCheck[] = []
  let checkedBytes = 0
  const hashing = {
    pool: context.pool,
    base: files.place.base,
    pieceBytes: version.pieceBytes,
    signal: options.signal
  }
  const totalBytes = bytesToCheck(holding)
  await hashRanges(hashing, rangesOf(holding, checks), (range, result) => {
    judge(holding, range, result)
    checkedBytes += range.bytes
    options.onProgress?.({ checkedBytes, totalBytes })
  })
  const restored = checks.filter(check => check.phase === 'absent' && !isBad(check))
  if (restored.length > 0)
    await context.commits.run({
      kind: 'sync',
      files: restored.map(({ file }) => ({ file, makeExecutable: false }))
    })
  const findings: Findings = { drop: [], add: [], dropFiles: [], putFiles: [] }
  for (const check of checks) conclude(holding, check, findings)
  await holding.amend(findings)
  const pathOf = (check: FileCheck) => files.pathOf(check.fileIndex)
  const missing = checks.filter(check => check.isMissing)
  const bad = checks.filter(check => isBad(check) && !check.isMissing)
  const entries = missingEntries(holding)
  // What is being written again has all its pieces before it has its name.
  const unnamed = checks.filter(({ fileIndex }) => files.get(fileIndex).phase === 'part')
  const expected = [...missing, ...bad, ...unnamed].filter(check => isExpected(holding, check.fileIndex))
  holding.settle({ damage: damageOf(holding, [...expected.map(pathOf), ...entries]) })
  return {
    checkedBytes,
    badPieces: checks.flatMap(check => check.bad).sort((a, b) => a - b),
    badFiles: bad.map(pathOf),
    missingFiles: [...missing.map(pathOf), ...entries]
  }
}
