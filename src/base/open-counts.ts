/** How many of something each holder has open at the same time. Who has none is not kept. */

export class OpenCounts<Holder> {
  readonly #counts = new Map<Holder, number>()

  of(holder: Holder): number {
    return this.#counts.get(holder) ?? 0
  }

  /** Counts one more. The result is to be called when it is over; a second call does nothing. */
  open(holder: Holder): () => void {
    this.#counts.set(holder, this.of(holder) + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      const left = this.of(holder) - 1
      if (left > 0) this.#counts.set(holder, left)
      else this.#counts.delete(holder)
    }
  }
}
