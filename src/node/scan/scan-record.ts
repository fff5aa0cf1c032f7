/**
 * What a device keeps of scanning beside the ledger: how its scanner is reached, and a note for each version of its
 * last scan. JSON with the version of its form.
 *
 * A note knows what the ledger is not told: the paths, which may be confidential, and scans that changed nothing of
 * what is said. It also says when to try again.
 */

import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { parseVersionId, type VersionId } from '../../base/ids.ts'
import { isDatasetName, isVisibleLine } from '../../ledger/encoding/names.ts'
import { SCAN_VERDICTS, type ScanVerdict } from '../../ledger/operation/operation-content.ts'
import { type ClamdAddress, formatClamdAddress, parseClamdAddress } from './clamd-address.ts'
import type { ScanFinding } from './version-scan.ts'

const RECORD_VERSION = 1
export const NOTED_FINDINGS_MAX = 100
/** Of a path, a signature, or what is told of a failure. */
export const NOTED_CHARACTERS_MAX = 1000
const WORD_CHARACTERS_MAX = 200
export const SCAN_RATE_MIN = 1000
/** Bytes per second that no disk reads. */
export const SCAN_RATE_MAX = 1e12

export interface ScanSettings {
  readonly clamd: ClamdAddress
  /** What is read at most for scans that nobody waits for. */
  readonly bytesPerSecond: number
}

export interface ScanNote {
  readonly version: VersionId
  /** A dataset that it stood under. */
  readonly name: string
  /** As the ledger has them; null when clamd was not asked. */
  readonly engine: string | null
  readonly database: string | null
  readonly verdict: ScanVerdict
  /** As the ledger has it: what was found, or why it is unscanned, without paths. */
  readonly found: string | null
  readonly findings: readonly ScanFinding[]
  /** Why it is unscanned, in full. */
  readonly detail: string | null
  readonly atMs: number
  /** How often in a row it was unscanned, and when it is tried again. */
  readonly failures: number
  readonly retryAtMs: number | null
}

export function encodeSettings({ clamd, bytesPerSecond }: ScanSettings): Uint8Array {
  return utf8(JSON.stringify({ v: RECORD_VERSION, clamd: formatClamdAddress(clamd), bytesPerSecond }))
}

/** Undefined for what is from a newer program, or damaged; so too below. */
export function decodeSettings(bytes: Uint8Array): ScanSettings | undefined {
  const record = recordOf(bytes)
  const clamd = typeof record?.clamd === 'string' ? parseClamdAddress(record.clamd) : undefined
  const rate = record?.bytesPerSecond
  if (clamd === undefined || !isWhole(rate) || rate < SCAN_RATE_MIN || rate > SCAN_RATE_MAX) return undefined
  return { clamd, bytesPerSecond: rate }
}

export function encodeNote(note: ScanNote): Uint8Array {
  const { version, name, engine, database, verdict, found, findings, detail } = note
  const { atMs, failures, retryAtMs } = note
  return utf8(
    JSON.stringify({
      ...{ v: RECORD_VERSION, version, name, engine, database, verdict, found },
      findings: findings.map(({ path, signature }) => ({ path, signature })),
      ...{ detail, atMs, failures, retryAtMs }
    })
  )
}

export function decodeNote(bytes: Uint8Array): ScanNote | undefined {
  const record = recordOf(bytes)
  if (record === undefined) return undefined
  const { name, engine, database, verdict: word, found, findings, detail } = record
  const { atMs, failures, retryAtMs } = record
  const version = typeof record.version === 'string' ? parseVersionId(record.version) : undefined
  const verdict = SCAN_VERDICTS.find(each => each === word)
  if (version === undefined || verdict === undefined) return undefined
  if (typeof name !== 'string' || !isDatasetName(name)) return undefined
  if (!isLineOrNull(engine) || !isLineOrNull(database) || !isLineOrNull(found)) return undefined
  if (detail !== null && !isText(detail)) return undefined
  if (!isWhole(atMs) || !isWhole(failures) || (retryAtMs !== null && !isWhole(retryAtMs))) return undefined
  if (!Array.isArray(findings) || findings.length > NOTED_FINDINGS_MAX) return undefined
  const listed = findings.flatMap((finding: unknown) => findingOf(finding) ?? [])
  if (listed.length < findings.length) return undefined
  return {
    ...{ version, name, engine, database, verdict, found },
    ...{ findings: listed, detail, atMs, failures, retryAtMs }
  }
}

function findingOf(value: unknown): ScanFinding | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { path, signature } = value as Record<string, unknown>
  return isText(path) && isText(signature) ? { path, signature } : undefined
}

function recordOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const text = fromUtf8(bytes)
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const record = value as Record<string, unknown>
  return record.v === RECORD_VERSION ? record : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= NOTED_CHARACTERS_MAX
}

function isLineOrNull(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && isVisibleLine(value, WORD_CHARACTERS_MAX))
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
