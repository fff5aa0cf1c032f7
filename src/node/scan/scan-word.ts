/**
 * From what a scan came to, to the word of it for the ledger, and whether that has to be said.
 *
 * The ledger is read by all members, so it gets signatures, reasons and counts, no paths. It is kept for good, so a
 * scan that only confirms what this device last said is not told again: else each database would add an operation for
 * each version, every day. What could not be looked at takes back nothing that was said before: a scanner that is
 * overloaded must close nothing that was open.
 */

import { counted } from '../../base/units.ts'
import { isVisibleLine } from '../../ledger/encoding/names.ts'
import type { ScanEntry } from '../../ledger/fold/state.ts'
import type { ScanVerdict } from '../../ledger/operation/operation-content.ts'
import { REASON_CHARACTERS_MAX } from '../../ledger/operation/operation-limits.ts'
import type { VersionScan } from './version-scan.ts'

export interface ScanWord {
  readonly engine: string
  readonly database: string
  readonly verdict: ScanVerdict
  readonly found: string | null
}

/** What of a version is what scans are held against. */
export interface ScannerWords {
  readonly engine: string
  readonly database: string
}

const ENGINE_CHARACTERS_MAX = 64

export function scannerWords({
  engine,
  database
}: {
  readonly engine: string
  readonly database: number
}): ScannerWords {
  return { engine: `ClamAV ${engine}`.slice(0, ENGINE_CHARACTERS_MAX), database: `daily ${database}` }
}

export function wordOf(scan: VersionScan): ScanWord {
  return { ...scannerWords(scan), verdict: scan.verdict, found: foundOf(scan) }
}

function foundOf(scan: VersionScan): string | null {
  if (scan.verdict === 'clean') return null
  if (scan.verdict === 'infected') {
    const signatures = [...new Set(scan.findings.map(({ signature }) => signature))].sort()
    return asLine(`${signatures.join(', ')} in ${counted(scan.infectedFiles, 'file')}`, signatures[0])
  }
  if (scan.fault !== null) return scan.fault.reason
  const reasons = [...new Set(scan.unscanned.map(({ reason }) => reason))].sort()
  return asLine(`${reasons.join(', ')}: ${counted(scan.unscannedFiles, 'file')}`, reasons[0])
}

/** Cut where it is too long, and `instead` where that is no line. */
function asLine(text: string, instead = 'no name'): string {
  const cut = text.length <= REASON_CHARACTERS_MAX ? text : `${text.slice(0, REASON_CHARACTERS_MAX - 1)}…`
  return isVisibleLine(cut, REASON_CHARACTERS_MAX) ? cut : instead
}

/** Whether a word says more than what this device last said of the version. */
export function isNews(word: ScanWord, last: Pick<ScanEntry, 'verdict' | 'found'> | undefined): boolean {
  if (last === undefined) return true
  switch (word.verdict) {
    case 'clean':
      return last.verdict !== 'clean'
    case 'infected':
      // Once more, after a release, it would overrule who looked at it and let it go.
      return last.verdict !== 'infected' || last.found !== word.found
    case 'unscanned':
      return last.verdict === 'unscanned' && last.found !== word.found
  }
}
