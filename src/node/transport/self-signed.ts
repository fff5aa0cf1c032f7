/** Certificates that sign themselves, with a P-256 key of their own. */

import 'reflect-metadata'
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto'
import { type Extension, X509CertificateGenerator } from '@peculiar/x509'

const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const SERIAL_BYTES = 16

type Provider = Parameters<typeof X509CertificateGenerator.createSelfSigned>[1]

/** Both in PEM. */
export interface SelfSigned {
  readonly cert: string
  readonly key: string
}

export interface SelfSignedTerms {
  /** As in "CN=…"; none if left out. */
  readonly name?: string
  readonly fromMs: number
  readonly untilMs: number
  /** May be about its key, in the form of a SubjectPublicKeyInfo. */
  readonly extensions: (spki: Uint8Array) => Promise<readonly Extension[]>
}

export async function makeSelfSigned({
  name,
  fromMs,
  untilMs,
  extensions
}: SelfSignedTerms): Promise<SelfSigned> {
  const keys = await webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])
  const spki = new Uint8Array(await webcrypto.subtle.exportKey('spki', keys.publicKey))
  const made = await X509CertificateGenerator.createSelfSigned(
    {
      ...(name === undefined ? {} : { name }),
      ...{ serialNumber: serialNumber(), notBefore: new Date(fromMs), notAfter: new Date(untilMs) },
      ...{ keys, signingAlgorithm: CURVE, extensions: [...(await extensions(spki))] }
    },
    // Named, since other packages set one for the whole process.
    webcrypto as Provider
  )
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  return { cert: made.toString('pem'), key: key.export({ format: 'pem', type: 'pkcs8' }).toString() }
}

/** Positive, and of full length, as RFC 5280 section 4.1.2.2 asks. */
function serialNumber(): string {
  const serial = randomBytes(SERIAL_BYTES)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return serial.toString('hex')
}
