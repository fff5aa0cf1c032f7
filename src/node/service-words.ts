/** Types of service.ts that its parts use too. */

import type { DeviceId } from '../base/ids.ts'

export type DeviceKind = 'server' | 'desktop' | 'laptop'

/** This device, as it shows itself to its owner. */
export interface OwnDevice {
  readonly id: DeviceId
  readonly name: string
  readonly site: string
  readonly kind: DeviceKind
  readonly admin: boolean
}

/** Why something is not as it should be, for people and for programs. */
export interface Problem {
  /** A code of base/error-codes.ts. */
  readonly code: string
  readonly message: string
  /** The file concerned, or null. */
  readonly path: string | null
}

/**
 * `queued`: has a source and waits for others that are before it. `waiting`: has no source. `paused`: asks for nothing
 * until it is resumed. `complete`: what was asked for is here, which may be some files only.
 */
export type TransferState = 'queued' | 'waiting' | 'fetching' | 'paused' | 'complete' | 'stopped' | 'failed'
