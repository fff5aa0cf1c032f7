/** Which of several file keys opens the manifest of a version: the name of its object follows from its key. */

import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import type { Version } from '../../content/version.ts'
import { hkdf } from '../../store/sealing/openssl-ciphers.ts'

/** Undefined when none of them does. */
export function keyFor({ files }: Version, keys: readonly Uint8Array[]): Uint8Array | undefined {
  if (keys.length === 0) return undefined
  const names = new Set(files.map(({ path }) => path.join('/')))
  return keys.find(key => names.has(manifestNameOf(key, hkdf)))
}
