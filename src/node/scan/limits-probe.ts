/**
 * Whether a clamd tells when it did not look at everything. Out of the box it does not: of an archive that unpacks
 * to too much, or is too deep, it calls clean what it saw of it. With AlertExceedsMax it says so instead.
 *
 * No command of its protocol tells how it is set up, so it is given something that no clamd looks at as a whole:
 * layers of gzip, more than its MaxRecursion can be. What is innermost differs each time, since clamd remembers what
 * was clean.
 */

import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { AppError } from '../../base/errors.ts'
import type { ClamdClient } from './clamd-client.ts'

/** Above the largest MaxRecursion that clamd takes. */
const LAYERS = 120
const INNERMOST_BYTES = 32

export function probeContent(): Uint8Array {
  let content: Uint8Array = randomBytes(INNERMOST_BYTES)
  for (let layer = 0; layer < LAYERS; layer++) content = gzipSync(content)
  return content
}

/** Throws SCANNER_UNFIT when it does not tell, and SCANNER_FAULTY when that can not be found out. */
export async function assertLimitsAreTold(client: ClamdClient, signal: AbortSignal): Promise<void> {
  const content = probeContent()
  const source = {
    bytes: content.length,
    async *stream() {
      yield content
    }
  }
  const verdict = await client.scan(source, signal)
  if (verdict.kind === 'unscanned') {
    if (verdict.reason === 'too-large') return
    throw new AppError('SCANNER_FAULTY', `clamd did not scan a file of ${LAYERS} layers: ${verdict.detail}`)
  }
  const said = verdict.kind === 'clean' ? 'clean' : `infected by ${verdict.signature}`
  throw new AppError(
    'SCANNER_UNFIT',
    `clamd calls ${said} what has ${LAYERS} layers, more than it looks into: set "AlertExceedsMax yes" and "ScanArchive yes" in clamd.conf, or what it calls clean may not have been looked at`
  )
}
