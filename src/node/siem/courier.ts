/**
 * Brings events to one sink: a batch at a time, the next only after the sink has the one before, and after how far it
 * got is durable. So each event arrives at least once, in the order of its feed; after a failure or a crash the batch
 * comes again. While a sink is away one batch is all that waits in memory.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../../base/errors.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { EventFeed } from './event-feed.ts'
import type { KeptSink, SiemFile } from './siem-file.ts'
import { NotYet, type Sink, TooMuch } from './sink.ts'

const BATCH_MAX = 250
const POLL_MS = 2 * SECOND_MS
const RETRY_MIN_MS = SECOND_MS
const RETRY_MAX_MS = 2 * MINUTE_MS

export interface CourierInit {
  readonly kept: KeptSink
  readonly sink: Sink
  readonly feed: EventFeed
  readonly file: SiemFile
  readonly onFailure: (message: string) => void
  readonly timing?: { readonly pollMs: number; readonly retryMinMs: number }
}

export interface CourierStatus {
  /** Since the start of the node. */
  readonly delivered: number
  readonly skipped: number
  readonly lastDeliveredAtMs: number | null
  /** What went wrong last, while it does; since when, and how often in a row. */
  readonly failure: { readonly message: string; readonly sinceMs: number; readonly attempts: number } | null
}

export class Courier {
  readonly #init: CourierInit
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #batchMax = BATCH_MAX
  #status: CourierStatus = { delivered: 0, skipped: 0, lastDeliveredAtMs: null, failure: null }
  #rest = new AbortController()

  constructor(init: CourierInit) {
    this.#init = init
  }

  get status(): CourierStatus {
    return this.#status
  }

  get kept(): KeptSink {
    return this.#init.kept
  }

  start(): void {
    this.#running = this.#run()
  }

  /** There is something new. */
  wake(): void {
    if (this.#status.failure === null) this.#rest.abort()
  }

  /** Ends what is under way; what was not taken yet comes again. */
  async close(): Promise<void> {
    this.#stop.abort()
    this.#rest.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { pollMs = POLL_MS } = this.#init.timing ?? {}
    while (!this.#stop.signal.aborted) {
      let restMs: number | undefined
      try {
        if (!(await this.#deliver())) restMs = pollMs
      } catch (thrown) {
        if (this.#stop.signal.aborted) return
        restMs = this.#failed(thrown)
      }
      if (restMs !== undefined) await this.#sleep(restMs)
    }
  }

  /** Brings one batch; false when there was none. */
  async #deliver(): Promise<boolean> {
    const { kept, sink, feed, file } = this.#init
    const { events, cursor, skipped } = feed.read(file.cursor(kept.id), {
      ...{ limit: this.#batchMax, logs: kept.logs }
    })
    if (events.length === 0 && skipped === 0) return false
    if (events.length > 0) await sink.send(events, this.#stop.signal)
    file.putCursor(kept.id, cursor)
    this.#batchMax = Math.min(BATCH_MAX, this.#batchMax + 1)
    this.#status = {
      delivered: this.#status.delivered + events.length,
      skipped: this.#status.skipped + skipped,
      lastDeliveredAtMs: Date.now(),
      failure: null
    }
    return true
  }

  /** Says how long to wait. */
  #failed(thrown: unknown): number {
    const { retryMinMs = RETRY_MIN_MS } = this.#init.timing ?? {}
    const message = messageOf(thrown)
    const before = this.#status.failure
    if (before === null) this.#init.onFailure(message)
    const attempts = (before?.attempts ?? 0) + 1
    this.#status = {
      ...this.#status,
      failure: { message, sinceMs: before?.sinceMs ?? Date.now(), attempts }
    }
    if (thrown instanceof TooMuch && this.#batchMax > 1) {
      this.#batchMax = Math.floor(this.#batchMax / 2)
      return 0
    }
    const waitMs = Math.min(RETRY_MAX_MS, retryMinMs * 2 ** Math.min(attempts - 1, 10))
    return thrown instanceof NotYet ? Math.max(waitMs, thrown.waitMs) : waitMs
  }

  async #sleep(ms: number): Promise<void> {
    this.#rest = new AbortController()
    if (this.#stop.signal.aborted) return
    await delay(ms, undefined, { signal: this.#rest.signal, ref: false }).catch(() => undefined)
  }
}
