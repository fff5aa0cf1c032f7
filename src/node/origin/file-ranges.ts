/**
 * Parts of the files of an origin, by range requests (RFC 9110, section 14), each from a file that does not change
 * meanwhile: what the first answer says of a file, its ETag and the time of its last change, is held against each later
 * one, and its size against the version.
 */

import type { IncomingMessage } from 'node:http'
import { errorOf, get, type RequestRules } from './http-request.ts'
import { OriginError } from './origin-faults.ts'

/** Files of which it is remembered what the origin said first. */
const PINS_MAX = 65_536
const PIN_CHARACTERS_MAX = 512
/** What has to come of a body in each `timeoutMs`, or what is wanted of it would be held up without end. */
const PROGRESS_BYTES_MIN = 4096
const RETRY_AFTER_MAX_MS = 60 * 60 * 1000

interface Pin {
  readonly etag: string | undefined
  readonly modified: string | undefined
}

export interface FileRange {
  readonly url: string
  readonly offset: number
  readonly length: number
  /** Of the whole file. */
  readonly fileBytes: number
}

export interface RangeTaking {
  readonly signal: AbortSignal
  /** Is given the bytes in order, and copies what it wants to keep. The one place where bytes of an origin come in. */
  readonly onBytes: (bytes: Uint8Array) => void
}

export class FileRanges {
  readonly #rules: RequestRules
  readonly #pins = new Map<string, Pin>()

  constructor(rules: RequestRules) {
    this.#rules = rules
  }

  /** What is remembered of files is forgotten: somebody may have put the origin right. */
  forget(): void {
    this.#pins.clear()
  }

  /** Resolves when all of it came. Throws OriginError, or the reason of the signal; some may have come before. */
  async fetch(range: FileRange, { signal, onBytes }: RangeTaking): Promise<void> {
    const { url, offset, length, fileBytes } = range
    const pin = this.#pins.get(url)
    const isWhole = offset === 0 && length === fileBytes
    const headers: Record<string, string> = isWhole ? {} : { range: `bytes=${offset}-${offset + length - 1}` }
    // A weak one says nothing about single bytes.
    if (!isWhole && pin?.etag?.startsWith('"')) headers['if-range'] = pin.etag
    const answer = await get(url, headers, { rules: this.#rules, signal })
    try {
      this.#check(answer, range, { isWhole, pin })
      await take(answer, length, { signal, onBytes, url: new URL(url), timeoutMs: this.#rules.timeoutMs })
    } finally {
      if (!answer.complete) answer.destroy()
    }
  }

  /** A whole file of a size that is not known, at most so long. */
  async fetchSmall(
    url: string,
    bytesMax: number,
    { signal, onBytes: count }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void }
  ): Promise<Uint8Array> {
    const answer = await get(url, {}, { rules: this.#rules, signal })
    try {
      checkStatus(answer, url)
      if (answer.statusCode !== 200)
        throw new OriginError('bad-answer', `${url} was answered with ${answer.statusCode}`)
      checkEncoding(answer, url)
      const parts: Uint8Array[] = []
      await take(answer, undefined, {
        ...{ signal, url: new URL(url), timeoutMs: this.#rules.timeoutMs },
        onBytes: (bytes, came) => {
          count(bytes.length)
          if (came > bytesMax) throw new OriginError('wrong-size', `${url} has more than ${bytesMax} B`)
          parts.push(bytes)
        }
      })
      return new Uint8Array(Buffer.concat(parts))
    } finally {
      if (!answer.complete) answer.destroy()
    }
  }

  #check(
    answer: IncomingMessage,
    { url, offset, length, fileBytes }: FileRange,
    { isWhole, pin }: { readonly isWhole: boolean; readonly pin: Pin | undefined }
  ): void {
    if (answer.statusCode === 416)
      throw new OriginError('wrong-size', `${url} is shorter than ${fileBytes} B`)
    checkStatus(answer, url)
    checkEncoding(answer, url)
    const said = { etag: kept(answer.headers.etag), modified: kept(answer.headers['last-modified']) }
    if (pin !== undefined && (said.etag !== pin.etag || said.modified !== pin.modified))
      throw new OriginError('changed', `${url} had ${wordsOf(pin)} and has ${wordsOf(said)}`)
    const sent = answer.headers['content-length']
    if (answer.statusCode === 206 && !isWhole) {
      const [, first, last, total] =
        /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.headers['content-range'] ?? '') ?? []
      if (total !== undefined && total !== '*' && Number(total) !== fileBytes)
        throw new OriginError('wrong-size', `${url} has ${total} B and not ${fileBytes} B`)
      if (Number(first) !== offset || Number(last) !== offset + length - 1)
        throw new OriginError(
          'wrong-range',
          `${url}: bytes ${offset} to ${offset + length - 1} were asked for, ${first} to ${last} came`
        )
    } else if (answer.statusCode === 200) {
      if (sent !== undefined && Number(sent) !== fileBytes)
        throw new OriginError('wrong-size', `${url} has ${sent} B and not ${fileBytes} B`)
      if (!isWhole) throw new OriginError('no-ranges', `${url} is given as a whole only`)
    } else throw new OriginError('bad-answer', `${url} was answered with ${answer.statusCode}`)
    this.#pins.set(url, said)
    if (this.#pins.size > PINS_MAX)
      for (const oldest of this.#pins.keys()) return void this.#pins.delete(oldest)
  }
}

/** What nobody would use is taken for none, so that what is remembered is bounded. */
function kept(said: string | undefined): string | undefined {
  return said !== undefined && said.length <= PIN_CHARACTERS_MAX ? said : undefined
}

function wordsOf({ etag, modified }: Pin): string {
  return `ETag ${etag ?? 'none'}, Last-Modified ${modified ?? 'none'}`
}

function checkEncoding({ headers }: IncomingMessage, url: string): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    throw new OriginError('encoded', `${url} is given in the encoding ${encoding}`)
}

function checkStatus({ statusCode = 0, headers }: IncomingMessage, url: string): void {
  const detail = `${url} was answered with ${statusCode}`
  if (statusCode === 429 || statusCode === 503)
    throw new OriginError('busy', detail, retryAfterMs(headers['retry-after'], Date.now()))
  if (statusCode === 408) throw new OriginError('timeout', detail)
  if (statusCode >= 500) throw new OriginError('server-error', detail)
  if (statusCode === 404 || statusCode === 410) throw new OriginError('not-found', detail)
  if (statusCode >= 400) throw new OriginError('forbidden', detail)
}

/** Seconds, or a date; at most an hour. */
export function retryAfterMs(said: string | undefined, nowMs: number): number | undefined {
  if (said === undefined) return undefined
  const ms = /^\d{1,9}$/.test(said) ? Number(said) * 1000 : Date.parse(said) - nowMs
  return Number.isNaN(ms) ? undefined : Math.min(RETRY_AFTER_MAX_MS, Math.max(0, ms))
}

/** Passes the body on as it comes: `length` bytes of it, or as many as there are. */
function take(
  answer: IncomingMessage,
  length: number | undefined,
  {
    signal,
    onBytes,
    url,
    timeoutMs
  }: {
    readonly signal: AbortSignal
    readonly onBytes: (bytes: Uint8Array, came: number) => void
    readonly url: URL
    readonly timeoutMs: number
  }
): Promise<void> {
  return new Promise((settle, reject) => {
    let came = 0
    let seen = 0
    const watch = setInterval(() => {
      if (came - seen < PROGRESS_BYTES_MIN)
        fail(new OriginError('timeout', `${url.href}: ${came - seen} B came in ${timeoutMs} ms`))
      seen = came
    }, timeoutMs)
    const fail = (thrown: unknown): void => {
      clearInterval(watch)
      reject(signal.aborted ? signal.reason : thrown)
      answer.destroy()
    }
    answer.on('data', (bytes: Uint8Array) => {
      came += bytes.length
      if (length !== undefined && came > length) {
        fail(new OriginError('wrong-range', `${url.href}: more than ${length} B came`))
        return
      }
      try {
        onBytes(bytes, came)
      } catch (thrown) {
        fail(thrown)
      }
    })
    answer.on('end', () => {
      clearInterval(watch)
      if (length === undefined ? answer.complete : came === length) settle()
      else fail(new OriginError('truncated', `${url.href}: ${came} B of ${length ?? 'all'} came`))
    })
    answer.on('error', (thrown: NodeJS.ErrnoException) => {
      const isReset = thrown.code === 'ECONNRESET' || thrown.code === 'ERR_STREAM_PREMATURE_CLOSE'
      fail(
        isReset ? new OriginError('truncated', `${url.href}: the connection broke off`) : errorOf(thrown, url)
      )
    })
    answer.on('close', () => fail(new OriginError('truncated', `${url.href}: the connection was closed`)))
  })
}
