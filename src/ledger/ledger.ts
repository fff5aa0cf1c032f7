/**
 * The ledger of one org, as one peer holds it: records come in from anywhere in any order, and a state comes out
 * that is the same for every peer that holds the same records.
 *
 * A record is accepted once its signature is checked, everything that it names is here, and its chain holds. Until
 * then it waits (orphans.ts). Whether it has any effect is the fold's question, not a condition for being kept.
 *
 * The ledger holds everything in memory and persists nothing: the caller writes `accepted` records durably, in
 * the order given, before it acts on them or passes them on, and adds them again when it starts.
 */

import { assert } from '../base/assert.ts'
import type { DeviceId, OperationId, OrgId } from '../base/ids.ts'
import type { ChainView } from './chain/chain-view.ts'
import { orgIdOf, type Root } from './chain/root.ts'
import { accepted, type Outcome, rejected } from './encoding/outcome.ts'
import type { Sha256, Verify } from './encoding/signature.ts'
import { cutoffsOf, depsFor } from './fold/drafting.ts'
import { feedKey, OperationLog } from './fold/feed.ts'
import { Fold } from './fold/fold.ts'
import type { Verdict } from './fold/fold-judge.ts'
import type { State } from './fold/state.ts'
import {
  DEPS_MAX,
  isSigned,
  type Operation,
  type OperationDraft,
  type OperationFault,
  parseOperation,
  type UncheckedOperation
} from './operation/operation.ts'
import type { Cutoff, OperationContent } from './operation/operation-content.ts'
import { Orphans } from './sync/orphans.ts'
import {
  digestOf,
  type FeedTip,
  PAGE_LIMITS,
  type PageLimits,
  type RecordPage,
  recordsFor,
  tipsOf,
  type Want,
  wantsFrom
} from './sync/sync.ts'
import type { Hello } from './sync/sync-messages.ts'

export type RecordFault = OperationFault | 'foreign-org' | 'chain-broken' | 'ledger-full'

export interface RejectedRecord {
  /** Undefined when the record could not be read that far. */
  readonly id: OperationId | undefined
  readonly reason: RecordFault
  readonly detail: string
}

export interface AddResult {
  /** Placed by this call, earlier orphans included, each after all that it builds on. */
  readonly accepted: readonly Operation[]
  /** Known already, placed or waiting. */
  readonly duplicates: number
  /** Waiting now for operations that are not here. */
  readonly waiting: number
  readonly rejected: readonly RejectedRecord[]
  /** Operations that some record waits for and that nobody has brought yet: a reason to sync. */
  readonly missing: readonly OperationId[]
}

export interface ParsedRecords {
  readonly unchecked: readonly UncheckedOperation[]
  readonly refused: readonly RejectedRecord[]
  /** Known when they were parsed. */
  readonly duplicates: number
}

interface Adding {
  readonly accepted: Operation[]
  readonly rejected: RejectedRecord[]
}

export class Ledger {
  readonly org: OrgId
  readonly chain: ChainView
  readonly #log: OperationLog
  readonly #fold: Fold
  readonly #orphans: Orphans
  readonly #verify: Verify
  readonly #sha256: Sha256
  #tips: readonly FeedTip[] | undefined
  /** Of the tips. */
  #digest: Uint8Array | undefined

  constructor(chain: ChainView, options: { verify: Verify; sha256: Sha256; orphans?: Orphans }) {
    this.chain = chain
    this.org = orgIdOf(chain.founding)
    this.#verify = options.verify
    this.#sha256 = options.sha256
    this.#log = new OperationLog(chain.founding.admins)
    this.#fold = new Fold(this.#log, chain, options.verify)
    this.#orphans = options.orphans ?? new Orphans()
  }

  /** The head of the chain. */
  get root(): Root {
    return this.chain.head
  }

  /** To be called after roots were added to the chain: what operations mean may have changed. */
  chainMoved(): void {
    this.#fold.restart()
  }

  /** The same for roots that left the chain as it was: at most why an operation has no effect is told better now. */
  rootsKept(): void {
    this.#fold.rootKnown()
  }

  /** Why an operation is or is not in force. */
  verdict(id: OperationId): Verdict | undefined {
    return this.#fold.verdict(id)
  }

  /** Approvals in force of an operation. */
  approvals(id: OperationId): readonly Operation[] {
    return [...this.#fold.books.approvals(id)].map(placed => placed.operation)
  }

  /** The best rank that a device holds now; undefined for who is no member. */
  rankOf(device: DeviceId): number | undefined {
    this.#fold.state()
    return this.#fold.judge.bestRank(device)
  }

  /** What a revocation or suspension now lets keep its effect: each feed up to where it stands. */
  cutoffsOf(device: DeviceId): readonly Cutoff[] {
    return cutoffsOf(this.#log, device, placed => this.#fold.judge.isSealed(placed))
  }

  /** The last operation of each feed of an author, for the frontier of a root that is to follow. */
  frontierOf(authors: readonly DeviceId[]): readonly (Cutoff & { readonly author: DeviceId })[] {
    return authors.flatMap(author => this.cutoffsOf(author).map(cutoff => ({ author, ...cutoff })))
  }

  /** How many operations are placed. */
  get size(): number {
    return this.#log.size
  }

  /**
   * Takes records of any origin. `verifiedBefore` skips the signatures: only for records that this device itself
   * accepted, wrote down and reads back.
   */
  add(records: readonly Uint8Array[], { verifiedBefore = false } = {}): AddResult {
    const parsed = this.parse(records)
    return this.addParsed(
      parsed,
      parsed.unchecked.map(unchecked => verifiedBefore || isSigned(unchecked, this.#verify))
    )
  }

  /** The first half of `add`, for who checks signatures elsewhere: what is known already needs no check. */
  parse(records: readonly Uint8Array[]): ParsedRecords {
    const unchecked: UncheckedOperation[] = []
    const refused: RejectedRecord[] = []
    let duplicates = 0
    for (const record of records) {
      const parsed = parseOperation(record, this.#sha256)
      if (!parsed.ok) {
        refused.push({ id: undefined, reason: parsed.reason, detail: parsed.detail })
        continue
      }
      const { id, org } = parsed.value.operation
      if (this.#isKnown(id)) duplicates++
      else if (org !== this.org) refused.push({ id, reason: 'foreign-org', detail: `it is of org ${org}` })
      else unchecked.push(parsed.value)
    }
    return { unchecked, refused, duplicates }
  }

  /** The second half: `signed` says of each unchecked operation whether its signature is its author's. */
  addParsed(parsed: ParsedRecords, signed: readonly boolean[]): AddResult {
    const adding: Adding = { accepted: [], rejected: [...parsed.refused] }
    let { duplicates } = parsed
    for (const [index, { operation }] of parsed.unchecked.entries()) {
      const { id } = operation
      if (this.#isKnown(id)) duplicates++
      else if (signed[index] !== true)
        adding.rejected.push({ id, reason: 'bad-signature', detail: 'the signature is not by the author' })
      else this.#place(operation, adding)
    }
    if (adding.accepted.length > 0) {
      this.#tips = undefined
      this.#digest = undefined
    }
    return {
      ...adding,
      duplicates,
      waiting: this.#orphans.size,
      missing: this.#orphans.missing()
    }
  }

  #isKnown(id: OperationId): boolean {
    return this.#log.get(id) !== undefined || this.#orphans.has(id)
  }

  /** Valid until the next `add`. */
  state(): State {
    return this.#fold.state()
  }

  get(id: OperationId): Operation | undefined {
    return this.#log.get(id)?.operation
  }

  /** All placed operations, each after everything that it builds on. */
  *operations(): Generator<Operation> {
    for (const placed of this.#log.values()) yield placed.operation
  }

  /**
   * What an author has to sign next in its feed: position, chain and deps. Fails only when the feed is forked, that
   * is when this device's database was lost or restored: it must go on under a new incarnation.
   */
  draft(next: {
    readonly author: DeviceId
    readonly incarnation: string
    readonly content: OperationContent
    /** The author's clock: what is dated far ahead of it is not built upon without need. */
    readonly nowMs: number
  }): Outcome<Omit<OperationDraft, 'timeMs' | 'expiresMs'>, 'feed-forked' | 'not-enrolled'> {
    const { author, incarnation, content, nowMs } = next
    const feed = this.#log.feeds.get(feedKey(next))
    if (feed?.forkSeq !== undefined)
      return rejected(
        'feed-forked',
        `the feed is forked at position ${feed.forkSeq}; start a new incarnation`
      )
    const [tip] = feed?.tips.values() ?? []
    const deps = new Set<OperationId>()
    if (tip === undefined && !this.chain.founding.admins.includes(author)) {
      const enrolment = this.state().devices.get(author)?.enrolment
      if (enrolment === undefined) return rejected('not-enrolled', 'nothing in force enrols this device')
      deps.add(enrolment.operation)
    }
    const drafting = { fold: this.#fold, log: this.#log, author, incarnation, nowMs }
    for (const id of depsFor(content, drafting))
      if (id !== tip?.operation.id && deps.size < DEPS_MAX) deps.add(id)
    return accepted({
      org: this.org,
      root: this.root.hash,
      author,
      incarnation,
      seq: (tip?.operation.seq ?? 0) + 1,
      prev: tip?.operation.id ?? null,
      deps: [...deps].sort(),
      content
    })
  }

  /** What each feed ends in. */
  tips(): readonly FeedTip[] {
    this.#tips ??= tipsOf(this.#log)
    return this.#tips
  }

  /** Opens a sync: two peers whose digests agree hold the same operations. */
  hello(): Hello {
    const tips = this.tips()
    this.#digest ??= digestOf(tips, this.#sha256)
    const { version, hash } = this.chain.newest
    return { org: this.org, rootVersion: version, rootHash: hash, digest: this.#digest, tips: tips.length }
  }

  /** What to ask a peer for that has `theirs`; nothing when it has nothing new. */
  wantsFrom(theirs: readonly FeedTip[], sent: readonly OperationId[] = []): readonly Want[] {
    return wantsFrom(this.#log, theirs, sent)
  }

  /** The last operation of each feed among those that came, to be named in the next want; records are parsed for it. */
  lastOf(came: readonly (Operation | Uint8Array)[]): readonly OperationId[] {
    const last = new Map<string, OperationId>()
    for (const one of came) {
      const parsed = one instanceof Uint8Array ? parseOperation(one, this.#sha256) : undefined
      const operation =
        one instanceof Uint8Array ? (parsed?.ok === true ? parsed.value.operation : undefined) : one
      if (operation !== undefined) last.set(feedKey(operation), operation.id)
    }
    return [...last.values()]
  }

  /** Answers a peer's wants with one page; while `more`, it asks again with what it then lacks. */
  recordsFor(wants: readonly Want[], limits: PageLimits = PAGE_LIMITS): RecordPage {
    return recordsFor(this.#log, wants, limits)
  }

  #place(first: Operation, adding: Adding): void {
    const queue = [first]
    for (const operation of queue) {
      const { id } = operation
      if (this.#log.get(id) !== undefined) continue
      const placement = this.#log.place(operation)
      switch (placement.outcome) {
        case 'placed':
          adding.accepted.push(placement.placed.operation)
          this.#fold.apply(placement.placed, placement.forkMoved)
          for (const released of this.#orphans.release(id)) queue.push(released)
          break
        case 'waiting': {
          const [awaited] = placement.missing
          assert(awaited !== undefined, 'what waits awaits something')
          this.#orphans.park(operation, awaited)
          break
        }
        case 'broken':
          adding.rejected.push({ id, reason: 'chain-broken', detail: placement.detail })
          break
        case 'full':
          adding.rejected.push({ id, reason: 'ledger-full', detail: placement.detail })
          break
      }
    }
  }
}
