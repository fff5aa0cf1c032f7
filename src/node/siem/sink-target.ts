/**
 * Targets of sinks as people write them: `https://host/path`, `syslog+tls://host:port`, `file:/path`. What leaves the
 * machine leaves it encrypted: `http://` is for this machine alone.
 */

import { isAbsolute, normalize } from 'node:path'
import { AppError } from '../../base/errors.ts'

export type SinkTarget =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'syslog'; readonly host: string; readonly port: number }
  | { readonly kind: 'file'; readonly path: string }

/** RFC 5425. */
const SYSLOG_TLS_PORT = 6514
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']
const FILE = 'file:'
const FORMS = 'write https://HOST/PATH, syslog+tls://HOST:PORT or file:/PATH'
export const TARGET_CHARACTERS_MAX = 1024

/** Throws AppError USAGE. */
export function parseTarget(text: string): SinkTarget {
  if (text.startsWith(FILE)) return fileTarget(text)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw wrong(text, FORMS)
  if (url.username !== '' || url.password !== '')
    throw wrong(
      'the target',
      'it has a user or password in it; put a token into a file, and name that with --token-file'
    )
  if (url.protocol === 'syslog+tls:') {
    if (url.hostname === '' || (url.pathname !== '' && url.pathname !== '/') || url.search !== '')
      throw wrong(text, 'write syslog+tls://HOST:PORT')
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    return { kind: 'syslog', host, port: url.port === '' ? SYSLOG_TLS_PORT : Number(url.port) }
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw wrong(text, FORMS)
  if (url.protocol === 'http:' && !LOOPBACK.includes(url.hostname))
    throw wrong(text, 'events leave this machine encrypted only: write https://')
  url.hash = ''
  return { kind: 'http', url: url.href }
}

export function targetText(target: SinkTarget): string {
  if (target.kind === 'http') return target.url
  if (target.kind === 'file') return `${FILE}${target.path}`
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  return `syslog+tls://${host}:${target.port}`
}

function fileTarget(text: string): SinkTarget {
  const path = text.slice(FILE.length).replace(/^\/\/(?=\/)/, '')
  if (!isAbsolute(path) || path.includes('\0') || path.endsWith('/'))
    throw wrong(text, 'write file: and the absolute path of a file')
  return { kind: 'file', path: normalize(path) }
}

function wrong(text: string, why: string): AppError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text
  return new AppError('USAGE', `${JSON.stringify(shown)} can not be a sink for events: ${why}`)
}
