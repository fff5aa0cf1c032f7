/**
 * The fold: from the root and the set of placed operations to the state. A pure function of the two: neither the
 * order in which operations came nor how often changes it.
 *
 * In force is an operation whose type is known and body valid, that was made under a known root, whose author is a
 * member with a role that allows its type, and that its own rules allow. All others are inert, with a reason.
 * - Membership is the least fixpoint: admins are members; whoever an operation in force enrols is a member.
 *   It is a property of the set: an operation counts whether it was made before or after its author's enrolment.
 * - An enrolment by invite is decided in the feed of the invite, by positions: the invite must come earlier in the
 *   same feed, must not have expired by the enrolment's own time, must have a use left, and the proof must hold.
 * - From a fork on, what a feed gave is void, and what it took away stays (see feed.ts, operation-types.ts).
 * - Datasets are decided per name (see dataset-fold.ts).
 *
 * Work: an operation costs what it touches, which is its feed's position and its dataset's operations. Only a fork
 * point that moves makes everything be folded again, once, when the state is next asked for.
 */

import { assert, defined } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import type { DeviceId, OperationId } from '../base/ids.ts'
import { foldDataset } from './dataset-fold.ts'
import {
  compareCausal,
  type Feed,
  type FeedKey,
  isBeforeFork,
  type OperationLog,
  type Placed
} from './feed.ts'
import { verifyRedemption } from './invite.ts'
import type { DeviceEnrol, InviteCreate } from './operation-content.ts'
import { takes } from './operation-types.ts'
import { orgIdOf, type Root } from './root.ts'
import type { Verify } from './signature.ts'
import type { DatasetEntry, DeviceEntry, Fork, Inert, InertReason, InviteEntry, State } from './state.ts'

interface MutableInvite extends InviteEntry {
  readonly redeemedBy: Set<DeviceId>
}

interface MutableState extends State {
  readonly devices: Map<DeviceId, DeviceEntry>
  readonly invites: Map<OperationId, MutableInvite>
  readonly datasets: Map<string, DatasetEntry>
  readonly forks: Map<FeedKey, Fork>
  readonly inert: Map<OperationId, Inert>
}

const NONE: readonly Placed[] = []

export class Fold {
  readonly #log: OperationLog
  readonly #root: Root
  readonly #verify: Verify
  readonly #admins: ReadonlySet<DeviceId>
  /** Redemption proofs once checked; they survive folding again. */
  readonly #proofs = new Map<OperationId, boolean>()
  #state: MutableState
  /** Operations of authors that are not members (yet). */
  #pending = new Map<DeviceId, Placed[]>()
  /** The newest enrolment in force of each device. */
  #enrolments = new Map<DeviceId, Placed>()
  #datasets = new Map<string, Placed[]>()
  #dirtyNames = new Set<string>()
  #isStale = false

  constructor(log: OperationLog, root: Root, verify: Verify) {
    this.#log = log
    this.#root = root
    this.#verify = verify
    this.#admins = new Set(root.admins)
    this.#state = this.#founding()
  }

  /** Takes one more operation of the log. */
  apply(placed: Placed, forkMoved: boolean): void {
    if (forkMoved) this.#isStale = true
    if (this.#isStale) return
    if (!isBeforeFork(placed)) this.#recordFork(placed.feed)
    this.#consider(placed)
  }

  state(): State {
    if (this.#isStale) this.#foldAgain()
    for (const name of this.#dirtyNames) this.#foldName(name)
    this.#dirtyNames.clear()
    return this.#state
  }

  /** Operations on a dataset that its authors may make, in the order in which they were placed. */
  operationsOn(name: string): readonly Placed[] {
    this.state()
    return this.#datasets.get(name) ?? NONE
  }

  #founding(): MutableState {
    const devices = new Map<DeviceId, DeviceEntry>()
    for (const device of this.#root.admins)
      devices.set(device, { device, role: 'admin', enrolment: undefined })
    return {
      org: orgIdOf(this.#root),
      root: this.#root,
      devices,
      invites: new Map(),
      datasets: new Map(),
      forks: new Map(),
      inert: new Map()
    }
  }

  #foldAgain(): void {
    this.#state = this.#founding()
    this.#pending = new Map()
    this.#enrolments = new Map()
    this.#datasets = new Map()
    this.#dirtyNames = new Set()
    this.#isStale = false
    for (const feed of this.#log.feeds.values()) if (feed.forkSeq !== undefined) this.#recordFork(feed)
    for (const placed of this.#log.values()) this.#consider(placed)
  }

  #recordFork(feed: Feed): void {
    const seq = defined(feed.forkSeq, 'fork point')
    const at = defined(feed.positions[seq - 1], 'position of the fork')
    const operations = at.map(placed => placed.operation.id).sort()
    this.#state.forks.set(feed.key, { author: feed.author, incarnation: feed.incarnation, seq, operations })
  }

  /** Evaluates an operation, and whatever waited for the membership that it gives. */
  #consider(placed: Placed): void {
    const queue = [placed]
    for (const next of queue) {
      const { author, id } = next.operation
      if (!this.#state.devices.has(author)) {
        this.#setInert(id, 'author-not-enrolled', 'nothing in force enrols its author')
        const waiting = this.#pending.get(author)
        if (waiting === undefined) this.#pending.set(author, [next])
        else waiting.push(next)
        continue
      }
      this.#state.inert.delete(id)
      const member = this.#evaluate(next)
      if (member === undefined) continue
      for (const waiting of this.#pending.get(member) ?? NONE) queue.push(waiting)
      this.#pending.delete(member)
    }
  }

  /** Gives effect to an operation of a member; answers the device that became a member by it. */
  #evaluate(placed: Placed): DeviceId | undefined {
    const { operation } = placed
    const refusal = this.#refusal(placed)
    if (refusal !== undefined) {
      this.#state.inert.set(operation.id, refusal)
      return undefined
    }
    const content = defined(operation.content, 'content of an operation in force')
    switch (content.type) {
      case 'invite.create':
        this.#addInvite(placed, content)
        return undefined
      case 'device.enrol':
        return this.#enrol(placed, content)
      case 'dataset.publish':
      case 'dataset.retire': {
        const operations = this.#datasets.get(content.name)
        if (operations === undefined) this.#datasets.set(content.name, [placed])
        else operations.push(placed)
        this.#dirtyNames.add(content.name)
        return undefined
      }
    }
  }

  #refusal(placed: Placed): Inert | undefined {
    const { operation } = placed
    const { content, flaw, author } = operation
    if (content === undefined) return defined(flaw, 'reason for no content')
    if (!equalBytes(operation.root, this.#root.hash))
      return { reason: 'unknown-root', detail: 'it was made under a root that is not known here' }
    if (!isBeforeFork(placed) && !takes(content.type))
      return { reason: 'forked', detail: `its feed is forked at position ${placed.feed.forkSeq}` }
    const role = this.#admins.has(author) ? 'admin' : 'device'
    if (this.#root.roles.get(role)?.includes(content.type) !== true)
      return { reason: 'not-authorised', detail: `role ${role} may not author ${content.type}` }
    if (this.#root.approvals.has(content.type))
      return { reason: 'needs-approval', detail: `${content.type} needs approval by more admins` }
    return undefined
  }

  #addInvite({ operation }: Placed, content: InviteCreate): void {
    this.#state.invites.set(operation.id, {
      operation: operation.id,
      author: operation.author,
      incarnation: operation.incarnation,
      inviteKey: content.inviteKey,
      uses: content.uses,
      redeemedBy: new Set(),
      timeMs: operation.timeMs,
      expiresMs: content.expiresMs
    })
  }

  #enrol(placed: Placed, content: DeviceEnrol): DeviceId | undefined {
    const { operation } = placed
    const { device } = content
    if (content.redemption !== null && !this.#redeem(placed, content)) return undefined
    const current = this.#enrolments.get(device)
    if (current !== undefined && compareCausal(placed, current) < 0) return undefined
    this.#enrolments.set(device, placed)
    const isNew = !this.#state.devices.has(device)
    this.#state.devices.set(device, {
      device,
      role: this.#admins.has(device) ? 'admin' : 'device',
      enrolment: {
        operation: operation.id,
        by: operation.author,
        kind: content.kind,
        nameCommitment: content.nameCommitment,
        timeMs: operation.timeMs,
        expiresMs: operation.expiresMs
      }
    })
    return isNew ? device : undefined
  }

  /** Spends a use of an invite; false makes the enrolment inert. */
  #redeem({ operation }: Placed, content: DeviceEnrol): boolean {
    const { redemption, device } = content
    assert(redemption !== null, 'an enrolment by invite names it')
    const invite = this.#state.invites.get(redemption.invite)
    const isOfFeed = invite?.author === operation.author && invite.incarnation === operation.incarnation
    if (invite === undefined || !isOfFeed)
      return this.#setInert(
        operation.id,
        'invite-unknown',
        'no invite in force earlier in its feed has this id'
      )
    if (operation.timeMs > invite.expiresMs)
      return this.#setInert(operation.id, 'invite-expired', 'it was redeemed after the invite had expired')
    if (!this.#proofHolds(operation.id, content, invite.inviteKey))
      return this.#setInert(operation.id, 'bad-proof', 'the proof is not by the key of the invite')
    if (!invite.redeemedBy.has(device) && invite.redeemedBy.size >= invite.uses)
      return this.#setInert(operation.id, 'invite-spent', `all ${invite.uses} uses of the invite are spent`)
    invite.redeemedBy.add(device)
    return true
  }

  #proofHolds(id: OperationId, content: DeviceEnrol, inviteKey: Uint8Array): boolean {
    const known = this.#proofs.get(id)
    if (known !== undefined) return known
    const { redemption, device, nameCommitment } = content
    assert(redemption !== null, 'an enrolment by invite has a proof')
    const holds = verifyRedemption(
      { org: this.#state.org, device, nameCommitment },
      { inviteKey, proof: redemption.proof, verify: this.#verify }
    )
    this.#proofs.set(id, holds)
    return holds
  }

  #setInert(id: OperationId, reason: InertReason, detail: string): false {
    this.#state.inert.set(id, { reason, detail })
    return false
  }

  #foldName(name: string): void {
    const operations = defined(this.#datasets.get(name), 'operations of a dataset')
    const folded = foldDataset(name, operations, device => this.#admins.has(device))
    for (const placed of operations) this.#state.inert.delete(placed.operation.id)
    for (const [id, reason] of folded.inert) this.#state.inert.set(id, reason)
    if (folded.entry === undefined) this.#state.datasets.delete(name)
    else this.#state.datasets.set(name, folded.entry)
  }
}
