/**
 * The oracle for the ledger: the rules of feed.ts, fold.ts and dataset-fold.ts once more, in the plainest way that
 * says them. From scratch each time, by repeated scans until nothing changes; it shares no code with what it checks
 * but the decoder and the redemption proof.
 */

import { toHex } from '../base/bytes.ts'
import type { DeviceId, OperationId } from '../base/ids.ts'
import { verifyRedemption } from './invite.ts'
import type { Operation } from './operation.ts'
import type { Root } from './root.ts'
import { orgIdOf } from './root.ts'
import type { Verify } from './signature.ts'
import type { State } from './state.ts'

/** A state as plain data, comparable whatever order it came about in. */
export interface Snapshot {
  readonly devices: Record<string, string>
  readonly invites: Record<string, string[]>
  readonly datasets: Record<string, { owner: string; versions: [number, string, string][] }>
  readonly forks: Record<string, [number, string[]]>
  readonly inert: Record<string, string>
}

export function snapshotOf(state: State): Snapshot {
  const by = <K extends string, V, R>(map: ReadonlyMap<K, V>, render: (value: V) => R): Record<string, R> =>
    Object.fromEntries([...map].map(([key, value]) => [key, render(value)]))
  return {
    devices: by(state.devices, entry => `${entry.role} ${entry.enrolment?.operation ?? 'founding'}`),
    invites: by(state.invites, invite => [...invite.redeemedBy].sort()),
    datasets: by(state.datasets, dataset => ({
      owner: dataset.owner,
      versions: dataset.versions.map(version => [
        version.ordinal,
        version.operation,
        version.retiredBy ?? 'available'
      ])
    })),
    forks: by(state.forks, fork => [fork.seq, [...fork.operations]]),
    inert: by(state.inert, inert => inert.reason)
  }
}

const feedOf = (operation: Operation) => `${operation.author}:${operation.incarnation}`
const parentsOf = (operation: Operation) =>
  operation.prev === null ? operation.deps : [operation.prev, ...operation.deps]

export class NaiveFold {
  readonly #root: Root
  readonly #verify: Verify
  readonly #placed = new Map<OperationId, Operation>()
  readonly #members = new Map<DeviceId, Operation | undefined>()
  readonly #invites = new Map<OperationId, Set<DeviceId>>()
  readonly #inert = new Map<OperationId, string>()

  constructor(root: Root, operations: readonly Operation[], verify: Verify) {
    this.#root = root
    this.#verify = verify
    for (let before = -1; before !== this.#placed.size; ) {
      before = this.#placed.size
      for (const operation of operations)
        if (this.#canBePlaced(operation)) this.#placed.set(operation.id, operation)
    }
  }

  get placed(): ReadonlySet<OperationId> {
    return new Set(this.#placed.keys())
  }

  snapshot(): Snapshot {
    for (const admin of this.#root.admins) this.#members.set(admin, undefined)
    for (let before = -1; before !== this.#members.size; ) {
      before = this.#members.size
      this.#evaluateAll()
    }
    const datasets = this.#datasets()
    const devices = [...this.#members].map(([device, enrolment]) => {
      const role = this.#root.admins.includes(device) ? 'admin' : 'device'
      return [device, `${role} ${enrolment?.id ?? 'founding'}`]
    })
    return {
      devices: Object.fromEntries(devices),
      invites: Object.fromEntries([...this.#invites].map(([id, redeemed]) => [id, [...redeemed].sort()])),
      datasets,
      forks: this.#forks(),
      inert: Object.fromEntries(this.#inert)
    }
  }

  #canBePlaced(operation: Operation): boolean {
    const parents = parentsOf(operation).map(id => this.#placed.get(id))
    if (parents.includes(undefined)) return false
    if (operation.prev === null) {
      const isIntroduced = parents.some(
        parent => parent?.content?.type === 'device.enrol' && parent.content.device === operation.author
      )
      return isIntroduced || this.#root.admins.includes(operation.author)
    }
    const prev = this.#placed.get(operation.prev)
    return prev !== undefined && feedOf(prev) === feedOf(operation) && prev.seq + 1 === operation.seq
  }

  #forkSeq(feed: string): number {
    const seqs = [...this.#placed.values()].filter(other => feedOf(other) === feed).map(other => other.seq)
    return Math.min(...seqs.filter((seq, index) => seqs.indexOf(seq) !== index))
  }

  #forks(): Snapshot['forks'] {
    const forks: Snapshot['forks'] = {}
    for (const feed of new Set([...this.#placed.values()].map(feedOf))) {
      const seq = this.#forkSeq(feed)
      const at = [...this.#placed.values()].filter(other => feedOf(other) === feed && other.seq === seq)
      if (at.length > 0) forks[feed] = [seq, at.map(other => other.id).sort()]
    }
    return forks
  }

  #evaluateAll(): void {
    this.#inert.clear()
    this.#invites.clear()
    const enrolments: Operation[] = []
    for (const operation of [...this.#placed.values()].sort((a, b) => a.seq - b.seq)) {
      const refusal = this.#refusal(operation)
      if (refusal !== undefined) this.#inert.set(operation.id, refusal)
      else if (operation.content?.type === 'invite.create') this.#invites.set(operation.id, new Set())
      else if (operation.content?.type === 'device.enrol') enrolments.push(operation)
    }
    // The enrolments of one feed come in the order of its positions.
    for (const operation of enrolments) {
      const { content } = operation
      if (content?.type !== 'device.enrol') continue
      const current = this.#members.get(content.device)
      if (current === undefined || this.#compare(current, operation) < 0)
        this.#members.set(content.device, operation)
    }
  }

  #refusal(operation: Operation): string | undefined {
    const { content, author } = operation
    if (!this.#members.has(author)) return 'author-not-enrolled'
    if (content === undefined) return operation.flaw?.reason
    if (toHex(operation.root) !== toHex(this.#root.hash)) return 'unknown-root'
    if (operation.seq >= this.#forkSeq(feedOf(operation)) && content.type !== 'dataset.retire')
      return 'forked'
    const role = this.#root.admins.includes(author) ? 'admin' : 'device'
    if (!this.#root.roles.get(role)?.includes(content.type)) return 'not-authorised'
    if (this.#root.approvals.has(content.type)) return 'needs-approval'
    return content.type === 'device.enrol' ? this.#redemptionRefusal(operation) : undefined
  }

  #redemptionRefusal(operation: Operation): string | undefined {
    const { content } = operation
    if (content?.type !== 'device.enrol' || content.redemption === null) return undefined
    const { invite: id, proof } = content.redemption
    const invite = this.#placed.get(id)
    const redeemed = this.#invites.get(id)
    if (redeemed === undefined || invite === undefined || feedOf(invite) !== feedOf(operation))
      return 'invite-unknown'
    if (invite.content?.type !== 'invite.create') return 'invite-unknown'
    const { inviteKey, uses, expiresMs } = invite.content
    if (operation.timeMs > expiresMs) return 'invite-expired'
    const org = orgIdOf(this.#root)
    const claim = { org, device: content.device, nameCommitment: content.nameCommitment }
    if (!verifyRedemption(claim, { inviteKey, proof, verify: this.#verify })) return 'bad-proof'
    if (!redeemed.has(content.device) && redeemed.size === uses) return 'invite-spent'
    redeemed.add(content.device)
    return undefined
  }

  #order(operation: Operation): [number, number] {
    const parents = parentsOf(operation).map(id => this.#placed.get(id))
    const orders = parents.map(parent => (parent === undefined ? ([0, 0] as const) : this.#order(parent)))
    return [
      Math.max(operation.timeMs, ...orders.map(order => order[0])),
      Math.max(0, ...orders.map(order => order[1] + 1))
    ]
  }

  #compare(a: Operation, b: Operation): number {
    const [aTime, aDepth] = this.#order(a)
    const [bTime, bDepth] = this.#order(b)
    return aTime - bTime || aDepth - bDepth || (a.id < b.id ? -1 : 1)
  }

  #datasets(): Snapshot['datasets'] {
    const byName = new Map<string, Operation[]>()
    for (const operation of this.#placed.values()) {
      const { content } = operation
      if (content?.type !== 'dataset.publish' && content?.type !== 'dataset.retire') continue
      if (!this.#inert.has(operation.id))
        byName.set(content.name, [...(byName.get(content.name) ?? []), operation])
    }
    const datasets: Snapshot['datasets'] = {}
    for (const [name, operations] of byName) {
      const dataset = this.#dataset(operations.sort((a, b) => this.#compare(a, b)))
      if (dataset !== undefined) datasets[name] = dataset
    }
    return datasets
  }

  #dataset(ordered: readonly Operation[]): Snapshot['datasets'][string] | undefined {
    const isAdmin = (device: DeviceId) => this.#root.admins.includes(device)
    const publications = ordered.filter(operation => operation.content?.type === 'dataset.publish')
    const owner = publications.some(operation => isAdmin(operation.author))
      ? 'admins'
      : publications[0]?.author
    const inForce = ordered.filter(operation => isAdmin(operation.author) || operation.author === owner)
    for (const operation of ordered)
      if (!inForce.includes(operation)) this.#inert.set(operation.id, 'name-taken')
    if (owner === undefined) return undefined
    const versions = publications
      .filter(operation => inForce.includes(operation))
      .map((operation, index): [number, string, string] => {
        const retirement = inForce.find(other => this.#retires(other, operation, ordered))
        return [index + 1, operation.id, retirement?.id ?? 'available']
      })
    return { owner, versions }
  }

  #retires(retirement: Operation, publication: Operation, ofName: readonly Operation[]): boolean {
    if (retirement.content?.type !== 'dataset.retire') return false
    if (publication.content?.type !== 'dataset.publish') return false
    const { version } = retirement.content
    if (version !== null && version !== publication.content.version) return false
    return !this.#buildsOn(publication, retirement, ofName)
  }

  /** Search through the operations on one name: by deps, or within a feed before its fork. */
  #buildsOn(later: Operation, earlier: Operation, ofName: readonly Operation[]): boolean {
    const isNext = (from: Operation, to: Operation) =>
      from.deps.includes(to.id) ||
      (feedOf(from) === feedOf(to) && to.seq < from.seq && to.seq < this.#forkSeq(feedOf(to)))
    const next = ofName.filter(operation => isNext(later, operation))
    return next.some(operation => operation === earlier || this.#buildsOn(operation, earlier, ofName))
  }
}
