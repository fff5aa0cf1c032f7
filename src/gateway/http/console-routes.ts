/**
 * The web console (docs/CONSOLE.md): its page at `/` and under `/console/`, its files under `/assets/`. They say
 * nothing of the org and are the same for everybody, so nobody has to be signed in for them. What the console shows it
 * asks of the API, as every other caller does.
 *
 * The page runs only what this node serves. Its styles are files of the node and those that carry the nonce of this one
 * answer; nothing is sent anywhere else, framed, or drawn from elsewhere.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { ConsoleFiles } from './console-files.ts'
import { openRoute, type PagePolicy, policyText } from './open-route.ts'

const CONSOLE_PREFIX = '/console'
const ASSETS_PREFIX = '/assets'
/** Assets are named by their contents. */
const FOR_EVER = 'public, max-age=31536000, immutable'

const ROUTE = 'console'
const PAGE_POLICY = {
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'"],
  'font-src': ["'self'"],
  'connect-src': ["'self'"]
} as const

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Peerage</title>
<h1>The console is not built</h1>
<p>This node runs from a checkout. Build its console with <code>npm run build:console</code> and start it again.</p>
</html>
`

/** Whatever comes with the page is of this node; styles that it makes itself carry the nonce of this one answer. */
function consolePolicy(nonce: string): string {
  return policyText({ ...PAGE_POLICY, 'style-src': ["'self'", `'nonce-${nonce}'`] })
}

function unaudited(policy?: PagePolicy) {
  const route = openRoute(ROUTE, policy)
  return { ...route, config: { ...route.config, unaudited: true } }
}

export class ConsoleRoutes {
  readonly #files: ConsoleFiles

  constructor(app: FastifyInstance, files = new ConsoleFiles()) {
    this.#files = files
    for (const url of ['/', CONSOLE_PREFIX, `${CONSOLE_PREFIX}/*`])
      app.get(url, unaudited(PAGE_POLICY), async (_, reply) => await this.#page(reply))
    app.get(`${ASSETS_PREFIX}/:name`, unaudited(), async (request, reply) => this.#asset(request, reply))
  }

  async #page(reply: FastifyReply): Promise<FastifyReply> {
    reply.header('cache-control', 'no-store').type('text/html; charset=utf-8')
    if (!this.#files.isBuilt) return reply.status(503).send(NOT_BUILT)
    const { html, nonce } = await this.#files.page()
    return reply.header('content-security-policy', consolePolicy(nonce)).send(html)
  }

  async #asset(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { name } = request.params as { readonly name: string }
    const file = await this.#files.asset(name)
    if (file === undefined)
      throw new AppError('CONTENT_UNKNOWN', `the console has no file ${JSON.stringify(name)}`)
    const isBrotli = file.brotli !== null && /\bbr\b/.test(request.headers['accept-encoding'] ?? '')
    reply.headers({ 'cache-control': FOR_EVER, vary: 'accept-encoding', 'content-type': file.contentType })
    if (isBrotli) reply.header('content-encoding', 'br')
    return reply.send(isBrotli ? file.brotli : file.plain)
  }
}
