/**
 * The origin of one version: asks it for parts of files, and knows how it is.
 *
 *     ready <--- waiting   after what passes: for a while that grows with each failure, or as long as it asks for
 *       |           ^
 *       +-----------+
 *       +---> aside        after what does not: for long, and people are told
 *
 * An answer that breaks off is gone on with where it stopped, a few times, before that counts as a failure.
 */

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { AppError } from '../../base/errors.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { originFileUrl, originTorrentUrl } from '../../content/origin-files.ts'
import type { VersionFile } from '../../content/version.ts'
import type { Log } from '../log.ts'
import { FileRanges } from './file-ranges.ts'
import type { RequestRules } from './http-request.ts'
import { ANY_PLACE, ORIGIN_PLACES } from './origin-address.ts'
import { ORIGIN_FAULTS, OriginError, type OriginFault } from './origin-faults.ts'

const CONNECTIONS_MAX = 8
const TIMEOUT_MS = 20 * SECOND_MS
/** How often an answer that broke off is gone on with. */
const RESUMES_MAX = 3
const TORRENT_BYTES_MAX = 64 * 1024 * 1024

export interface OriginRules {
  readonly timeoutMs?: number
  /** For tests and laboratories: origins at any address, those of the machine itself included. */
  readonly anyAddress?: boolean
  readonly waitMinMs?: number
  readonly waitMaxMs?: number
  readonly asideMs?: number
}

export interface OriginState {
  readonly kind: 'ready' | 'waiting' | 'aside'
  readonly fault: OriginFault | null
  readonly detail: string | null
  /** When it is asked again, by the date. */
  readonly untilMs: number | null
}

export interface TorrentTaking {
  readonly signal: AbortSignal
  /** Is told what comes, whatever becomes of it. */
  readonly onBytes: (bytes: number) => void
}

const READY: OriginState = { kind: 'ready', fault: null, detail: null, untilMs: null }

export class OriginClient {
  readonly url: string
  readonly #log: Log
  readonly #rules: Required<OriginRules>
  readonly #files: FileRanges
  readonly #agents: RequestRules['agents']
  readonly #onReady: (isReady: boolean) => void
  readonly #closed = new AbortController()
  #state = READY
  /** Of those that pass, in a row. */
  #failures = 0
  /** How often it was set aside. Good answers do not take that back: another file, or the bytes, may be wrong. */
  #asides = 0
  #timer: NodeJS.Timeout | undefined

  constructor(init: {
    readonly url: string
    readonly log: Log
    readonly rules: OriginRules
    /** Is told when it can be asked and when not. */
    readonly onReady: (isReady: boolean) => void
  }) {
    this.url = init.url
    this.#log = init.log
    this.#onReady = init.onReady
    this.#rules = {
      timeoutMs: TIMEOUT_MS,
      anyAddress: false,
      waitMinMs: SECOND_MS,
      waitMaxMs: MINUTE_MS,
      asideMs: 15 * MINUTE_MS,
      ...init.rules
    }
    const options = { keepAlive: true, maxSockets: CONNECTIONS_MAX, maxFreeSockets: CONNECTIONS_MAX }
    this.#agents = { http: new HttpAgent(options), https: new HttpsAgent(options) }
    const { timeoutMs, anyAddress } = this.#rules
    const places = anyAddress ? ANY_PLACE : ORIGIN_PLACES
    this.#files = new FileRanges({ agents: this.#agents, timeoutMs, places })
  }

  get state(): OriginState {
    return this.#state
  }

  get isReady(): boolean {
    return this.#state.kind === 'ready'
  }

  /** Gives bytes of a file in order; false when not all of them can be had now. Rejects only when called off. */
  async read(
    file: VersionFile,
    { offset, length }: { readonly offset: number; readonly length: number },
    { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: Uint8Array) => void }
  ): Promise<boolean> {
    const url = originFileUrl(this.url, file)
    const either = AbortSignal.any([signal, this.#closed.signal])
    let came = 0
    for (let resumes = 0; ; resumes++) {
      try {
        const rest = { url, offset: offset + came, length: length - came, fileBytes: file.bytes }
        await this.#files.fetch(rest, {
          signal: either,
          onBytes: bytes => {
            came += bytes.length
            onBytes(bytes)
          }
        })
        this.#failures = 0
        return true
      } catch (thrown) {
        if (either.aborted) return false
        if (!(thrown instanceof OriginError)) throw thrown
        if (thrown.fault === 'truncated' && came > 0 && came < length && resumes < RESUMES_MAX) continue
        this.fail(thrown)
        return false
      }
    }
  }

  /** The .torrent of the version beside the origin; undefined when it can not be had now. */
  async torrent({ signal, onBytes }: TorrentTaking): Promise<Uint8Array | undefined> {
    const either = AbortSignal.any([signal, this.#closed.signal])
    try {
      return await this.#files.fetchSmall(originTorrentUrl(this.url), TORRENT_BYTES_MAX, {
        signal: either,
        onBytes
      })
    } catch (thrown) {
      if (either.aborted) return undefined
      if (!(thrown instanceof OriginError)) throw thrown
      // Many origins have none: what is in the version then comes from peers, and the files from here all the same.
      const isMissing = thrown.fault === 'not-found' || thrown.fault === 'forbidden'
      if (isMissing) this.#log.info({ origin: this.url }, `the origin has no .torrent: ${thrown.message}`)
      else this.fail(thrown)
      return undefined
    }
  }

  /** Leaves the origin alone, for as long as befits what is wrong with it. */
  fail({ fault, message, retryAfterMs }: OriginError): void {
    // Several requests fail of one cause.
    if (!this.isReady || this.#closed.signal.aborted) return
    const { passes, words } = ORIGIN_FAULTS[fault]
    const { waitMinMs, waitMaxMs, asideMs } = this.#rules
    const doubled = 2 ** Math.min(passes ? this.#failures++ : this.#asides++, 10)
    const waitMs = passes ? Math.min(waitMaxMs, waitMinMs * doubled) : Math.min(16, doubled) * asideMs
    const jittered = Math.max(retryAfterMs ?? 0, Math.round(waitMs * (0.5 + Math.random() / 2)))
    const kind = passes ? 'waiting' : 'aside'
    this.#state = { kind, fault, detail: message, untilMs: Date.now() + jittered }
    const what = `the origin is ${passes ? 'left alone for a while' : 'set aside'}: ${words} (${message})`
    this.#log.warn({ origin: this.url, fault, waitMs: jittered }, what)
    this.#onReady(false)
    this.#timer = setTimeout(() => this.#again(), jittered)
    this.#timer.unref()
  }

  #again(): void {
    if (this.#state.kind === 'aside') this.#files.forget()
    this.#state = READY
    this.#log.info({ origin: this.url }, 'the origin is asked again')
    this.#onReady(true)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#closed.abort(new AppError('INTERRUPTED', 'the origin is not asked any more'))
    this.#agents.http.destroy()
    this.#agents.https.destroy()
  }
}

/** For people: what is wrong with an origin, if anything. */
export function problemOf({ fault, detail }: OriginState): string | null {
  return fault === null ? null : `${ORIGIN_FAULTS[fault].words} (${detail})`
}
