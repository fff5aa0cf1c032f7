/** Fuzz target of the magnet parser: what it accepts, it writes as a link that parses to the same. */

import { assert } from '../base/assert.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { type Magnet, magnetLink, parseMagnet } from './magnet.ts'

const ID = 'caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e'

export const seeds: Uint8Array[] = [
  `magnet:?xt=urn:btmh:1220${ID}&dn=a%20b`,
  `magnet:?dn=x&tr=udp%3A%2F%2Ft&xt.1=urn:btih:631a31dd0a46257d5078c0dee4e66e26f73e42ac&xt.2=urn:btmh:1220${ID}`
].map(utf8)

export function fuzz(input: Uint8Array): void {
  const link = fromUtf8(input)
  if (link === undefined) return
  let magnet: Magnet
  try {
    magnet = parseMagnet(link)
  } catch (thrown) {
    if (thrown instanceof AppError) return
    throw thrown
  }
  const again = parseMagnet(magnetLink(magnet))
  assert(again.versionId === magnet.versionId && again.name === magnet.name, 'writing keeps what was read')
}
