/**
 * Operations whose signature is good but that name others which are not here yet. They wait within limits; beyond
 * these the oldest are dropped, which loses nothing: sync brings them again, in an order that needs no waiting.
 */

import type { OperationId } from '../../base/ids.ts'
import type { Operation } from '../operation/operation.ts'

export const ORPHANS_MAX = 16_384
export const ORPHAN_BYTES_MAX = 16 * 1024 * 1024

interface Orphan {
  readonly operation: Operation
  readonly awaited: OperationId
}

export class Orphans {
  /** In the order of arrival. */
  readonly #orphans = new Map<OperationId, Orphan>()
  readonly #byAwaited = new Map<OperationId, Set<OperationId>>()
  readonly #limits: { readonly countMax: number; readonly bytesMax: number }
  #bytes = 0

  constructor(limits = { countMax: ORPHANS_MAX, bytesMax: ORPHAN_BYTES_MAX }) {
    this.#limits = limits
  }

  get size(): number {
    return this.#orphans.size
  }

  has(id: OperationId): boolean {
    return this.#orphans.has(id)
  }

  /** Parks `operation` until `awaited` is placed. */
  park(operation: Operation, awaited: OperationId): void {
    this.#orphans.set(operation.id, { operation, awaited })
    this.#bytes += operation.record.length
    const waiting = this.#byAwaited.get(awaited)
    if (waiting === undefined) this.#byAwaited.set(awaited, new Set([operation.id]))
    else waiting.add(operation.id)
    for (const [id] of this.#orphans) {
      if (this.#orphans.size <= this.#limits.countMax && this.#bytes <= this.#limits.bytesMax) break
      this.#remove(id)
    }
  }

  /** Takes out whatever waited for `placed`. */
  release(placed: OperationId): Operation[] {
    const released: Operation[] = []
    for (const id of this.#byAwaited.get(placed) ?? []) {
      const orphan = this.#orphans.get(id)
      if (orphan !== undefined) released.push(orphan.operation)
    }
    for (const operation of released) this.#remove(operation.id)
    return released
  }

  /** What is waited for and is not itself waiting. */
  missing(): OperationId[] {
    return [...this.#byAwaited.keys()].filter(id => !this.#orphans.has(id)).sort()
  }

  #remove(id: OperationId): void {
    const orphan = this.#orphans.get(id)
    if (orphan === undefined) return
    this.#orphans.delete(id)
    this.#bytes -= orphan.operation.record.length
    const waiting = this.#byAwaited.get(orphan.awaited)
    waiting?.delete(id)
    if (waiting?.size === 0) this.#byAwaited.delete(orphan.awaited)
  }
}
