/** Checks a certificate of erasure in a file. */

import { readFile, stat } from 'node:fs/promises'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { CERTIFICATE_BYTES_MAX, verifyCertificate } from './certificate.ts'
import type { CertificateVerification } from './erasure-terms.ts'

export async function verifyCertificateFile(path: string): Promise<CertificateVerification> {
  let bytes: Uint8Array
  try {
    const { size } = await stat(path)
    bytes = size > CERTIFICATE_BYTES_MAX ? new Uint8Array(0) : await readFile(path)
  } catch (cause) {
    const code = systemCodeOf(cause) === 'ENOENT' ? 'CERTIFICATE_MISSING' : 'CERTIFICATE_INVALID'
    throw new AppError(code, `can not read ${path}: ${messageOf(cause)}`, {
      details: { path },
      cause
    })
  }
  return verifyCertificate(bytes)
}
