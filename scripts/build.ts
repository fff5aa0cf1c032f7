/** Compiles src/ into dist/ as JavaScript with types: what the published package runs on a plain Node 24. */

import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit', shell: process.platform === 'win32' })
chmodSync('dist/cli/main.js', 0o755)
console.error('built dist/') // stdout belongs to npm pack --json
