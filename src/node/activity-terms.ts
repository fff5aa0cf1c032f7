/** What a node is doing this moment, for a live view; the conventions are those of service.ts. */

import type { OrgId, VersionId } from '../base/ids.ts'
import type { Restraint } from './bandwidth/limits-terms.ts'
import type { DeviceName } from './keys/device-name.ts'
import type { OwnDevice, Problem, TransferState } from './service-words.ts'
import type { Outlook } from './swarm/deadline-outlook.ts'
import type { Misbehaviour } from './swarm/misbehaviour-book.ts'

/** Rates of payload, and payload since the start of the node, seen from this device. */
export interface Flow {
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly receiveBytesPerSecond: number
  readonly sendBytesPerSecond: number
}

export interface ActiveTransfer {
  /** Null for a version that is only served. */
  readonly id: string | null
  /** Null when no dataset that is known here has the version. */
  readonly name: string | null
  readonly ordinal: number | null
  readonly version: VersionId
  readonly state: TransferState | 'serving'
  readonly destination: string | null
  readonly totalBytes: number
  readonly haveBytes: number
  readonly receiveBytesPerSecond: number
  readonly sendBytesPerSecond: number
  readonly etaMs: number | null
  /** Whether its deadline will be met at the present rate; null without one. */
  readonly outlook: Outlook | null
  /** What came from its HTTP origin. */
  readonly originBytes: number
  /** Devices with a stream for the version. */
  readonly peers: number
  readonly inFlightBytes: number
  /** What this device brought of it from other sites, over their links: part of the copies that came in. */
  readonly wanBytes: number
  /** What limits of bandwidth hold it up at present. */
  readonly restraints: readonly Restraint[]
  readonly problem: Problem | null
}

export interface ActivePeer extends DeviceName, Flow {
  readonly sameSite: boolean
  readonly connected: boolean
  readonly rttMs: number | null
  /** Asked for and not here yet. */
  readonly inFlightBytes: number
  /** It promised and does not deliver. */
  readonly stalled: boolean
  readonly chokesUs: boolean
  /** Versions that there are streams for, and of their pieces those that it has. */
  readonly streams: number
  readonly havePieces: number
  readonly totalPieces: number
}

/** The other end of what crosses between this device and the devices of one site; its own is its LAN. */
export interface SiteLink extends Flow {
  /** Null for devices whose site is not known. */
  readonly site: string | null
  readonly own: boolean
  readonly connected: number
  /** Of the nearest device there. */
  readonly rttMs: number | null
  readonly inFlightBytes: number
}

export interface Misbehaved extends DeviceName, Misbehaviour {}

export interface Activity extends Flow {
  readonly atMs: number
  readonly startedAtMs: number
  readonly org: { readonly id: OrgId; readonly name: string }
  readonly device: OwnDevice
  /** Of the ledger, known here. */
  readonly operations: number
  readonly peersConnected: number
  readonly peersKnown: number
  readonly wastedBytes: number
  /** Running ones first, then what is only served, then what has ended, the latest first. */
  readonly transfers: readonly ActiveTransfer[]
  /** Those that are linked, exchanged something, or misbehaved. */
  readonly peers: readonly ActivePeer[]
  readonly links: readonly SiteLink[]
  readonly misbehaved: readonly Misbehaved[]
  readonly problems: readonly Problem[]
}

/** Transfers that have ended, and peers, that one answer names at most. */
export const ENDED_TRANSFERS_MAX = 50
export const ACTIVE_PEERS_MAX = 1000
