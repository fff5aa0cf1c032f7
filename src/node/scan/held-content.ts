/**
 * A holding as something to scan. Each piece is verified against the version before clamd gets it: what lies on the
 * disk may have changed since, and a verdict is about the version, not about what somebody put in its place.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { equalBytes } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { pieceIndex } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { leafHashes, pieceLeafWidth, pieceRootOfLeaves } from '../../content/merkle.ts'
import { pieceLength, type VersionFile } from '../../content/version.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Holding } from '../../store/store.ts'
import type { ScannedVersion } from './version-scan.ts'

/** Bounds how fast is read: whoever reads waits until what was read before is due. */
export class Pace {
  readonly #bytesPerSecond: number
  #dueMs = 0

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond
  }

  async pass(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = performance.now()
    const startMs = Math.max(nowMs, this.#dueMs)
    this.#dueMs = startMs + (bytes * SECOND_MS) / this.#bytesPerSecond
    if (startMs > nowMs) await delay(startMs - nowMs, undefined, { signal })
  }
}

/** `pace` is undefined for as fast as can be. */
export function heldContent(holding: Holding, pace: Pace | undefined): ScannedVersion {
  const files = holding.version.files.filter(({ symlink }) => symlink === undefined)
  return {
    files: files.length,
    bytes: holding.version.totalBytes,
    async *read() {
      for (const file of files)
        yield {
          path: file.path.join('/'),
          bytes: file.bytes,
          stream: signal => piecesOf(holding, { file, pace, signal })
        }
    }
  }
}

/** The bytes of a file of the version, a piece at a time, or an AppError CONTENT_CHANGED. */
export async function* piecesOf(
  holding: Holding,
  {
    file,
    pace,
    signal
  }: { readonly file: VersionFile; readonly pace: Pace | undefined; readonly signal: AbortSignal }
): AsyncGenerator<Uint8Array> {
  const { version } = holding
  const leafWidth = pieceLeafWidth(file.bytes, version.pieceBytes)
  for (let index = 0; index < file.pieceCount; index++) {
    const piece = pieceIndex(file.firstPiece + index)
    const length = pieceLength(version, piece)
    await pace?.pass(length, signal)
    const bytes = await holding.read({ piece, begin: 0, length })
    const expected = holding.pieceHash(piece)
    const actual = pieceRootOfLeaves(leafHashes(bytes, sha256), leafWidth, sha256)
    if (expected === undefined || !equalBytes(expected, actual))
      throw new AppError(
        'CONTENT_CHANGED',
        `piece ${piece} in ${holding.root} is not the version's any more: peerage verify tells more`,
        { details: { path: holding.root } }
      )
    yield bytes
  }
}
