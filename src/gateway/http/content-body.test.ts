import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { KIB } from '../../base/units.ts'
import type { ContentParts } from '../../node/contents/content-terms.ts'
import { sendParts } from './content-body.ts'

const PART_BYTES = 512 * KIB
const PARTS = 16
let server: Server
let parts: ContentParts
let isReturned: Promise<unknown>
let asked: number
let ending: AbortController
let sent: Promise<void>

beforeEach(async () => {
  ending = new AbortController()
  asked = 0
  const answer = async (response: ServerResponse): Promise<void> => {
    response.writeHead(200, { 'content-length': PARTS * PART_BYTES })
    await sendParts(response, { first: await parts.next(), parts }, ending.signal)
  }
  server = createServer((_, response) => {
    sent = answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

/** All parts in the same memory, which is spoiled once the next is asked for. */
function lent(count = PARTS): ContentParts {
  const { promise, resolve } = Promise.withResolvers<void>()
  isReturned = promise
  async function* made(): ContentParts {
    const memory = new Uint8Array(PART_BYTES)
    try {
      for (let part = 0; part < count; part++) {
        asked++
        memory.fill(part + 1)
        yield memory
        memory.fill(0)
      }
      if (count < PARTS) throw new Error('the rest is not here')
    } finally {
      memory.fill(0)
      resolve()
    }
  }
  return made()
}

async function answered(): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo
  const request = get({ host: '127.0.0.1', port, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

test('the memory of a part is not used again before it has gone, however slow the reader is', async () => {
  parts = lent()
  const response = await answered()
  const chunks: Buffer[] = []
  for await (const chunk of response) {
    chunks.push(chunk)
    await new Promise(resolve => setImmediate(resolve))
  }
  const body = Buffer.concat(chunks)
  assert.equal(body.length, PARTS * PART_BYTES)
  for (let part = 0; part < PARTS; part++) {
    const expected = Buffer.alloc(PART_BYTES, part + 1)
    assert.ok(body.subarray(part * PART_BYTES, (part + 1) * PART_BYTES).equals(expected), `part ${part}`)
  }
  await sent
  await isReturned
})

test('who goes away, or may read no more, ends the reading, and what is missing cuts the connection off', async () => {
  parts = lent()
  const left = await answered()
  left.destroy()
  await isReturned
  await sent
  parts = lent()
  const ended = await answered()
  ending.abort()
  await assert.rejects(ended.toArray(), { code: 'ECONNRESET' })
  await isReturned
  ending = new AbortController()
  parts = lent(3)
  const short = await answered()
  await assert.rejects(short.toArray(), { code: 'ECONNRESET' })
  await isReturned
})

test('what had ended before it began gets nothing', async () => {
  parts = lent()
  ending.abort()
  const { port } = server.address() as AddressInfo
  const [error] = await once(get({ host: '127.0.0.1', port, agent: false }), 'error')
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNRESET')
  await isReturned
  assert.equal(asked, 1)
})
