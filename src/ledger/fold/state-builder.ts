/**
 * Renders the books of a fold as the state that the rest of the program reads. What an operation touches is marked, and
 * rendered anew when the state is next asked for; so an operation costs what it touches, and asking costs what changed.
 */

import { defined } from '../../base/assert.ts'
import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { ChainView } from '../chain/chain-view.ts'
import type { AccessGrant, AccessRevoke, OperationContent, Scope } from '../operation/operation-content.ts'
import { contentOf, takingOf } from './content-entry.ts'
import type { DatasetFold } from './dataset-fold.ts'
import { compareCausal, type Feed, type OperationLog, type Placed } from './feed.ts'
import { type FoldBooks, getOr, granteeKey } from './fold-books.ts'
import { BASE_ROLE, type Verdict } from './fold-judge.ts'
import {
  type ContentEntry,
  type DatasetEntry,
  type DeviceEntry,
  type Enrolment,
  emptyState,
  type GroupEntry,
  type Inert,
  type InviteEntry,
  type MutableState,
  type RoleHolding,
  type Standing,
  type State,
  type Taking
} from './state.ts'
import { deviceStorageOf, epochsOf, StorageBuilder, sealingOf } from './storage-builder.ts'
import { type Subject, standing, standingTakes, type Take } from './subject.ts'

export interface StateBuilderInit {
  readonly chain: ChainView
  readonly log: OperationLog
  readonly books: FoldBooks
  readonly dataset: (name: string) => DatasetFold | undefined
  readonly verdicts: ReadonlyMap<OperationId, Verdict>
}

export class StateBuilder {
  readonly #init: StateBuilderInit
  readonly #state: MutableState
  readonly #devices = new Set<DeviceId>()
  readonly #groups = new Set<OperationId>()
  readonly #grantees = new Set<string>()
  /** Grants that each grantee had when it was last rendered. */
  readonly #granted = new Map<string, OperationId[]>()
  readonly #versions = new Set<VersionId>()
  readonly #names = new Set<string>()
  readonly #invites = new Set<OperationId>()
  readonly #storage: StorageBuilder
  #votesChanged = false
  /** The state is asked for many times between two changes, at each read of a file several times. */
  #isRendered = false

  constructor(init: StateBuilderInit) {
    this.#init = init
    const { chain } = init
    this.#state = emptyState(chain)
    this.#storage = new StorageBuilder(init.books.storage, this.#state)
    for (const root of chain.roots) for (const admin of root.admins) this.#devices.add(admin)
  }

  inert(id: OperationId, inert: Inert | undefined): void {
    if (inert === undefined) this.#state.inert.delete(id)
    else this.#state.inert.set(id, inert)
  }

  nameChanged(name: string): void {
    this.#names.add(name)
    this.#isRendered = false
  }

  fork(feed: Feed): void {
    const seq = defined(feed.forkSeq, 'fork point')
    const at = defined(feed.positions[seq - 1], 'position of the fork')
    const operations = at.map(placed => placed.operation.id).sort()
    this.#state.forks.set(feed.key, { author: feed.author, incarnation: feed.incarnation, seq, operations })
  }

  /** An operation came into force, left it, or acts in another role. */
  changed(id: OperationId, content: OperationContent): void {
    this.#isRendered = false
    this.#storage.changed(id, content)
    switch (content.type) {
      case 'device.enrol':
        this.#devices.add(content.device)
        if (content.redemption !== null) this.#invites.add(content.redemption.invite)
        return
      case 'device.update':
      case 'device.suspend':
      case 'device.revoke':
      case 'role.grant':
      case 'role.revoke':
      case 'device.sealing':
      case 'device.storage':
        this.#devices.add(content.device)
        return
      case 'group.create':
        this.#groups.add(id)
        return
      case 'group.add':
      case 'group.remove':
      case 'group.epoch':
        this.#groups.add(content.group)
        return
      case 'invite.create':
        this.#invites.add(id)
        return
      case 'invite.cancel':
        this.#invites.add(content.invite)
        return
      case 'access.grant':
      case 'access.revoke':
        this.#grantees.add(granteeKey(content.grantee))
        return
      case 'content.quarantine':
      case 'content.release':
      case 'content.recall':
      case 'content.scan':
      case 'content.erase':
        this.#versions.add(content.version)
        return
      case 'root.propose':
      case 'root.vote':
        this.#votesChanged = true
        return
      default:
    }
  }

  state(): State {
    if (this.#isRendered) return this.#state
    for (const device of this.#devices) set(this.#state.devices, device, this.#device(device))
    for (const group of this.#groups) set(this.#state.groups, group, this.#group(group))
    for (const grantee of this.#grantees) this.#grants(grantee)
    for (const version of this.#versions) set(this.#state.content, version, this.#content(version))
    for (const invite of this.#invites) set(this.#state.invites, invite, this.#invite(invite))
    for (const name of this.#names) this.#dataset(name, this.#init.dataset(name)?.entry)
    for (const dirty of [
      this.#devices,
      this.#groups,
      this.#grantees,
      this.#versions,
      this.#invites,
      this.#names
    ])
      dirty.clear()
    this.#storage.render()
    if (this.#votesChanged) this.#renderVotes()
    this.#votesChanged = false
    this.#isRendered = true
    return this.#state
  }

  #dataset(name: string, entry: DatasetEntry | undefined): void {
    const { datasets, publishedAs, sharedAs } = this.#state
    for (const { version, shares } of datasets.get(name)?.versions ?? []) {
      unname(publishedAs, version, name)
      for (const share of shares.flatMap(set => set.shares)) unname(sharedAs, share, name)
    }
    set(datasets, name, entry)
    for (const { version, shares } of entry?.versions ?? []) {
      getOr(publishedAs, version, newNames).add(name)
      for (const share of shares.flatMap(of => of.shares)) getOr(sharedAs, share, newNames).add(name)
    }
  }

  #device(device: DeviceId): DeviceEntry | undefined {
    const { books, chain } = this.#init
    const subject = books.standing(device)
    const isAdmin = chain.head.admins.includes(device)
    const gives = standing(subject)
    if (!isAdmin && (subject === undefined || subject.gives.size === 0)) {
      const wasAdmin = chain.roots.some(root => root.admins.includes(device))
      return wasAdmin ? { ...NOBODY, device, standing: 'former' } : undefined
    }
    const roles = new Map<string, RoleHolding>()
    for (const role of books.rolesOf(device)) {
      const holding = roleHolding(
        role,
        standing(books.role(device, role)).map(give => give.placed)
      )
      if (holding !== undefined && role !== BASE_ROLE) roles.set(role, holding)
    }
    const current = gives.length > 0 ? gives : [...(subject?.gives.values() ?? [])]
    return {
      device,
      role: isAdmin ? 'admin' : 'device',
      standing: isAdmin ? 'member' : standingOf(subject, gives.length > 0),
      takenBy: isAdmin || gives.length > 0 || subject === undefined ? undefined : takenBy(subject),
      roles,
      enrolment: this.#enrolment(
        device,
        current.map(give => give.placed)
      ),
      sealing: sealingOf(books.storage, device),
      storage: deviceStorageOf(books.storage, device)
    }
  }

  /** The last enrolment in causal order, as the last word of it describes the device. */
  #enrolment(device: DeviceId, enrolments: readonly Placed[]): Enrolment | undefined {
    const newest = [...enrolments].sort(compareCausal).at(-1)
    if (newest === undefined) return undefined
    const { operation } = newest
    const updates = [...this.#init.books.updates(device)].filter(update => compareCausal(update, newest) > 0)
    const described = updates.sort(compareCausal).at(-1) ?? newest
    const { content } = described.operation
    if (content?.type !== 'device.enrol' && content?.type !== 'device.update') return undefined
    return {
      operation: operation.id,
      by: operation.author,
      kind: content.kind,
      nameCommitment: content.nameCommitment,
      timeMs: operation.timeMs,
      expiresMs: operation.expiresMs
    }
  }

  #group(group: OperationId): GroupEntry | undefined {
    const { books } = this.#init
    const placed = books.groups.get(group)
    const content = placed?.operation.content
    if (placed === undefined || content?.type !== 'group.create') return undefined
    const devices = new Map<DeviceId, number | null>()
    for (const device of books.placesOf(group)) {
      const last = lastsLongest(standing(books.place(group, device)).map(give => give.placed))
      if (last !== undefined) devices.set(device, last.expiresMs)
    }
    const epochs = epochsOf(books.storage, group)
    return { operation: group, name: content.name, by: placed.operation.author, devices, epochs }
  }

  #grants(grantee: string): void {
    for (const id of this.#granted.get(grantee) ?? []) this.#state.grants.delete(id)
    const { books } = this.#init
    const book = books.access.get(grantee)
    const inForce = [...(book?.grants ?? [])].filter(grant =>
      [...(book?.revokes ?? [])].every(
        revoke =>
          !revokesScope(revoke, (grant.operation.content as AccessGrant).scope) || books.knows(grant, revoke)
      )
    )
    for (const { operation } of inForce) {
      const content = operation.content as AccessGrant
      this.#state.grants.set(operation.id, {
        operation: operation.id,
        by: operation.author,
        grantee: content.grantee,
        scope: content.scope,
        purpose: content.purpose,
        timeMs: operation.timeMs,
        expiresMs: operation.expiresMs
      })
    }
    this.#granted.set(
      grantee,
      inForce.map(({ operation }) => operation.id)
    )
  }

  #content(version: VersionId): ContentEntry | undefined {
    const { books } = this.#init
    const book = books.content.get(version)
    return book && contentOf(book, books.knows)
  }

  #invite(invite: OperationId): InviteEntry | undefined {
    const { books } = this.#init
    const book = books.invites.get(invite)
    const content = book?.placed.operation.content
    if (book === undefined || content?.type !== 'invite.create') return undefined
    const { operation } = book.placed
    const cancels = books.cancels(invite, book.rank).map(cancel => cancel.placed)
    const redeemedBy = new Set<DeviceId>()
    for (const redemption of books.redemptions(invite)) {
      const enrolled = redemption.operation.content
      if (enrolled?.type === 'device.enrol') redeemedBy.add(enrolled.device)
    }
    return {
      operation: invite,
      author: operation.author,
      incarnation: operation.incarnation,
      inviteKey: content.inviteKey,
      uses: content.uses,
      redeemedBy,
      cancelledBy: cancels.sort(compareCausal)[0]?.operation.id,
      timeMs: operation.timeMs,
      expiresMs: content.expiresMs
    }
  }

  #renderVotes(): void {
    const { proposals, votes } = this.#state
    proposals.clear()
    votes.clear()
    for (const { operation } of this.#init.books.proposals) {
      const { content, id, author, timeMs } = operation
      if (content?.type === 'root.propose')
        proposals.set(id, { operation: id, by: author, hash: content.hash, bytes: content.bytes, timeMs })
    }
    for (const { operation } of this.#init.books.votes) {
      const { content, id } = operation
      if (content?.type === 'root.vote')
        votes.set(id, { operation: id, hash: content.hash, key: content.key, signature: content.signature })
    }
  }
}

const NOBODY = {
  role: 'device',
  takenBy: undefined,
  roles: new Map<string, RoleHolding>(),
  enrolment: undefined,
  sealing: undefined,
  storage: undefined
} as const

const newNames = (): Set<string> => new Set()

function unname(named: Map<VersionId, Set<string>>, version: VersionId, name: string): void {
  const names = named.get(version)
  names?.delete(name)
  if (names?.size === 0) named.delete(version)
}

function set<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

function standingOf(subject: Subject | undefined, holds: boolean): Standing {
  if (holds) return 'member'
  const isFinal = [...(subject?.takes.values() ?? [])].some(take => take.isFinal)
  return isFinal ? 'revoked' : 'suspended'
}

/** A final take says it; else the newest of those that no enrolment knows, or else of all. */
function takenBy(subject: Subject): Taking | undefined {
  const inOrder = (takes: Iterable<Take>) => [...takes].sort((a, b) => compareCausal(a.placed, b.placed))
  const unanswered = inOrder(standingTakes(subject))
  const said =
    unanswered.find(take => take.isFinal) ?? unanswered.at(-1) ?? inOrder(subject.takes.values()).at(-1)
  return said && takingOf(said.placed)
}

/** Of several gives the one that lasts longest, then the last in causal order. */
function lastsLongest(gives: readonly Placed[]): Placed['operation'] | undefined {
  const end = (placed: Placed) => placed.operation.expiresMs ?? Number.POSITIVE_INFINITY
  // Infinity less infinity is no number, and says nothing about the order either.
  return [...gives].sort((a, b) => end(a) - end(b) || compareCausal(a, b)).at(-1)?.operation
}

function roleHolding(role: string, grants: readonly Placed[]): RoleHolding | undefined {
  const best = lastsLongest(grants)
  return best && { role, operation: best.id, by: best.author, expiresMs: best.expiresMs }
}

/** Whether an access.revoke takes grants of a scope. */
export function revokesScope(revoke: Placed, granted: Scope): boolean {
  const { scope } = revoke.operation.content as AccessRevoke
  return scope === null || isSameScope(scope, granted)
}

export function isSameScope(a: Scope, b: Scope): boolean {
  return scopeText(a) === scopeText(b)
}

function scopeText(scope: Scope): string {
  switch (scope.kind) {
    case 'name':
      return `n${scope.name}`
    case 'prefix':
      return `p${scope.prefix}`
    case 'label':
      return `l${scope.label}`
    case 'all':
      return '*'
  }
}
