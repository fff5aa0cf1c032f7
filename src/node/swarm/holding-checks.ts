/** Reads again all that is held of a version, wherever that is, and says what does not match. */

import type { VersionId } from '../../base/ids.ts'
import type { Holding } from '../../store/store.ts'
import { DAMAGED_FILES_MAX, type Task, type VerifyProgress, type VerifyResult } from '../service.ts'
import { selectedSums, sumsOf } from './selection.ts'

export async function verifyHoldings(
  holdings: readonly Holding[],
  { name, reset }: { readonly name: string; readonly reset: (version: VersionId) => void },
  task: Task<VerifyProgress>
): Promise<readonly VerifyResult[]> {
  const bytesTotal = holdings.reduce(
    (sum, holding) => sum + sumsOf(holding.version, holding.selected).bytes,
    0
  )
  const results: VerifyResult[] = []
  let bytesBefore = 0
  let badBefore = 0
  for (const holding of holdings) {
    const report = await holding.verify({
      signal: task.signal,
      onProgress: progress =>
        task.onProgress({
          bytesDone: bytesBefore + progress.checkedBytes,
          bytesTotal,
          piecesBad: badBefore
        })
    })
    const sums = sumsOf(holding.version, holding.selected)
    bytesBefore += sums.bytes
    badBefore += report.badPieces.length
    reset(holding.version.id)
    const damaged = [
      ...report.missingFiles.map(path => ({ path, missing: true })),
      ...report.badFiles.map(path => ({ path, missing: false }))
    ]
    results.push({
      name: name,
      version: holding.version.id,
      path: holding.root,
      selected: selectedSums(holding),
      intact: damaged.length === 0 && report.badPieces.length === 0,
      bytesChecked: report.checkedBytes,
      piecesChecked: sums.pieces,
      piecesBad: report.badPieces.length,
      damagedFiles: damaged.slice(0, DAMAGED_FILES_MAX),
      damagedFileCount: damaged.length
    })
  }
  return results
}
