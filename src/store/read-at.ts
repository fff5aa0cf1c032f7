/** How a holding reads from an open file: an argument, so that tests can have a disk that fails. */

import { read } from 'node:fs'
import { promisify } from 'node:util'

/** Reads at an offset; resolves to how many bytes there were, fewer than asked for at the end of the file. */
export type ReadAt = (fd: number, into: Uint8Array, offset: number) => Promise<number>

const readPromise = promisify(read)

export const readAtOffset: ReadAt = async (fd, into, offset) =>
  (await readPromise(fd, into, 0, into.length, offset)).bytesRead
