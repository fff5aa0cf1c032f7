/** Fuzz target of certificates: whatever is not what was signed is refused, as such and in no other way. */

import { assert } from '../../base/assert.ts'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { canonicalJson } from './canonical-json.ts'
import { verifyCertificate } from './certificate.ts'
import { sampleCertificate } from './certificate-sample.conformance.ts'

const sample = canonicalJson(sampleCertificate())

export const seeds: Uint8Array[] = [utf8(sample), utf8('{"format":"peerage-erasure-certificate","v":1}')]

export function fuzz(input: Uint8Array): void {
  try {
    verifyCertificate(input)
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'CERTIFICATE_INVALID') return
    throw thrown
  }
  const read: unknown = JSON.parse(fromUtf8(input) ?? '')
  assert(canonicalJson(read) === sample, 'only what was signed is valid')
}
