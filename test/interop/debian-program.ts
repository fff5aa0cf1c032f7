/** Programs that Debian brings, for tests that need them. */

import { spawnSync } from 'node:child_process'
import { env } from 'node:process'

export interface DebianProgram {
  readonly isMissing: boolean
  /** For the options of a test. Where CI is set a package that is missing is a failure. */
  readonly skip: string | false
}

export function debianProgram(path: string, debianPackage: string): DebianProgram {
  const isMissing = spawnSync(path, ['--version']).status !== 0
  const isSkipped = isMissing && env.CI !== 'true'
  return { isMissing, skip: isSkipped ? `skipped: there is no ${path}; install ${debianPackage}` : false }
}
