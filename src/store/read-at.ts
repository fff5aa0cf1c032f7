/** How a holding reads from an open file: an argument, so that tests can have a disk that fails. */

import { read } from 'node:fs'
import type { ReadClock } from './read-clock.ts'

/** Reads at an offset; resolves to how many bytes there were, fewer than asked for at the end of the file. */
export type ReadAt = (fd: number, into: Uint8Array, offset: number) => Promise<number>

export const readAtOffset: ReadAt = (fd, into, offset) =>
  new Promise((resolve, reject) => {
    read(fd, into, 0, into.length, offset, (error, bytes) => {
      if (error === null) resolve(bytes)
      else reject(error)
    })
  })

/** As readAtOffset, and the clock says how long that takes. */
export function timedReadAt(clock: ReadClock): ReadAt {
  return async (fd, into, offset) => {
    let bytes = 0
    clock.begin()
    try {
      bytes = await readAtOffset(fd, into, offset)
      return bytes
    } finally {
      clock.end(bytes)
    }
  }
}
