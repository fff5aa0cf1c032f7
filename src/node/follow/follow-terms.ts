/**
 * Following: a folder is kept at the newest version of a dataset that is good, by the node itself. Types that the
 * parts share, and what the admin API asks for; the conventions are those of service.ts.
 *
 * A follow's states:
 *
 *     waiting -> fetching -> switching -> hook -> current
 *        ^                                          |
 *        +------- a newer version, or this one is withdrawn, or a person asks
 *
 * - waiting: there is no version that this device may have and that is good; or its newest could not be had, and is
 *   tried again (`problem` and `retryAtMs` say why and when).
 * - current: the destination is at the version that it should be at.
 */

import type { VersionId } from '../../base/ids.ts'
import type { Problem } from '../service-words.ts'

/**
 * `symlink`: the destination is a link, replaced in one step. `rename`: it is a folder of hard links, replaced by two
 * renames; between them, for an instant, it is not there.
 */
export type FollowMode = 'symlink' | 'rename'

/** What runs after a switch: a line for the shell, or a program and its arguments. */
export type Hook =
  | { readonly kind: 'shell'; readonly command: string }
  | { readonly kind: 'program'; readonly argv: readonly string[] }

export type OnHookFailure = 'rollback' | 'keep'

/** Why the destination went to a version; `restored`: it was gone and is made anew. */
export type SwitchReason = 'new' | 'rollback' | 'withdrawn' | 'hook-failed' | 'restored'

export interface FollowOptions {
  readonly mode: FollowMode
  /** Versions that stay on disk, the current one included. */
  readonly keep: number
  readonly hook: Hook | null
  readonly hookTimeoutMs: number
  readonly onHookFailure: OnHookFailure
  /** What its versions are read for: goes into the audit logs of both sides. */
  readonly purpose: string | null
}

export interface FollowRequest extends FollowOptions {
  readonly name: string
  readonly destination: string
}

/** A version in its own folder beside the destination. */
export interface FollowedVersion {
  readonly version: VersionId
  readonly ordinal: number
  /** Name of its folder. */
  readonly folder: string
}

export interface HookRun {
  readonly ordinal: number
  readonly reason: SwitchReason
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** Null when it was ended by a signal, or could not be started. */
  readonly exitCode: number | null
  readonly signal: string | null
  readonly timedOut: boolean
  /** Why it could not be started; null when it was. */
  readonly fault: string | null
  /** The end of what it printed. */
  readonly output: string
}

export interface FailedVersion {
  readonly version: VersionId
  readonly ordinal: number
  readonly detail: string
  readonly atMs: number
}

export interface FollowStatus extends FollowOptions {
  /** Lower-case hex; made of the destination. */
  readonly id: string
  readonly name: string
  readonly destination: string
  readonly sinceAtMs: number
  readonly state: 'waiting' | 'fetching' | 'switching' | 'hook' | 'current'
  /** The ordinal that it is held at by a rollback; null while it follows. */
  readonly pinned: number | null
  readonly current:
    | (Omit<FollowedVersion, 'folder'> & { readonly path: string; readonly atMs: number })
    | null
  readonly previous: (Omit<FollowedVersion, 'folder'> & { readonly path: string }) | null
  /** What is being fetched. */
  readonly target:
    | (Omit<FollowedVersion, 'folder'> & {
        readonly transfer: string
        readonly haveBytes: number
        readonly totalBytes: number
      })
    | null
  /** Versions whose hook failed: not tried again but by a retry. */
  readonly failed: readonly FailedVersion[]
  /** Newer versions than the one that it is or goes to, and why not those. */
  readonly passedOver: readonly { readonly ordinal: number; readonly detail: string }[]
  readonly lastHook: HookRun | null
  readonly retryAtMs: number | null
  /** What a person should know of: a withdrawn version, a failed hook, a full disk. */
  readonly problems: readonly Problem[]
}

export interface FollowService {
  /** Starts to follow, or changes the options of the follow of that dataset into that destination. */
  follow(request: FollowRequest): Promise<FollowStatus>
  /** By destination. */
  follows(): Promise<readonly FollowStatus[]>
  followed(destination: string): Promise<FollowStatus>
  /** What is on disk stays as it is. */
  stopFollow(destination: string): Promise<FollowStatus>
  /** Goes to an older version, the one before the current one when none is named, and stays there. */
  rollback(request: { readonly destination: string; readonly to: number | null }): Promise<FollowStatus>
  /** Ends the stay. */
  resume(destination: string): Promise<FollowStatus>
  /** Tries failed versions again, and what waits for its time at once. */
  retry(destination: string): Promise<FollowStatus>
}

export const FOLLOW_KEEP_MIN = 2
export const FOLLOW_KEEP_MAX = 100
