/** Where events go: what every sink does. */

import type { JsonObject } from '../../audit/ocsf.ts'

export interface Sink {
  /**
   * Resolves once the other side has all of them. Rejects otherwise: then some of them may have arrived, and all are
   * sent again. Rejects with TooMuch when the other side wants fewer at a time.
   */
  send(events: readonly JsonObject[], signal: AbortSignal): Promise<void>
}

export class TooMuch extends Error {}

/** The other side asks to be left alone for so long. */
export class NotYet extends Error {
  readonly waitMs: number

  constructor(message: string, waitMs: number) {
    super(message)
    this.waitMs = waitMs
  }
}
