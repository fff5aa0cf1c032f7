/** How far a transfer is with each file. */

import { pieceIndex } from '../../base/ids.ts'
import { pieceLength, type Version, type VersionFile } from '../../content/version.ts'
import type { Holding } from '../../store/store.ts'

export interface TransferFile {
  /** Relative to the version, with `/` between components. */
  readonly path: string
  readonly bytes: number
  /** Verified and durable. */
  readonly haveBytes: number
  /** Whether it is to be fetched. */
  readonly chosen: boolean
}

export interface HoldingFiles {
  /** False until somebody told what is in the version: then nothing of the rest is known. */
  readonly known: boolean
  readonly total: number
  /** Of the chosen ones, those that are here in full. */
  readonly whole: number
  /** The first of them, in the order of the version. */
  readonly files: readonly TransferFile[]
}

export interface TransferFiles extends HoldingFiles {
  readonly id: string
  /** The files are the objects of a sealed version, whose names say nothing. */
  readonly sealed: boolean
}

type Held = Pick<Holding, 'version' | 'selected' | 'have'>

export function filesOfHolding(holding: Held | undefined, limit: number): HoldingFiles {
  if (holding === undefined) return { known: false, total: 0, whole: 0, files: [] }
  const { version, selected, have } = holding
  const files: TransferFile[] = []
  let whole = 0
  for (const [index, file] of version.files.entries()) {
    const chosen = selected === undefined || selected.has(index)
    const haveBytes = haveBytesOfFile(version, file, have)
    if (chosen && haveBytes === file.bytes) whole += 1
    if (files.length < limit) files.push({ path: file.path.join('/'), bytes: file.bytes, haveBytes, chosen })
  }
  return { known: true, total: version.files.length, whole, files }
}

function haveBytesOfFile(version: Version, file: VersionFile, have: Holding['have']): number {
  const { firstPiece, pieceCount } = file
  if (pieceCount === 0) return 0
  const last = firstPiece + pieceCount - 1
  const bytes = have.countIn(firstPiece, pieceCount) * version.pieceBytes
  return have.has(last) ? bytes - version.pieceBytes + pieceLength(version, pieceIndex(last)) : bytes
}
