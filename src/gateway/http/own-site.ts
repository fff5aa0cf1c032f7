/**
 * What the API is called by in a browser, and whether a request comes from a page of its own.
 *
 * - **Host**: another site can have its own name resolve to this node, and its pages then are of one origin with it
 *   (DNS rebinding). So a request names the node as its certificate does, as `--api` does, as localhost, or by an IP
 *   address, which nobody else can have resolve to anything.
 * - **Origin**: a browser sends a session's cookie by itself. What changes something must come from a page of this
 *   very origin: `Origin` says so, and where a browser leaves that out, `Sec-Fetch-Site`. Stored content runs in an
 *   origin of its own, which is sent as `null` and is refused like any other.
 */

import { X509Certificate } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { AppError } from '../../base/errors.ts'

/** Hosts that stand for every address of the machine. */
export const UNSPECIFIED: readonly string[] = ['0.0.0.0', '::']
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']
/** Who calls may write any address of this node's ports, so they are not kept without end. */
const SEEN_MAX = 64
const HOST = /^(?:\[[0-9a-f:.]+\]|[^\s[\]/\\?#@:]+)(?::[0-9]{1,5})?$/i

export class OwnSite {
  readonly #certificate: X509Certificate
  readonly #names: readonly string[]
  /** Values of the header that name this node: to parse one takes as long as to tell who calls. */
  readonly #seen = new Set<string>()

  /** `names` are what it is called besides what the certificate, in PEM, says. */
  constructor({ cert, names }: { readonly cert: string; readonly names: readonly string[] }) {
    this.#certificate = new X509Certificate(cert)
    this.#names = names.map(name => name.toLowerCase())
  }

  /** Throws for a request under a name that is not ours. */
  requireHost({ host = '' }: IncomingHttpHeaders): void {
    if (this.#seen.has(host)) return
    const name = siteOf(host)?.hostname.replace(/\.$/, '')
    if (name !== undefined && this.#isOurs(name)) {
      if (this.#seen.size < SEEN_MAX) this.#seen.add(host)
      return
    }
    throw new AppError(
      'HOST_UNKNOWN',
      `this node is not called ${JSON.stringify(host)}: use its IP address or a name that its certificate has, or give ` +
        'it that name by peerage up --api-name'
    )
  }

  /** Why a request with a cookie is refused: a page of another origin may have had it sent. */
  refuseOtherPage(method: string, headers: IncomingHttpHeaders): AppError | undefined {
    if (isOwnPage(method, headers)) return undefined
    const { origin } = headers
    return new AppError(
      'ORIGIN_REFUSED',
      origin === undefined
        ? 'a session is used only from a page of this node, and this request comes from none; programs send a token ' +
            'as Authorization: Bearer'
        : `a page of ${JSON.stringify(origin)} can not act in a session with this node`
    )
  }

  /** Why a sign-in is refused: a page of another origin asks for it. A program may ask from anywhere. */
  refuseOtherSignIn(headers: IncomingHttpHeaders): AppError | undefined {
    const isBrowser = headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
    return isBrowser ? this.refuseOtherPage('POST', headers) : undefined
  }

  /** Where a browser finds what listens on `host`, the likeliest first. */
  addresses({ host, port }: { readonly host: string; readonly port: number }): readonly string[] {
    const asked = UNSPECIFIED.includes(host)
      ? ['localhost', hostname(), ...this.#names]
      : [host, ...this.#names]
    const covered = asked.filter(name => this.#isCertified(name))
    const certified = this.#certifiedNames()
    const names = covered.length > 0 ? covered : certified.length > 0 ? certified : asked
    const few = new Set(names.filter(name => !UNSPECIFIED.includes(name)))
    return [...few].map(name => `https://${isIP(name) === 6 ? `[${name}]` : name}:${port}`)
  }

  #isOurs(name: string): boolean {
    if (name === 'localhost' || this.#names.includes(name)) return true
    return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || this.#isCertified(name)
  }

  #isCertified(name: string): boolean {
    return isIP(name) === 0
      ? this.#certificate.checkHost(name) !== undefined
      : this.#certificate.checkIP(name) !== undefined
  }

  #certifiedNames(): string[] {
    const names = this.#certificate.subjectAltName?.split(', ') ?? []
    return names.flatMap(name => /^DNS:([^*"]+)$/.exec(name)?.[1] ?? [])
  }
}

/** As a browser would write it: lower case, addresses in their usual form, no port that goes without saying. */
function siteOf(host: string): URL | undefined {
  return HOST.test(host) && URL.canParse(`https://${host}`) ? new URL(`https://${host}`) : undefined
}

function isOwnPage(method: string, headers: IncomingHttpHeaders): boolean {
  const { host = '', origin } = headers
  const from = headers['sec-fetch-site']
  if (SAFE_METHODS.includes(method)) {
    // What only reads can not be read elsewhere; still no other page gets to make us work in somebody's name. To follow
    // a link is no such thing.
    const isVisit = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
    return from === undefined || from === 'same-origin' || from === 'none' || isVisit
  }
  if (origin === undefined) return from === 'same-origin'
  return origin !== 'null' && origin === siteOf(host)?.origin
}
