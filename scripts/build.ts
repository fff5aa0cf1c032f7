/**
 * Builds what the package has into dist/: the program in few files, the console in dist/console, the manual page, and
 * what both contain of others.
 */

import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { execPath } from 'node:process'
import { build, type Plugin } from 'vite'
import { toHex } from '../src/base/bytes.ts'
import { ledgerRules } from '../src/node/ledger/ledger-rules.ts'
import { bundleProgram } from './bundle-program.ts'
import { billOfMaterials, noticesText, packagesOf } from './bundled-packages.ts'

/** Builds the console, and returns the files that it came of. */
async function buildConsole(): Promise<string[]> {
  const files: string[] = []
  const note: Plugin = {
    name: 'note-files',
    moduleParsed({ id }) {
      files.push(id)
    }
  }
  await build({
    configFile: 'console/vite.config.ts',
    plugins: [note],
    logLevel: 'warn',
    build: { outDir: '../dist/console' }
  })
  return files
}

rmSync('dist', { recursive: true, force: true })
const files = [...(await bundleProgram('dist')), ...(await buildConsole())]
const packages = packagesOf(files)
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly name: string
  readonly version: string
  readonly license: string
}
writeFileSync('dist/ledger-rules', toHex(ledgerRules()))
writeFileSync('dist/third-party-notices.txt', noticesText(packages))
writeFileSync('dist/sbom.cdx.json', `${JSON.stringify(billOfMaterials(manifest, packages), null, 2)}\n`)
chmodSync('dist/cli/main.js', 0o755)
writeFileSync('dist/peerage.1', execFileSync(execPath, ['dist/cli/main.js', 'man']))
console.error('built dist/') // stdout belongs to npm pack --json
