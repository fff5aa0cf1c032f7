/**
 * Tells of each call once, when it is decided how it went. That does not wait until the answer has gone: who hangs up
 * meanwhile has had done what was asked for all the same.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

export function accountCalls(
  app: FastifyInstance,
  tell: (request: FastifyRequest, reply: FastifyReply) => void
): void {
  const told = new WeakSet<FastifyRequest>()
  const once = (request: FastifyRequest, reply: FastifyReply): void => {
    if (told.has(request)) return
    told.add(request)
    tell(request, reply)
  }
  app.addHook('onRequest', async (request, reply) => {
    // A route that writes its answer itself passes by onSend. What is not answered yet is told of when it is.
    reply.raw.once('close', () => {
      if (reply.sent) once(request, reply)
    })
  })
  app.addHook('onSend', async (request, reply, payload) => {
    once(request, reply)
    return payload
  })
}
