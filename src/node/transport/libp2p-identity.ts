/** Device keys and ids as libp2p knows them: a peer id is the identity multihash of the same public key. */

import { privateKeyFromRaw, publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { Ed25519PeerId, Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { assert } from '../../base/assert.ts'
import { concatBytes } from '../../base/bytes.ts'
import { type DeviceId, deviceIdFromBytes, idBytes } from '../../base/ids.ts'
import type { DeviceKey } from '../keys/device-key.ts'

/** Of seed and public key: to make the second of the first in JavaScript takes 0.1 s. */
export function toLibp2pKey(key: DeviceKey): Ed25519PrivateKey {
  const privateKey = privateKeyFromRaw(concatBytes([key.seed(), idBytes(key.id)]))
  assert(privateKey.type === 'Ed25519', 'a device key is an Ed25519 key')
  return privateKey
}

export function toPeerId(device: DeviceId): Ed25519PeerId {
  const publicKey = publicKeyFromRaw(idBytes(device))
  assert(publicKey.type === 'Ed25519', 'a device id is an Ed25519 key')
  return peerIdFromPublicKey(publicKey)
}

/** undefined for a peer whose key is of another kind: no device has one. */
export function toDeviceId(peer: PeerId): DeviceId | undefined {
  return peer.type === 'Ed25519' ? deviceIdFromBytes(peer.publicKey.raw) : undefined
}

/** undefined when `text` is no peer id of a device. */
export function parsePeerId(text: string): DeviceId | undefined {
  try {
    return toDeviceId(peerIdFromString(text))
  } catch {
    return undefined
  }
}
