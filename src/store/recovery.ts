/**
 * What a holding still has after a restart, from the index and a look at each file's name, length, time and
 * inode. Nothing is read or hashed.
 *
 * - A whole file is found under its final name, or, if the process died between claim and rename, under its
 *   part name with the same fingerprint.
 * - A part file must be the same file, at its full length. Its claimed pieces were fsynced before they were
 *   claimed; whatever else was in flight was never claimed.
 * - Every other file was changed behind our back: nothing of it is claimed.
 * - If the folder itself is gone, which is what an unmounted disk looks like, the index is left alone.
 */

import type { HeldFiles } from './held-files.ts'
import type { Amendment, FileRow, HoldingRow } from './index-database.ts'
import { PieceSet } from './piece-set.ts'
import { absolute, fingerprintOf, inodeOf, lstatOf } from './safe-files.ts'
import type { HoldingProblem } from './store.ts'

export interface Recovery {
  /** What the index claims and the disk does not bear out. */
  readonly amendment: Omit<Amendment, 'holding'>
  readonly damage: HoldingProblem | undefined
}

const NOTHING: Omit<Amendment, 'holding'> = { drop: [], add: [], dropFiles: [], putFiles: [] }

function phaseOf(row: FileRow, files: HeldFiles): 'part' | 'unnamed' | 'whole' | undefined {
  const part = () => lstatOf(absolute(files.part(row.file)))
  if (row.fingerprint === undefined) {
    const stats = part()
    if (stats === undefined || !stats.isFile() || String(stats.ino) !== row.inode) return undefined
    return stats.size === BigInt(files.entry(row.file).bytes) ? 'part' : undefined
  }
  const final = lstatOf(absolute(files.final(row.file)))
  if (final !== undefined && fingerprintOf(final) === row.fingerprint) return 'whole'
  const stats = inodeOf(row.fingerprint) === row.inode ? part() : undefined
  return stats !== undefined && fingerprintOf(stats) === row.fingerprint ? 'unnamed' : undefined
}

function changedFile(path: string): HoldingProblem {
  return {
    code: 'CONTENT_CHANGED',
    message: `${path} was changed or removed; restore it and verify, or fetch it again`,
    path
  }
}

/** Fills `files` with what is still there. */
export function recoverFiles(row: HoldingRow, files: HeldFiles): Recovery {
  const { base } = files.place
  const claimed = PieceSet.fromBytes(row.have, files.version.pieceCount)
  if (claimed === undefined || lstatOf(base)?.isDirectory() !== true) {
    const damage: HoldingProblem = {
      code: 'STORAGE_FAILED',
      message: `${base} is not there; mount or restore it, then verify`,
      path: base
    }
    files.isDetached = true
    return { amendment: NOTHING, damage }
  }
  for (const file of row.files) {
    const phase = phaseOf(file, files)
    if (phase !== undefined) files.restore(file, phase)
  }
  const drop: number[] = []
  for (const fileIndex of files.withBytes()) {
    const { first, count } = files.runOf(fileIndex)
    const isThere = files.get(fileIndex).phase !== 'absent'
    if (!isThere && claimed.countIn(first, count) > 0) drop.push(fileIndex)
    if (!isThere) continue
    for (let piece = first; piece < first + count; piece++)
      if (claimed.has(piece)) files.claim(fileIndex, piece)
  }
  const lost = [...files.withBytes()].find(
    fileIndex => files.isSelected(fileIndex) && ['absent', 'part'].includes(files.get(fileIndex).phase)
  )
  return {
    amendment: { ...NOTHING, drop: drop.map(fileIndex => files.runOf(fileIndex)), dropFiles: drop },
    damage: row.complete && lost !== undefined ? changedFile(absolute(files.final(lost))) : undefined
  }
}
