/**
 * Which object of a version is the manifest: the one whose name its file key gives. So who has no key sees objects that
 * are all alike, and nothing beside the key has to be kept.
 */

import { utf8 } from '../../base/bytes.ts'
import type { HkdfSha256 } from './ciphers.ts'
import { OBJECT_NAME_BYTES, objectNameOf } from './manifest.ts'

const INFO = utf8('peerage/manifest-name/v1')

export function manifestNameOf(fileKey: Uint8Array, hkdf: HkdfSha256): string {
  const salt = new Uint8Array(0)
  return objectNameOf(hkdf({ secret: fileKey, salt, info: INFO, bytes: OBJECT_NAME_BYTES }))
}
