/**
 * What can be wrong with an origin, and whether it passes. What passes is tried again soon, with waits that grow;
 * for the rest somebody has to put the origin right: it is set aside, for long, and people are told.
 */

export const ORIGIN_FAULTS = {
  unreachable: { passes: true, words: 'it can not be reached' },
  timeout: { passes: true, words: 'it does not answer' },
  truncated: { passes: true, words: 'it ends its answers too early' },
  busy: { passes: true, words: 'it asks to be left alone for a while' },
  'server-error': { passes: true, words: 'it fails' },
  'not-found': { passes: false, words: 'it does not have a file of the version' },
  forbidden: { passes: false, words: 'it does not give a file of the version' },
  'no-ranges': { passes: false, words: 'it can not give parts of a file' },
  'wrong-range': { passes: false, words: 'it gives another part of a file than was asked for' },
  'wrong-size': { passes: false, words: 'a file has another size there' },
  changed: { passes: false, words: 'a file was changed there while it was being fetched' },
  'wrong-content': { passes: false, words: 'what it gives is not the version' },
  encoded: { passes: false, words: 'it gives files in an encoding that was not asked for' },
  'redirect-loop': { passes: false, words: 'it redirects too often' },
  'redirect-downgrade': { passes: false, words: 'it redirects from https to http' },
  'redirect-refused': { passes: false, words: 'it redirects to what can not be an origin' },
  'bad-url': { passes: false, words: 'its URL can not be understood' },
  'refused-address': { passes: false, words: 'it is at an address where no origin may be' },
  tls: { passes: false, words: 'its certificate is not trusted' },
  'bad-answer': { passes: false, words: 'its answers are no HTTP that is understood' }
} as const satisfies Record<string, { readonly passes: boolean; readonly words: string }>

export type OriginFault = keyof typeof ORIGIN_FAULTS

/** What came of asking an origin, when not all came. */
export class OriginError extends Error {
  readonly fault: OriginFault
  /** How long the origin asks to be left alone, if it says so. */
  readonly retryAfterMs: number | undefined

  constructor(fault: OriginFault, detail: string, retryAfterMs?: number) {
    super(detail)
    this.name = 'OriginError'
    this.fault = fault
    this.retryAfterMs = retryAfterMs
  }
}
