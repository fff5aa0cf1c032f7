/**
 * Names the rules by which this program makes a state of operations: the SHA-256 over its own code of the ledger. A
 * version number would have to be thought of with every change of the fold, and who forgets it gives devices that go on
 * by old rules; the code itself can not be forgotten.
 */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const LEDGER_FOLDER = join(import.meta.dirname, '..', '..', 'ledger')
/** Code that runs: from a checkout or from the package, without tests and declarations. */
const CODE = /^[a-z0-9-]+\.(?:ts|js)$/

let rules: Uint8Array | undefined

export function ledgerRules(): Uint8Array {
  rules ??= hashOfFolder(LEDGER_FOLDER)
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
