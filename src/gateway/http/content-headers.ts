/**
 * What an answer with stored content says of it. Whoever may publish decides what is in a file; so a file must never
 * act as a page of this node: it shares the origin of the API, and of what people sign in to.
 *
 * - A document runs without scripts, forms and plug-ins, in an origin of its own (CSP `sandbox`).
 * - Nobody guesses a type (`nosniff`), and none but this origin may embed it (CORP).
 * - It is not given as a script, worker or plug-in of a page at all (`refusedDestination`).
 */

import mime from 'mime'
import { HOUR_MS, SECOND_MS } from '../../base/units.ts'

const POLICY = [
  'sandbox',
  "default-src 'none'",
  "img-src 'self' data:",
  "media-src 'self'",
  "font-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

export const ISOLATION = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer'
} as const

const UNKNOWN_TYPE = 'application/octet-stream'
const IMMUTABLE_MS = HOUR_MS
/** Of the Sec-Fetch-Dest header: where a browser would run what it gets. */
const RUNNING: readonly string[] = [
  ...['script', 'worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet'],
  ...['embed', 'object', 'manifest', 'xslt']
]

/** What a browser would run it as, if it would. */
export function refusedDestination(headers: Readonly<Record<string, unknown>>): string | undefined {
  if (headers['service-worker'] !== undefined) return 'serviceworker'
  return RUNNING.find(destination => destination === headers['sec-fetch-dest'])
}

export function contentType(name: string): string {
  const type = mime.getType(name) ?? UNKNOWN_TYPE
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

/** RFC 6266, with the name as RFC 8187 has it where ASCII can not. */
export function contentDisposition(name: string, isDownload: boolean): string {
  const how = isDownload ? 'attachment' : 'inline'
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')
  const quoted = `${how}; filename="${plain}"`
  if (plain === name) return quoted
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    mark => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`
  )
  return `${quoted}; filename*=UTF-8''${encoded}`
}

/**
 * What a version's id names never changes, but may be recalled: then it stays a bounded while where it was read. What
 * is secret stays nowhere.
 */
export function cacheControl(of: { readonly isSecret: boolean; readonly isFixed: boolean }): string {
  if (of.isSecret) return 'private, no-store'
  return of.isFixed ? `private, max-age=${IMMUTABLE_MS / SECOND_MS}, immutable` : 'private, no-cache'
}
