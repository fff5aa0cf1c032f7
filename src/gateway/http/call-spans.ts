/** A span for each call of the API that passed the door: what it leads to on this node is within it. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { beginCall, type CallSpan } from '../../node/tracing/spans.ts'
import type { MeasuredCall } from '../metrics/exposition.ts'

export function traceCalls(
  app: FastifyInstance,
  answered: (request: FastifyRequest, reply: FastifyReply) => Pick<MeasuredCall, 'outcome'>
): void {
  const spans = new WeakMap<FastifyRequest, CallSpan>()
  app.addHook('onRequest', (request, _, done) => {
    const { url: pattern = 'unknown', config } = request.routeOptions
    const { route = 'unknown' } = config as { readonly route?: string }
    const { method, headers } = request
    const span = beginCall({ method, pattern, route, headers })
    spans.set(request, span)
    span.within(done)
  })
  app.addHook('onResponse', async (request, reply) =>
    spans.get(request)?.end({ status: reply.statusCode, outcome: answered(request, reply).outcome })
  )
}
