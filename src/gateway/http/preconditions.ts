/** Conditional requests for a file that never changes under its tag (RFC 9110, section 13). */

import { SECOND_MS } from '../../base/units.ts'

export interface Validators {
  /** A strong entity tag, quotes included. */
  readonly etag: string
  readonly modifiedAtMs: number
}

/** Header values by lower-case name; only those that are one text count. */
export type ConditionHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

export type Precondition = 'go on' | 'not modified' | 'failed'

/** In the order of section 13.2.2, for GET and HEAD. */
export function judgePreconditions(
  headers: ConditionHeaders,
  { etag, modifiedAtMs }: Validators
): Precondition {
  const ifMatch = textOf(headers, 'if-match')
  const ifUnmodified = dateOf(headers, 'if-unmodified-since')
  if (ifMatch !== undefined) {
    if (ifMatch.trim() !== '*' && !tagsOf(ifMatch).includes(etag)) return 'failed'
  } else if (ifUnmodified !== undefined && secondsOf(modifiedAtMs) > secondsOf(ifUnmodified)) return 'failed'
  const ifNoneMatch = textOf(headers, 'if-none-match')
  if (ifNoneMatch !== undefined) {
    const isKnown = ifNoneMatch.trim() === '*' || tagsOf(ifNoneMatch).some(tag => opaqueOf(tag) === etag)
    return isKnown ? 'not modified' : 'go on'
  }
  const ifModified = dateOf(headers, 'if-modified-since')
  if (ifModified !== undefined && secondsOf(modifiedAtMs) <= secondsOf(ifModified)) return 'not modified'
  return 'go on'
}

/** Whether the Range header counts, by If-Range; only the same bytes may be gone on with. */
export function isRangeApplicable(headers: ConditionHeaders, { etag, modifiedAtMs }: Validators): boolean {
  const ifRange = textOf(headers, 'if-range')
  if (ifRange === undefined) return true
  if (/^(W\/)?"/.test(ifRange.trim())) return ifRange.trim() === etag
  const dateMs = dateOf(headers, 'if-range')
  return dateMs !== undefined && secondsOf(dateMs) === secondsOf(modifiedAtMs)
}

function textOf(headers: ConditionHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** Undefined for what is no date: then the header is ignored. */
function dateOf(headers: ConditionHeaders, name: string): number | undefined {
  const text = textOf(headers, name)
  if (text === undefined || !/ GMT$/.test(text)) return undefined
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : atMs
}

/** Dates in headers have no fractions. */
function secondsOf(atMs: number): number {
  return Math.floor(atMs / SECOND_MS)
}

function tagsOf(list: string): string[] {
  return list.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []
}

function opaqueOf(tag: string): string {
  return tag.replace(/^W\//, '')
}
