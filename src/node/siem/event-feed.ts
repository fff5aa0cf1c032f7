/**
 * Events for who watches from outside, from what is durable here: each audit log is a feed, and so are the findings of
 * detection. A cursor says of each feed what comes next. Within a feed events come in order and none is left out, but
 * for those that retention had dropped before; how many those are is said.
 *
 * Nothing waits in memory for who is slow: what is not read yet stays where it is recorded.
 */

import type { LoggedEntry } from '../../audit/evidence.ts'
import { type JsonObject, toOcsf } from '../../audit/ocsf.ts'
import type { DeviceId, OrgId } from '../../base/ids.ts'
import type { AuditDatabase } from '../../store/audit-database.ts'
import type { LogKey } from '../../store/audit-rows.ts'
import { loggedOf } from '../audit/audit-tail.ts'
import type { DetectionFile } from '../detection/detection-file.ts'
import { findingEvent } from './finding-event.ts'

/** Next positions by feed; a feed that is not in it begins at its beginning. */
export type Cursor = ReadonlyMap<string, number>

/** Logs of this device alone, or those too that it has collected. */
export type Logs = 'own' | 'all'

export interface Fed {
  readonly events: readonly JsonObject[]
  readonly cursor: Cursor
  /** Events that were gone before they were read. */
  readonly skipped: number
}

const DETECTIONS = 'detections'
const TOKEN_ID = /^token .*\(([0-9a-f]{12})\)$/

export interface EventFeedInit {
  readonly database: Pick<AuditDatabase, 'sizes' | 'items'>
  readonly detections: Pick<DetectionFile, 'changes' | 'changesEnd'>
  readonly org: OrgId
  readonly self: DeviceId
  readonly productVersion: string
}

export class EventFeed {
  readonly #init: EventFeedInit

  constructor(init: EventFeedInit) {
    this.#init = init
  }

  /** After all that there is now. */
  end(logs: Logs): Cursor {
    const { detections } = this.#init
    const ends = this.#logs(logs).map(log => [feedOf(log), log.size] as const)
    return new Map([...ends, [DETECTIONS, detections.changesEnd()]])
  }

  /** Events that `cursor` has not got to. */
  backlog(cursor: Cursor, logs: Logs): number {
    let sum = 0
    for (const [feed, end] of this.end(logs))
      sum += Math.max(0, end - (cursor.get(feed) ?? (feed === DETECTIONS ? 1 : 0)))
    return sum
  }

  /** What comes after a cursor, at most so many. */
  read(after: Cursor, { limit, logs }: { readonly limit: number; readonly logs: Logs }): Fed {
    const cursor = new Map(after)
    const events: JsonObject[] = []
    let skipped = this.#readFindings(cursor, events, limit)
    for (const log of this.#logs(logs)) {
      if (events.length >= limit) break
      skipped += this.#readLog(log, { cursor, events, limit })
    }
    return { events, cursor, skipped }
  }

  #logs(logs: Logs): (LogKey & { readonly size: number })[] {
    const { database, self } = this.#init
    return database.sizes().filter(({ device }) => logs === 'all' || device === self)
  }

  #readFindings(cursor: Map<string, number>, events: JsonObject[], limit: number): number {
    const from = cursor.get(DETECTIONS) ?? 1
    const changes = this.#init.detections.changes(from, limit)
    const [first] = changes
    if (first === undefined) return 0
    for (const change of changes) events.push(findingEvent(change, this.#init))
    cursor.set(DETECTIONS, from + changes.length + (first.seq - from))
    return first.seq - from
  }

  #readLog(
    log: LogKey & { readonly size: number },
    { cursor, events, limit }: { cursor: Map<string, number>; events: JsonObject[]; limit: number }
  ): number {
    const feed = feedOf(log)
    // A log that was renewed ends earlier than it did.
    const from = Math.min(cursor.get(feed) ?? 0, log.size)
    const to = Math.min(log.size, from + limit - events.length)
    cursor.set(feed, to)
    if (to <= from) return 0
    let skipped = 0
    for (const { seq, bytes } of this.#init.database.items(log, { from, limit: to - from })) {
      const entry = bytes === null ? undefined : loggedOf({ ...log, seq, bytes })
      if (entry === undefined) skipped++
      else events.push(toOcsf(pseudonymous(entry), this.#init))
    }
    return skipped
  }
}

function feedOf({ device, incarnation }: LogKey): string {
  return `${device}/${incarnation}`
}

function pseudonymous(entry: LoggedEntry): LoggedEntry {
  const { event } = entry
  if (event.action !== 'called' && event.action !== 'switched') return entry
  return { ...entry, event: { ...event, by: nameSent(event.by) } }
}

/** Names of tokens are people's words: of a token only its id goes out. Other callers go by no word of anybody. */
export function nameSent(by: string): string {
  const [, id] = TOKEN_ID.exec(by) ?? []
  return id === undefined ? by : `token ${id}`
}

// ---- cursors as text

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([...cursor])).toString('base64url')
}

/** Undefined for what is no cursor. */
export function decodeCursor(text: string): Cursor | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!Array.isArray(value)) return undefined
    const isFit = value.every(
      each =>
        Array.isArray(each) &&
        each.length === 2 &&
        typeof each[0] === 'string' &&
        Number.isSafeInteger(each[1]) &&
        each[1] >= 0
    )
    return isFit ? new Map(value as [string, number][]) : undefined
  } catch {
    return undefined
  }
}
