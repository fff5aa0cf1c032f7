/** What a scenario distributes: random files, so that nothing on the way can make them smaller. */

import { randomFillSync } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { MIB } from '../../src/base/units.ts'
import type { Scenario } from './scenarios.ts'

const FILES_PER_FOLDER = 256

export interface Content {
  /** The file or folder to publish. */
  readonly path: string
  readonly bytes: number
}

export function writeContent(folder: string, scenario: Scenario): Content {
  const { files, fileBytes } = scenario
  const path = join(folder, files === 1 ? 'data.bin' : 'data')
  if (files === 1) writeRandom(path, fileBytes)
  for (let index = 0; files > 1 && index < files; index++) {
    const sub = join(path, `d${Math.floor(index / FILES_PER_FOLDER)}`)
    if (index % FILES_PER_FOLDER === 0) mkdirSync(sub, { recursive: true })
    writeRandom(join(sub, `f${index}`), fileBytes)
  }
  return { path, bytes: files * fileBytes }
}

function writeRandom(path: string, bytes: number): void {
  const block = Buffer.allocUnsafe(Math.min(bytes, MIB))
  const file = openSync(path, 'w')
  for (let written = 0; written < bytes; written += block.length) {
    randomFillSync(block)
    writeSync(file, block, 0, Math.min(block.length, bytes - written))
  }
  closeSync(file)
}
