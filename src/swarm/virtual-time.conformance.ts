/** A clock that jumps from one event to the next: those that are due at the same time, in the order of their making. */

export class VirtualTime {
  nowMs = 0
  #sequence = 0
  readonly #heap: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = []

  at(atMs: number, run: () => void): void {
    const heap = this.#heap
    let at = heap.length
    const entry = { atMs, order: this.#sequence++, run }
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(entry, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = entry
  }

  /** Runs until nothing is left, a condition holds, or the limit is reached. */
  run(limitMs: number, isDone: () => boolean): void {
    while (this.step(limitMs)) if (isDone()) return
  }

  /** Runs the next event; false when there is none up to the limit. */
  step(limitMs: number): boolean {
    const [first] = this.#heap
    if (first === undefined || first.atMs > limitMs) return false
    this.#pop()
    this.nowMs = first.atMs
    first.run()
    return true
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const left = heap[child]
      const right = heap[child + 1]
      if (left === undefined) break
      if (right !== undefined && isBefore(right, left)) child++
      const below = heap[child]
      if (below === undefined || !isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}

function isBefore(
  a: { readonly atMs: number; readonly order: number },
  b: { readonly atMs: number; readonly order: number }
): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
