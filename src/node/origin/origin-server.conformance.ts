/** A web server on loopback that serves what a test puts there, and misbehaves where it says so. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface ServedFile {
  readonly bytes: Uint8Array
  readonly etag?: string
  readonly modified?: string
}

export class OriginServer {
  readonly files = new Map<string, ServedFile>()
  /** Takes the place of the ordinary answer for a path. */
  readonly answers = new Map<string, Answer>()
  /** Method, path and range of each request. */
  readonly asked: string[] = []
  /** Payload that was sent. */
  sentBytes = 0
  readonly #server = createServer((request, response) => this.listener(request, response))

  readonly listener: RequestListener = (request, response) => {
    const path = request.url ?? ''
    this.asked.push(`${request.method} ${path} ${request.headers.range ?? 'all'}`)
    const answer = this.answers.get(path)
    if (answer === undefined) this.give(request, response)
    else answer(request, response)
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** As RFC 9110 has it. */
  give(request: IncomingMessage, response: ServerResponse): void {
    const file = this.files.get(decodeURIComponent(request.url ?? ''))
    if (file === undefined) {
      response.writeHead(404).end()
      return
    }
    const { bytes, etag, modified } = file
    const headers = {
      ...(etag === undefined ? {} : { etag }),
      ...(modified === undefined ? {} : { 'last-modified': modified })
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
    if (first === undefined || !isSame) {
      this.sentBytes += bytes.length
      response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes)
      return
    }
    const [from, to] = [Number(first), Math.min(Number(last), bytes.length - 1)]
    if (from >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
      return
    }
    const part = bytes.subarray(from, to + 1)
    this.sentBytes += part.length
    response
      .writeHead(206, {
        ...headers,
        'content-length': part.length,
        'content-range': `bytes ${from}-${to}/${bytes.length}`
      })
      .end(part)
  }
}
