/**
 * Loads a page anew after a fault, where nobody would: once its node answers, and not before, as a browser that reached
 * nothing shows that, and stays so.
 */

import { MINUTE_MS } from '../../../../src/base/units.ts'

export const COME_BACK_EVERY_MS = MINUTE_MS

interface Browser {
  /** Rejects, or answers false, while there is nothing to load. */
  readonly answers: () => Promise<boolean>
  readonly reload: () => void
}

const BROWSER: Browser = {
  answers: async () => (await fetch(window.location.href, { cache: 'no-store' })).ok,
  reload: () => window.location.reload()
}

export function comeBack({ answers, reload }: Browser = BROWSER): void {
  setTimeout(async () => {
    if (await answers().catch(() => false)) reload()
    else comeBack({ answers, reload })
  }, COME_BACK_EVERY_MS)
}
