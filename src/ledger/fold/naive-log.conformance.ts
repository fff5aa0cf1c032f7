/**
 * The oracle's view of a set of operations: which of them can be placed, their feeds and forks, their causal order,
 * and who knows of what. The rules of feed.ts once more, by search, from scratch.
 */

import type { OperationId } from '../../base/ids.ts'
import type { Root } from '../chain/root.ts'
import type { Operation } from '../operation/operation.ts'

export const feedOf = (operation: Operation) => `${operation.author}:${operation.incarnation}`
const parentsOf = (operation: Operation) =>
  operation.prev === null ? operation.deps : [operation.prev, ...operation.deps]

/** What an operation gives to or takes from, as one text. */
function subjectOf({ content }: Operation): string | undefined {
  switch (content?.type) {
    case 'device.enrol':
    case 'device.suspend':
    case 'device.revoke':
      return JSON.stringify(['device', content.device])
    case 'role.grant':
    case 'role.revoke':
      return JSON.stringify(['role', content.device, content.role])
    case 'group.add':
    case 'group.remove':
      return JSON.stringify(['group', content.group, content.device])
    case 'access.grant':
    case 'access.revoke':
      return JSON.stringify(['access', content.grantee])
    case 'content.quarantine':
    case 'content.release':
    case 'content.recall':
    case 'content.scan':
    case 'content.erase':
      return JSON.stringify(['content', content.version])
    case 'copy.state':
    case 'copy.dispute':
      return JSON.stringify(['copies', content.device])
    default:
      return undefined
  }
}

export class NaiveLog {
  readonly #founding: Root
  readonly #placed = new Map<OperationId, Operation>()
  readonly #orders = new Map<OperationId, readonly [number, number]>()
  readonly #forkSeqs = new Map<string, number>()

  constructor(founding: Root, operations: readonly Operation[]) {
    this.#founding = founding
    for (let before = -1; before !== this.#placed.size; ) {
      before = this.#placed.size
      for (const operation of operations)
        if (!this.#placed.has(operation.id) && this.#canBePlaced(operation))
          this.#placed.set(operation.id, operation)
    }
    for (const feed of this.feeds) this.#forkSeqs.set(feed, this.#lowestShared(feed))
  }

  get operations(): readonly Operation[] {
    return [...this.#placed.values()]
  }

  get feeds(): readonly string[] {
    return [...new Set(this.operations.map(feedOf))]
  }

  get(id: OperationId): Operation | undefined {
    return this.#placed.get(id)
  }

  /** The lowest position of a feed that holds more than one operation, or infinity. */
  forkSeq(feed: string): number {
    return this.#forkSeqs.get(feed) ?? Number.POSITIVE_INFINITY
  }

  isForked(operation: Operation): boolean {
    return operation.seq >= this.forkSeq(feedOf(operation))
  }

  /** The operation and all before it in its feed. */
  branch(tip: Operation): readonly Operation[] {
    const branch = [tip]
    for (const { prev } of branch) {
      const before = prev === null ? undefined : this.get(prev)
      if (before !== undefined) branch.push(before)
    }
    return branch
  }

  isOnBranch(operation: Operation, tip: Operation | undefined): boolean {
    return tip !== undefined && this.branch(tip).includes(operation)
  }

  /** Names it, comes later on its branch, or does so of one on the same subject that knows it. */
  knows(later: Operation, earlier: Operation): boolean {
    const isNext = (from: Operation, to: Operation) =>
      from.deps.includes(to.id) || (from !== to && this.isOnBranch(to, from))
    if (isNext(later, earlier)) return true
    const subject = subjectOf(later)
    const between = this.operations.filter(other => subject !== undefined && subjectOf(other) === subject)
    const reached = [later]
    for (const from of reached)
      for (const to of between) if (!reached.includes(to) && isNext(from, to)) reached.push(to)
    return reached.some(from => isNext(from, earlier))
  }

  causalTimeMs(operation: Operation): number {
    return this.#order(operation)[0]
  }

  inCausalOrder(operations: readonly Operation[]): Operation[] {
    return [...operations].sort((a, b) => {
      const [aTime, aDepth] = this.#order(a)
      const [bTime, bDepth] = this.#order(b)
      return aTime - bTime || aDepth - bDepth || (a.id < b.id ? -1 : 1)
    })
  }

  #canBePlaced(operation: Operation): boolean {
    const parents = parentsOf(operation).map(id => this.#placed.get(id))
    if (parents.includes(undefined)) return false
    if (operation.prev === null) {
      const isIntroduced = parents.some(
        parent => parent?.content?.type === 'device.enrol' && parent.content.device === operation.author
      )
      return isIntroduced || this.#founding.admins.includes(operation.author)
    }
    const prev = this.#placed.get(operation.prev)
    return prev !== undefined && feedOf(prev) === feedOf(operation) && prev.seq + 1 === operation.seq
  }

  #lowestShared(feed: string): number {
    const seqs = this.operations.filter(other => feedOf(other) === feed).map(other => other.seq)
    return Math.min(...seqs.filter((seq, index) => seqs.indexOf(seq) !== index))
  }

  #order(operation: Operation): readonly [number, number] {
    const known = this.#orders.get(operation.id)
    if (known !== undefined) return known
    const parents = parentsOf(operation).map(id => this.#placed.get(id))
    const orders = parents.map(parent => (parent === undefined ? ([0, 0] as const) : this.#order(parent)))
    const order = [
      Math.max(operation.timeMs, ...orders.map(([timeMs]) => timeMs)),
      Math.max(0, ...orders.map(([, depth]) => depth + 1))
    ] as const
    this.#orders.set(operation.id, order)
    return order
  }
}
