/** What tests of sealing share: ciphers of OpenSSL, bytes that are random by seed, and a small manifest. */

import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'
import { concatBytes } from '../../base/bytes.ts'
import { type PiecesRoot, piecesRootFromBytes } from '../../base/ids.ts'
import {
  AEAD_TAG_BYTES,
  type AeadOfKey,
  type HkdfSha256,
  type HmacSha256,
  type RandomBytes
} from './ciphers.ts'
import type { Manifest, ManifestEntry, SealedObject } from './manifest.ts'
import { objectNameOf } from './manifest.ts'

export const hkdf: HkdfSha256 = ({ secret, salt, info, bytes }) =>
  new Uint8Array(hkdfSync('sha256', secret, salt, info, bytes))

export const hmac: HmacSha256 = (key, message) =>
  new Uint8Array(createHmac('sha256', key).update(message).digest())

export const aead: AeadOfKey = key => ({
  seal(nonce, plaintext) {
    const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: AEAD_TAG_BYTES })
    return concatBytes([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  },
  open(nonce, sealed) {
    if (sealed.length < AEAD_TAG_BYTES) return undefined
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: AEAD_TAG_BYTES })
    decipher.setAuthTag(sealed.subarray(-AEAD_TAG_BYTES))
    const plaintext = decipher.update(sealed.subarray(0, -AEAD_TAG_BYTES))
    try {
      decipher.final()
    } catch {
      return undefined
    }
    return new Uint8Array(plaintext)
  }
})

/** The same bytes for the same seed, in the same order. */
export function seededBytes(seed: string): RandomBytes {
  let drawn = 0
  return bytes => {
    const parts: Uint8Array[] = []
    for (let length = 0; length < bytes; length += 32)
      parts.push(createHash('sha256').update(`${seed} ${drawn++}`).digest())
    return concatBytes(parts).slice(0, bytes)
  }
}

export function sampleRoot(text: string): PiecesRoot {
  return piecesRootFromBytes(createHash('sha256').update(text).digest())
}

export function sampleObject(text: string): SealedObject {
  const random = seededBytes(text)
  return { name: objectNameOf(random(16)), fileKey: random(16) }
}

export function sampleFile(path: string, bytes: number, content = path): ManifestEntry {
  return {
    path: path.split('/'),
    bytes,
    root: bytes === 0 ? undefined : sampleRoot(content),
    executable: false,
    symlink: undefined,
    object: sampleObject(path)
  }
}

export const SAMPLE: Manifest = {
  name: 'ledgers',
  isSingleFile: false,
  entries: [
    sampleFile('2025/empty.csv', 0),
    { ...sampleFile('2025/run.sh', 700), executable: true },
    sampleFile('2025/summe Ä.csv', 123_456_789),
    {
      path: ['latest'],
      bytes: 0,
      root: undefined,
      executable: false,
      symlink: ['2025', 'summe Ä.csv'],
      object: undefined
    }
  ]
}
