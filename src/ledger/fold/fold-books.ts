/**
 * The books of a fold: what the operations in force do to each subject. `enter` and `strike` are exact inverses, so the
 * books depend on the set of operations in force alone; both tell what they touched, and the fold looks again at
 * whatever depends on that.
 */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { Cutoff, Grantee, OperationContent } from '../operation/operation-content.ts'
import type { Placed } from './feed.ts'
import { StorageBooks } from './storage-books.ts'
import { type Give, type Knows, newSubject, type Subject, subjectOf, type Take } from './subject.ts'

export interface Touched {
  /** Standing or a role changed: what they signed, and what is held against their rank, is to be looked at again. */
  readonly devices: Set<DeviceId>
  /** Approvals of an operation changed. */
  readonly operations: Set<OperationId>
  /** An invite came, went, or was cancelled or redeemed. */
  readonly invites: Set<OperationId>
  readonly names: Set<string>
}

export interface InviteBook {
  readonly placed: Placed
  /** Rank in which its author made it. */
  readonly rank: number
}

export interface Cancel {
  readonly placed: Placed
  readonly rank: number
}

export interface ContentBook {
  readonly quarantines: Set<Placed>
  readonly releases: Set<Placed>
  readonly recalls: Set<Placed>
  readonly scans: Set<Placed>
  readonly erasures: Set<Placed>
}

export interface AccessBook {
  readonly grants: Set<Placed>
  readonly revokes: Set<Placed>
}

const EMPTY: ReadonlySet<Placed> = new Set()

export function granteeKey(grantee: Grantee): string {
  return grantee.kind === 'device' ? `d${grantee.device}` : `g${grantee.group}`
}

export class FoldBooks {
  readonly knows: Knows
  readonly #subjects = new Map<string, Subject>()
  readonly invites = new Map<OperationId, InviteBook>()
  readonly #cancels = new Map<OperationId, Map<OperationId, Cancel>>()
  readonly #redemptions = new Map<OperationId, Set<Placed>>()
  readonly #approvals = new Map<OperationId, Set<Placed>>()
  readonly #updates = new Map<DeviceId, Set<Placed>>()
  readonly groups = new Map<OperationId, Placed>()
  /** Devices that were ever put into a group. */
  readonly #places = new Map<OperationId, Set<DeviceId>>()
  readonly access = new Map<string, AccessBook>()
  readonly content = new Map<VersionId, ContentBook>()
  readonly datasets = new Map<string, Set<Placed>>()
  readonly storage: StorageBooks
  /** Roles that were ever granted to a device. */
  readonly #roles = new Map<DeviceId, Set<string>>()
  readonly proposals = new Set<Placed>()
  readonly votes = new Set<Placed>()

  constructor(knows: Knows) {
    this.knows = knows
    this.storage = new StorageBooks(knows)
  }

  standing(device: DeviceId): Subject | undefined {
    return this.#subjects.get(subjectOf.standing(device))
  }

  role(device: DeviceId, role: string): Subject | undefined {
    return this.#subjects.get(subjectOf.role(device, role))
  }

  place(group: OperationId, device: DeviceId): Subject | undefined {
    return this.#subjects.get(subjectOf.place(group, device))
  }

  rolesOf(device: DeviceId): ReadonlySet<string> {
    return this.#roles.get(device) ?? new Set()
  }

  placesOf(group: OperationId): ReadonlySet<DeviceId> {
    return this.#places.get(group) ?? new Set()
  }

  /** Cancellations of an invite, or of a redemption of it, that its rank does not keep it from. */
  cancels(invite: OperationId, rank: number): Cancel[] {
    return [...(this.#cancels.get(invite)?.values() ?? [])].filter(cancel => cancel.rank <= rank)
  }

  /** Enrolments in force by an invite. */
  redemptions(invite: OperationId): ReadonlySet<Placed> {
    return this.#redemptions.get(invite) ?? EMPTY
  }

  approvals(operation: OperationId): ReadonlySet<Placed> {
    return this.#approvals.get(operation) ?? EMPTY
  }

  updates(device: DeviceId): ReadonlySet<Placed> {
    return this.#updates.get(device) ?? EMPTY
  }

  /** An operation came into force, in a role of this rank. */
  enter(placed: Placed, content: OperationContent, rank: number, touched: Touched): void {
    this.#book({ placed, content, rank, isIn: true }, touched)
  }

  /** It is no longer in force. */
  strike(placed: Placed, content: OperationContent, touched: Touched): void {
    this.#book({ placed, content, rank: 0, isIn: false }, touched)
  }

  #book(
    entry: { placed: Placed; content: OperationContent; rank: number; isIn: boolean },
    touched: Touched
  ): void {
    const { placed, content, isIn } = entry
    const { id } = placed.operation
    switch (content.type) {
      case 'device.enrol':
        this.#give(subjectOf.standing(content.device), entry)
        touched.devices.add(content.device)
        this.#redeem(placed, content.redemption?.invite, isIn, touched)
        return
      case 'device.update':
        toggle(this.#updates, content.device, placed, isIn)
        return
      case 'device.suspend':
      case 'device.revoke':
        this.#take(subjectOf.standing(content.device), entry, {
          cutoffs: content.cutoffs,
          isFinal: content.type === 'device.revoke'
        })
        touched.devices.add(content.device)
        return
      case 'role.grant':
        this.#give(subjectOf.role(content.device, content.role), entry)
        getOr(this.#roles, content.device, () => new Set<string>()).add(content.role)
        touched.devices.add(content.device)
        return
      case 'role.revoke':
        this.#take(subjectOf.role(content.device, content.role), entry, {
          cutoffs: content.cutoffs,
          isFinal: false
        })
        touched.devices.add(content.device)
        return
      case 'group.create':
        if (isIn) this.groups.set(id, placed)
        else this.groups.delete(id)
        return
      case 'group.add':
        getOr(this.#places, content.group, () => new Set<DeviceId>()).add(content.device)
        this.#give(subjectOf.place(content.group, content.device), entry)
        return
      case 'group.remove':
        this.#take(subjectOf.place(content.group, content.device), entry, { cutoffs: [], isFinal: false })
        return
      default:
        this.#bookOther(entry, touched)
    }
  }

  #bookOther(
    {
      placed,
      content,
      rank,
      isIn
    }: { placed: Placed; content: OperationContent; rank: number; isIn: boolean },
    touched: Touched
  ): void {
    const { id } = placed.operation
    switch (content.type) {
      case 'invite.create':
        if (isIn) this.invites.set(id, { placed, rank })
        else this.invites.delete(id)
        touched.invites.add(id)
        return
      case 'invite.cancel': {
        const cancels = getOr(this.#cancels, content.invite, () => new Map<OperationId, Cancel>())
        if (isIn) cancels.set(id, { placed, rank })
        else cancels.delete(id)
        touched.invites.add(content.invite)
        return
      }
      case 'dataset.publish':
      case 'dataset.retire':
      case 'dataset.origin':
      case 'dataset.policy':
      case 'dataset.storage':
      case 'dataset.shares':
      case 'dataset.subjects':
        toggle(this.datasets, content.name, placed, isIn)
        touched.names.add(content.name)
        return
      case 'access.grant':
      case 'access.revoke': {
        const book = getOr(this.access, granteeKey(content.grantee), () => ({
          grants: new Set<Placed>(),
          revokes: new Set<Placed>()
        }))
        put(content.type === 'access.grant' ? book.grants : book.revokes, placed, isIn)
        return
      }
      case 'content.quarantine':
      case 'content.release':
      case 'content.scan':
        this.#bookContent(content, placed, isIn)
        return
      case 'content.recall':
      case 'content.erase':
        this.#bookContent(content, placed, isIn)
        this.storage.book({ placed, rank }, content, isIn)
        return
      case 'approve':
        toggle(this.#approvals, content.operation, placed, isIn)
        touched.operations.add(content.operation)
        return
      case 'root.propose':
        put(this.proposals, placed, isIn)
        return
      case 'root.vote':
        put(this.votes, placed, isIn)
        return
      default:
        this.storage.book({ placed, rank }, content, isIn)
    }
  }

  #bookContent(
    content: Extract<OperationContent, { type: `content.${string}` }>,
    placed: Placed,
    isIn: boolean
  ): void {
    const book = getOr(this.content, content.version, () => ({
      quarantines: new Set<Placed>(),
      releases: new Set<Placed>(),
      recalls: new Set<Placed>(),
      scans: new Set<Placed>(),
      erasures: new Set<Placed>()
    }))
    const kind = {
      'content.quarantine': book.quarantines,
      'content.release': book.releases,
      'content.recall': book.recalls,
      'content.scan': book.scans,
      'content.erase': book.erasures
    }
    put(kind[content.type], placed, isIn)
  }

  #redeem(placed: Placed, invite: OperationId | undefined, isIn: boolean, touched: Touched): void {
    if (invite === undefined) return
    toggle(this.#redemptions, invite, placed, isIn)
    touched.invites.add(invite)
  }

  #give(subject: string, { placed, rank, isIn }: { placed: Placed; rank: number; isIn: boolean }): void {
    const { gives } = this.#subject(subject)
    const { content } = placed.operation
    const answersTakes = content?.type !== 'device.enrol' || content.redemption === null
    const give: Give = { placed, rank, answersTakes }
    if (isIn) gives.set(placed.operation.id, give)
    else gives.delete(placed.operation.id)
  }

  #take(
    subject: string,
    { placed, rank, isIn }: { placed: Placed; rank: number; isIn: boolean },
    how: { readonly cutoffs: readonly Cutoff[]; readonly isFinal: boolean }
  ): void {
    const { takes } = this.#subject(subject)
    const take: Take = { placed, rank, ...how }
    if (isIn) takes.set(placed.operation.id, take)
    else takes.delete(placed.operation.id)
  }

  #subject(name: string): Subject {
    return getOr(this.#subjects, name, () => newSubject(this.knows))
  }
}

export function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function put(set: Set<Placed>, placed: Placed, isIn: boolean): void {
  if (isIn) set.add(placed)
  else set.delete(placed)
}

function toggle<K>(map: Map<K, Set<Placed>>, key: K, placed: Placed, isIn: boolean): void {
  put(
    getOr(map, key, () => new Set<Placed>()),
    placed,
    isIn
  )
}
