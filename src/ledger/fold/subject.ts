/**
 * Subjects: what operations give to and take from. A subject holds the gives and takes in force on it; whether
 * something of it holds is decided from the two sets alone, whatever their order.
 *
 * Remove-wins: a take takes whatever was given without knowing of it (knowledge.ts). A final take is known by nobody,
 * and no take by an enrolment that an invite brought about: a suspended device that holds a ticket stays suspended.
 *
 * Two questions:
 * - *Standing now*: some give knows every take.
 * - *Coverage of an operation* of the device concerned: some give such that every take either leaves the operation's
 *   position alone (its cutoffs), or is known by the give, and the operation's feed knows the give: it holds or names
 *   it at or before the operation. So what a device signs while it is suspended never counts, however it is dated.
 *
 * For coverage in a rank, only gives and takes of better ranks exist. Else two equals who take from each other, each by
 * an operation that a cutoff keeps, would leave it to the order of arrival who of them did.
 */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { Cutoff } from '../operation/operation-content.ts'
import { isOnBranch, type OperationLog, type Placed } from './feed.ts'

export interface Give {
  readonly placed: Placed
  /** Rank in which its author acted. */
  readonly rank: number
  /** Not so for what its author's node gave by itself, to whoever held a ticket: that is no word on any take. */
  readonly answersTakes: boolean
}

export interface Take {
  readonly placed: Placed
  /** Rank in which its author acted. */
  readonly rank: number
  readonly isFinal: boolean
  readonly cutoffs: readonly Cutoff[]
}

/** Whether the author of `later` is known, by what it signed, to have known of `earlier`. */
export type Knows = (later: Placed, earlier: Placed) => boolean

export interface Subject {
  readonly gives: Map<OperationId, Give>
  readonly takes: Map<OperationId, Take>
  readonly knows: Knows
}

/** Finds the operations that name a give in their deps. */
export type Mentions = (give: OperationId) => readonly Placed[]

export function newSubject(knows: Knows): Subject {
  return { gives: new Map(), takes: new Map(), knows }
}

function isKnownBy(take: Take, give: Give, { knows }: Subject): boolean {
  return !take.isFinal && give.answersTakes && knows(give.placed, take.placed)
}

/** The gives that no take takes. */
export function standing(subject: Subject | undefined): Give[] {
  if (subject === undefined) return []
  const takes = [...subject.takes.values()]
  return [...subject.gives.values()].filter(give => takes.every(take => isKnownBy(take, give, subject)))
}

/** The takes that keep a subject from standing: final ones first, then by causal order of their operations. */
export function standingTakes(subject: Subject): Take[] {
  const gives = [...subject.gives.values()]
  return [...subject.takes.values()].filter(take => !gives.some(give => isKnownBy(take, give, subject)))
}

/**
 * Whether a take leaves an operation of the device alone: it comes at or before a cutoff, on the same branch of its
 * feed. What a cutoff names so is also *sealed*: no later fork undoes it.
 */
export function leaves(take: Take, placed: Placed, log: OperationLog): boolean {
  const cutoff = take.cutoffs.find(({ incarnation }) => incarnation === placed.operation.incarnation)
  if (cutoff === undefined || placed.operation.seq > cutoff.seq) return false
  const last = log.get(cutoff.operation)
  return last !== undefined && isOnBranch(placed, last)
}

function isResumed(give: Give, placed: Placed, mentions: Mentions): boolean {
  if (isOnBranch(give.placed, placed)) return true
  return mentions(give.placed.operation.id).some(
    mention =>
      mention.feed === placed.feed &&
      mention.operation.seq <= placed.operation.seq &&
      isOnBranch(mention, placed)
  )
}

export type Coverage = 'covered' | 'expired' | 'not-covered'

export interface CoverageRule {
  /** Only gives and takes of a rank above this one count: authority never flows up. */
  readonly rankBelow: number
  /** Whether a give ends with its expiry, by the operation's causal time. */
  readonly expires: boolean
}

/** Whether an operation, signed by the device that the subject is about, is covered by it. */
export function coverage(
  subject: Subject | undefined,
  placed: Placed,
  { rule, log, mentions }: { rule: CoverageRule; log: OperationLog; mentions: Mentions }
): Coverage {
  if (subject === undefined) return 'not-covered'
  let outcome: Coverage = 'not-covered'
  const takes = [...subject.takes.values()].filter(
    take => take.rank < rule.rankBelow && !leaves(take, placed, log)
  )
  for (const give of subject.gives.values()) {
    if (give.rank >= rule.rankBelow) continue
    const isCovered = takes.every(take => isKnownBy(take, give, subject) && isResumed(give, placed, mentions))
    if (!isCovered) continue
    const { expiresMs } = give.placed.operation
    if (!rule.expires || expiresMs === null || placed.order.timeMs < expiresMs) return 'covered'
    outcome = 'expired'
  }
  return outcome
}

/** Names of subjects. */
export const subjectOf = {
  standing: (device: DeviceId) => `standing ${device}`,
  role: (device: DeviceId, role: string) => `role ${device} ${role}`,
  place: (group: OperationId, device: DeviceId) => `place ${group} ${device}`,
  access: (grantee: string) => `access ${grantee}`,
  content: (version: VersionId) => `content ${version}`,
  copies: (device: DeviceId) => `copies ${device}`
} as const
