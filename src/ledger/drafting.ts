/**
 * What an operation has to name, besides the one before it in its feed, so that it means what its author means: the
 * takes that it knows of, what it builds on, and what gave its author back the right to sign.
 */

import type { DeviceId, OperationId } from '../base/ids.ts'
import { compareCausal, type FeedKey, feedKey, isBeforeFork, type OperationLog, type Placed } from './feed.ts'
import type { Fold } from './fold.ts'
import { granteeKey } from './fold-books.ts'
import { DEPS_MAX } from './operation.ts'
import type { Cutoff, OperationContent } from './operation-content.ts'
import { type Subject, standing } from './subject.ts'

export interface Drafting {
  readonly fold: Fold
  readonly log: OperationLog
  readonly author: DeviceId
  readonly incarnation: string
}

/** At most DEPS_MAX, the most important first: more takes than that on one subject can be lifted in several steps. */
export function depsFor(content: OperationContent, drafting: Drafting): OperationId[] {
  const own = feedKey(drafting)
  const named = [...restoring(drafting, own), ...knowledge(content, drafting)]
  const ids = named
    .filter(placed => placed.feed.key !== own || !isBeforeFork(placed))
    .map(placed => placed.operation.id)
  return [...new Set(ids)].slice(0, DEPS_MAX)
}

/** Where each feed of a device stands: what a revocation or suspension lets keep its effect. */
export function cutoffsOf(log: OperationLog, device: DeviceId): Cutoff[] {
  const cutoffs: Cutoff[] = []
  for (const feed of log.feeds.values()) {
    const seq = feed.forkSeq === undefined ? feed.positions.length : feed.forkSeq - 1
    const [last] = feed.positions[seq - 1] ?? []
    if (feed.author === device && last !== undefined)
      cutoffs.push({ incarnation: feed.incarnation, seq, operation: last.operation.id })
  }
  return cutoffs
}

/** Gives that restored the author's standing or a role of it, and that its feed does not name yet. */
function restoring({ fold, author }: Drafting, own: FeedKey): Placed[] {
  const { books } = fold
  const subjects = [
    books.standing(author),
    ...[...books.rolesOf(author)].map(role => books.role(author, role))
  ]
  return subjects
    .filter((subject): subject is Subject => subject !== undefined && subject.takes.size > 0)
    .flatMap(subject => standing(subject))
    .map(give => give.placed)
    .filter(give => !fold.mentions(give.operation.id).some(mention => mention.feed.key === own))
}

/** What of others an operation must be seen to know. */
function knowledge(content: OperationContent, { fold, log, author, incarnation }: Drafting): Placed[] {
  const { books } = fold
  switch (content.type) {
    case 'device.enrol':
      return taken(books.standing(content.device))
    case 'role.grant':
      return taken(books.role(content.device, content.role))
    case 'group.add':
      return taken(books.place(content.group, content.device))
    case 'access.grant':
      return [...(books.access.get(granteeKey(content.grantee))?.revokes ?? [])].sort(newestFirst)
    case 'content.release':
      return [...(books.content.get(content.version)?.quarantines ?? [])].sort(newestFirst)
    case 'approve': {
      const approved = log.get(content.operation)
      return approved === undefined ? [] : [approved]
    }
    case 'invite.cancel': {
      const feed = log.get(content.invite)?.feed
      return feed === undefined ? [] : [...feed.tips.values()]
    }
    case 'dataset.publish':
    case 'dataset.retire':
    case 'dataset.policy':
      return latestOn(fold.operationsOn(content.name), feedKey({ author, incarnation }))
    default:
      return []
  }
}

function taken(subject: Subject | undefined): Placed[] {
  return [...(subject?.takes.values() ?? [])].map(take => take.placed).sort(newestFirst)
}

function newestFirst(a: Placed, b: Placed): number {
  return compareCausal(b, a)
}

/** Operations on a dataset that no later one builds on, the latest first; those of the feed itself are implied. */
function latestOn(operations: readonly Placed[], own: FeedKey): Placed[] {
  const builtOn = new Set<OperationId>()
  const lastOfFeed = new Map<string, Placed>()
  for (const placed of operations) {
    for (const dep of placed.operation.deps) builtOn.add(dep)
    lastOfFeed.set(placed.feed.key, placed)
  }
  return [...lastOfFeed.values()]
    .filter(placed => placed.feed.key !== own && !builtOn.has(placed.operation.id))
    .sort(newestFirst)
}
