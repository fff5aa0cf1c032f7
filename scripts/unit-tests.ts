/**
 * Runs the unit tests, with the same seed for all that is drawn (property-seed.ts). Those of a pure layer leave the
 * process as they found it and share one, since to start a process and to load its modules takes longer than most of
 * them do; each other file has a process of its own. So has a file with hooks outside of any suite: in a process that
 * is shared they would be hooks of all.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { LAYERS, layerOf } from './layers.ts'

const FILES = ['src', 'console/src', 'scripts', 'lab', 'sim'].map(folder => `${folder}/**/*.test.ts`)
const HOOK = /^(?:before|after|beforeEach|afterEach)\(/m
/** Properties are in the file itself, or in a suite that it runs. */
const DRAWS = /'fast-check'|\.conformance\.ts'/
const SEEDED = ['--import', resolve(import.meta.dirname, 'property-seed.ts')]
const AT_ONCE = 2

type Kind = 'shared' | 'drawing' | 'other'

/** Of a test file of this text: whether it can share a process with others, and, of the rest, whether it draws. */
export function kindOf(file: string, text: string): Kind {
  if (LAYERS[layerOf(file) ?? '']?.pure === true && !HOOK.test(text)) return 'shared'
  return DRAWS.test(text) ? 'drawing' : 'other'
}

/** Resolves to whether all passed. */
async function passes(options: readonly string[], files: readonly string[] = []): Promise<boolean> {
  if (files.length === 0) return true
  const args = ['--test', '--test-reporter=spec', ...options, ...files]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [exitCode] = await once(child, 'exit')
  return exitCode === 0
}

if (import.meta.main) {
  const files = globSync(FILES).sort()
  const {
    shared = [],
    drawing,
    other
  } = Object.groupBy(files, file => kindOf(file, readFileSync(file, 'utf8')))
  // Neighbours, which are alike, do not all come into the same share.
  const shares = Array.from({ length: AT_ONCE }, (_, share) =>
    shared.filter((_, at) => at % AT_ONCE === share)
  )
  const passed = await Promise.all(shares.map(share => passes(['--test-isolation=none', ...SEEDED], share)))
  const atOnce = `--test-concurrency=${AT_ONCE}`
  passed.push(await passes([atOnce, ...SEEDED], drawing))
  passed.push(await passes([atOnce], other))
  if (passed.includes(false)) process.exitCode = 1
}
