/** A Chromium of the machine, to look at the console with: no window, a profile of its own, no calls of its own. */

import { createHash, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage'
]

/** Where a Chromium is, or undefined where none is installed. */
export function chromiumPath(): string | undefined {
  return PLACES.find(existsSync)
}

/**
 * With the certificate of a node, which no authority signed, its word counts, and no other's. That each error of a
 * certificate is waved through instead has every connection begin twice: on a busy machine some do so until the browser
 * gives up (ERR_TOO_MANY_RETRIES).
 */
export async function launchChromium(executablePath: string, home: string): Promise<Browser> {
  const { publicKey } = new X509Certificate(readFileSync(join(home, 'web', 'cert.pem')))
  const key = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
  const args = [...QUIET, `--ignore-certificate-errors-spki-list=${key}`]
  return await chromium.launch({ executablePath, args, headless: true })
}
