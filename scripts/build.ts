/** Compiles src/ into dist/ as JavaScript with types, and the console into dist/console: what the package has. */

import { execFileSync } from 'node:child_process'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { execPath } from 'node:process'

rmSync('dist', { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit', shell: process.platform === 'win32' })
execFileSync('vite', ['build', 'console', '--outDir', '../dist/console', '--logLevel', 'warn'], {
  stdio: ['ignore', 2, 2],
  shell: process.platform === 'win32'
})
chmodSync('dist/cli/main.js', 0o755)
writeFileSync('dist/peerage.1', execFileSync(execPath, ['dist/cli/main.js', 'man']))
console.error('built dist/') // stdout belongs to npm pack --json
