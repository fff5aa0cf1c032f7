import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

/** The answer itself, with the headers that were set so far: the caller writes its head and its body, and ends it. */
export function takenReply(reply: FastifyReply): ServerResponse {
  reply.hijack()
  const { raw } = reply
  // Those of Fastify and those that hooks set on the answer itself, which need not be set once more.
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined && value !== raw.getHeader(name)) raw.setHeader(name, value)
  return raw
}
