/**
 * Who is known to have known of what. An author has everything that its operation builds on, but not everything is
 * about the matter: an operation *knows* another on the same subject when it names it in its deps, or comes later on
 * its branch of a feed, or by a chain of such steps among the operations on that subject, in force or not.
 *
 * The chain is what keeps this bounded: an operation has room for few deps, and a device may be suspended and taken
 * back many times in its life. Whoever names the last enrolment knows of all that this one knew of.
 *
 * Of a placed operation this never changes, whatever comes later.
 */

import type { OperationId } from '../../base/ids.ts'
import type { OperationContent } from '../operation/operation-content.ts'
import { type FeedKey, isOnBranch, type OperationLog, type Placed } from './feed.ts'
import { granteeKey } from './fold-books.ts'
import { subjectOf } from './subject.ts'

/** What an operation gives to or takes from; undefined for one that nothing takes back. */
export function subjectNamed(content: OperationContent | undefined): string | undefined {
  switch (content?.type) {
    case 'device.enrol':
    case 'device.suspend':
    case 'device.revoke':
      return subjectOf.standing(content.device)
    case 'role.grant':
    case 'role.revoke':
      return subjectOf.role(content.device, content.role)
    case 'group.add':
    case 'group.remove':
      return subjectOf.place(content.group, content.device)
    case 'access.grant':
    case 'access.revoke':
      return subjectOf.access(granteeKey(content.grantee))
    case 'content.quarantine':
    case 'content.release':
    case 'content.recall':
    case 'content.scan':
    case 'content.erase':
      return subjectOf.content(content.version)
    case 'copy.state':
    case 'copy.dispute':
      return subjectOf.copies(content.device)
    default:
      return undefined
  }
}

export class Knowledge {
  readonly #log: OperationLog
  /** Operations on each subject, by feed, each after those below it. */
  readonly #bySubject = new Map<string, Map<FeedKey, Placed[]>>()

  constructor(log: OperationLog) {
    this.#log = log
  }

  /** Takes every operation once it is placed. */
  add(placed: Placed): void {
    const subject = subjectNamed(placed.operation.content)
    if (subject === undefined) return
    const feeds = this.#bySubject.get(subject) ?? new Map<FeedKey, Placed[]>()
    this.#bySubject.set(subject, feeds)
    const ofFeed = feeds.get(placed.feed.key)
    if (ofFeed === undefined) feeds.set(placed.feed.key, [placed])
    else ofFeed.push(placed)
  }

  /** The last operation of a feed on the subject of `content`, where the feed is not forked. */
  lastOf(content: OperationContent, feed: FeedKey): Placed | undefined {
    return this.#bySubject
      .get(subjectNamed(content) ?? '')
      ?.get(feed)
      ?.at(-1)
  }

  knows(later: Placed, earlier: Placed): boolean {
    const { id } = earlier.operation
    if (later === earlier) return false
    if (later.operation.deps.includes(id) || isOnBranch(earlier, later)) return true
    const subject = subjectNamed(later.operation.content)
    const feeds = subject === undefined ? undefined : this.#bySubject.get(subject)
    if (subject === undefined || feeds === undefined) return false
    const reached = new Set<Placed>([later])
    for (const at of reached) {
      if (at.operation.deps.includes(id) || (at !== later && isOnBranch(earlier, at))) return true
      for (const below of this.#below(at, subject, feeds)) reached.add(below)
    }
    return false
  }

  /** One step down: what an operation names on the subject, and the one before it there in its feed. */
  *#below(at: Placed, subject: string, feeds: ReadonlyMap<FeedKey, readonly Placed[]>): Generator<Placed> {
    for (const dep of at.operation.deps) {
      const named = this.#dependency(dep, subject)
      if (named !== undefined) yield named
    }
    const before = feeds.get(at.feed.key)?.findLast(other => other !== at && isOnBranch(other, at))
    if (before !== undefined) yield before
  }

  #dependency(dep: OperationId, subject: string): Placed | undefined {
    const named = this.#log.get(dep)
    return subjectNamed(named?.operation.content) === subject ? named : undefined
  }
}
