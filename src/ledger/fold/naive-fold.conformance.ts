/**
 * The oracle for governance: which operations are in force, by the written rules in the plainest way that says them.
 *
 * From scratch each time, rank by rank from the chain downwards: what acts in a rank rests on what acts in better ranks
 * alone (and an enrolment by invite on the invite, its cancellations and earlier enrolments of its rank), so when a
 * rank is decided all that it rests on is, and nothing is ever decided twice. It shares no code with what it checks
 * but the decoder, the redemption proof and the chain.
 *
 * naive-dataset.conformance.ts says what operations on one dataset do, naive-state.conformance.ts renders the state.
 */

import { assert } from '../../base/assert.ts'
import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { ChainView } from '../chain/chain-view.ts'
import { orgIdOf, type Root } from '../chain/root.ts'
import type { Verify } from '../encoding/signature.ts'
import type { Operation } from '../operation/operation.ts'
import type { OperationContent, OperationType } from '../operation/operation-content.ts'
import { verifyRedemption } from './invite.ts'
import { type NaiveDataset, naiveDataset } from './naive-dataset.conformance.ts'
import { feedOf, NaiveLog } from './naive-log.conformance.ts'
import type { InertReason } from './state.ts'

const TAKES: readonly OperationType[] = [
  'device.suspend',
  'device.revoke',
  'role.revoke',
  'invite.cancel',
  'group.remove',
  'dataset.retire',
  'access.revoke',
  'content.quarantine',
  'content.recall',
  'content.erase',
  'hold.place',
  'risk.withdraw',
  'copy.dispute'
]
const isTake = (content: OperationContent) =>
  TAKES.includes(content.type) || (content.type === 'content.scan' && content.verdict === 'infected')
const NEEDS_THRESHOLD: readonly OperationType[] = ['class.policy', 'content.erase']
const NEEDS_NO_APPROVAL: readonly OperationType[] = ['approve', 'note', 'root.propose', 'root.vote']

/** The content of a type, or of any of several. */
export type ContentOf<T extends OperationType> = Extract<OperationContent, { type: T }>
export interface Said<T extends OperationType> {
  readonly operation: Operation
  readonly content: ContentOf<T>
  readonly rank: number
}

interface Acting {
  readonly role: string
  readonly rank: number
}

interface Side {
  readonly operation: Operation
  readonly content: OperationContent
  readonly rank: number
}

/** Operations in force that give something, and that take it. */
export interface Sides {
  readonly gives: readonly Side[]
  readonly takes: readonly Side[]
}

export class NaiveFold {
  readonly log: NaiveLog
  readonly chain: ChainView
  readonly inForce = new Map<OperationId, Acting>()
  readonly inert = new Map<OperationId, InertReason>()
  readonly datasets: ReadonlyMap<string, NaiveDataset>
  readonly #verify: Verify

  constructor(chain: ChainView, operations: readonly Operation[], verify: Verify) {
    this.chain = chain
    this.log = new NaiveLog(chain.founding, operations)
    this.#verify = verify
    for (const operation of this.log.operations) {
      const refusal = this.#refusalOfRoot(operation)
      if (refusal !== undefined) this.inert.set(operation.id, refusal)
    }
    const ranks = new Set(chain.roots.flatMap(root => [...root.ranks.values()]))
    for (const rank of [...ranks].sort((a, b) => a - b)) this.#decideRank(rank)
    this.datasets = this.#foldDatasets()
    this.#decideByOwners()
    for (const operation of this.#undecided()) this.inert.set(operation.id, this.#whyNobody(operation))
    for (const { inert } of this.datasets.values()) for (const id of inert) this.inert.set(id, 'name-taken')
  }

  /** All operations of some types in force. */
  said<T extends OperationType>(...types: readonly T[]): Said<T>[] {
    const said: Said<T>[] = []
    for (const operation of this.log.operations) {
      const acting = this.inForce.get(operation.id)
      const { content } = operation
      if (acting !== undefined && content !== undefined && isOf(content, types))
        said.push({ operation, content, rank: acting.rank })
    }
    return said
  }

  standing(device: DeviceId): Sides {
    return {
      gives: this.said('device.enrol').filter(({ content }) => content.device === device),
      takes: this.said('device.suspend', 'device.revoke').filter(({ content }) => content.device === device)
    }
  }

  role(device: DeviceId, role: string): Sides {
    const isIt = ({ content }: { content: { device: DeviceId; role: string } }) =>
      content.device === device && content.role === role
    return { gives: this.said('role.grant').filter(isIt), takes: this.said('role.revoke').filter(isIt) }
  }

  /** The gives that know every take. */
  holding({ gives, takes }: Sides): readonly Side[] {
    return gives.filter(give => takes.every(take => this.isKnown(take, give)))
  }

  isKnown(take: Side, give: Side): boolean {
    // Whoever held a ticket was enrolled without a thought of its suspension.
    if (give.content.type === 'device.enrol' && give.content.redemption !== null) return false
    return take.content.type !== 'device.revoke' && this.log.knows(give.operation, take.operation)
  }

  /** What the chain and the feed say, before anything that other operations say. */
  #refusalOfRoot(operation: Operation): InertReason | undefined {
    const { content, flaw } = operation
    if (content === undefined) return flaw?.reason
    const found = this.chain.find(operation.root)
    if (found === undefined) return 'unknown-root'
    if (found.contested) return 'contested-root'
    const { root } = found
    for (const earlier of this.log.branch(operation)) {
      const named = this.chain.find(earlier.root)
      if (named?.contested === false && named.root.version > root.version) return 'outdated-root'
    }
    const { author, incarnation, seq } = operation
    const isOnBranch = (id: OperationId) => this.log.isOnBranch(operation, this.log.get(id))
    if (this.chain.isBeyondFrontier({ author, incarnation, seq, isOnBranch }, operation.root))
      return 'outdated-root'
    if (isTake(content)) return undefined
    return root.expiresMs !== null && this.log.causalTimeMs(operation) >= root.expiresMs
      ? 'expired-root'
      : undefined
  }

  /** Whether a fork voids what it would give in a role of this rank: nobody above has named its branch. */
  #isVoid(operation: Operation, rank: number): boolean {
    const { content, author, incarnation } = operation
    if (content === undefined || isTake(content) || !this.log.isForked(operation)) return false
    const byRoots = this.chain.roots
      .flatMap(({ frontier }) => frontier)
      .filter(entry => entry.author === author && entry.incarnation === incarnation)
    if (byRoots.some(({ id }) => this.log.isOnBranch(operation, this.log.get(id)))) return false
    const { takes } = this.standing(author)
    return !takes.some(take => take.rank < rank && this.#isWithinCutoffs(operation, take))
  }

  #undecided(): Operation[] {
    return this.log.operations.filter(({ id }) => !this.inForce.has(id) && !this.inert.has(id))
  }

  #decideRank(rank: number): void {
    const isRedemption = ({ content }: Operation) =>
      content?.type === 'device.enrol' && content.redemption !== null
    const open = this.#undecided()
    const redemptions = open.filter(isRedemption).sort((a, b) => a.seq - b.seq)
    for (const operation of [...open.filter(other => !isRedemption(other)), ...redemptions]) {
      const role = this.#rolesFor(operation, rank).find(name => this.#mayAs(operation, name, rank) === 'may')
      if (role !== undefined) this.#decide(operation, { role, rank })
    }
  }

  #decide(operation: Operation, acting: Acting): void {
    const refusal = this.#lacksApproval(operation) ?? this.#refusalOfType(operation, acting.rank)
    if (refusal === undefined) this.inForce.set(operation.id, acting)
    else this.inert.set(operation.id, refusal)
  }

  #rootOf(operation: Operation): Root {
    const found = this.chain.find(operation.root)
    assert(found !== undefined && !found.contested, 'what is left to decide names a root of the chain')
    return found.root
  }

  /** Roles of one rank that may author the type, by the table of the root that the operation names. */
  #rolesFor(operation: Operation, rank: number): string[] {
    const { roles, ranks } = this.#rootOf(operation)
    const names = [...roles.keys()].filter(
      name => roles.get(name)?.includes(operation.type) === true && ranks.get(name) === rank
    )
    // Approving is the admins' whoever else the table names.
    return names.filter(name => operation.type !== 'approve' || name === 'admin').sort()
  }

  #mayAs(operation: Operation, role: string, rank: number): 'may' | 'may-not' | InertReason {
    if (this.#isVoid(operation, rank)) return 'may-not'
    const held = this.#holds(operation, role, rank)
    return held === 'may' ? (this.#outranked(operation, rank) ?? 'may') : held
  }

  #holds(operation: Operation, role: string, rank: number): 'may' | 'may-not' | 'expired-role' {
    const { author } = operation
    if (role === 'admin') return this.#rootOf(operation).admins.includes(author) ? 'may' : 'may-not'
    if (!this.#isCovered(operation, rank)) return 'may-not'
    if (role === 'device') return 'may'
    const covering = this.#covering(operation, this.role(author, role), rank)
    const lasting = covering.filter(
      ({ operation: { expiresMs } }) => expiresMs === null || this.log.causalTimeMs(operation) < expiresMs
    )
    if (lasting.length > 0) return 'may'
    return covering.length > 0 ? 'expired-role' : 'may-not'
  }

  #isCovered(operation: Operation, rank: number): boolean {
    const { author } = operation
    if (this.chain.head.admins.includes(author)) return true
    return this.#covering(operation, this.standing(author), rank).length > 0
  }

  /** The gives of better ranks under which an operation keeps its effect whatever takes of better ranks say. */
  #covering(operation: Operation, { gives, takes }: Sides, rank: number): readonly Side[] {
    const against = takes.filter(take => take.rank < rank && !this.#isWithinCutoffs(operation, take))
    return gives.filter(
      give =>
        give.rank < rank &&
        against.every(take => this.isKnown(take, give) && this.#isResumed(operation, give.operation))
    )
  }

  #isWithinCutoffs(operation: Operation, { content }: Side): boolean {
    if (!('cutoffs' in content)) return false
    const cutoff = content.cutoffs.find(({ incarnation }) => incarnation === operation.incarnation)
    if (cutoff === undefined || operation.seq > cutoff.seq) return false
    return this.log.isOnBranch(operation, this.log.get(cutoff.operation))
  }

  /** Whether the author, by this operation or one before it in its feed, is known to know of a give. */
  #isResumed(operation: Operation, give: Operation): boolean {
    return this.log.branch(operation).some(earlier => earlier === give || earlier.deps.includes(give.id))
  }

  #outranked(operation: Operation, rank: number): InertReason | undefined {
    const { content, author } = operation
    const { ranks } = this.chain.head
    switch (content?.type) {
      case 'device.enrol':
        return rank < (ranks.get('device') ?? 0) ? undefined : 'outranked'
      case 'role.grant':
      case 'role.revoke': {
        if (content.role === 'admin' || content.role === 'device') return 'outranked'
        const against = ranks.get(content.role)
        if (against === undefined) return 'unknown-role'
        return rank < against ? undefined : 'outranked'
      }
      case 'device.update':
      case 'device.storage':
      case 'device.suspend':
      case 'device.revoke': {
        const isOfItself = content.type === 'device.update' || content.type === 'device.storage'
        if (isOfItself && content.device === author) return undefined
        const against = this.bestRank(content.device)
        return rank < against ? undefined : 'outranked'
      }
      default:
        return undefined
    }
  }

  /** The best rank that a device holds, whatever has expired; a stranger has that of a device. */
  bestRank(device: DeviceId): number {
    const { admins, ranks, roles } = this.chain.head
    if (admins.includes(device)) return ranks.get('admin') ?? 0
    const held = [...roles.keys()].filter(role => this.holding(this.role(device, role)).length > 0)
    return Math.min(...['device', ...held].map(role => ranks.get(role) ?? Number.POSITIVE_INFINITY))
  }

  #lacksApproval(operation: Operation): InertReason | undefined {
    const { content, author } = operation
    const root = this.#rootOf(operation)
    if (content === undefined || NEEDS_NO_APPROVAL.includes(content.type)) return undefined
    const asked = root.approvals.get(operation.type) ?? 0
    const needed = NEEDS_THRESHOLD.includes(content.type) ? Math.max(asked, root.threshold) : asked
    const approvals = this.log.operations.filter(
      other => other.content?.type === 'approve' && other.content.operation === operation.id
    )
    const counted = approvals.filter(
      approval =>
        this.#refusalOfRoot(approval) === undefined &&
        this.#mayAsAdmin(approval) &&
        !this.#isVoid(approval, this.#rootOf(approval).ranks.get('admin') ?? 0)
    )
    const agreeing = [author, ...counted.map(approval => approval.author)]
    return new Set(agreeing.filter(key => root.admins.includes(key))).size < needed
      ? 'needs-approval'
      : undefined
  }

  #mayAsAdmin(operation: Operation): boolean {
    const root = this.#rootOf(operation)
    return (
      root.admins.includes(operation.author) && (root.roles.get('admin')?.includes(operation.type) ?? false)
    )
  }

  /** Rules of types but those of ownership, which come when every publication is decided. */
  #refusalOfType(operation: Operation, rank: number): InertReason | undefined {
    const { content, author } = operation
    if (content?.type === 'device.enrol') return this.#refusalOfRedemption(operation, content, rank)
    if (content?.type === 'copy.state' || content?.type === 'copy.renew')
      return content.device === author ? undefined : 'not-owner'
    if (content?.type === 'device.sealing') return content.device === author ? undefined : 'not-owner'
    if (content?.type !== 'invite.cancel' || this.#mayAsAdmin(operation)) return undefined
    return this.log.get(content.invite)?.author === author ? undefined : 'not-owner'
  }

  #refusalOfRedemption(
    operation: Operation,
    content: ContentOf<'device.enrol'>,
    rank: number
  ): InertReason | undefined {
    const { redemption, device, nameCommitment } = content
    if (redemption === null) return undefined
    const invite = this.said('invite.create').find(other => other.operation.id === redemption.invite)
    if (invite === undefined || !this.log.isOnBranch(invite.operation, operation)) return 'invite-unknown'
    if (invite.rank !== rank) return 'invite-unknown'
    const { inviteKey, uses, expiresMs } = invite.content
    if (operation.timeMs > expiresMs) return 'invite-expired'
    const cancels = this.said('invite.cancel').filter(
      cancel => cancel.content.invite === redemption.invite && cancel.rank <= rank
    )
    if (cancels.some(cancel => !this.#spares(cancel.operation, operation))) return 'invite-cancelled'
    const claim = { org: orgIdOf(this.chain.founding), device, nameCommitment }
    if (!verifyRedemption(claim, { inviteKey, proof: redemption.proof, verify: this.#verify }))
      return 'bad-proof'
    const others = this.said('device.enrol').filter(
      other => other.content.redemption?.invite === redemption.invite && other.operation.seq < operation.seq
    )
    const devices = new Set(others.map(other => other.content.device))
    return !devices.has(device) && devices.size >= uses ? 'invite-spent' : undefined
  }

  /** A cancellation spares what it knew of: it is later in the feed, or names something of it from there on. */
  #spares(cancel: Operation, redemption: Operation): boolean {
    if (feedOf(cancel) === feedOf(redemption) && cancel.seq > redemption.seq) return true
    return cancel.deps.some(dep => this.log.isOnBranch(redemption, this.log.get(dep)))
  }

  #foldDatasets(): Map<string, NaiveDataset> {
    const said = this.said(
      ...(['dataset.publish', 'dataset.retire', 'dataset.policy', 'dataset.origin'] as const),
      ...(['dataset.storage', 'dataset.shares', 'dataset.subjects'] as const)
    )
    const names = new Set(said.map(({ content }) => content.name))
    const isAdmin = ({ id }: Operation) => this.inForce.get(id)?.role === 'admin'
    return new Map(
      [...names].map(name => {
        const ofName = said.filter(({ content }) => content.name === name).map(({ operation }) => operation)
        return [name, naiveDataset(this.log, ofName, isAdmin)]
      })
    )
  }

  #decideByOwners(): void {
    for (const { operation, content } of this.said(
      'content.quarantine',
      'content.release',
      'content.recall'
    )) {
      if (this.#mayAsAdmin(operation) || this.#ownsVersion(operation, content.version)) continue
      this.inForce.delete(operation.id)
      this.inert.set(operation.id, 'not-owner')
    }
    for (const operation of this.#undecided()) {
      const { content, author } = operation
      if (content?.type !== 'access.grant' && content?.type !== 'access.revoke') continue
      const rank = this.#rootOf(operation).ranks.get('device') ?? Number.MAX_SAFE_INTEGER
      const isOwner =
        content.scope?.kind === 'name' && this.datasets.get(content.scope.name)?.owner === author
      const may = isOwner && !this.#isVoid(operation, rank) && this.#isCovered(operation, rank)
      if (may) this.#decide(operation, { role: 'owner', rank })
    }
  }

  /** It owns a name with the version, and whoever published it under a name of others has a worse rank. */
  #ownsVersion({ author, id }: Operation, version: VersionId): boolean {
    const published = [...this.datasets.values()].flatMap(({ owner, versions }) =>
      versions.filter(other => other.version === version).map(({ operation }) => ({ owner, operation }))
    )
    const rankOf = (operation: OperationId) => this.inForce.get(operation)?.rank ?? 0
    const others = published.filter(({ owner }) => owner !== author)
    return others.length < published.length && others.every(({ operation }) => rankOf(operation) > rankOf(id))
  }

  /** Why no role would do: what the last role said that the author holds, else what keeps it from holding any. */
  #whyNobody(operation: Operation): InertReason {
    const { author } = operation
    if (this.#isVoid(operation, Number.POSITIVE_INFINITY)) return 'forked'
    const ranks = [...new Set(this.#rootOf(operation).ranks.values())].sort((a, b) => a - b)
    const answers = ranks.flatMap(rank =>
      this.#rolesFor(operation, rank).map(role => this.#mayAs(operation, role, rank))
    )
    const telling = answers.findLast(answer => answer !== 'may-not')
    assert(telling !== 'may', 'what some role may do is decided')
    if (telling !== undefined) return telling
    const standing = this.standing(author)
    if (standing.gives.length === 0) return 'author-not-enrolled'
    if (standing.takes.some(({ content }) => content.type === 'device.revoke')) return 'author-revoked'
    const isIn = this.holding(standing).length > 0 && this.#isCovered(operation, Number.POSITIVE_INFINITY)
    return isIn ? 'not-authorised' : 'author-suspended'
  }
}

function isOf<T extends OperationType>(
  content: OperationContent,
  types: readonly T[]
): content is ContentOf<T> {
  return (types as readonly string[]).includes(content.type)
}
