/**
 * The fold: from the authority chain and the set of placed operations to the state. A pure function of the two: neither
 * the order in which operations came nor how often changes it.
 *
 * fold-judge.ts says whether an operation is in force, fold-books.ts what those in force do. This file keeps the two in
 * step: it looks at an operation when it comes, and again whenever something that its verdict rests on has changed.
 *
 * Why that ends, and in one state only: each verdict rests on operations by authors of a better rank (a smaller number)
 * or earlier in the same feed alone, so what rests on what has no cycle, and the verdicts can be decided from the chain
 * downwards in exactly one way. naive-fold.conformance.ts does just that and is held against this.
 *
 * Work: an operation costs what rests on it. A suspension costs the operations of its device, and a fork the operations
 * of its feed from there on, so that a device that forks its feed again and again burdens others by its own work alone.
 * Only a chain that moves makes everything be folded again, once, when the state is next asked for.
 */

import { assert, defined } from '../../base/assert.ts'
import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { ChainView } from '../chain/chain-view.ts'
import type { Verify } from '../encoding/signature.ts'
import type { OperationContent } from '../operation/operation-content.ts'
import { type ActsAs, type DatasetFold, foldDataset } from './dataset-fold.ts'
import { type Feed, isBeforeFork, type OperationLog, type Placed } from './feed.ts'
import { FoldBooks, getOr, type Touched } from './fold-books.ts'
import { ADMIN_ROLE, Judge, type Verdict } from './fold-judge.ts'
import { Knowledge } from './knowledge.ts'
import type { Inert, State } from './state.ts'
import { StateBuilder } from './state-builder.ts'

const NONE: readonly Placed[] = []

export class Fold {
  readonly #log: OperationLog
  readonly #chain: ChainView
  readonly #verify: Verify
  readonly knowledge: Knowledge
  #books: FoldBooks
  #judge: Judge
  #builder: StateBuilder
  readonly #verdicts = new Map<OperationId, Verdict>()
  /** What each device signed, and what is held against its rank. */
  readonly #byAuthor = new Map<DeviceId, Placed[]>()
  readonly #against = new Map<DeviceId, Placed[]>()
  readonly #redemptions = new Map<OperationId, Placed[]>()
  /** What rests on who owns a name, and on who published a version. */
  readonly #onName = new Map<string, Placed[]>()
  readonly #onVersion = new Map<VersionId, Placed[]>()
  /** Cutoffs that name an operation which is not here yet. */
  readonly #awaited = new Map<OperationId, Set<DeviceId>>()
  /** Where roots of the chain end feeds of their predecessors' admins. */
  #frontier: ReadonlySet<OperationId>
  /** Cancellations of invites. */
  readonly #cancels = new Map<OperationId, Placed[]>()
  /** Operations that name a give to their author in their deps. */
  readonly #mentions = new Map<OperationId, Placed[]>()
  readonly #namesOf = new Map<VersionId, Set<string>>()
  readonly #datasets = new Map<string, DatasetFold>()
  readonly #dirtyNames = new Set<string>()
  /** Names on whose owner something rests, and those of them that are dirty. */
  readonly #watchedNames = new Set<string>()
  readonly #urgentNames = new Set<string>()
  /** Redemption proofs once checked; they survive folding again. */
  readonly #proofs = new Map<OperationId, boolean>()
  #queue = new Set<Placed>()
  #isStale = false

  constructor(log: OperationLog, chain: ChainView, verify: Verify) {
    this.#log = log
    this.#chain = chain
    this.#verify = verify
    this.knowledge = new Knowledge(log)
    this.#frontier = frontierOf(chain)
    this.#books = this.#newBooks()
    this.#judge = this.#newJudge()
    this.#builder = this.#newBuilder()
  }

  /** Takes one more operation of the log. */
  apply(placed: Placed, forkMoved: boolean): void {
    this.#index(placed)
    if (this.#isStale) return
    if (!isBeforeFork(placed)) this.#builder.fork(placed.feed)
    this.#queue.add(placed)
    if (forkMoved) this.#lookAgainFrom(placed)
    const { author, id } = placed.operation
    if (this.#awaited.has(id) || this.#frontier.has(id)) this.#lookAgainAt(author)
    for (const cancel of this.#cancels.get(id) ?? NONE) this.#queue.add(cancel)
    this.#settle()
  }

  /** The chain moved. */
  restart(): void {
    this.#isStale = true
  }

  /** A root came to be known that leaves the chain as it is: what was made under it is seen to be so. */
  rootKnown(): void {
    if (this.#isStale) return
    for (const placed of this.#log.values()) {
      const verdict = this.#verdicts.get(placed.operation.id)
      if (verdict?.inForce === false && verdict.inert.reason === 'unknown-root') this.#queue.add(placed)
    }
    this.#settle()
  }

  state(): State {
    if (this.#isStale) this.#foldAgain()
    for (const name of this.#dirtyNames) this.#settleName(name)
    this.#settle()
    return this.#builder.state()
  }

  /** Operations on a dataset that its authors may make at all, in the order in which they were placed. */
  operationsOn(name: string): readonly Placed[] {
    this.state()
    return [...(this.#books.datasets.get(name) ?? NONE)]
  }

  verdict(id: OperationId): Verdict | undefined {
    this.state()
    return this.#verdicts.get(id)
  }

  /** The books as they stand, for who drafts an operation. */
  get books(): FoldBooks {
    this.state()
    return this.#books
  }

  get judge(): Judge {
    this.state()
    return this.#judge
  }

  mentions(give: OperationId): readonly Placed[] {
    return this.#mentions.get(give) ?? NONE
  }

  #newBooks(): FoldBooks {
    return new FoldBooks((later, earlier) => this.knowledge.knows(later, earlier))
  }

  #newJudge(): Judge {
    return new Judge({
      log: this.#log,
      chain: this.#chain,
      books: this.#books,
      verify: this.#verify,
      proofs: this.#proofs,
      mentions: give => this.mentions(give),
      ownerOf: name => this.#dataset(name)?.entry?.owner,
      ownsVersion: (device, version, rank) => this.#ownsVersion(device, version, rank)
    })
  }

  #newBuilder(): StateBuilder {
    return new StateBuilder({
      chain: this.#chain,
      log: this.#log,
      books: this.#books,
      dataset: name => this.#dataset(name),
      verdicts: this.#verdicts
    })
  }

  #foldAgain(): void {
    this.#isStale = false
    this.#frontier = frontierOf(this.#chain)
    this.#verdicts.clear()
    this.#datasets.clear()
    this.#dirtyNames.clear()
    this.#urgentNames.clear()
    this.#books = this.#newBooks()
    this.#judge = this.#newJudge()
    this.#builder = this.#newBuilder()
    for (const feed of this.#log.feeds.values()) if (isForked(feed)) this.#builder.fork(feed)
    this.#queue = new Set(this.#log.values())
    this.#settle()
  }

  /** Once and for all: what an operation may come to rest on does not change. */
  #index(placed: Placed): void {
    const { operation } = placed
    const { content, author } = operation
    this.knowledge.add(placed)
    getOr(this.#byAuthor, author, (): Placed[] => []).push(placed)
    for (const dep of operation.deps) {
      const named = this.#log.get(dep)?.operation.content
      const isGive = named?.type === 'device.enrol' || named?.type === 'role.grant'
      if (isGive && named.device === author) getOr(this.#mentions, dep, (): Placed[] => []).push(placed)
    }
    if (content !== undefined) this.#indexContent(placed, content)
  }

  #indexContent(placed: Placed, content: OperationContent): void {
    switch (content.type) {
      case 'device.enrol':
        if (content.redemption !== null)
          getOr(this.#redemptions, content.redemption.invite, (): Placed[] => []).push(placed)
        return
      case 'device.suspend':
      case 'device.revoke':
      case 'role.revoke':
        for (const { operation } of content.cutoffs)
          if (this.#log.get(operation) === undefined)
            getOr(this.#awaited, operation, () => new Set<DeviceId>()).add(content.device)
        if (content.type !== 'role.revoke')
          getOr(this.#against, content.device, (): Placed[] => []).push(placed)
        return
      case 'invite.cancel':
        getOr(this.#cancels, content.invite, (): Placed[] => []).push(placed)
        return
      case 'device.update':
      case 'device.storage':
        getOr(this.#against, content.device, (): Placed[] => []).push(placed)
        return
      case 'access.grant':
      case 'access.revoke':
        if (content.scope?.kind !== 'name') return
        getOr(this.#onName, content.scope.name, (): Placed[] => []).push(placed)
        this.#watchedNames.add(content.scope.name)
        return
      case 'content.quarantine':
      case 'content.release':
      case 'content.recall':
        getOr(this.#onVersion, content.version, (): Placed[] => []).push(placed)
        for (const name of this.#namesOf.get(content.version) ?? []) this.#watchedNames.add(name)
        return
      case 'dataset.publish':
        getOr(this.#namesOf, content.version, () => new Set<string>()).add(content.name)
        if (this.#onVersion.has(content.version)) this.#watchedNames.add(content.name)
        return
      default:
    }
  }

  #settle(): void {
    for (;;) {
      for (const placed of this.#queue) {
        this.#queue.delete(placed)
        this.#look(placed)
      }
      // Owners are decided once the operations on their names are; names that nothing rests on wait to be asked for.
      const [name] = this.#urgentNames
      if (name === undefined) return
      this.#settleName(name)
    }
  }

  #look(placed: Placed): void {
    const { id, content } = placed.operation
    const before = this.#verdicts.get(id)
    const after = this.#judge.verdict(placed)
    this.#verdicts.set(id, after)
    if (sameForce(before, after)) {
      if (before?.inForce !== true) this.#builder.inert(id, inertOf(after))
      return
    }
    const touched: Touched = {
      devices: new Set(),
      operations: new Set(),
      invites: new Set(),
      names: new Set()
    }
    const said = defined(content, 'content of an operation that is or was in force')
    if (before?.inForce === true) this.#books.strike(placed, said, touched)
    if (after.inForce) this.#books.enter(placed, said, after.rank, touched)
    this.#builder.inert(id, inertOf(after))
    this.#builder.changed(id, said)
    this.#follow(touched)
  }

  #follow({ devices, operations, invites, names }: Touched): void {
    for (const device of devices) this.#lookAgainAt(device)
    for (const id of operations) {
      const placed = this.#log.get(id)
      if (placed !== undefined) this.#queue.add(placed)
    }
    for (const invite of invites)
      for (const placed of this.#redemptions.get(invite) ?? NONE) this.#queue.add(placed)
    for (const name of names) {
      this.#dirtyNames.add(name)
      if (this.#watchedNames.has(name)) this.#urgentNames.add(name)
    }
  }

  /** What a feed gave from a new fork point on is void, where nobody has sealed it. */
  #lookAgainFrom({ feed, operation: { seq } }: Placed): void {
    for (const position of feed.positions.slice(seq - 1))
      for (const placed of position) this.#queue.add(placed)
  }

  #lookAgainAt(device: DeviceId): void {
    for (const placed of this.#byAuthor.get(device) ?? NONE) this.#queue.add(placed)
    for (const placed of this.#against.get(device) ?? NONE) this.#queue.add(placed)
  }

  #dataset(name: string): DatasetFold | undefined {
    if (this.#dirtyNames.has(name)) this.#settleName(name)
    return this.#datasets.get(name)
  }

  #settleName(name: string): void {
    this.#dirtyNames.delete(name)
    this.#urgentNames.delete(name)
    const before = this.#datasets.get(name)
    const operations = [...(this.#books.datasets.get(name) ?? NONE)]
    const folded = foldDataset(name, operations, placed => this.#actsAs(placed))
    this.#datasets.set(name, folded)
    for (const id of before?.inert.keys() ?? []) {
      const verdict = this.#verdicts.get(id)
      this.#builder.inert(id, verdict && inertOf(verdict))
    }
    for (const { operation } of operations) this.#builder.inert(operation.id, folded.inert.get(operation.id))
    this.#builder.nameChanged(name)
    this.#followOwner(name, before, folded)
  }

  /** What rests on who owns the name, or on what is published under it and in which rank. */
  #followOwner(name: string, before: DatasetFold | undefined, after: DatasetFold): void {
    const isSameOwner = before?.entry?.owner === after.entry?.owner
    if (!isSameOwner) for (const placed of this.#onName.get(name) ?? NONE) this.#queue.add(placed)
    if (this.#onVersion.size === 0) return
    for (const version of new Set([...(before?.ranks.keys() ?? []), ...after.ranks.keys()])) {
      if (isSameOwner && before?.ranks.get(version) === after.ranks.get(version)) continue
      for (const placed of this.#onVersion.get(version) ?? NONE) this.#queue.add(placed)
    }
  }

  #ownsVersion(device: DeviceId, version: VersionId, rank: number): boolean {
    let isOwn = false
    for (const name of this.#namesOf.get(version) ?? []) {
      const { entry, ranks } = this.#dataset(name) ?? {}
      const publishedIn = ranks?.get(version)
      if (publishedIn === undefined) continue
      if (entry?.owner === device) isOwn = true
      else if (publishedIn <= rank) return false
    }
    return isOwn
  }

  #actsAs(placed: Placed): ActsAs {
    const verdict = this.#verdicts.get(placed.operation.id)
    assert(verdict?.inForce === true, 'a dataset is folded from operations in force')
    return { isAdmin: verdict.role === ADMIN_ROLE, rank: verdict.rank }
  }
}

function frontierOf(chain: ChainView): ReadonlySet<OperationId> {
  return new Set(chain.roots.flatMap(root => root.frontier.map(({ id }) => id)))
}

function isForked(feed: Feed): boolean {
  return feed.forkSeq !== undefined
}

function inertOf(verdict: Verdict): Inert | undefined {
  return verdict.inForce ? undefined : verdict.inert
}

/** Whether the books stay as they are. */
function sameForce(before: Verdict | undefined, after: Verdict): boolean {
  if (before === undefined) return !after.inForce
  if (before.inForce !== after.inForce) return false
  return !before.inForce || !after.inForce || (before.rank === after.rank && before.role === after.role)
}
