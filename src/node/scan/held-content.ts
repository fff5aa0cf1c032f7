/**
 * A holding as something to scan. Each piece is verified against the version before clamd gets it: what lies on the
 * disk may have changed since, and a verdict is about the version, not about what somebody put in its place.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import { pieceIndex } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { pieceLength, type VersionFile } from '../../content/version.ts'
import type { Holding } from '../../store/store.ts'
import { soundPiece } from '../storage/piece-check.ts'
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
  for (let index = 0; index < file.pieceCount; index++) {
    const piece = pieceIndex(file.firstPiece + index)
    await pace?.pass(pieceLength(version, piece), signal)
    const bytes = await soundPiece(holding, piece)
    if (bytes === undefined)
      throw new AppError(
        'CONTENT_CHANGED',
        `piece ${piece} in ${holding.root} is not the version's any more: peerage verify tells more`,
        { details: { path: holding.root } }
      )
    yield bytes
  }
}
