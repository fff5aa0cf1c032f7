/** What the node tells of the authority chain, and how the next root comes about: a part of service.ts. */

import type { OperationId } from '../../base/ids.ts'
import type { DatasetClass } from '../../ledger/encoding/names.ts'
import type { DeviceName } from '../keys/device-name.ts'

/** Keys that need not be a device's have no name. */
export interface KeyTally {
  readonly needed: number
  readonly signed: readonly DeviceName[]
  readonly missing: readonly DeviceName[]
}

export interface ProposalRecord {
  /** SHA-256 of the proposed root, in hex. */
  readonly hash: string
  readonly version: number
  readonly by: DeviceName
  readonly proposedAtMs: number
  /** What it changes, and what ends to count of the admins' feeds, in words. */
  readonly changes: readonly string[]
  readonly formerAdmins: KeyTally
  readonly ownAdmins: KeyTally
  /** Null when there are no recovery keys. */
  readonly recovery: KeyTally | null
  /** Whether it changes the recovery keys, so that a majority of them has to sign. */
  readonly needsRecovery: boolean
  /** Votes that do not count. */
  readonly invalidVotes: number
  /** Operations that admins signed since, and that would lose their effect with it. */
  readonly operationsLost: number
}

export interface BeaconRecord {
  readonly signers: readonly DeviceName[]
  readonly quorum: number
  readonly periodMs: number
  readonly lifeMs: number
}

export interface RootRecord {
  readonly version: number
  readonly hash: string
  readonly atMs: number
  readonly succession: 'founding' | 'ordinary' | 'recovery'
  readonly signers: readonly DeviceName[]
}

export interface EquivocationRecord {
  readonly key: DeviceName
  readonly version: number
  /** The roots that it signed. */
  readonly hashes: readonly string[]
}

export interface AuthorityRecord {
  readonly orgName: string
  /** Version and hash of the root in force. */
  readonly version: number
  readonly hash: string
  readonly admins: readonly DeviceName[]
  readonly threshold: number
  readonly recovery: readonly DeviceName[]
  /** Whether this device is one of the admins. */
  readonly isAdmin: boolean
  readonly approvals: readonly { readonly type: string; readonly admins: number }[]
  readonly beacon: BeaconRecord | null
  readonly staleness: readonly { readonly dataClass: DatasetClass; readonly limitMs: number | null }[]
  readonly expiresAtMs: number | null
  /** Oldest first. */
  readonly chain: readonly RootRecord[]
  /** While roots contest each other, no authority changes. */
  readonly freeze: {
    readonly version: number
    readonly roots: readonly RootRecord[]
    readonly equivocators: readonly DeviceName[]
  } | null
  readonly equivocations: readonly EquivocationRecord[]
  readonly proposals: readonly ProposalRecord[]
  /** Admins signed so many roots of the next version that none can get enough of them: only recovery keys lead on. */
  readonly split: boolean
}

/** Keys are devices (by name or the beginning of an id), or keys in full. */
export type RootChange =
  | { readonly kind: 'admins'; readonly add: readonly string[]; readonly remove: readonly string[] }
  | { readonly kind: 'threshold'; readonly threshold: number }
  | { readonly kind: 'approvals'; readonly type: string; readonly admins: number }
  | { readonly kind: 'expires'; readonly atMs: number | null }
  | { readonly kind: 'staleness'; readonly dataClass: DatasetClass; readonly limitMs: number | null }
  | {
      readonly kind: 'beacon'
      readonly policy: {
        readonly signers: readonly string[]
        readonly quorum: number
        readonly periodMs: number
        readonly lifeMs: number
      } | null
    }
  | { readonly kind: 'recovery'; readonly keys: readonly string[] }
  /** Adds what the role table of a new org has and this one lacks: to all roles, or to those named. */
  | { readonly kind: 'defaults'; readonly roles: readonly string[] | null }

export interface ProposeAction {
  readonly changes: readonly RootChange[]
  /**
   * Whether this device signs it as well, if it is an admin. Null: only where its signature alone brings the root into
   * force. A key signs one root of a version and can not take it back, so whoever proposes signs last: a proposal that
   * a needed admin refuses would else keep every other root of the version from the proposer's signature.
   */
  readonly sign: boolean | null
}

/** What a root would change that is not proposed. */
export interface RootPreview {
  readonly version: number
  readonly changes: readonly string[]
}

export interface VoteAction {
  /** The beginning of the hash of a proposal. */
  readonly proposal: string
  /** A signature that was made elsewhere; null has this device sign. */
  readonly vote: { readonly key: string; readonly signature: string } | null
}

export interface RootActed {
  readonly hash: string
  readonly version: number
  readonly changes: readonly string[]
  /** What was signed into the ledger. */
  readonly operations: readonly OperationId[]
  /** Whether it is in force now. */
  readonly inForce: boolean
  /** Whether this device has a vote on it, and keeps it until the others have signed. */
  readonly signsLast: boolean
  /** Whose signatures it still needs, a line for each set of keys; empty when it is in force. */
  readonly missing: readonly string[]
  readonly operationsLost: number
  readonly peersTold: number
}

/** A proposal with what is to be signed. */
export interface ProposalBytes {
  readonly hash: string
  readonly version: number
  readonly changes: readonly string[]
  /** The bytes of the root, in hex. */
  readonly bytes: string
}

export interface AuthorityService {
  authority(): Promise<AuthorityRecord>
  /** Rejects with NO_CHANGE, and all that is in the way, when there can be no such root. */
  propose(action: ProposeAction): Promise<RootActed>
  /** What `propose` would, and signs nothing; rejects as that does. */
  preview(changes: readonly RootChange[]): Promise<RootPreview>
  /** For a key that is about to sign elsewhere; rejects with SIGNED_BEFORE when it must not. */
  proposal(proposal: string, key: string): Promise<ProposalBytes>
  vote(action: VoteAction): Promise<RootActed>
}
