/**
 * Requests that were given up and that the peer still answers, with the block or with a reject: each once. The same
 * block may have been asked for more than once meanwhile, in requests of different lengths.
 */

export class GivenUp {
  /** Lengths by the key of the request, in the order of giving up. */
  readonly #lengths = new Map<number, number[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  add(key: number, length: number): void {
    const lengths = this.#lengths.get(key)
    if (lengths === undefined) this.#lengths.set(key, [length])
    else lengths.push(length)
    this.#size++
  }

  has(key: number, length: number): boolean {
    return this.#lengths.get(key)?.includes(length) === true
  }

  /** Whether this was an answer to one of them; it counts for one. */
  take(key: number, length: number): boolean {
    const lengths = this.#lengths.get(key)
    const at = lengths?.indexOf(length) ?? -1
    if (lengths === undefined || at < 0) return false
    lengths.splice(at, 1)
    if (lengths.length === 0) this.#lengths.delete(key)
    this.#size--
    return true
  }

  /** One that will hardly be answered any more. */
  dropOldest(): void {
    const [oldest] = this.#lengths
    if (oldest !== undefined) this.take(oldest[0], oldest[1][0] ?? 0)
  }
}
