/**
 * Whether an operation is in force, as the books stand. The rules, in the order in which a refusal is named:
 *
 * 1. Its type is known and its body valid; the root that it names is of the chain; it is not older than a root that its
 *    feed already named; it is not beyond the frontier of the next root; it does not give after the root's expiry.
 * 2. A fork of its feed voids what it gives, unless who ranks above its author had sealed the branch: named it as a
 *    cutoff, or a root as its frontier. Else a key that was taken away could undo by a fork what it once gave.
 * 3. Its author acts in a role that may author the type, by the table of the root that it names, and that covers the
 *    operation (subject.ts): `admin` is the chain's alone, `device` is the standing itself, others are granted.
 * 4. The rank in which it acts is above the rank of what it gives or takes, so authority never flows up and nothing can
 *    support or remove itself.
 * 5. Enough admins approve: as many as the root says for the type, and for some types as many as sign a root.
 * 6. The rules of its type: invites, ownership.
 */

import { defined } from '../../base/assert.ts'
import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { ChainView } from '../chain/chain-view.ts'
import { orgIdOf, type Root } from '../chain/root.ts'
import type { Verify } from '../encoding/signature.ts'
import type { DeviceEnrol, OperationContent } from '../operation/operation-content.ts'
import { takes } from '../operation/operation-types.ts'
import { type FeedKey, feedKey, isBeforeFork, isOnBranch, type OperationLog, type Placed } from './feed.ts'
import { type FoldBooks, getOr } from './fold-books.ts'
import { verifyRedemption } from './invite.ts'
import type { Inert, InertReason } from './state.ts'
import { coverage, leaves, type Mentions, standing } from './subject.ts'

export const ADMIN_ROLE = 'admin'
export const BASE_ROLE = 'device'
/** The chain itself. */
const CHAIN_RANK = 0

export type Verdict =
  | { readonly inForce: true; readonly role: string; readonly rank: number }
  | { readonly inForce: false; readonly inert: Inert }

interface Acting {
  readonly role: string
  readonly rank: number
}

export interface JudgeInit {
  readonly log: OperationLog
  readonly chain: ChainView
  readonly books: FoldBooks
  readonly verify: Verify
  readonly mentions: Mentions
  /** Redemption proofs that were checked, for all who judge the same operations. */
  readonly proofs: Map<OperationId, boolean>
  /** Who owns a dataset's name, from all operations on it in force. */
  readonly ownerOf: (name: string) => DeviceId | 'admins' | undefined
  /**
   * Whether a device owns a name under which a version is published in force, and nobody of this rank or a better one
   * published it under a name of others.
   */
  readonly ownsVersion: (device: DeviceId, version: VersionId, rank: number) => boolean
}

const APPROVAL_FREE: ReadonlySet<string> = new Set(['approve', 'note', 'root.propose', 'root.vote'])
/** What is decided for everybody, or can not be undone, needs as many admins as a root does, whatever the root says. */
const NEEDS_THRESHOLD: ReadonlySet<string> = new Set(['class.policy', 'content.erase'])

/** How many admins have to agree to operations of a type, its author counted; zero where none has to. */
export function approvalsNeeded(root: Pick<Root, 'approvals' | 'threshold'>, type: string): number {
  if (APPROVAL_FREE.has(type)) return 0
  const least = NEEDS_THRESHOLD.has(type) ? root.threshold : 0
  return Math.max(root.approvals.get(type) ?? 0, least)
}

export class Judge {
  readonly #init: JudgeInit
  /** The newest version of a root of the chain that the feed of an operation named up to it. */
  readonly #newestNamed = new Map<Placed, number>()
  /** Where roots of the chain end feeds of their predecessors' admins. */
  readonly #frontiers = new Map<FeedKey, OperationId[]>()

  constructor(init: JudgeInit) {
    this.#init = init
    for (const { frontier } of init.chain.roots)
      for (const entry of frontier)
        getOr(this.#frontiers, feedKey(entry), (): OperationId[] => []).push(entry.id)
  }

  verdict(placed: Placed): Verdict {
    const { operation } = placed
    const { content, flaw } = operation
    if (content === undefined) return { inForce: false, inert: defined(flaw, 'reason for no content') }
    const root = this.#rootOf(placed, content)
    if ('reason' in root) return { inForce: false, inert: root }
    const acting = this.#acting(placed, content, root)
    if ('reason' in acting) return { inForce: false, inert: acting }
    const refusal =
      this.#approvalRefusal(placed, content, root) ?? this.#typeRefusal(placed, content, { root, acting })
    return refusal === undefined ? { inForce: true, ...acting } : { inForce: false, inert: refusal }
  }

  /** The best rank that a device holds now, that of `device` at the least; expiry is ignored. */
  bestRank(device: DeviceId): number {
    const { books, chain } = this.#init
    const { head } = chain
    if (head.admins.includes(device)) return head.ranks.get(ADMIN_ROLE) ?? CHAIN_RANK
    const roles = [...books.rolesOf(device)].filter(
      role => role !== ADMIN_ROLE && standing(books.role(device, role)).length > 0
    )
    const ranks = [BASE_ROLE, ...roles].map(role => head.ranks.get(role) ?? Number.MAX_SAFE_INTEGER)
    return Math.min(...ranks)
  }

  #rootOf(placed: Placed, content: OperationContent): Root | Inert {
    const { chain } = this.#init
    const { operation } = placed
    const found = chain.find(operation.root)
    if (found === undefined) return fault('unknown-root', 'it was made under a root that is not known here')
    const { root } = found
    if (found.contested)
      return fault(
        'contested-root',
        `it was made under a root of version ${root.version} that is not of the chain`
      )
    const newest = this.#newestRootNamed(placed)
    if (newest > root.version) return fault('outdated-root', `its feed was at root version ${newest} already`)
    const position = {
      author: operation.author,
      incarnation: operation.incarnation,
      seq: operation.seq,
      isOnBranch: (id: OperationId) => {
        const tip = this.#init.log.get(id)
        return tip !== undefined && isOnBranch(placed, tip)
      }
    }
    if (chain.isBeyondFrontier(position, operation.root))
      return fault('outdated-root', `root version ${root.version + 1} came before it for this author`)
    if (!takes(content) && root.expiresMs !== null && placed.order.timeMs >= root.expiresMs)
      return fault('expired-root', `root version ${root.version} had expired`)
    return root
  }

  /** Whoever went on once does not go back, not even by an operation in between that did and is inert. */
  #newestRootNamed(placed: Placed): number {
    const { chain } = this.#init
    if (chain.roots.length === 1) return chain.head.version
    const open: Placed[] = []
    let at: Placed | undefined = placed
    for (; at !== undefined && !this.#newestNamed.has(at); at = at.prev) open.push(at)
    let newest = at === undefined ? 0 : defined(this.#newestNamed.get(at), 'newest root named before')
    for (const later of open.reverse()) {
      const named = chain.find(later.operation.root)
      if (named?.contested === false) newest = Math.max(newest, named.root.version)
      this.#newestNamed.set(later, newest)
    }
    return newest
  }

  /** The best role in which the author may do this. */
  #acting(placed: Placed, content: OperationContent, root: Root): Acting | Inert {
    const { author } = placed.operation
    const candidates = [...root.roles]
      .filter(
        ([role, types]) => types.includes(content.type) && (content.type !== 'approve' || role === ADMIN_ROLE)
      )
      .map(([role]) => ({ role, rank: root.ranks.get(role) ?? Number.MAX_SAFE_INTEGER }))
      .sort((a, b) => a.rank - b.rank || (a.role < b.role ? -1 : 1))
    let refusal = this.#noRole(placed, content)
    for (const acting of candidates) {
      if (this.#isVoid(placed, content, acting.rank)) continue
      const held = this.#holds(placed, acting, root)
      if (held === 'expired') refusal = fault('expired-role', `role ${acting.role} had expired`)
      if (held !== 'covered') continue
      const outranked = this.#rankRefusal(content, acting, author)
      if (outranked === undefined) return acting
      refusal = outranked
    }
    const owner = this.#actingAsOwner(placed, content, root)
    return owner ?? refusal
  }

  /**
   * Whether no fork can undo what an operation gives: it is on the branch of a frontier, or on that of a cutoff of its
   * author's standing by who acted in a better rank than `rankBelow`.
   */
  isSealed(placed: Placed, rankBelow = Number.POSITIVE_INFINITY): boolean {
    const { books, log } = this.#init
    const ends = this.#frontiers.get(placed.feed.key) ?? []
    const isByRoot = ends.some(id => {
      const end = log.get(id)
      return end !== undefined && isOnBranch(placed, end)
    })
    if (isByRoot) return true
    const held = [...(books.standing(placed.operation.author)?.takes.values() ?? [])]
    return held.some(take => take.rank < rankBelow && leaves(take, placed, log))
  }

  /** Whether a fork voids what it would give in a role of this rank. */
  #isVoid(placed: Placed, content: OperationContent, rankBelow?: number): boolean {
    return !isBeforeFork(placed) && !takes(content) && !this.isSealed(placed, rankBelow)
  }

  /** Why a device that holds none of the roles may not: the most telling reason. */
  #noRole(placed: Placed, content: OperationContent): Inert {
    const { author } = placed.operation
    const { books } = this.#init
    if (this.#isVoid(placed, content))
      return fault('forked', `its feed is forked at position ${placed.feed.forkSeq}`)
    const subject = books.standing(author)
    if (subject === undefined || subject.gives.size === 0)
      return fault('author-not-enrolled', 'nothing in force enrols its author')
    if ([...subject.takes.values()].some(take => take.isFinal))
      return fault('author-revoked', 'its author was revoked before it')
    if (standing(subject).length === 0 || this.#covers(placed, Number.MAX_SAFE_INTEGER) !== 'covered')
      return fault('author-suspended', 'its author was suspended when it signed it')
    return fault('not-authorised', `no role of its author may author ${content.type}`)
  }

  #holds(placed: Placed, { role, rank }: Acting, root: Root): 'covered' | 'expired' | 'not-covered' {
    const { author } = placed.operation
    if (role === ADMIN_ROLE) return root.admins.includes(author) ? 'covered' : 'not-covered'
    if (this.#covers(placed, rank) !== 'covered') return 'not-covered'
    if (role === BASE_ROLE) return 'covered'
    const { books, log, mentions } = this.#init
    const rule = { rankBelow: rank, expires: true }
    return coverage(books.role(author, role), placed, { rule, log, mentions })
  }

  /** Whether the standing of the author covers the operation, by gives above a rank. */
  #covers(placed: Placed, rank: number): 'covered' | 'expired' | 'not-covered' {
    const { books, log, mentions, chain } = this.#init
    const { author } = placed.operation
    if (chain.head.admins.includes(author)) return 'covered'
    const rule = { rankBelow: rank, expires: false }
    return coverage(books.standing(author), placed, { rule, log, mentions })
  }

  #rankRefusal(content: OperationContent, { role, rank }: Acting, author: DeviceId): Inert | undefined {
    const { head } = this.#init.chain
    let against: number | undefined
    switch (content.type) {
      case 'device.enrol':
        against = head.ranks.get(BASE_ROLE)
        break
      case 'role.grant':
      case 'role.revoke':
        if (content.role === BASE_ROLE || content.role === ADMIN_ROLE)
          return fault('outranked', `role ${content.role} is not given or taken by operations`)
        against = head.ranks.get(content.role)
        if (against === undefined) return fault('unknown-role', `the root has no role ${content.role}`)
        break
      case 'device.suspend':
      case 'device.revoke':
        against = this.bestRank(content.device)
        break
      case 'device.update':
      case 'device.storage':
        if (content.device === author) return undefined
        against = this.bestRank(content.device)
        break
      default:
        return undefined
    }
    if (against !== undefined && rank < against) return undefined
    return fault('outranked', `role ${role} has rank ${rank}, and this needs one above ${against ?? rank}`)
  }

  /** The owner of a dataset grants and takes access to it without a role for that. */
  #actingAsOwner(placed: Placed, content: OperationContent, root: Root): Acting | undefined {
    if (content.type !== 'access.grant' && content.type !== 'access.revoke') return undefined
    const { scope } = content
    const rank = root.ranks.get(BASE_ROLE) ?? Number.MAX_SAFE_INTEGER
    if (scope?.kind !== 'name' || this.#init.ownerOf(scope.name) !== placed.operation.author) return undefined
    if (this.#isVoid(placed, content, rank)) return undefined
    return this.#covers(placed, rank) === 'covered' ? { role: 'owner', rank } : undefined
  }

  #approvalRefusal(placed: Placed, content: OperationContent, root: Root): Inert | undefined {
    const needed = approvalsNeeded(root, content.type)
    if (needed === 0) return undefined
    const { operation } = placed
    const approvers = new Set<DeviceId>()
    if (root.admins.includes(operation.author)) approvers.add(operation.author)
    for (const approval of this.#init.books.approvals(operation.id)) {
      const { author } = approval.operation
      if (root.admins.includes(author)) approvers.add(author)
    }
    if (approvers.size >= needed) return undefined
    return fault('needs-approval', `${approvers.size} of ${needed} admins approve ${content.type}`)
  }

  #typeRefusal(
    placed: Placed,
    content: OperationContent,
    { root, acting }: { readonly root: Root; readonly acting: Acting }
  ): Inert | undefined {
    const mayAsAdmin =
      root.admins.includes(placed.operation.author) &&
      (root.roles.get(ADMIN_ROLE)?.includes(content.type) ?? false)
    switch (content.type) {
      case 'device.enrol':
        return this.#redemptionRefusal(placed, content, acting)
      case 'content.quarantine':
      case 'content.release':
      case 'content.recall':
        return mayAsAdmin || this.#init.ownsVersion(placed.operation.author, content.version, acting.rank)
          ? undefined
          : fault('not-owner', 'its author owns no dataset with this version, or others of its rank do too')
      case 'copy.renew':
      case 'copy.state':
        return content.device === placed.operation.author
          ? undefined
          : fault('not-owner', 'only a device itself says what it keeps')
      case 'device.sealing':
        return content.device === placed.operation.author
          ? undefined
          : fault('not-owner', 'only a device itself says what is sealed to it')
      case 'invite.cancel': {
        const invite = this.#init.log.get(content.invite)
        const isOwn = invite?.operation.author === placed.operation.author
        return isOwn || mayAsAdmin ? undefined : fault('not-owner', 'another device made the invite')
      }
      default:
        return undefined
    }
  }

  /**
   * An invite is spent in its own feed, whose positions decide who fits, and in the rank in which it was made: what it
   * rests on would else be of lower ranks, which can rest on whom it enrols.
   */
  #redemptionRefusal(placed: Placed, content: DeviceEnrol, { rank }: Acting): Inert | undefined {
    const { operation } = placed
    const { redemption, device } = content
    const { books } = this.#init
    if (redemption === null) return undefined
    const book = books.invites.get(redemption.invite)
    const invite = book?.placed.operation.content
    if (book === undefined || !isOnBranch(book.placed, placed) || invite?.type !== 'invite.create')
      return fault('invite-unknown', 'no invite in force earlier in its feed has this id')
    if (book.rank !== rank)
      return fault('invite-unknown', `the invite was made in rank ${book.rank}, and this in rank ${rank}`)
    if (operation.timeMs > invite.expiresMs)
      return fault('invite-expired', 'it was redeemed after the invite had expired')
    for (const cancel of books.cancels(redemption.invite, rank))
      if (!this.#precedes(placed, cancel.placed))
        return fault('invite-cancelled', 'the invite was cancelled before it')
    if (!this.#proofHolds(operation.id, content, invite.inviteKey))
      return fault('bad-proof', 'the proof is not by the key of the invite')
    const redemptions = books.redemptions(redemption.invite)
    if (redemptions.size < invite.uses) return undefined
    const others = new Set<DeviceId>()
    for (const other of redemptions) {
      const enrolled = other.operation.content
      if (other.operation.seq < operation.seq && enrolled?.type === 'device.enrol')
        others.add(enrolled.device)
    }
    if (!others.has(device) && others.size >= invite.uses)
      return fault('invite-spent', `all ${invite.uses} uses of the invite are spent`)
    return undefined
  }

  /** Whether a cancellation knew of a redemption: it is later in the feed, or names something at or after it there. */
  #precedes(redemption: Placed, cancel: Placed): boolean {
    if (cancel.feed === redemption.feed && redemption.operation.seq < cancel.operation.seq) return true
    return cancel.operation.deps.some(dep => {
      const named = this.#init.log.get(dep)
      return named !== undefined && isOnBranch(redemption, named)
    })
  }

  #proofHolds(id: OperationId, content: DeviceEnrol, inviteKey: Uint8Array): boolean {
    const known = this.#init.proofs.get(id)
    if (known !== undefined) return known
    const { redemption, device, nameCommitment } = content
    const org = orgIdOf(this.#init.chain.founding)
    const holds =
      redemption !== null &&
      verifyRedemption(
        { org, device, nameCommitment },
        { inviteKey, proof: redemption.proof, verify: this.#init.verify }
      )
    this.#init.proofs.set(id, holds)
    return holds
  }
}

function fault(reason: InertReason, detail: string): Inert {
  return { reason, detail }
}
