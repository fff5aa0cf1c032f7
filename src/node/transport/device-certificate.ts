/**
 * The certificate that a device shows in TLS, as the libp2p TLS specification has it: signed by a key of its own, which
 * the device key signs in an extension. That signature is what proves the device.
 *
 * It begins a month before it is made, where libraries take an hour: a device whose clock is wrong by more than that is
 * still to be heard. It is the ledger that says who is a member, and no date in a certificate adds to that.
 *
 * https://github.com/libp2p/specs/blob/master/tls/tls.md
 */

import 'reflect-metadata'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { Extension } from '@peculiar/x509'
import { assert } from '../../base/assert.ts'
import { concatBytes, utf8 } from '../../base/bytes.ts'
import { DAY_MS } from '../../base/units.ts'
import { makeSelfSigned, type SelfSigned } from './self-signed.ts'

const EXTENSION = '1.3.6.1.4.1.53594.1.1'
const SIGNED_PREFIX = 'libp2p-tls-handshake:'
const BACKDATED_MS = 30 * DAY_MS
/** No end within the life of a device: it is made anew at each start. */
const LIFE_MS = 100 * 365 * DAY_MS
const DER_SEQUENCE = 0x30
const DER_OCTETS = 0x04
const DER_SHORT_MAX = 127

export async function makeDeviceCertificate(key: PrivateKey, nowMs: number): Promise<SelfSigned> {
  return await makeSelfSigned({
    ...{ fromMs: nowMs - BACKDATED_MS, untilMs: nowMs + LIFE_MS },
    extensions: async spki => {
      const signature = await key.sign(concatBytes([utf8(SIGNED_PREFIX), spki]))
      const proof = der(DER_SEQUENCE, [
        der(DER_OCTETS, [publicKeyToProtobuf(key.publicKey)]),
        der(DER_OCTETS, [signature])
      ])
      return [new Extension(EXTENSION, true, Uint8Array.from(proof))]
    }
  })
}

/** One value in DER, X.690 section 8.1: what an extension holds here is short. */
function der(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(parts)
  assert(content.length <= DER_SHORT_MAX, 'the length of a DER value fits one byte')
  return concatBytes([Uint8Array.of(tag, content.length), content])
}
