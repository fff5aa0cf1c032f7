/**
 * One GET to an origin: follows redirects, connects only to addresses where an origin may be, and gives the answer with
 * its body unread. TLS is verified as Node.js does, with NODE_EXTRA_CA_CERTS. No cookies, no credentials, no proxy.
 */

import { type LookupAddress, lookup as resolve } from 'node:dns'
import { type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { messageOf } from '../../base/errors.ts'
import type { OriginPlaces } from './origin-address.ts'
import { OriginError } from './origin-faults.ts'

export const REDIRECTS_MAX = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const REFUSED = 'PEERAGE_REFUSED_ADDRESS'
const TLS_CODE =
  /^(?:ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/
/** How it shows that a connection which was kept open is closed. */
const CLOSED_CODES = new Set(['ECONNRESET', 'EPIPE'])
const USER_AGENT = 'peerage'

export interface RequestRules {
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent }
  /** Within this a connection and the head of an answer have to come, and then each small part of its body. */
  readonly timeoutMs: number
  readonly places: OriginPlaces
}

interface Terms {
  readonly rules: RequestRules
  readonly signal: AbortSignal
  /** Whether this request may not go to an address. */
  readonly isRefused: (address: string) => boolean
}

/** Throws OriginError, or the reason of the signal. Whoever gets an answer reads or destroys it. */
export async function get(
  from: string,
  headers: Readonly<Record<string, string>>,
  { rules, signal }: { readonly rules: RequestRules; readonly signal: AbortSignal }
): Promise<IncomingMessage> {
  let url = parsed(from)
  let { isRefused } = rules.places
  for (let redirects = 0; ; redirects++) {
    const answer = await getOnce(url, headers, { rules, signal, isRefused })
    if (!REDIRECTS.has(answer.statusCode ?? 0)) return answer
    const { isInside } = rules.places
    if (!isInside(answer.socket.remoteAddress ?? ''))
      isRefused = address => rules.places.isRefused(address) || isInside(address)
    answer.destroy()
    if (redirects === REDIRECTS_MAX)
      throw new OriginError('redirect-loop', `more than ${REDIRECTS_MAX} redirects from ${from}`)
    url = redirected(url, answer.headers.location)
  }
}

/** What the ledger takes for a URL need not be one to the parser: a port of 99999, an address of three parts. */
function parsed(text: string): URL {
  const url = URL.parse(text)
  if (url === null) throw new OriginError('bad-url', `${text} is no URL`)
  return url
}

function redirected(from: URL, location: string | undefined): URL {
  const to = location === undefined ? null : URL.parse(location, from.href)
  if (to === null) throw new OriginError('redirect-refused', `${placeOf(from)} redirects to nowhere`)
  const isPlain = to.protocol === 'http:'
  if (from.protocol === 'https:' && isPlain)
    throw new OriginError('redirect-downgrade', `${placeOf(from)} redirects to http://${to.host}`)
  if ((!isPlain && to.protocol !== 'https:') || to.username !== '' || to.password !== '')
    throw new OriginError('redirect-refused', `${placeOf(from)} redirects to ${to.protocol}//${to.host}`)
  return to
}

/** Without the query, which may be a secret where a redirect led there. */
function placeOf({ origin, pathname }: URL): string {
  return origin + pathname
}

function getOnce(
  url: URL,
  headers: Readonly<Record<string, string>>,
  terms: Terms
): Promise<IncomingMessage> {
  const { rules, signal, isRefused } = terms
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // Node asks for no lookup of what is an address already.
  if (isIP(host) !== 0 && isRefused(host))
    throw new OriginError('refused-address', `no origin may be at ${host}`)
  const isSecure = url.protocol === 'https:'
  return new Promise((settle, reject) => {
    const request = (isSecure ? httpsRequest : httpRequest)(url, {
      agent: isSecure ? rules.agents.https : rules.agents.http,
      headers: { 'user-agent': USER_AGENT, 'accept-encoding': 'identity', ...headers },
      lookup: checkedLookup(isRefused),
      signal
    })
    let timer: NodeJS.Timeout | undefined
    // Not a time without bytes: a head may drip, and answers that announce others may come without end.
    request.on('socket', () => {
      timer = setTimeout(() => {
        request.destroy(new OriginError('timeout', `${url.host} gave no answer for ${rules.timeoutMs} ms`))
      }, rules.timeoutMs)
    })
    request.on('error', (thrown: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(signal.reason)
      // It had closed the connection meanwhile, which says nothing about the origin.
      else if (request.reusedSocket && CLOSED_CODES.has(thrown.code ?? ''))
        settle(getOnce(url, headers, terms))
      else reject(errorOf(thrown, url))
    })
    request.on('response', answer => {
      clearTimeout(timer)
      settle(answer)
    })
    request.on('upgrade', (_, socket) => socket.destroy())
    request.on('close', () => {
      clearTimeout(timer)
      // Of no effect where an answer or an error came before.
      reject(new OriginError('bad-answer', `${url.host} answered with another protocol`))
    })
    request.end()
  })
}

/** What a failure of a connection means. */
export function errorOf(thrown: NodeJS.ErrnoException, url: URL): OriginError {
  if (thrown instanceof OriginError) return thrown
  const { code = '' } = thrown
  const detail = `${url.host}: ${messageOf(thrown)}`
  if (code === REFUSED) return new OriginError('refused-address', messageOf(thrown))
  if (code.startsWith('HPE_')) return new OriginError('bad-answer', detail)
  return new OriginError(TLS_CODE.test(code) ? 'tls' : 'unreachable', detail)
}

/** Gives only addresses where an origin may be. */
function checkedLookup(isRefused: (address: string) => boolean): LookupFunction {
  return (host, options, done) => {
    resolve(host, { ...options, all: true }, (failure, found: LookupAddress[]) => {
      if (failure !== null) {
        done(failure, [])
        return
      }
      const allowed = found.filter(({ address }) => !isRefused(address))
      const [first] = allowed
      if (first === undefined) {
        const places = found.map(({ address }) => address).join(', ')
        done(
          Object.assign(new Error(`${host} is at ${places}, where no origin may be`), { code: REFUSED }),
          []
        )
      } else if (options.all === true) done(null, allowed)
      else done(null, first.address, first.family)
    })
  }
}
