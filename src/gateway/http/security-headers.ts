/**
 * The headers of every answer that tell a browser what it may do with it. Helmet says which they are, once: it made
 * them anew for each answer, which was the largest part of what the server itself does for one.
 */

import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import helmet from 'helmet'
import './open-route.ts'

const OPTIONS = {
  contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false },
  referrerPolicy: { policy: 'no-referrer' }
} as const

/** Also on what is refused, and on what there is not. Of a route with a policy of its own that one counts. */
export function addSecurityHeaders(app: FastifyInstance): void {
  const headers = securityHeaders()
  app.addHook('onRequest', (request, { raw }, done) => {
    for (const [name, value] of headers) raw.setHeader(name, value)
    const { policy } = request.routeOptions.config
    if (policy !== undefined) raw.setHeader('content-security-policy', policy)
    done()
  })
}

function securityHeaders(): readonly (readonly [string, string])[] {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  helmet(OPTIONS)(request, response, thrown => {
    if (thrown !== undefined) throw thrown
  })
  return Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)])
}
