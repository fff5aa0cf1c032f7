/** What the node tells of its scrub, and what it can be asked to do about it. */

import type { VersionId } from '../../base/ids.ts'

interface Counts {
  readonly beganAtMs: number
  readonly readBytes: number
  readonly badPieces: number
}

export interface ScrubReport {
  /** `waiting`: for the next pass, or for a while after the start of the node. */
  readonly state: 'running' | 'paused' | 'waiting'
  /** Null when it is as fast as it has to be. */
  readonly setBytesPerSecond: number | null
  /** At which it reads, or would read, now. */
  readonly bytesPerSecond: number
  readonly heldBytes: number
  readonly pass: Counts | null
  readonly last: (Counts & { readonly endedAtMs: number }) | null
  readonly nextAtMs: number | null
  /** Of all passes. */
  readonly readBytes: number
  readonly badPieces: number
  readonly healedPieces: number
  /** Of which pieces were found bad, and that are not whole again. */
  readonly damaged: readonly {
    readonly version: VersionId
    readonly path: string
    readonly kind: 'source' | 'fetched'
    readonly pieces: number
  }[]
  readonly damagedCount: number
}

export interface ScrubOrder {
  /** Null leaves that as it is. */
  readonly action: 'start' | 'pause' | null
  /** In a second; null for as many as it takes, undefined leaves it. */
  readonly bytesPerSecond?: number | null | undefined
}

export interface ScrubService {
  scrub(): Promise<ScrubReport>
  setScrub(order: ScrubOrder): Promise<ScrubReport>
}
