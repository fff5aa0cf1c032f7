/** An audit log with entries, a file of findings, and a receiver that remembers what it got: for tests of sinks. */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../audit/ocsf.ts'
import { orgIdFromBytes, versionIdFromBytes } from '../../base/ids.ts'
import { AuditStore } from '../../store/audit-store.ts'
import { AuditLog } from '../audit/audit-log.ts'
import { DetectionFile } from '../detection/detection-file.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { EventFeed } from './event-feed.ts'
import { SiemFile } from './siem-file.ts'

export const ORG = orgIdFromBytes(new Uint8Array(32).fill(1))
const VERSION = versionIdFromBytes(new Uint8Array(32).fill(2))

export class SiemFixture {
  readonly home = mkdtempSync(join(tmpdir(), 'peerage-siem-'))
  readonly key = DeviceKey.generate()
  readonly store = new AuditStore({ home: this.home })
  readonly log = new AuditLog({ store: this.store, org: ORG, key: this.key, log: SILENT_LOG })
  readonly detections = new DetectionFile(join(this.home, 'detection.db'))
  readonly feed = new EventFeed({
    ...{ database: this.store.database, detections: this.detections, org: ORG, self: this.key.id },
    productVersion: '0.1.0'
  })
  file = new SiemFile(join(this.home, 'siem.db'))

  /** So many entries more, that say which they are by how many bytes they are about. */
  async grow(count: number): Promise<void> {
    const { size } = this.log
    for (let at = size; at < size + count; at++)
      this.log.note({ action: 'stored', version: VERSION, dataset: 'os', bytes: at, kind: 'source' })
    while (this.log.size < size + count) await new Promise(resolve => setImmediate(resolve))
  }

  reopenFile(): void {
    this.file.close()
    this.file = new SiemFile(join(this.home, 'siem.db'))
  }

  async close(): Promise<void> {
    this.file.close()
    this.detections.close()
    await this.log.close()
    await this.store.close()
    rmSync(this.home, { recursive: true, force: true })
  }
}

/** Positions of events in the log, in the order in which they came first; later ones of the same are copies. */
export function firstOf(events: readonly JsonObject[]): number[] {
  return [
    ...new Set(events.map(({ data }) => Number(((data as JsonObject).metadata as JsonObject).sequence)))
  ]
}

export const upTo = (count: number): number[] => [...Array(count).keys()]

/** Answers as a test says, and keeps what it acknowledged and what it did not apart. */
export class Receiver {
  readonly events: JsonObject[] = []
  readonly requests: IncomingMessage[] = []
  readonly #server: Server

  constructor(answer: (batch: readonly JsonObject[], response: ServerResponse, times: number) => boolean) {
    this.#server = createServer((request, response) => {
      this.requests.push(request)
      const times = this.requests.length
      const parts: Buffer[] = []
      request.on('error', () => undefined)
      request.on('data', part => parts.push(part))
      request.on('end', () => {
        const batch = JSON.parse(Buffer.concat(parts).toString()) as JsonObject[]
        if (answer(batch, response, times)) this.events.push(...batch)
      })
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

export async function until(holds: () => boolean, timeoutMs = 20_000): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
