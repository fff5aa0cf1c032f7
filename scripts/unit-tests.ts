/**
 * Runs the unit tests. Those of a pure layer leave the process as they found it and share one, since to start a process
 * and to load its modules takes longer than most of them do; each other file has a process of its own. So has a file
 * with hooks outside of any suite: in a process that is shared they would be hooks of all.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { LAYERS, layerOf } from './layers.ts'

const FILES = ['src', 'console/src', 'scripts', 'lab', 'sim'].map(folder => `${folder}/**/*.test.ts`)
const HOOK = /^(?:before|after|beforeEach|afterEach)\(/m
const AT_ONCE = 2

/** Whether a test file of this text can share a process with others. */
export function isShared(file: string, text: string): boolean {
  return LAYERS[layerOf(file) ?? '']?.pure === true && !HOOK.test(text)
}

/** Resolves to whether all passed. */
async function passes(options: readonly string[], files: readonly string[]): Promise<boolean> {
  const args = ['--test', '--test-reporter=spec', ...options, ...files]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const [exitCode] = await once(child, 'exit')
  return exitCode === 0
}

if (import.meta.main) {
  const files = globSync(FILES).sort()
  const together = files.filter(file => isShared(file, readFileSync(file, 'utf8')))
  const alone = files.filter(file => !together.includes(file))
  // Neighbours, which are alike, do not all come into the same share.
  const shares = Array.from({ length: AT_ONCE }, (_, share) =>
    together.filter((_, at) => at % AT_ONCE === share)
  )
  const passed = await Promise.all(shares.map(share => passes(['--test-isolation=none'], share)))
  passed.push(await passes([`--test-concurrency=${AT_ONCE}`], alone))
  if (passed.includes(false)) process.exitCode = 1
}
