/**
 * What an operation has to name, besides the one before it in its feed, so that it means what its author means: the
 * takes that it knows of, what it builds on, and what gave its author back the right to sign.
 *
 * Whatever an operation names raises its causal time, and with it that of all that its feed says later. A clock far
 * ahead would so reach from one device's feed into those of others, where what is given under a root or by a role that
 * expires would count as late. So what is *ahead*, by more than a clock may be off, is named only where the operation
 * would not mean what its author means without it.
 */

import type { DeviceId, OperationId } from '../../base/ids.ts'
import { CLOCK_TOLERANCE_MS } from '../freshness/freshness.ts'
import { DEPS_MAX } from '../operation/operation.ts'
import type { Cutoff, OperationContent } from '../operation/operation-content.ts'
import { takes } from '../operation/operation-types.ts'
import {
  compareCausal,
  type Feed,
  type FeedKey,
  feedKey,
  isBeforeFork,
  type OperationLog,
  type Placed
} from './feed.ts'
import type { Fold } from './fold.ts'
import { granteeKey } from './fold-books.ts'
import { ADMIN_ROLE } from './fold-judge.ts'
import { revokesScope } from './state-builder.ts'
import { registerNamed } from './storage-books.ts'
import { type Subject, standing } from './subject.ts'

export interface Drafting {
  readonly fold: Fold
  readonly log: OperationLog
  readonly author: DeviceId
  readonly incarnation: string
  /** The author's clock. */
  readonly nowMs: number
}

/**
 * At most DEPS_MAX, the most important first. Where more is to be known than fits, nothing is lost: what is written
 * next on the subject knows of it through this, and names the rest.
 */
export function depsFor(content: OperationContent, drafting: Drafting): OperationId[] {
  const own = feedKey(drafting)
  const named = [...restoring(drafting, own), ...knowledge(content, drafting)]
  const ids = named
    .filter(placed => placed.feed.key !== own || !isBeforeFork(placed))
    .map(placed => placed.operation.id)
  return [...new Set(ids)].slice(0, DEPS_MAX)
}

/** Where each feed of a device stands: what a revocation, a suspension or a root lets keep its effect. */
export function cutoffsOf(
  log: OperationLog,
  device: DeviceId,
  isSealed: (placed: Placed) => boolean
): Cutoff[] {
  const cutoffs: Cutoff[] = []
  for (const feed of log.feeds.values()) {
    const last = feed.author === device ? lastKept(feed, isSealed) : undefined
    if (last === undefined) continue
    const { seq, id } = last.operation
    cutoffs.push({ incarnation: feed.incarnation, seq, operation: id })
  }
  return cutoffs
}

/** The end of a feed; of one that is forked, of what no fork can undo. */
function lastKept({ positions, forkSeq }: Feed, isSealed: (placed: Placed) => boolean): Placed | undefined {
  if (forkSeq === undefined) return positions.at(-1)?.[0]
  for (const position of positions.slice(forkSeq - 1).reverse()) {
    const sealed = position.find(isSealed)
    if (sealed !== undefined) return sealed
  }
  return positions[forkSeq - 2]?.[0]
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
function knowledge(content: OperationContent, drafting: Drafting): Placed[] {
  const { fold, log, author, incarnation } = drafting
  const { books } = fold
  switch (content.type) {
    case 'device.enrol':
      return unknown(books.standing(content.device), drafting, content)
    case 'role.grant':
      return unknown(books.role(content.device, content.role), drafting, content)
    case 'group.add':
      return unknown(books.place(content.group, content.device), drafting, content)
    case 'access.grant': {
      const book = books.access.get(granteeKey(content.grantee))
      const revokes = [...(book?.revokes ?? [])].filter(revoke => revokesScope(revoke, content.scope))
      return unknownOf({ takes: revokes, gives: [...(book?.grants ?? [])] }, drafting, content)
    }
    case 'content.release': {
      const book = books.content.get(content.version)
      const { quarantines = [], releases = [], scans = [] } = book ?? {}
      const found = [...scans].filter(isTaking)
      return unknownOf({ takes: [...quarantines, ...found], gives: [...releases] }, drafting, content)
    }
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
    case 'dataset.origin':
    case 'dataset.policy':
    case 'dataset.storage':
    case 'dataset.shares':
    case 'dataset.subjects':
      return latestOn(relevantOn(content.name, drafting), feedKey({ author, incarnation }))
    case 'copy.state': {
      const { words, disputes } = books.storage.copies.about(content.device, content.copies)
      return unknownOf({ takes: disputes, gives: words }, drafting, content)
    }
    case 'copy.dispute':
      return replaced(books.storage.copies.about(content.device, content.copies).words, drafting)
    case 'content.scan':
      return replaced([...(books.content.get(content.version)?.scans ?? [])].filter(isBy(author)), drafting)
    case 'hold.lift': {
      const hold = log.get(content.hold)
      return hold === undefined ? [] : [hold]
    }
    default: {
      const register = registerNamed(content, author)
      const last = register === undefined ? undefined : books.storage.last(register)
      return replaced(last === undefined ? [] : [last], drafting)
    }
  }
}

const isTaking = ({ operation: { content } }: Placed): boolean => content !== undefined && takes(content)
const isBy =
  (author: DeviceId) =>
  ({ operation }: Placed): boolean =>
    operation.author === author

/** Of what the next operation replaces the last in causal order, so that it comes after it whatever the clocks say. */
function replaced(set: readonly Placed[], { author, incarnation }: Drafting): Placed[] {
  const own = feedKey({ author, incarnation })
  return [...set]
    .sort(newestFirst)
    .slice(0, 1)
    .filter(placed => placed.feed.key !== own)
}

function unknown(subject: Subject | undefined, drafting: Drafting, content: OperationContent): Placed[] {
  if (subject === undefined) return []
  const placed = (of: Subject['gives'] | Subject['takes']) => [...of.values()].map(each => each.placed)
  return unknownOf({ takes: placed(subject.takes), gives: placed(subject.gives) }, drafting, content)
}

/**
 * What to name so that all takes are known: the newest first, be it a take or a give that knows of takes, and nothing
 * that is known already, by the author's feed or by what is named before it. What is ahead comes last: anybody can write
 * a give that names takes, in force or not.
 */
function unknownOf(
  { takes, gives }: { readonly takes: readonly Placed[]; readonly gives: readonly Placed[] },
  { fold: { knowledge: known }, author, incarnation, nowMs }: Drafting,
  content: OperationContent
): Placed[] {
  const last = known.lastOf(content, feedKey({ author, incarnation }))
  const named: Placed[] = []
  const open = new Set(takes)
  const reach = (from: Placed): boolean => {
    const { size } = open
    for (const take of open) if (take === from || known.knows(from, take)) open.delete(take)
    return open.size < size
  }
  if (last !== undefined) reach(last)
  const byUse = (a: Placed, b: Placed) =>
    Number(isAhead(a, nowMs)) - Number(isAhead(b, nowMs)) || newestFirst(a, b)
  for (const placed of [...takes, ...gives].sort(byUse)) {
    if (open.size === 0) break
    if (reach(placed)) named.push(placed)
  }
  return named
}

function newestFirst(a: Placed, b: Placed): number {
  return compareCausal(b, a)
}

function isAhead({ order }: Placed, nowMs: number): boolean {
  return order.timeMs > nowMs + CLOCK_TOLERANCE_MS
}

/**
 * Of the operations on a dataset, what the next one has to come after. Of those that are ahead these are the ones that
 * will be in force beside it: a retirement that it lifts, a version that it follows, a policy that it replaces. What an
 * admin says under a name leaves only the word of admins in force there.
 */
function relevantOn(name: string, { fold, author, nowMs }: Drafting): readonly Placed[] {
  const operations = fold.operationsOn(name)
  if (!operations.some(placed => isAhead(placed, nowMs))) return operations
  const { inert, root } = fold.state()
  const isAdmin = root.admins.includes(author)
  const staysInForce = ({ operation: { id } }: Placed): boolean => {
    const verdict = fold.verdict(id)
    return verdict?.inForce === true && !inert.has(id) && (!isAdmin || verdict.role === ADMIN_ROLE)
  }
  return operations.filter(placed => !isAhead(placed, nowMs) || staysInForce(placed))
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
