/**
 * A bounded cache of files that are open for reading. A file in use is never closed; the least recently used
 * of the others goes first.
 */

import { closeSync } from 'node:fs'
import { assert } from '../base/assert.ts'
import { openInside, type PlacedFile, READ_FLAGS } from './safe-files.ts'

const OPEN_FILES_MAX = 128

export interface OpenFile {
  readonly key: string
  readonly fd: number
}

interface Entry extends OpenFile {
  users: number
  /** Out of the cache: closed when its last user lets go. */
  dropped: boolean
}

export class OpenFiles {
  readonly #max: number
  /** In order of last use. */
  readonly #entries = new Map<string, Entry>()

  constructor(max = OPEN_FILES_MAX) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  /** Opens the file, or shares it if it is open. Throws AppError DEST_UNSAFE or the system's error. */
  acquire(key: string, file: PlacedFile): OpenFile {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      this.#evict()
      entry = { key, fd: openInside(file, READ_FLAGS), users: 0, dropped: false }
    } else this.#entries.delete(key)
    this.#entries.set(key, entry)
    entry.users++
    return entry
  }

  release(file: OpenFile): void {
    const entry = file as Entry
    assert(entry.users > 0, 'a released file was acquired')
    entry.users--
    if (entry.dropped && entry.users === 0) closeSync(entry.fd)
  }

  /** Forgets a file whose name or content is another now. */
  drop(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    entry.dropped = true
    if (entry.users === 0) closeSync(entry.fd)
  }

  close(): void {
    for (const key of [...this.#entries.keys()]) this.drop(key)
  }

  #evict(): void {
    for (const entry of this.#entries.values()) {
      if (this.#entries.size < this.#max) return
      if (entry.users === 0) this.drop(entry.key)
    }
  }
}
