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
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { Extension, X509CertificateGenerator } from '@peculiar/x509'
import { assert } from '../../base/assert.ts'
import { concatBytes, utf8 } from '../../base/bytes.ts'
import { DAY_MS } from '../../base/units.ts'

const EXTENSION = '1.3.6.1.4.1.53594.1.1'
const SIGNED_PREFIX = 'libp2p-tls-handshake:'
const BACKDATED_MS = 30 * DAY_MS
/** No end within the life of a device: it is made anew at each start. */
const LIFE_MS = 100 * 365 * DAY_MS
const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const SERIAL_BYTES = 16
const DER_SEQUENCE = 0x30
const DER_OCTETS = 0x04
const DER_SHORT_MAX = 127

type Provider = Parameters<typeof X509CertificateGenerator.createSelfSigned>[1]

export interface DeviceCertificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

export async function makeDeviceCertificate(key: PrivateKey, nowMs: number): Promise<DeviceCertificate> {
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])
  const spki = new Uint8Array(await webcrypto.subtle.exportKey('spki', keys.publicKey))
  const signature = await key.sign(concatBytes([utf8(SIGNED_PREFIX), spki]))
  const proof = der(DER_SEQUENCE, [
    der(DER_OCTETS, [publicKeyToProtobuf(key.publicKey)]),
    der(DER_OCTETS, [signature])
  ])
  const made = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      ...{ notBefore: new Date(nowMs - BACKDATED_MS), notAfter: new Date(nowMs + LIFE_MS) },
      ...{
        keys,
        signingAlgorithm: CURVE,
        extensions: [new Extension(EXTENSION, true, Uint8Array.from(proof))]
      }
    },
    webcrypto as Provider
  )
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  return {
    cert: made.toString('pem'),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  }
}

/** One value in DER, X.690 section 8.1: what an extension holds here is short. */
function der(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(parts)
  assert(content.length <= DER_SHORT_MAX, 'the length of a DER value fits one byte')
  return concatBytes([Uint8Array.of(tag, content.length), content])
}

/** Positive, and of full length, as RFC 5280 section 4.1.2.2 asks. */
function serialNumber(): string {
  const serial = randomBytes(SERIAL_BYTES)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return serial.toString('hex')
}
