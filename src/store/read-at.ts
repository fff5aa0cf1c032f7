/** How a holding reads from an open file: an argument, so that tests can have a disk that fails. */

import { read } from 'node:fs'

/** Reads at an offset; resolves to how many bytes there were, fewer than asked for at the end of the file. */
export type ReadAt = (fd: number, into: Uint8Array, offset: number) => Promise<number>

export const readAtOffset: ReadAt = (fd, into, offset) =>
  new Promise((resolve, reject) => {
    read(fd, into, 0, into.length, offset, (error, bytes) => {
      if (error === null) resolve(bytes)
      else reject(error)
    })
  })
