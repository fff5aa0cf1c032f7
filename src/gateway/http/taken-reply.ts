import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

/** The answer itself, with the headers that were set so far: the caller writes its head and its body, and ends it. */
export function takenReply(reply: FastifyReply): ServerResponse {
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value)
  return reply.raw
}
