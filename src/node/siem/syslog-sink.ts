/**
 * Events by syslog over TLS (RFC 5425). Syslog has no answer that says that a message arrived. So each batch has a
 * connection of its own: we end it, and only when the receiver, having read to the end, ends it too does the batch
 * count as received. One that resets the connection, or leaves it open, gets the batch again.
 */

import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { JsonObject } from '../../audit/ocsf.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Sink } from './sink.ts'
import { framed, syslogMessage } from './syslog-message.ts'

const TIMEOUT_MS = 30 * SECOND_MS

export interface SyslogSinkInit {
  readonly host: string
  readonly port: number
  readonly caFile: string | null
  /** Goes into the messages as their host. */
  readonly device: string
  readonly timeoutMs?: number
}

export class SyslogSink implements Sink {
  readonly #init: SyslogSinkInit

  constructor(init: SyslogSinkInit) {
    this.#init = init
  }

  async send(events: readonly JsonObject[], signal: AbortSignal): Promise<void> {
    const { host, port, caFile, device, timeoutMs = TIMEOUT_MS } = this.#init
    const ca = caFile === null ? undefined : readFileSync(caFile)
    const body = events.map(event => framed(syslogMessage(event, device))).join('')
    await new Promise<void>((resolve, reject) => {
      const socket = connect({
        ...{ host, port, minVersion: 'TLSv1.2' },
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(ca === undefined ? {} : { ca })
      })
      let isEnded = false
      const fail = (error: Error): void => {
        socket.destroy()
        reject(error)
      }
      const onAbort = (): void => fail(new Error('the node stops'))
      signal.addEventListener('abort', onAbort, { once: true })
      socket.setTimeout(timeoutMs, () => fail(new Error('the receiver did not take the events in time')))
      socket.on('error', fail)
      // Syslog receivers say nothing; what one says all the same is read, or its end would not be seen.
      socket.resume()
      socket.on('secureConnect', () => socket.end(body))
      socket.on('end', () => {
        isEnded = socket.writableFinished
      })
      socket.on('close', () => {
        signal.removeEventListener('abort', onAbort)
        if (isEnded) resolve()
        else reject(new Error('the receiver ended the connection before it had all events'))
      })
    })
  }
}
