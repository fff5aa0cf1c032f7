/**
 * What the admin API needs from a node, in domain types: the seam between the node and its gateways.
 *
 * Conventions: sizes in bytes, instants in milliseconds since the Unix epoch (`…AtMs`), durations in milliseconds
 * (`…Ms`), rates in bytes per second. A value that is not known is null, never left out. Paths are absolute. Every
 * method rejects with an AppError when the request can not be met: the messages are shown to people as they are.
 *
 * A transfer is one fetch of one version into one destination. Its states:
 *
 *     waiting <-> queued <-> fetching -> complete
 *        ^                       |
 *        +-----------------------+       no reachable source: back to waiting, and on again by itself
 *     under way -> paused                asked for; it goes on when it is resumed
 *     under way | paused -> stopped      asked for; what is stored is kept
 *     under way -> failed                `problem` says why (a full disk, an unsafe path, a removed folder)
 *     stopped | failed -> waiting        the same version fetched into the same destination again: it resumes
 *
 * Under way are `waiting`, `queued` (behind other transfers) and `fetching`. These and `paused` survive a restart of
 * the node; a transfer is `complete` only when every byte that was asked for is verified and durable.
 */

import type { DeviceId, OrgId, VersionId } from '../base/ids.ts'
import type { ContentFault } from '../ledger/fold/access.ts'
import type { Activity, Misbehaved } from './activity-terms.ts'
import type { AuditService } from './audit/audit-report.ts'
import type { LimitsService, Restraint } from './bandwidth/limits-terms.ts'
import type { BoostService } from './boost/boost-terms.ts'
import type { CheckupService } from './checkup/checkup-terms.ts'
import type { ContentService } from './contents/content-terms.ts'
import type { DetectionService } from './detection/detection-terms.ts'
import type { ErasingService } from './erasure/erasure-terms.ts'
import type { RetentionService } from './erasure/retention-terms.ts'
import type { FollowService } from './follow/follow-terms.ts'
import type { HistoryService } from './history/history-terms.ts'
import type { DeviceName } from './keys/device-name.ts'
import type { AuthorityService } from './ledger/authority-terms.ts'
import type { CustodyService } from './ledger/custody-terms.ts'
import type { GovernanceService } from './ledger/governance-terms.ts'
import type { LedgerExplorer } from './ledger/ledger-terms.ts'
import type { OverrideService } from './ledger/override-terms.ts'
import type { Measures } from './measures/measures-terms.ts'
import type { PerformanceService } from './performance/performance-terms.ts'
import type { BreachService } from './privacy/breach-terms.ts'
import type { PrivacyService } from './privacy/privacy-calls.ts'
import type { RequestService } from './privacy/request-terms.ts'
import type { RiskService } from './risk/risk-terms.ts'
import type { ScanService } from './scan/scan-terms.ts'
import type { SealingService } from './sealing/sealing-terms.ts'
import type { DeviceKind, OwnDevice, Problem, TransferState } from './service-words.ts'
import type { SiemService } from './siem/siem-terms.ts'
import type { StorageService } from './storage/storage-terms.ts'
import type { SubjectService } from './subjects/subject-terms.ts'
import type { Outlook } from './swarm/deadline-outlook.ts'
import type { VersionHolders } from './swarm/holder-terms.ts'
import type { TransferFiles } from './swarm/transfer-files.ts'
import type { Task } from './task.ts'

export type * from './daemon-terms.ts'
export type { DeviceName } from './keys/device-name.ts'
export type { DeviceKind, OwnDevice, Problem, TransferState } from './service-words.ts'
export type { Task } from './task.ts'

export type DataClass = 'public' | 'internal' | 'confidential' | 'restricted'

export interface NodeStatus {
  /** Name and version. */
  readonly software: string
  readonly pid: number
  readonly home: string
  readonly org: { readonly id: OrgId; readonly name: string }
  readonly device: OwnDevice
  /** Multiaddrs that others can dial. */
  readonly addresses: readonly string[]
  readonly startedAtMs: number
  readonly peersConnected: number
  /** Enrolled devices of the org other than this one. */
  readonly peersKnown: number
  readonly datasets: number
  readonly transfersActive: number
  /** Of those, how many will miss their deadline at the present rate. */
  readonly transfersLate: number
  /** Payload since the start of the node. */
  readonly receivedBytes: number
  readonly sentBytes: number
  /** Payload that was received and not used: duplicates and blocks that failed their hash. */
  readonly wastedBytes: number
  readonly receiveBytesPerSecond: number
  readonly sendBytesPerSecond: number
  readonly freshness: FreshnessStatus
  /** What limits of bandwidth hold up at present. */
  readonly restraints: readonly Restraint[]
  /** Peers that broke the rules since the start of the node, the latest first. */
  readonly misbehaved: readonly Misbehaved[]
  readonly problems: readonly Problem[]
}

/** How recent the view of the ledger is, by the org's beacons (ledger/freshness.ts). */
export interface FreshnessStatus {
  /** False when the org runs without beacons; then nothing is limited. */
  readonly enforced: boolean
  /** What the view is proved to be as recent as; null when too few signers were heard. */
  readonly asOfAtMs: number | null
  readonly ageMs: number | null
  /** When too few beacons will count if no new ones come. */
  readonly expiresAtMs: number | null
  readonly signersHeard: number
  readonly signersTotal: number
  readonly quorum: number
  /** Signers whose newest beacon speaks of what is not here yet. */
  readonly signersUncovered: number
  /** Signers that went back behind what they had stated. */
  readonly signersRegressed: readonly DeviceId[]
  readonly clock: 'ok' | 'behind' | 'ahead'
  /** What would have to be added to the clock; null while it is within the tolerance. */
  readonly clockOffsetMs: number | null
  readonly classes: readonly {
    readonly dataClass: DataClass
    readonly limitMs: number | null
    readonly allowed: boolean
    /** Why not; null when it is allowed. */
    readonly reason: string | null
    /** Id of the override without which it would be denied. */
    readonly override: string | null
  }[]
  /** Those that hold now. */
  readonly overrides: readonly {
    readonly id: string
    readonly classes: readonly DataClass[]
    readonly reason: string
    readonly signers: readonly DeviceId[]
    /** Null is for every device. */
    readonly devices: readonly DeviceId[] | null
    readonly expiresAtMs: number
  }[]
}

export interface PeerStatus extends DeviceName {
  readonly kind: DeviceKind | null
  readonly connected: boolean
  /** Set while connected: the address in use, who dialled, since when, and the round trip. */
  readonly address: string | null
  readonly direction: 'inbound' | 'outbound' | null
  readonly connectedAtMs: number | null
  readonly rttMs: number | null
  /** Payload since the start of the node. */
  readonly receivedBytes: number
  readonly sentBytes: number
  /** The last sign of life, also from before the start; null when there never was one. */
  readonly lastSeenAtMs: number | null
  /** Set while the device is not asked because it misbehaved. */
  readonly banned: { readonly reason: string; readonly untilMs: number } | null
}

export interface InviteRequest {
  readonly uses: number
  readonly expiresInMs: number
}

export interface Invite {
  /** The secret that `join` takes; starts with "peerage1". */
  readonly ticket: string
  readonly uses: number
  readonly expiresAtMs: number
  readonly addresses: readonly string[]
}

export interface PublishRequest {
  /** A file or a folder. It is served where it lies; nothing is copied. */
  readonly path: string
  readonly name: string
  readonly dataClass: DataClass
  /** URL from which devices may take its bytes where no peer gives them. */
  readonly origin?: string | null
  readonly sealed?: boolean
}

export interface PublishProgress {
  readonly phase: 'scanning' | 'hashing' | 'sealing' | 'chunking' | 'recording'
  readonly filesDone: number
  /** Null while scanning. */
  readonly filesTotal: number | null
  readonly bytesDone: number
  readonly bytesTotal: number | null
}

export interface Published extends FilesAndBytes {
  readonly name: string
  readonly version: VersionId
  /** Position among the versions of the name, from one. */
  readonly ordinal: number
  readonly dataClass: DataClass
  readonly path: string
  readonly sealed: boolean
  readonly pieceBytes: number
  readonly magnet: string
  /** Whether the org knew the version already: this device serves it again, and nothing was recorded. */
  readonly again: boolean
  /** Bytes in chunks that the version before has not; null where that is not known here. */
  readonly newBytes: number | null
  readonly durationMs: number
}

/** Names one version: by ordinal ("3"), by at least eight hex digits of its id, or null for the newest. */
export interface VersionReference {
  readonly name: string
  readonly version: string | null
}

export interface Retired {
  readonly name: string
  readonly versions: readonly VersionId[]
}

export interface LocalCopy {
  /** `partial`: complete but for files that were not asked for. */
  readonly state: 'fetching' | 'complete' | 'partial' | 'damaged'
  /** `source`: published from here, in place. `fetched`: came from peers. */
  readonly kind: 'source' | 'fetched'
  readonly path: string
  /** What it is to hold, when that is not the whole version. */
  readonly selected: FilesAndBytes | null
  readonly haveBytes: number
  readonly problem: Problem | null
}

export interface DatasetVersion extends FilesAndBytes {
  readonly version: VersionId
  readonly ordinal: number
  readonly dataClass: DataClass
  readonly publisher: DeviceName
  readonly publishedAtMs: number
  readonly retired: boolean
  /** What stands against it, whoever asks; null when nothing does. */
  readonly closed: ContentFault | null
  readonly sealed: boolean
  readonly pieceBytes: number
  readonly magnet: string
  /** Where its bytes can be had beside the devices of the org. */
  readonly origin: string | null
  readonly local: readonly LocalCopy[]
  /** Connected devices known to have all or part of it, this one not counted. */
  readonly holders: readonly (DeviceName & { readonly complete: boolean })[]
}

export interface Dataset {
  readonly name: string
  /** Newest first; never empty. */
  readonly versions: readonly DatasetVersion[]
}

export interface DatasetSummary extends FilesAndBytes {
  readonly name: string
  readonly dataClass: DataClass
  /** Versions that are not retired; the other fields are of the newest of them, or of the newest retired one. */
  readonly versions: number
  readonly retired: boolean
  readonly closed: ContentFault | null
  readonly version: VersionId
  readonly ordinal: number
  readonly publisher: DeviceName
  readonly publishedAtMs: number
  /** What this device holds of it. */
  readonly local: 'none' | 'fetching' | 'complete' | 'partial' | 'damaged'
}

export interface TransferRequest extends VersionReference {
  readonly destination: string
  /** What it is read for: goes into the audit logs of both sides. */
  readonly purpose: string | null
  /** Null: as it is, or normal. */
  readonly priority: TransferPriority | null
  /** By when it should be done; null: as it is, or whenever. */
  readonly deadlineAtMs?: number | null
  /** Globs of the files to fetch; none for all. */
  readonly only: readonly string[]
}

export type TransferPriority = 'low' | 'normal' | 'high'

export interface FilesAndBytes {
  readonly files: number
  readonly bytes: number
}

export interface TransferSource extends DeviceName {
  readonly connected: boolean
  /** True for the device that published the version. */
  readonly publisher: boolean
  /** Verified payload that came from it in this transfer, since the start of the node. */
  readonly receivedBytes: number
  readonly bytesPerSecond: number
}

export interface TransferOrigin {
  readonly url: string
  /** `waiting` and `aside`: something is wrong with it, and it is asked again in a while, or in a long one. */
  readonly state: 'ready' | 'waiting' | 'aside'
  readonly problem: string | null
  readonly retryAtMs: number | null
  /** Why something is on its way from it; null while nothing is. */
  readonly need: 'unheld' | 'late' | 'stalled' | null
  /** Verified payload that came from it since the transfer was last started or resumed. */
  readonly receivedBytes: number
  readonly bytesPerSecond: number
}

export interface Transfer {
  /** Stable across restarts of the node; lower-case letters, digits and dashes. */
  readonly id: string
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  readonly destination: string
  /** What it is read for, as whoever asked for it says. */
  readonly purpose: string | null
  readonly priority: TransferPriority
  /** By when it should be done; null for whenever. */
  readonly deadlineAtMs: number | null
  /** Whether that will be so at the present rate; null without a deadline. */
  readonly outlook: Outlook | null
  readonly lateByMs: number | null
  /** The HTTP origin of the version; null when it has none. */
  readonly origin: TransferOrigin | null
  /** Globs that choose the files, in groups that were given together; none for all files. */
  readonly only: readonly (readonly string[])[]
  readonly state: TransferState
  readonly startedAtMs: number
  readonly finishedAtMs: number | null
  /** What is to be fetched. While the globs have not been held against the version: the whole of it. */
  readonly files: number
  readonly totalBytes: number
  /** The whole version, when that is more than what is to be fetched. */
  readonly ofVersion: FilesAndBytes | null
  /** Verified and durable. */
  readonly haveBytes: number
  /** Part of `haveBytes` that was there already when the transfer was last started or resumed. */
  readonly resumedBytes: number
  /** What was taken from other files of this device instead of from peers. */
  readonly reusedBytes: number
  /** Verified payload from peers since it was last started or resumed. */
  readonly receivedBytes: number
  readonly wastedBytes: number
  readonly bytesPerSecond: number
  readonly etaMs: number | null
  /** Connected devices that have something of it. */
  readonly sourcesConnected: number
  /**
   * The devices that gave something or are connected and have something, the most generous first, at most
   * `TRANSFER_SOURCES_MAX` of them.
   */
  readonly sources: readonly TransferSource[]
  /** What limits of bandwidth hold it up at present. */
  readonly restraints: readonly Restraint[]
  /** Why it failed, or what hinders it now. */
  readonly problem: Problem | null
}

export const TRANSFER_SOURCES_MAX = 64

export interface VerifyProgress {
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly piecesBad: number
}

export interface VerifyResult {
  readonly name: string
  readonly version: VersionId
  readonly path: string
  /** What was there to check, when that is not the whole version. */
  readonly selected: FilesAndBytes | null
  readonly intact: boolean
  readonly bytesChecked: number
  readonly piecesChecked: number
  readonly piecesBad: number
  /** Files with a bad piece, and files that are gone, at most `DAMAGED_FILES_MAX` of them. */
  readonly damagedFiles: readonly { readonly path: string; readonly missing: boolean }[]
  readonly damagedFileCount: number
}

export const DAMAGED_FILES_MAX = 1000

export interface NodeService extends AuditService, ErasingService {
  readonly governance: GovernanceService
  readonly custody: CustodyService
  readonly storage: StorageService
  readonly sealing: SealingService
  readonly ledger: LedgerExplorer
  readonly authority: AuthorityService
  readonly overrides: OverrideService
  readonly follows: FollowService
  readonly limits: LimitsService
  readonly scans: ScanService
  readonly subjects: SubjectService
  readonly retention: RetentionService
  readonly privacy: PrivacyService
  readonly breaches: BreachService
  readonly requests: RequestService
  readonly checkups: CheckupService
  readonly risks: RiskService
  readonly detection: DetectionService
  readonly siem: SiemService
  readonly history: HistoryService
  readonly performance: PerformanceService
  readonly contents: ContentService
  readonly boosts: BoostService
  status(): Promise<NodeStatus>
  /** Cheap enough to be asked every second. */
  activity(): Promise<Activity>
  /** Counts and sizes for monitoring. Cheap: what takes long to know is as old as it says. */
  measures(): Promise<Measures>
  /** Every enrolled device of the org but this one. */
  peers(): Promise<readonly PeerStatus[]>
  invite(request: InviteRequest): Promise<Invite>

  /** Resolves when the operation is durable. Called off: rejects with INTERRUPTED and nothing is published. */
  publish(request: PublishRequest, task: Task<PublishProgress>): Promise<Published>
  /** Retires one version, or with a null version all of them. */
  retire(reference: VersionReference): Promise<Retired>
  datasets(): Promise<readonly DatasetSummary[]>
  dataset(name: string): Promise<Dataset>
  /** Who holds how much of a version, and who is not known to. Cheap enough to be asked every second. */
  holders(reference: VersionReference): Promise<VersionHolders>
  /** Hashes again what this device holds, and drops what is bad. One result for each local copy. */
  verify(reference: VersionReference, task: Task<VerifyProgress>): Promise<readonly VerifyResult[]>
  /** The BitTorrent v2 .torrent file of a version that is here in full or whose metadata is. */
  torrent(reference: VersionReference): Promise<Uint8Array>

  /** Starts a transfer, or resumes or joins the one of the same version into the same destination. */
  startTransfer(request: TransferRequest): Promise<Transfer>
  /** Newest first. */
  transfers(): Promise<readonly Transfer[]>
  /** Cheap enough to be asked several times a second. */
  transfer(id: string): Promise<Transfer>
  /** The first so many files of a transfer, and how much of each is durable. */
  transferFiles(id: string, limit: number): Promise<TransferFiles>
  /**
   * Stops a transfer and keeps what is stored; with `discard`, removes its part files and forgets it. The
   * files of a complete transfer stay in any case.
   */
  stopTransfer(id: string, options: { readonly discard: boolean }): Promise<Transfer>
  /** Asks for nothing more until it is resumed, over restarts of the node; what is stored is kept, and served. */
  pauseTransfer(id: string): Promise<Transfer>
  /** Goes on with a paused transfer, or begins a stopped or failed one again. */
  resumeTransfer(id: string): Promise<Transfer>
  prioritiseTransfer(id: string, priority: TransferPriority): Promise<Transfer>
  /** Null for whenever. */
  setTransferDeadline(id: string, deadlineAtMs: number | null): Promise<Transfer>
  /** Calls `listener` after each change of the transfer's state or problem, until the returned function runs. */
  onTransferChange(id: string, listener: () => void): () => void
}
