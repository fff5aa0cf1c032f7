/** A key file that a command signs with in its own process; the node gets the signature alone. */

import type { CliContext } from './context.ts'
import { absolutePathOf } from './paths.ts'

/** Whose key it is, which is readable without the passphrase. */
export async function showKeyFile(context: CliContext, file: string) {
  const path = absolutePathOf(file, context)
  const { keys } = await context.loadDaemon()
  const { key } = await keys.show(path)
  return { path, key, keys }
}
