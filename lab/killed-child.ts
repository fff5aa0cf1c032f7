/** A process that is killed at any instant, for the tests of what it leaves behind. */

import { spawn } from 'node:child_process'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

/**
 * Runs a module as `node MODULE child ARGS...`, and kills it `lifeMs` after it has first printed something. Returns
 * the lines that it printed whole. Rejects when it ends by itself.
 */
export function runUntilKilled(
  moduleUrl: string,
  args: readonly string[],
  lifeMs: number
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(execPath, [fileURLToPath(moduleUrl), 'child', ...args], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    let text = ''
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString()
    })
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), lifeMs))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(text.split('\n').slice(0, -1))
      else reject(new Error(`the child ended by itself, with code ${code}`))
    })
  })
}
