/** Work that has begun and is not over: whoever closes what it works on waits for it. */

export class UnderWay {
  readonly #works = new Set<Promise<unknown>>()

  /** Counts work until it is over, however it ends; gives it back. */
  track<T>(work: Promise<T>): Promise<T> {
    const over: Promise<unknown> = work.then(
      () => this.#works.delete(over),
      () => this.#works.delete(over)
    )
    this.#works.add(over)
    return work
  }

  /** Waits until nothing is under way, also of what begins meanwhile. Never rejects. */
  async over(): Promise<void> {
    while (this.#works.size > 0) await Promise.allSettled([...this.#works])
  }
}
