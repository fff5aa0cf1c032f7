/** Builds the console of a checkout where it is missing or older than what it is made from, and nodes run from it. */

import { execFileSync } from 'node:child_process'
import { existsSync, globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isBuilt } from './program.ts'

const ROOT = new URL('..', import.meta.url).pathname
const SOURCES = [
  'console/src/**/*',
  'console/*.{ts,html,json}',
  'src/{api,base,report}/*.ts',
  'package-lock.json'
]

export function buildConsole(): void {
  if (isBuilt()) return
  const built = join(ROOT, 'console/dist/index.html')
  const newestMs = Math.max(
    ...globSync(SOURCES, { cwd: ROOT }).map(file => statSync(join(ROOT, file)).mtimeMs)
  )
  if (existsSync(built) && statSync(built).mtimeMs > newestMs) return
  execFileSync('npm', ['run', '--silent', 'build:console'], { cwd: ROOT, stdio: 'inherit' })
}
