/**
 * The certificate with which the API answers over TLS: the one that the org's own CA gave, or one that this node signs
 * itself, for the names of this machine. Its own lies in `web/` of the home, and is made anew a month before it ends;
 * browsers and programs know it by its fingerprint, which `peerage up` prints.
 */

import 'reflect-metadata'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension
} from '@peculiar/x509'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { DAY_MS } from '../../base/units.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { writePrivateFile } from '../../node/keys/private-file.ts'
import { makeSelfSigned } from '../../node/transport/self-signed.ts'

/** The least that clients in use take is 398 days. */
const LIFE_MS = 397 * DAY_MS
const RENEW_MS = 30 * DAY_MS
const BACKDATED_MS = DAY_MS

export interface WebCertificate {
  /** PEM; the chain, if there is one, after it. */
  readonly cert: string
  readonly key: string
  /** SHA-256 of the certificate, as browsers show it. */
  readonly fingerprint: string
  readonly endsMs: number
}

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** Reads the files of a certificate that others signed. */
export function readCertificate(files: CertificateFiles): WebCertificate {
  try {
    return certificateOf(readFileSync(files.cert, 'utf8'), readFileSync(files.key, 'utf8'))
  } catch (thrown) {
    throw new AppError(
      'LISTEN_FAILED',
      `can not use the certificate ${files.cert} with the key ${files.key}: ${messageOf(thrown)}; give PEM files that ` +
        'belong together',
      { details: { cert: files.cert, key: files.key }, cause: thrown }
    )
  }
}

/** The node's own certificate for these names and addresses besides those of the machine. */
export async function ownCertificate(
  home: string,
  { names, nowMs }: { readonly names: readonly string[]; readonly nowMs: number }
): Promise<WebCertificate> {
  const folder = join(home, 'web')
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const wanted = [...new Set([hostname(), 'localhost', '127.0.0.1', '::1', ...names])]
  const kept = keptCertificate(files)
  if (kept !== undefined && fits(new X509Certificate(kept.cert), wanted, nowMs)) return kept
  const made = await makeCertificate(wanted, nowMs)
  await makeFolder(folder, { mode: 0o700 })
  // The key first: a crash between leaves two that do not belong together, and both are made anew.
  await writePrivateFile(files.key, made.key, 'replace')
  await writePrivateFile(files.cert, made.cert, 'replace')
  return made
}

function keptCertificate(files: CertificateFiles): WebCertificate | undefined {
  try {
    return certificateOf(readFileSync(files.cert, 'utf8'), readFileSync(files.key, 'utf8'))
  } catch (thrown) {
    const code = systemCodeOf(thrown)
    if (code?.startsWith('E') && code !== 'ENOENT' && !code.startsWith('ERR_'))
      throw new AppError('LISTEN_FAILED', `can not read ${files.cert}: ${messageOf(thrown)}`, {
        details: { path: files.cert },
        cause: thrown
      })
    return undefined // none yet, or not a pair: made anew
  }
}

function certificateOf(cert: string, key: string): WebCertificate {
  const parsed = new X509Certificate(cert)
  if (!parsed.checkPrivateKey(createPrivateKey(key)))
    throw new Error('the key is not that of the certificate')
  return { cert, key, fingerprint: parsed.fingerprint256, endsMs: parsed.validToDate.getTime() }
}

function fits(certificate: X509Certificate, names: readonly string[], nowMs: number): boolean {
  const { validFromDate, validToDate } = certificate
  if (nowMs < validFromDate.getTime() || nowMs + RENEW_MS > validToDate.getTime()) return false
  return names.every(name =>
    isIP(name) === 0 ? certificate.checkHost(name) !== undefined : certificate.checkIP(name) !== undefined
  )
}

async function makeCertificate(names: readonly string[], nowMs: number): Promise<WebCertificate> {
  const fromMs = nowMs - BACKDATED_MS
  const { cert, key } = await makeSelfSigned({
    ...{ name: 'CN=Peerage node', fromMs, untilMs: fromMs + LIFE_MS },
    extensions: async () => [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map(value => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }))
      )
    ]
  })
  return certificateOf(cert, key)
}
