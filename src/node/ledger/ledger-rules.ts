/**
 * Names the rules by which this program makes a state of operations: the SHA-256 over its own code of the ledger and of
 * what that is built on. A version number would have to be thought of with every change of the fold, and who forgets it
 * gives devices that go on by old rules; the code itself can not be forgotten. A built program, whose code lies in
 * other files, has beside it what its build found.
 */

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defined } from '../../base/assert.ts'
import { concatBytes, fromHex } from '../../base/bytes.ts'
import { sha256 } from '../../store/sha256.ts'

const SOURCE = join(import.meta.dirname, '..', '..')
const FOLDERS = ['base', 'ledger'].map(name => join(SOURCE, name))
const BUILT = join(SOURCE, 'ledger-rules')
/** Code that runs, without tests and declarations. */
const CODE = /^[a-z0-9-]+\.(?:ts|js)$/

let rules: Uint8Array | undefined

/** To be asked first when the process starts: later the files may be those of a newer program. */
export function ledgerRules(): Uint8Array {
  rules ??= existsSync(BUILT)
    ? defined(fromHex(readFileSync(BUILT, 'utf8')), 'what the build found')
    : sha256(concatBytes(FOLDERS.map(hashOfFolder)))
  return rules
}

/** SHA-256 over the names and contents of the code in a folder and those below it. */
export function hashOfFolder(folder: string): Uint8Array {
  const hash = createHash('sha256')
  const files = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && CODE.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
  for (const file of files.sort()) {
    const bytes = readFileSync(file)
    hash.update(`${file.slice(folder.length)}\0${bytes.length}\0`).update(bytes)
  }
  return new Uint8Array(hash.digest())
}
