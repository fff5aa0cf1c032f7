import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import type { NodeService } from '../../node/service.ts'
import { scripted } from '../../node/swarm/scripted.conformance.ts'
import { type Caller, OWNER } from './caller.ts'
import { LIVE_PATH, LiveRoutes } from './live-routes.ts'

/** What does not come fails the test, and does not keep it waiting. */
const PATIENCE = { timeout: 60_000 }

type Activity = Awaited<ReturnType<NodeService['activity']>>

let app: FastifyInstance
let closing: AbortController
let caller: Caller
let isSignedIn: boolean
let sentBytes: number
let asked: number

beforeEach(async () => {
  closing = new AbortController()
  ;[caller, isSignedIn, sentBytes, asked] = [OWNER, true, 0, 0]
  app = Fastify()
  const service = scripted<NodeService>({
    activity: async () => {
      asked++
      return { atMs: Date.now(), operations: 1, peers: [], sentBytes } as unknown as Activity
    }
  })
  new LiveRoutes(app, {
    ...{ service, closing: closing.signal, log: { error: () => undefined } },
    ...{ callerOf: () => caller, isSignedIn: () => isSignedIn },
    ...{ intervalMs: 5, listenersMax: 3, listenersEachMax: 2 }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  closing.abort()
  await app.close()
})

async function listen(headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const { port } = app.server.address() as AddressInfo
  const [response] = await once(
    get({ host: '127.0.0.1', port, path: LIVE_PATH, headers, agent: false }),
    'response'
  )
  return response as IncomingMessage
}

interface Heard {
  readonly id: string
  readonly event: string
  readonly data: { readonly sentBytes?: number }
}

/** Events until one fits. */
async function hear(stream: IncomingMessage, fits: (heard: Heard) => boolean): Promise<Heard[]> {
  const heard: Heard[] = []
  let text = ''
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const found = /^id: (\S+)\nevent: (\w+)\ndata: (.*)$/.exec(block)
      if (found === null) continue
      heard.push({ id: found[1] ?? '', event: found[2] ?? '', data: JSON.parse(found[3] ?? '') })
      if (fits(heard.at(-1) as Heard)) return heard
    }
  }
  return heard
}

test('who listens hears how things are, and then what changes', PATIENCE, async () => {
  const stream = await listen()
  assert.match(String(stream.headers['content-type']), /^text\/event-stream/)
  const first = await hear(stream, ({ event }) => event === 'ledger')
  assert.deepEqual(
    first.map(({ event }) => event),
    ['activity', 'peers', 'ledger']
  )
  sentBytes = 7
  const [changed, ...more] = await hear(stream, ({ event }) => event === 'activity')
  assert.deepEqual([changed?.data.sentBytes, more.length], [7, 0])
  stream.destroy()
})

test('who comes back with the last id hears only what it missed', PATIENCE, async () => {
  const stream = await listen()
  const last = (await hear(stream, ({ event }) => event === 'ledger')).at(-1)
  sentBytes = 9
  await hear(stream, ({ event }) => event === 'activity')
  stream.destroy()
  const again = await listen({ 'last-event-id': last?.id ?? '' })
  const [missed] = await hear(again, () => true)
  assert.deepEqual([missed?.event, missed?.data.sentBytes], ['activity', 9])
  again.destroy()
  const stranger = await listen({ 'last-event-id': 'of-another-run' })
  assert.equal((await hear(stranger, ({ event }) => event === 'activity')).length, 3)
  stranger.destroy()
})

test('a sign-in that ends ends the stream, and without the scope there is none', PATIENCE, async () => {
  const stream = await listen()
  await hear(stream, ({ event }) => event === 'ledger')
  isSignedIn = false
  sentBytes = 1
  await hear(stream, () => false)
  assert.ok(stream.complete)
  caller = { ...OWNER, scopes: new Set(['audit']) }
  const refused = await listen()
  assert.notEqual(refused.statusCode, 200)
  refused.destroy()
})

test('listeners have the room that there is, and no caller takes all of it', PATIENCE, async () => {
  const streams = [await listen(), await listen()]
  const refuse = async (why: RegExp): Promise<void> => {
    const refused = await listen()
    const chunks: Buffer[] = []
    for await (const chunk of refused) chunks.push(chunk)
    assert.match(Buffer.concat(chunks).toString(), why)
  }
  await refuse(/owner has 2 live views/)
  caller = { ...OWNER, id: 'another' }
  const other = await listen()
  assert.equal(other.statusCode, 200)
  await refuse(/"3 live views/)
  other.destroy()
  caller = OWNER
  const [first, second] = streams
  const closed = once(first as IncomingMessage, 'close')
  first?.destroy()
  await closed
  let again = await listen()
  while (again.statusCode !== 200) {
    again.destroy()
    again = await listen()
  }
  for (const stream of [again, second]) stream?.destroy()
})

test('nobody is asked while nobody listens', PATIENCE, async () => {
  const stream = await listen()
  await hear(stream, ({ event }) => event === 'ledger')
  const closed = once(stream, 'close')
  stream.destroy()
  await closed
  let before = -1
  while (before !== asked) {
    before = asked
    await new Promise(resolve => setTimeout(resolve, 60))
  }
  assert.ok(asked > 0)
})
