/** What asks the API over TLS in tests, as a browser or a program does: one connection for each question. */

import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { errorBody } from '../../api/error.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Null where the answer is no JSON. */
  readonly json: unknown
}

export interface Sent {
  /** By default GET, or POST with a body. */
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export class WebClient {
  readonly #port: number
  readonly #ca: string

  /** `ca` is the certificate, in PEM, of what listens on 127.0.0.1. */
  constructor({ port, ca }: { readonly port: number; readonly ca: string }) {
    this.#port = port
    this.#ca = ca
  }

  /** What a page of the node says that it is of. */
  get origin(): string {
    return `https://127.0.0.1:${this.#port}`
  }

  async ask(path: string, { body, headers = {}, method }: Sent = {}): Promise<Answer> {
    const call = request({
      ...{ host: '127.0.0.1', port: this.#port, path, ca: this.#ca, agent: false, servername: 'localhost' },
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }
    })
    call.end(body === undefined ? undefined : JSON.stringify(body))
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const isJson = response.headers['content-type']?.startsWith('application/json') === true
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : null
    }
  }
}

/** The status and the code of a refusal. */
export function told({ status, json }: Answer): [number, string] {
  return [status, errorBody.parse(json).error.code]
}

/** A cookie that an answer sets, as it is sent back; empty where it sets none of that name. */
export function cookieOf({ headers }: Answer, name: string): string {
  const set = headers['set-cookie']?.find(each => each.startsWith(`${name}=`))
  return set?.split(';')[0] ?? ''
}
