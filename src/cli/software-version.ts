/** The version of the package that this file belongs to, in a checkout as in an installed package. */

import { readFileSync } from 'node:fs'
import { z } from 'zod'

export function softwareVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}
