/**
 * What stands in the ledger for a person that a version is about: an HMAC of the version under a key that is drawn for
 * the person and is in the directory alone (subject-directory.ts). So it tells nothing to who lacks the key, not even
 * that two versions are about the same person; and once the key is erased, nobody finds out any more whom it meant.
 */

import { createHmac } from 'node:crypto'
import { concatBytes, toHex, utf8 } from '../../base/bytes.ts'
import { idBytes, type VersionId } from '../../base/ids.ts'
import { sha256 } from '../../store/sha256.ts'

export const SUBJECT_KEY_BYTES = 32
const DOMAIN = utf8('peerage subject v1\n')
const LOOKUP_DOMAIN = utf8('peerage lookup v1\n')
const HASH_DOMAIN = utf8('peerage subject key v1\n')

/** In hex, as dataset.subjects has it. */
export function pseudonymOf(key: Uint8Array, version: VersionId): string {
  return createHmac('sha256', key)
    .update(concatBytes([DOMAIN, idBytes(version)]))
    .digest('hex')
}

/**
 * What an audit log has for a person that was looked up: with another salt each time, and meaningless without the
 * key.
 */
export function lookupMark(key: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(
    createHmac('sha256', key)
      .update(concatBytes([LOOKUP_DOMAIN, salt]))
      .digest()
  )
}

/** Names a key, so that it can be said that it was erased; in hex. */
export function keyHashOf(key: Uint8Array): string {
  return toHex(sha256(concatBytes([HASH_DOMAIN, key])))
}
