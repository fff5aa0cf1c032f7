/** The devices that the conformance suites put on a network, and what they wait for. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { GossipTopics, PeerStream, StreamClose, Transport } from './transport.ts'

export interface ConformanceNetwork {
  /** A device of its own, not started. */
  create(topics: GossipTopics, linksMax?: number): Promise<Transport>
}

/** One device: its gate admits whom `members` holds. */
export interface Side {
  readonly transport: Transport
  readonly members: Set<DeviceId>
  /** +inbound and +outbound for a link that came up, - for one that ended. */
  readonly log: string[]
  /** Streams that came in on SINK. */
  readonly sunk: PeerStream[]
}

export const ECHO = '/peerage/test-echo/1'
export const SINK = '/peerage/test-sink/1'
export const JOIN = '/peerage/test-join/1'
export const TOPIC = 'test-topic'
export const PATIENCE_MS = 20 * SECOND_MS
export const NOT_ENROLLED = 'not enrolled in this test'

export class Sides {
  readonly #makeNetwork: () => ConformanceNetwork
  #network: ConformanceNetwork | undefined
  #started: Transport[] = []

  constructor(makeNetwork: () => ConformanceNetwork) {
    this.#makeNetwork = makeNetwork
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.splice(0).map(transport => transport.stop()))
    this.#network = undefined
  }

  async create(linksMax?: number): Promise<Transport> {
    this.#network ??= this.#makeNetwork()
    const transport = await this.#network.create({ relayed: [TOPIC], linked: [] }, linksMax)
    this.#started.push(transport)
    return transport
  }

  async side(linksMax?: number): Promise<Side> {
    const transport = await this.create(linksMax)
    const members = new Set<DeviceId>()
    const made: Side = { transport, members, log: [], sunk: [] }
    transport.setGate(device => (members.has(device) ? 'member' : { refuse: NOT_ENROLLED }))
    transport.handle(ECHO, echo)
    transport.handle(SINK, stream => void made.sunk.push(stream), { streamsPerPeerMax: 4 })
    transport.handle(JOIN, echo, { admit: 'anyone' })
    transport.on({
      onConnect: link => made.log.push(`+${link.direction}`),
      onDisconnect: () => made.log.push('-')
    })
    await transport.start()
    return made
  }

  /** Two members with a link that the first one dialled. */
  async linked(): Promise<[Side, Side]> {
    const [a, b] = [await this.side(), await this.side()]
    meet(a, b)
    assert.equal((await a.transport.dial(target(b), soon())).kind, 'connected')
    await eventually('the link', () => b.transport.peers().length === 1)
    return [a, b]
  }
}

export function meet(...sides: Side[]): void {
  for (const one of sides) for (const other of sides) if (other !== one) one.members.add(other.transport.self)
}

export const target = ({ transport }: Side) => ({
  device: transport.self,
  addresses: transport.addresses()
})

export const soon = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS)

export async function eventually(what: string, check: () => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (!check()) {
    assert.ok(Date.now() < deadline, `${what} did not happen`)
    await delay(5)
  }
}

function echo(stream: PeerStream): void {
  stream.onData(chunk => {
    if (stream.send(chunk)) return
    stream.pause()
    stream.drained().then(
      () => stream.resume(),
      () => undefined
    )
  })
  stream.onEnd(() => void stream.close().catch(() => undefined))
}

export async function sendAll(stream: PeerStream, bytes: Uint8Array, chunkBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += chunkBytes)
    if (!stream.send(bytes.subarray(at, at + chunkBytes))) await stream.drained()
  await stream.close()
}

export function receiveAll(stream: PeerStream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    stream.onData(chunk => chunks.push(chunk))
    stream.onEnd(() => resolve(Buffer.concat(chunks)))
    stream.onClose(reason => reject(new Error(reason.detail)))
  })
}

/** Both ends of a stream on SINK. */
export async function openSink(a: Side, b: Side): Promise<[PeerStream, PeerStream]> {
  const near = await a.transport.open(b.transport.self, SINK, soon())
  await eventually('the stream', () => b.sunk.length > 0)
  return [near, b.sunk.shift() as PeerStream]
}

export const closing = (stream: PeerStream): Promise<StreamClose> =>
  new Promise(resolve => stream.onClose(resolve))

export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const withCode = (code: string, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, pattern)
  return true
}
