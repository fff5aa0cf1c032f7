/**
 * Events by HTTP: batches of CloudEvents (JSON batch format of CloudEvents 1.0), each answered by any 2xx. Redirects
 * are not followed: they could lead anywhere. A token comes from a file that is read for each batch, so it can be
 * renewed, and is kept nowhere else.
 */

import { readFileSync } from 'node:fs'
import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import type { JsonObject } from '../../audit/ocsf.ts'
import { SECOND_MS } from '../../base/units.ts'
import { NotYet, type Sink, TooMuch } from './sink.ts'

const TIMEOUT_MS = 30 * SECOND_MS
const WAIT_MAX_SECONDS = 600
const TOKEN_BYTES_MAX = 8192
const TOO_LARGE = 413
const BUSY: readonly number[] = [429, 503]
const VISIBLE = /^[\x21-\x7e]+$/

export interface HttpSinkInit {
  readonly url: string
  readonly tokenFile: string | null
  readonly caFile: string | null
  readonly timeoutMs?: number
}

export class HttpSink implements Sink {
  readonly #init: HttpSinkInit

  constructor(init: HttpSinkInit) {
    this.#init = init
  }

  async send(events: readonly JsonObject[], signal: AbortSignal): Promise<void> {
    const { url, tokenFile, caFile, timeoutMs = TIMEOUT_MS } = this.#init
    const body = Buffer.from(JSON.stringify(events))
    const token = tokenFile === null ? undefined : readToken(tokenFile)
    const ca = caFile === null ? undefined : readFileSync(caFile)
    const options = {
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents-batch+json; charset=utf-8',
        'content-length': body.length,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      ...(ca === undefined ? {} : { ca })
    }
    const send = url.startsWith('https:') ? requestTls : requestPlain
    await new Promise<void>((resolve, reject) => {
      const request = send(url, options, response => {
        response.on('error', reject)
        response.resume()
        const { statusCode = 0, headers } = response
        response.on('end', () => {
          if (statusCode >= 200 && statusCode < 300) resolve()
          else reject(refused(statusCode, headers['retry-after']))
        })
      })
      request.on('error', reject)
      request.end(body)
    })
  }
}

function refused(status: number, retryAfter: string | undefined): Error {
  const message = `the receiver answered with status ${status}`
  if (status === TOO_LARGE) return new TooMuch(message)
  const seconds = Number(retryAfter)
  if (!BUSY.includes(status) || retryAfter === undefined || !Number.isFinite(seconds) || seconds < 0)
    return new Error(message)
  return new NotYet(message, Math.min(seconds, WAIT_MAX_SECONDS) * SECOND_MS)
}

/** What is wrong is said without what the file has in it. */
function readToken(path: string): string {
  const bytes = readFileSync(path)
  const token = bytes.length > TOKEN_BYTES_MAX ? '' : bytes.toString('latin1').trim()
  if (VISIBLE.test(token)) return token
  throw new Error(`the token file ${path} has no token in it: one word of visible ASCII`)
}
