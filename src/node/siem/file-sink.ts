/**
 * Events in a file, a line of JSON for each, for an agent that reads it. A batch is fsynced before it counts. When the
 * file is as long as it may be it becomes `.1`, what was `.1` becomes `.2`, and the last goes. A line that a crash cut
 * off is ended, and its event comes again in whole.
 */

import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import type { JsonObject } from '../../audit/ocsf.ts'
import type { Sink } from './sink.ts'

const MODE = 0o600
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants

export interface FileSinkInit {
  readonly path: string
  readonly rotateBytes: number
  /** Full files that are kept. */
  readonly keep: number
}

export class FileSink implements Sink {
  readonly #init: FileSinkInit

  constructor(init: FileSinkInit) {
    this.#init = init
  }

  async send(events: readonly JsonObject[]): Promise<void> {
    const { path, rotateBytes } = this.#init
    const lines = Buffer.from(events.map(event => `${JSON.stringify(event)}\n`).join(''))
    const file = await open(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_RDWR, MODE)
    let bytes: number
    try {
      const before = await endLine(file)
      await file.appendFile(lines)
      await file.datasync()
      bytes = before + lines.length
    } finally {
      await file.close()
    }
    if (bytes >= rotateBytes) await this.#rotate()
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#init
    await rm(`${path}.${keep}`, { force: true })
    for (let at = keep - 1; at >= 1; at--)
      await rename(`${path}.${at}`, `${path}.${at + 1}`).catch(ignoreMissing)
    if (keep > 0) await rename(path, `${path}.1`)
    else await rm(path, { force: true })
  }
}

/** Ends a line that was cut off; returns how long the file is then. */
async function endLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat()
  if (size === 0) return 0
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  if (buffer[0] === '\n'.charCodeAt(0)) return size
  await file.appendFile('\n')
  return size + 1
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
