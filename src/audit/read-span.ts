/**
 * Which reads fall into a span of time. A read goes over a while, and each of its traces says from when to when: a
 * server's `serving` to its last `served` for it, `received` from when it began, a receipt likewise. A trace whose
 * beginning is dropped by retention is taken to reach back without end: of who may have read, none is left out.
 * Times are those of each device's own clock.
 */

import type { Sha256, Verify } from '../ledger/encoding/signature.ts'
import type { AuditEvent } from './entry.ts'
import { isTrace, type LoggedEntry } from './evidence.ts'
import { decodeReceipt } from './receipt.ts'

/** Null is without end on that side; both ends are in it. */
export interface Span {
  readonly fromMs: number | null
  readonly toMs: number | null
}

/** The traces that overlap the span, and what reads were for; in the order in which they came. */
export function tracesWithin(
  entries: readonly LoggedEntry[],
  span: Span,
  keys: { readonly verify: Verify; readonly sha256: Sha256 }
): LoggedEntry[] {
  const servings = servingSpans(entries)
  return entries.filter(entry => {
    const { event, timeMs } = entry
    if (event.action === 'read') return true
    if (!isTrace(event)) return false
    if (event.action === 'serving' || event.action === 'served') {
      const of = servings.get(servingKey(entry, event))
      return of !== undefined && overlaps(of, span)
    }
    if (event.action === 'received') return overlaps({ fromMs: event.begunMs, toMs: timeMs }, span)
    const receipt = decodeReceipt(event.receipt, keys)
    return overlaps({ fromMs: receipt.ok ? receipt.value.begunMs : timeMs, toMs: timeMs }, span)
  })
}

interface Reach {
  readonly fromMs: number
  readonly toMs: number
}

function overlaps({ fromMs, toMs }: Reach, span: Span): boolean {
  return (span.toMs === null || fromMs <= span.toMs) && (span.fromMs === null || toMs >= span.fromMs)
}

type Serving = Extract<AuditEvent, { action: 'serving' | 'served' }>

function servingKey({ device, incarnation, seq }: LoggedEntry, event: Serving): string {
  return `${device} ${incarnation} ${event.action === 'serving' ? seq : event.since}`
}

function servingSpans(entries: readonly LoggedEntry[]): Map<string, Reach> {
  const spans = new Map<string, Reach>()
  for (const entry of entries) {
    const { event, timeMs } = entry
    if (event.action !== 'serving' && event.action !== 'served') continue
    const key = servingKey(entry, event)
    const before = spans.get(key)
    const fromMs = event.action === 'serving' ? timeMs : (before?.fromMs ?? 0)
    spans.set(key, { fromMs, toMs: Math.max(timeMs, before?.toMs ?? 0) })
  }
  return spans
}
