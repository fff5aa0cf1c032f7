/** Fuzz target of key files: what is read is written again to a text that reads the same. */

import { assert } from '../../base/assert.ts'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { parseDeviceId } from '../../base/ids.ts'
import { formatKeyFile, KEY_FILE_COST, parseKeyFile } from './key-file.ts'

const key = parseDeviceId('ab'.repeat(32))
assert(key !== undefined, 'a device id')
const text = formatKeyFile({
  key,
  cost: KEY_FILE_COST,
  salt: new Uint8Array(16).fill(1),
  nonce: new Uint8Array(12).fill(2),
  sealed: new Uint8Array(48).fill(3)
})

export const seeds: Uint8Array[] = [utf8(text), utf8(JSON.stringify(JSON.parse(text))), utf8('{"v":1}')]

export function fuzz(input: Uint8Array): void {
  const read = fromUtf8(input)
  if (read === undefined) return
  const file = parseKeyFile(read)
  if ('fault' in file) return
  const again = parseKeyFile(formatKeyFile(file))
  assert(!('fault' in again), 'what we write we read')
  assert(formatKeyFile(again) === formatKeyFile(file), 'a key file has one text')
}
