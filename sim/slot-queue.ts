/** Transfers under way, by the time at which they are through: a heap over flat arrays, for millions of them. */

export interface Slot {
  readonly device: number
  readonly piece: number
  readonly atMs: number
  readonly isAcross: boolean
}

export class SlotQueue {
  readonly #atMs: Float64Array
  readonly #order: Float64Array
  readonly #device: Int32Array
  readonly #piece: Int32Array
  readonly #isAcross: Uint8Array
  readonly #heap: Int32Array
  readonly #unused: number[] = []
  #length = 0
  #used = 0
  #added = 0

  constructor(capacity: number) {
    this.#atMs = new Float64Array(capacity)
    this.#order = new Float64Array(capacity)
    this.#device = new Int32Array(capacity)
    this.#piece = new Int32Array(capacity)
    this.#isAcross = new Uint8Array(capacity)
    this.#heap = new Int32Array(capacity)
  }

  add({ device, piece, atMs, isAcross }: Slot): void {
    const slot = this.#unused.pop() ?? this.#used++
    if (slot >= this.#heap.length) throw new RangeError('more transfers are under way than there is room for')
    this.#atMs[slot] = atMs
    this.#order[slot] = this.#added++
    this.#device[slot] = device
    this.#piece[slot] = piece
    this.#isAcross[slot] = isAcross ? 1 : 0
    let at = this.#length++
    while (at > 0) {
      const parent = (at - 1) >>> 1
      const above = this.#heap[parent] ?? 0
      if (!this.#isBefore(slot, above)) break
      this.#heap[at] = above
      at = parent
    }
    this.#heap[at] = slot
  }

  /** Takes the first out; its place is kept until it is freed. -1 when there is none. */
  next(): number {
    if (this.#length === 0) return -1
    const first = this.#heap[0] ?? 0
    const last = this.#heap[--this.#length] ?? 0
    if (this.#length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#length) break
      if (child + 1 < this.#length && this.#isBefore(this.#heap[child + 1] ?? 0, this.#heap[child] ?? 0))
        child++
      const below = this.#heap[child] ?? 0
      if (!this.#isBefore(below, last)) break
      this.#heap[at] = below
      at = child
    }
    this.#heap[at] = last
    return first
  }

  free(slot: number): void {
    this.#unused.push(slot)
  }

  atMs(slot: number): number {
    return this.#atMs[slot] ?? 0
  }

  deviceOf(slot: number): number {
    return this.#device[slot] ?? 0
  }

  pieceOf(slot: number): number {
    return this.#piece[slot] ?? 0
  }

  isAcross(slot: number): boolean {
    return this.#isAcross[slot] === 1
  }

  #isBefore(a: number, b: number): boolean {
    const [atA, atB] = [this.#atMs[a] ?? 0, this.#atMs[b] ?? 0]
    return atA < atB || (atA === atB && (this.#order[a] ?? 0) < (this.#order[b] ?? 0))
  }
}
