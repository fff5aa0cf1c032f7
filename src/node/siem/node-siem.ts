/** The events of one node: its feed, its sinks and who brings events to them, and what people are told. */

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import { formatDuration, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { NodeDetection } from '../detection/node-detection.ts'
import type { Identity } from '../home.ts'
import { requireApart } from '../home-guard.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../service-words.ts'
import { Courier } from './courier.ts'
import { type Cursor, decodeCursor, EventFeed, encodeCursor, type Logs } from './event-feed.ts'
import { FileSink } from './file-sink.ts'
import { HttpSink } from './http-sink.ts'
import { type KeptSink, SiemFile } from './siem-file.ts'
import type { EventsAnswer, EventsRequest, SiemService, SinkRequest, SinkStatus } from './siem-terms.ts'
import type { Sink } from './sink.ts'
import { parseTarget, targetText } from './sink-target.ts'
import { SyslogSink } from './syslog-sink.ts'

const SIEM_FILE = 'siem.db'
const SINKS_MAX = 8
const LOOK_MS = SECOND_MS / 2
/** A sink that was away for less is no problem that a person has to see to. */
const PROBLEM_AFTER_MS = 5 * MINUTE_MS

export interface NodeSiemInit {
  readonly home: string
  /** Name and version. */
  readonly software: string
  readonly identity: Pick<Identity, 'org' | 'device'>
  readonly audit: { readonly log: Pick<AuditLog, 'store'> }
  readonly detection: Pick<NodeDetection, 'file' | 'watch'>
  readonly log: Log
}

export class NodeSiem implements SiemService {
  readonly #init: NodeSiemInit
  readonly #file: SiemFile
  readonly #feed: EventFeed
  readonly #couriers = new Map<number, Courier>()
  readonly #stop = new AbortController()
  #changing: Promise<unknown> = Promise.resolve()

  constructor(init: NodeSiemInit) {
    this.#init = init
    this.#file = new SiemFile(join(init.home, SIEM_FILE))
    const { identity, audit, detection, software } = init
    this.#feed = new EventFeed({
      ...{ database: audit.log.store.database, detections: detection.file },
      ...{ org: identity.org, self: identity.device },
      productVersion: software.split('/').at(-1) ?? software
    })
    detection.watch.onFinding(() => {
      for (const courier of this.#couriers.values()) courier.wake()
    })
  }

  start(): void {
    for (const kept of this.#file.sinks()) this.#begin(kept)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#changing
    await Promise.all([...this.#couriers.values()].map(courier => courier.close()))
    this.#file.close()
  }

  /** Sinks that have been away for a while. */
  problems(): Problem[] {
    const nowMs = Date.now()
    return [...this.#couriers.values()].flatMap(({ kept, status }) => {
      const { failure } = status
      if (failure === null || nowMs - failure.sinceMs < PROBLEM_AFTER_MS) return []
      const since = formatDuration(nowMs - failure.sinceMs)
      const message = `events have not reached ${targetText(kept.target)} for ${since}: ${failure.message}; they wait in the audit log`
      return [{ code: 'SINK_FAILED', message, path: null }]
    })
  }

  async sinks(): Promise<readonly SinkStatus[]> {
    return [...this.#couriers.values()].map(courier => this.#shown(courier))
  }

  async setSink(request: SinkRequest): Promise<SinkStatus> {
    const { logs, tokenFile, caFile, fromStart, rotateBytes, keep } = request
    const target = parseTarget(request.target)
    if (target.kind === 'file') await requireApart(this.#init.home, target.path)
    if (tokenFile !== null && target.kind !== 'http')
      throw new AppError('USAGE', 'a token goes to a receiver by https:// only')
    if (caFile !== null && (target.kind === 'file' || targetText(target).startsWith('http:')))
      throw new AppError('USAGE', 'a file of authorities is of use for https:// and syslog+tls:// only')
    const spec = { target, logs, tokenFile, caFile, rotateBytes, keep }
    return await this.#alone(async () => {
      const sinks = this.#file.sinks()
      const known = sinks.find(kept => targetText(kept.target) === targetText(target))
      if (known === undefined && sinks.length >= SINKS_MAX)
        throw new AppError('USAGE', `there are ${SINKS_MAX} sinks, and can not be more; remove one first`)
      if (known !== undefined) await this.#end(known.id)
      const from: Cursor = fromStart ? new Map() : this.#feed.end(logs)
      const kept = known === undefined ? this.#file.add(spec, from) : { ...spec, id: known.id }
      if (known !== undefined) this.#file.change(kept)
      return this.#shown(this.#begin(kept))
    })
  }

  async removeSink(id: number): Promise<SinkStatus> {
    return await this.#alone(async () => {
      const courier = this.#couriers.get(id)
      if (courier === undefined)
        throw new AppError('SINK_UNKNOWN', `there is no sink ${id} here; peerage siem lists them`, {
          details: { sink: id }
        })
      const shown = this.#shown(courier)
      await this.#end(id)
      this.#file.remove(id)
      return shown
    })
  }

  async events({ cursor: text, limit, waitMs }: EventsRequest): Promise<EventsAnswer> {
    const logs = 'own'
    const from = text === null ? this.#feed.end(logs) : text === '' ? new Map() : decodeCursor(text)
    if (from === undefined)
      throw new AppError('USAGE', 'that is no cursor: write one as an answer before has it, or none')
    const untilMs = performance.now() + waitMs
    for (;;) {
      const { events, cursor, skipped } = this.#feed.read(from, { limit, logs })
      const isOver = performance.now() >= untilMs || this.#stop.signal.aborted
      if (events.length > 0 || skipped > 0 || isOver) return { events, cursor: encodeCursor(cursor), skipped }
      await delay(Math.min(LOOK_MS, waitMs), undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#changing.then(work)
    this.#changing = run.catch(() => undefined)
    return run
  }

  #begin(kept: KeptSink): Courier {
    const { log } = this.#init
    const courier = new Courier({
      ...{ kept, feed: this.#feed, file: this.#file, sink: this.#sinkOf(kept) },
      onFailure: message =>
        log.warn(
          { sink: targetText(kept.target) },
          `events did not reach their sink: ${message}; it is tried again`
        )
    })
    this.#couriers.set(kept.id, courier)
    courier.start()
    return courier
  }

  async #end(id: number): Promise<void> {
    await this.#couriers.get(id)?.close()
    this.#couriers.delete(id)
  }

  #sinkOf({ target, tokenFile, caFile, rotateBytes, keep }: KeptSink): Sink {
    if (target.kind === 'http') return new HttpSink({ url: target.url, tokenFile, caFile })
    if (target.kind === 'file') return new FileSink({ path: target.path, rotateBytes, keep })
    const { host, port } = target
    return new SyslogSink({ host, port, caFile, device: this.#init.identity.device })
  }

  #shown({ kept, status }: Courier): SinkStatus {
    return {
      ...{ id: kept.id, kind: kept.target.kind, target: targetText(kept.target), logs: kept.logs },
      ...status,
      backlog: this.#feed.backlog(this.#file.cursor(kept.id), kept.logs as Logs)
    }
  }
}
