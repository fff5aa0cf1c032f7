/**
 * Runs the tests with real processes on what the package has, built once for all of them. The longest begin first, so
 * that none of them runs on alone at the end. Files given as arguments run alone.
 */

import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { buildProgram } from '../lab/program.ts'

/** More than there are processors, since processes of a test wait for each other. */
const AT_ONCE = 3
const LONGEST = ['console', 'follow-crash']

/** The files in the order in which they begin. */
export function inOrder(files: readonly string[]): string[] {
  const isLong = (file: string): boolean => LONGEST.some(name => file.endsWith(`/${name}.test.ts`))
  const sorted = [...files].sort()
  return [...sorted.filter(isLong), ...sorted.filter(file => !isLong(file))]
}

if (import.meta.main) {
  buildProgram()
  const asked = process.argv.slice(2)
  const files = asked.length > 0 ? asked : inOrder(globSync('test/**/*.test.ts'))
  const tests = run({ files: files.map(file => resolve(file)), concurrency: AT_ONCE })
  tests.on('test:fail', ({ todo }) => {
    if (todo === undefined || todo === false) process.exitCode = 1
  })
  tests.compose(spec).pipe(process.stdout)
}
