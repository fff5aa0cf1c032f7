/**
 * What processes of tests, demos and benchmarks run. PEERAGE_PROGRAM names another program than the sources for all
 * that is run; PEERAGE_BUILT the sources' own build for what runs in a process of its own, which is there in a third
 * of the time, while commands go on to run in the process that asks for them.
 */

import { execFileSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('..', import.meta.url)
const inCheckout = (path: string): string => fileURLToPath(new URL(path, ROOT))

/** The program to run in place of the sources, commands included; undefined for the sources. */
export function otherProgram(): string | undefined {
  return process.env.PEERAGE_PROGRAM
}

/** Whether the sources were built for what is run here. */
export function isBuilt(): boolean {
  return process.env.PEERAGE_BUILT !== undefined
}

/** What a process of its own runs. */
export function mainProgram(): string {
  return otherProgram() ?? process.env.PEERAGE_BUILT ?? inCheckout('src/cli/main.ts')
}

/** The sources are run from now on, whatever the environment names. */
export function runSources(): void {
  delete process.env.PEERAGE_PROGRAM
  delete process.env.PEERAGE_BUILT
}

/** Builds what the package has, the console included. Nodes run that from now on, and with `commands` those too. */
export function buildProgram({ commands = false } = {}): void {
  const built = inCheckout('dist/cli/main.js')
  execFileSync(process.execPath, [inCheckout('scripts/build.ts')], {
    ...{ cwd: fileURLToPath(ROOT), stdio: ['ignore', 'ignore', 'inherit'] }
  })
  process.env[commands ? 'PEERAGE_PROGRAM' : 'PEERAGE_BUILT'] = built
}
