/**
 * How long reading content takes at the disk. What comes from memory takes next to no time and adds its bytes, so the
 * sums say how fast content is to be had here, whatever of it is cached.
 *
 * Time counts while a read is under way and the event loop has nothing else to do: neither a late event loop, nor
 * reads that wait in the thread pool for others, make a disk look slow. Where the loop is busy all the time it is not
 * the disk that is waited for. A thread that reads and hashes counts the time of its system calls (`SharedReads`).
 */

import { performance } from 'node:perf_hooks'
import { assert } from '../base/assert.ts'

/** Since the start. */
export interface ReadSums {
  readonly bytes: number
  readonly ms: number
}

export class ReadClock {
  readonly #idleMs: () => number
  #underWay = 0
  #bytes = 0
  #ms = 0
  /** Up to where the time is in the sum, of the loop's idle time; while a read is under way. */
  #countedMs = 0

  /** `idleMs` is for how long the event loop of this thread had nothing to do since it began. */
  constructor(idleMs: () => number = () => performance.nodeTiming.idleTime) {
    this.#idleMs = idleMs
  }

  begin(): void {
    if (this.#underWay++ === 0) this.#countedMs = this.#idleMs()
  }

  /** None where it failed. */
  end(bytes: number): void {
    assert(this.#underWay > 0, 'a read that ends has begun')
    this.#bytes += bytes
    this.#count()
    this.#underWay--
  }

  sums(): ReadSums {
    if (this.#underWay > 0) this.#count()
    return { bytes: this.#bytes, ms: this.#ms }
  }

  #count(): void {
    const idleMs = this.#idleMs()
    this.#ms += idleMs - this.#countedMs
    this.#countedMs = idleMs
  }
}

/** Sums that one thread counts and another reads. */
export class SharedReads {
  readonly #sums: Float64Array

  /** `memory` is shared by both; new where it is left out. */
  constructor(memory = new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT)) {
    this.#sums = new Float64Array(memory)
  }

  get memory(): SharedArrayBuffer {
    return this.#sums.buffer as SharedArrayBuffer
  }

  add(bytes: number, ms: number): void {
    const [bytesBefore = 0, msBefore = 0] = this.#sums
    this.#sums[0] = bytesBefore + bytes
    this.#sums[1] = msBefore + ms
  }

  sums(): ReadSums {
    const [bytes = 0, ms = 0] = this.#sums
    return { bytes, ms }
  }
}

export function addReads(all: Iterable<ReadSums>): ReadSums {
  let [bytes, ms] = [0, 0]
  for (const each of all) {
    bytes += each.bytes
    ms += each.ms
  }
  return { bytes, ms }
}
