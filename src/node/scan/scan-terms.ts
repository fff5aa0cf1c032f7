/** What the node tells of scanning for malware, and what it can be asked to do about it. */

import type { OperationId, VersionId } from '../../base/ids.ts'
import type { DatasetClass } from '../../ledger/encoding/names.ts'
import type { ScanVerdict } from '../../ledger/operation/operation-content.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Problem } from '../service-words.ts'
import type { Task } from '../task.ts'
import type { ScanNote } from './scan-record.ts'
import type { ScanFinding } from './version-scan.ts'

export interface ScanSetup {
  /** A path, HOST:PORT, or as `clamd` is told below. */
  readonly clamd: string
  /** Null for the default, or as it is. */
  readonly bytesPerSecond: number | null
}

export interface ScannerStatus {
  readonly clamd: string
  /** Whether what is sent there stays on this machine. */
  readonly local: boolean
  readonly bytesPerSecond: number
  /** Null until it has answered. */
  readonly engine: string | null
  readonly database: string | null
  /** As clamd tells it: in its local time. */
  readonly databaseMadeAtMs: number | null
  readonly checkedAtMs: number | null
}

export interface ScannedReference {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  readonly bytes: number
}

export interface QueuedScan extends ScannedReference {
  readonly held: boolean
  /** `again`: by a newer database. `retry`: it was unscanned. */
  readonly why: 'new' | 'again' | 'retry'
}

export interface RunningScan extends ScannedReference {
  readonly phase: 'fetching' | 'scanning'
  /** From 1; a further one begins when the database changed. */
  readonly round: number
  readonly filesDone: number
  readonly filesTotal: number
  readonly bytesDone: number
}

/** What this device made of a version when it last looked. */
export type OwnScan = Omit<ScanNote, 'failures'>

export interface WaitingVersion extends ScannedReference {
  readonly dataClass: DatasetClass
  readonly publisher: DeviceName
  readonly publishedAtMs: number
}

export interface ScanStatus {
  /** Null where no scanner is set up. */
  readonly scanner: ScannerStatus | null
  /** Whether this device may say what scans found: an admin, or with the role `scanner`. */
  readonly authorised: boolean
  readonly running: readonly RunningScan[]
  /** At most `SCANS_LISTED_MAX`; so too below. */
  readonly queue: readonly QueuedScan[]
  readonly queueCount: number
  /** Newest first. */
  readonly last: readonly OwnScan[]
  /** Of the whole org: what nobody reads yet but admins, scanners and publishers; the oldest first. */
  readonly waiting: readonly WaitingVersion[]
  readonly waitingCount: number
  readonly problems: readonly Problem[]
}

export const SCANS_LISTED_MAX = 100

/** The word of one device in the ledger. */
export interface SaidScan {
  readonly operation: OperationId
  readonly by: DeviceName
  readonly engine: string
  readonly database: string
  readonly verdict: ScanVerdict
  readonly found: string | null
  readonly atMs: number
}

export interface FoundMalware {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  readonly words: readonly SaidScan[]
  /** Whether it is held back from everybody. */
  readonly quarantined: boolean
  /** Whether something of it is on this device. */
  readonly held: boolean
  /** By path, where this device has scanned it. */
  readonly findings: readonly ScanFinding[]
}

export interface MalwareHolder {
  readonly device: DeviceName
  /** `connected`: says so now. `audit`: by its log. `publisher`: by the ledger. */
  readonly known: 'here' | 'connected' | 'audit' | 'publisher'
  readonly sinceAtMs: number | null
}

export interface MalwareReader {
  readonly device: DeviceName
  readonly firstAtMs: number
  readonly lastAtMs: number
  readonly bytes: number
}

export interface ScannedVersionReport extends Omit<FoundMalware, 'name'> {
  readonly own: OwnScan | null
  readonly holders: readonly MalwareHolder[]
  readonly readers: readonly MalwareReader[]
}

export interface ScanReport {
  readonly name: string
  /** Newest first, of those that somebody has scanned or that wait for it. */
  readonly versions: readonly ScannedVersionReport[]
  /** Devices whose audit logs could not be had: they may have read it too. */
  readonly unheard: readonly DeviceName[]
}

export interface ScanResult extends OwnScan {
  readonly ordinal: number
  /** Whether the ledger was told; false when it says so already. */
  readonly told: boolean
}

export interface ScanService {
  scanStatus(): Promise<ScanStatus>
  /** Tries it before it is kept: rejects with SCANNER_DOWN, SCANNER_FAULTY or SCANNER_UNFIT. */
  setUpScan(setup: ScanSetup, by: string): Promise<ScanStatus>
  /** Both reject, and change nothing, when the audit log can not say who did it. */
  endScan(by: string): Promise<ScanStatus>
  /** Null is the newest version. Called off: rejects with INTERRUPTED. */
  scan(
    of: { readonly name: string; readonly version: string | null },
    task: Task<RunningScan>
  ): Promise<ScanResult>
  /** What was found in versions, and not answered by a clean scan of all who found it. */
  malware(): Promise<readonly FoundMalware[]>
  scanReport(name: string): Promise<ScanReport>
}
