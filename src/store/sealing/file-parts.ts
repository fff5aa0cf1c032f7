/** Reading and writing files in large parts, while another part is worked on. */

import { fstat, write, writev } from 'node:fs'
import { promisify } from 'node:util'
import { appErrorOf, failureOf } from '../failure.ts'
import { readAtOffset } from '../read-at.ts'

const writePromise = promisify(write)
const writevPromise = promisify(writev)
const fstatPromise = promisify(fstat)

/** A file that the caller opened and closes. */
export interface OpenedFile {
  readonly fd: number
  /** For messages: a path, or the name of an object. */
  readonly name: string
}

/** Throws AppError, as do all of these, when the system refuses. */
export async function fileBytes(file: OpenedFile): Promise<number> {
  try {
    return (await fstatPromise(file.fd)).size
  } catch (thrown) {
    throw appErrorOf(failureOf('read', file.name, thrown), thrown)
  }
}

/** Fills `into`, unless the file ends; resolves to how many bytes there were. */
export async function readFull(file: OpenedFile, into: Uint8Array, offset: number): Promise<number> {
  let done = 0
  try {
    while (done < into.length) {
      const bytes = await readAtOffset(file.fd, into.subarray(done), offset + done)
      if (bytes === 0) break
      done += bytes
    }
  } catch (thrown) {
    throw appErrorOf(failureOf('read', file.name, thrown), thrown)
  }
  return done
}

/** Writes all of the parts behind each other. */
export async function writeParts(
  file: OpenedFile,
  parts: readonly Uint8Array[],
  offset: number
): Promise<void> {
  try {
    const { bytesWritten } = await writevPromise(file.fd, parts, offset)
    await writeRest(file.fd, parts, bytesWritten, offset)
  } catch (thrown) {
    throw appErrorOf(failureOf('write', file.name, thrown), thrown)
  }
}

/** A write may do less than it was asked to; nearly always there is no rest. */
async function writeRest(
  fd: number,
  parts: readonly Uint8Array[],
  done: number,
  offset: number
): Promise<void> {
  let partStart = 0
  for (const part of parts) {
    const partEnd = partStart + part.length
    for (let at = Math.max(done, partStart); at < partEnd; ) {
      at += (await writePromise(fd, part, at - partStart, partEnd - at, offset + at)).bytesWritten
    }
    partStart = partEnd
  }
}

/**
 * One operation under way at a time, beside the caller's own work. Whoever leaves early waits for it with `settle`,
 * or the file would be closed, or its buffer used again, beneath it.
 */
export class UnderWay {
  #operation: Promise<void> = Promise.resolve()

  /** Waits for the operation before, then starts this one. */
  async next(operation: () => Promise<void>): Promise<void> {
    await this.#operation
    this.#operation = operation()
    // What it throws is thrown by whoever waits for it.
    this.#operation.catch(() => undefined)
  }

  done(): Promise<void> {
    return this.#operation
  }

  async settle(): Promise<void> {
    await this.#operation.catch(() => undefined)
  }
}
