/** A clamd on loopback that says what a test has it say, when it says so. It understands commands and streams. */

import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { concatBytes, utf8 } from '../../base/bytes.ts'
import type { ClamdAddress } from './clamd-address.ts'

export const FAKE_VERSION = 'ClamAV 1.4.6/7/Thu Jan  1 00:00:00 2026'

/** What comes on one connection. */
export interface Incoming {
  readonly socket: Socket
  /** How many bytes were asked for so far. */
  readonly streamed: () => number
}

export interface FakeScript {
  /** What VERSION is answered with, in order; the last one again and again. */
  versions: string[]
  /** Answers a stream that came whole. */
  onStream: (content: Uint8Array, incoming: Incoming) => void
  /** Is told of everything that comes of a stream, before it is whole. */
  onPart: (incoming: Incoming) => void
  onConnection: (socket: Socket) => void
}

export class FakeClamd {
  readonly script: FakeScript = {
    versions: [FAKE_VERSION],
    onStream: (_content, { socket }) => void socket.end('stream: OK\0'),
    onPart: () => {},
    onConnection: () => {}
  }
  /** Each stream that came whole. */
  readonly streams: Uint8Array[] = []
  readonly #open = new Set<Socket>()
  readonly #server: Server

  constructor() {
    this.#server = createServer({ allowHalfOpen: true }, socket => this.#serve(socket))
  }

  async listen(place: string | undefined): Promise<ClamdAddress> {
    if (place === undefined) this.#server.listen(0, '127.0.0.1')
    else this.#server.listen(place)
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address === null || typeof address === 'string') return { path: address ?? '' }
    return { host: '127.0.0.1', port: address.port }
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#open) socket.destroy()
  }

  #serve(socket: Socket): void {
    this.#open.add(socket)
    socket.on('close', () => this.#open.delete(socket))
    socket.on('error', () => {})
    this.script.onConnection(socket)
    let buffer = Buffer.alloc(0)
    let isStream = false
    let streamed = 0
    const parts: Uint8Array[] = []
    const incoming = { socket, streamed: () => streamed }
    socket.on('data', (bytes: Buffer) => {
      buffer = Buffer.concat([buffer, bytes])
      if (!isStream) {
        const end = buffer.indexOf(0)
        if (end < 0) return
        const command = buffer.subarray(0, end).toString()
        buffer = buffer.subarray(end + 1)
        if (command === 'zINSTREAM') isStream = true
        else return this.#answer(command, socket)
      }
      while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32BE()) {
        const length = buffer.readUInt32BE()
        if (length === 0) {
          const content = concatBytes(parts)
          this.streams.push(content)
          this.script.onStream(content, incoming)
          return
        }
        parts.push(new Uint8Array(buffer.subarray(4, 4 + length)))
        streamed += length
        buffer = buffer.subarray(4 + length)
      }
      this.script.onPart(incoming)
    })
  }

  #answer(command: string, socket: Socket): void {
    const [version = ''] = this.script.versions
    if (command === 'zPING') socket.end('PONG\0')
    else if (command === 'zVERSION') {
      if (this.script.versions.length > 1) this.script.versions.shift()
      socket.end(utf8(`${version}\0`))
    } else socket.end('UNKNOWN COMMAND\0')
  }
}
