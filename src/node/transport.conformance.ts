/** What every Transport must do, run against each implementation. */

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../base/errors.ts'
import type { DeviceId } from '../base/ids.ts'
import { KIB, MIB, SECOND_MS } from '../base/units.ts'
import { FramedStream } from './framed-stream.ts'
import type { PeerStream, StreamClose, Transport } from './transport.ts'
import { STRANGER_LIMITS } from './transport.ts'

export interface ConformanceNetwork {
  /** A device of its own, not started. */
  create(topics: readonly string[]): Promise<Transport>
}

const ECHO = '/peerage/test-echo/1'
const SINK = '/peerage/test-sink/1'
const JOIN = '/peerage/test-join/1'
const TOPIC = 'test-topic'
const PATIENCE_MS = 20 * SECOND_MS

const soon = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS)

async function eventually(what: string, check: () => boolean): Promise<void> {
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

async function sendAll(stream: PeerStream, bytes: Uint8Array, chunkBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += chunkBytes)
    if (!stream.send(bytes.subarray(at, at + chunkBytes))) await stream.drained()
  await stream.close()
}

function receiveAll(stream: PeerStream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    stream.onData(chunk => chunks.push(chunk))
    stream.onEnd(() => resolve(Buffer.concat(chunks)))
    stream.onClose(reason => reject(new Error(reason.detail)))
  })
}

const closing = (stream: PeerStream): Promise<StreamClose> => new Promise(resolve => stream.onClose(resolve))

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const withCode = (code: string, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, pattern)
  return true
}

export function transportConformance(name: string, makeNetwork: () => ConformanceNetwork): void {
  describe(`transport conformance: ${name}`, { timeout: 120 * SECOND_MS }, () => {
    const started: Transport[] = []
    let network: ConformanceNetwork | undefined

    afterEach(async () => {
      await Promise.all(started.splice(0).map(transport => transport.stop()))
      network = undefined
    })

    interface Side {
      readonly transport: Transport
      readonly members: Set<DeviceId>
      readonly log: string[]
      readonly sunk: PeerStream[]
    }

    async function side(): Promise<Side> {
      network ??= makeNetwork()
      const transport = await network.create([TOPIC])
      const members = new Set<DeviceId>()
      const made: Side = { transport, members, log: [], sunk: [] }
      transport.setGate(device => (members.has(device) ? 'member' : { refuse: `not enrolled at ${name}` }))
      transport.handle(ECHO, echo)
      transport.handle(SINK, stream => void made.sunk.push(stream), { streamsPerPeerMax: 4 })
      transport.handle(JOIN, echo, { admit: 'anyone' })
      transport.on({
        onConnect: link => made.log.push(`+${link.direction}`),
        onDisconnect: () => made.log.push('-')
      })
      started.push(transport)
      await transport.start()
      return made
    }

    const meet = (...sides: Side[]): void => {
      for (const one of sides)
        for (const other of sides) if (other !== one) one.members.add(other.transport.self)
    }

    const target = ({ transport }: Side) => ({ device: transport.self, addresses: transport.addresses() })

    async function linked(): Promise<[Side, Side]> {
      const [a, b] = [await side(), await side()]
      meet(a, b)
      assert.equal((await a.transport.dial(target(b), soon())).kind, 'connected')
      await eventually('the link', () => b.transport.peers().length === 1)
      return [a, b]
    }

    const openSink = async (a: Side, b: Side): Promise<[PeerStream, PeerStream]> => {
      const near = await a.transport.open(b.transport.self, SINK, soon())
      await eventually('the stream', () => b.sunk.length > 0)
      return [near, b.sunk.shift() as PeerStream]
    }

    describe('links', () => {
      it('connect two members, and both know who the other is', async () => {
        const [a, b] = await linked()
        assert.deepEqual([a.log, b.log], [['+outbound'], ['+inbound']])
        const [link] = a.transport.peers()
        assert.equal(link?.device, b.transport.self)
        assert.equal(b.transport.peers()[0]?.device, a.transport.self)
        assert.ok(Math.abs((link?.sinceMs ?? 0) - Date.now()) < PATIENCE_MS)
      })

      it('are reused by a second dial', async () => {
        const [a, b] = await linked()
        assert.equal((await a.transport.dial(target(b), soon())).kind, 'connected')
        assert.equal((await b.transport.dial(target(a), soon())).kind, 'connected')
        assert.deepEqual([a.transport.peers().length, b.transport.peers().length], [1, 1])
        assert.deepEqual([a.log, b.log], [['+outbound'], ['+inbound']])
      })

      it('are not made to whoever proves another key', async () => {
        const [a, b, c] = [await side(), await side(), await side()]
        meet(a, b, c)
        const outcome = await a.transport.dial(
          { device: c.transport.self, addresses: b.transport.addresses().map(bare) },
          soon()
        )
        assert.equal(outcome.kind, 'wrong-device')
        assert.deepEqual(a.transport.peers(), [])
        assert.deepEqual(a.log, [])
      })

      it('are unreachable where nobody listens, and without any address', async () => {
        const [a, b] = [await side(), await side()]
        meet(a, b)
        const gone = target(b)
        await b.transport.stop()
        assert.equal((await a.transport.dial(gone, soon())).kind, 'unreachable')
        assert.equal((await a.transport.dial({ ...gone, addresses: [] }, soon())).kind, 'unreachable')
        assert.equal((await a.transport.dial({ ...gone, addresses: ['junk'] }, soon())).kind, 'unreachable')
      })

      it('are found behind addresses that do not work', async () => {
        const [a, b] = [await side(), await side()]
        meet(a, b)
        const { device, addresses } = target(b)
        const outcome = await a.transport.dial({ device, addresses: ['junk', ...addresses] }, soon())
        assert.equal(outcome.kind, 'connected')
      })

      it('end on both sides when one hangs up, and can be made again', async () => {
        const [a, b] = await linked()
        await a.transport.hangUp(b.transport.self, 'bye')
        await eventually('the end', () => b.log.includes('-') && a.log.includes('-'))
        assert.deepEqual([a.transport.peers(), b.transport.peers()], [[], []])
        assert.equal((await b.transport.dial(target(a), soon())).kind, 'connected')
        await eventually('the second link', () => a.transport.peers().length === 1)
        assert.deepEqual(a.log, ['+outbound', '-', '+inbound'])
      })

      it('end when the other side stops, and its streams are reset, not ended', async () => {
        const [a, b] = await linked()
        const [near, far] = await openSink(a, b)
        let ended = false
        near.onData(() => undefined)
        near.onEnd(() => {
          ended = true
        })
        far.onData(() => undefined)
        near.send(Uint8Array.of(1))
        const closed = closing(near)
        await b.transport.stop()
        assert.notEqual((await closed).kind, 'ended')
        assert.equal(ended, false)
        await eventually('the end', () => a.log.includes('-'))
      })
    })

    describe('the gate', () => {
      it('is asked by the dialer before anything is sent', async () => {
        const [a, b] = [await side(), await side()]
        b.members.add(a.transport.self)
        const outcome = await a.transport.dial(target(b), soon())
        assert.deepEqual(outcome, { kind: 'refused', detail: `not enrolled at ${name}` })
        assert.deepEqual(b.log, [])
      })

      it('tells a stranger why it is refused, and makes no peer of it', async () => {
        const [a, b] = [await side(), await side()]
        a.members.add(b.transport.self)
        const outcome = await a.transport.dial(target(b), soon())
        assert.deepEqual(outcome, { kind: 'refused', detail: `not enrolled at ${name}` })
        assert.deepEqual([a.log, b.log, a.transport.peers(), b.transport.peers()], [[], [], [], []])
      })

      it('refuses a stranger on every protocol but the one for anyone', async () => {
        const [a, b] = [await side(), await side()]
        a.members.add(b.transport.self)
        const outcome = await a.transport.dial({ ...target(b), asStranger: true }, soon())
        assert.equal(outcome.kind, 'connected')
        for (const protocol of [ECHO, SINK])
          await assert.rejects(
            a.transport.open(b.transport.self, protocol, soon()),
            withCode('PEER_REFUSED', /not enrolled/)
          )
        await assert.rejects(
          a.transport.open(b.transport.self, '/peerage/unheard-of/1', soon()),
          withCode('PEER_REFUSED', /./)
        )
        const stream = await a.transport.open(b.transport.self, JOIN, soon())
        const received = receiveAll(stream)
        await sendAll(stream, Buffer.from('let me in'), KIB)
        assert.equal((await received).toString(), 'let me in')
        assert.deepEqual([b.log, b.transport.peers(), b.sunk], [[], [], []])
      })

      it('cuts a stranger that sends too much', async () => {
        const [a, b] = [await side(), await side()]
        a.members.add(b.transport.self)
        await a.transport.dial({ ...target(b), asStranger: true }, soon())
        const stream = await a.transport.open(b.transport.self, JOIN, soon())
        const closed = closing(stream)
        stream.onData(() => undefined)
        await sendAll(stream, randomBytes(STRANGER_LIMITS.bytesMax + MIB), 64 * KIB).catch(() => undefined)
        assert.notEqual((await closed).kind, 'ended')
      })

      it('lets only so many strangers in at once, and members all the while', async () => {
        const b = await side()
        const strangers = await Promise.all(Array.from({ length: STRANGER_LIMITS.linksMax + 1 }, side))
        let connected = 0
        for (const one of strangers) {
          one.members.add(b.transport.self)
          await one.transport.dial({ ...target(b), asStranger: true }, soon())
          const stream = await one.transport.open(b.transport.self, JOIN, soon()).catch(() => undefined)
          if (stream !== undefined) connected++
        }
        assert.equal(connected, STRANGER_LIMITS.linksMax)
        const member = await side()
        meet(b, member)
        assert.equal((await member.transport.dial(target(b), soon())).kind, 'connected')
      })

      it('hangs up a member that it refuses from now on, streams and all', async () => {
        const [a, b] = await linked()
        const [near] = await openSink(a, b)
        const closed = closing(near)
        b.members.delete(a.transport.self)
        b.transport.recheck()
        await eventually('the end', () => a.log.includes('-') && b.log.includes('-'))
        assert.equal((await closed).kind, 'reset')
        assert.deepEqual(await a.transport.dial(target(b), soon()), {
          kind: 'refused',
          detail: `not enrolled at ${name}`
        })
      })

      it('is asked again for every stream, in both directions', async () => {
        const [a, b] = await linked()
        b.members.delete(a.transport.self) // no recheck: the link stays
        await assert.rejects(
          a.transport.open(b.transport.self, ECHO, soon()),
          withCode('PEER_REFUSED', /not enrolled/)
        )
        await assert.rejects(
          b.transport.open(a.transport.self, ECHO, soon()),
          withCode('PEER_REFUSED', /refuses it/)
        )
      })

      it('does not turn a stranger into a member on the link that it has', async () => {
        const [a, b] = [await side(), await side()]
        a.members.add(b.transport.self)
        await a.transport.dial({ ...target(b), asStranger: true }, soon())
        await a.transport.open(b.transport.self, JOIN, soon()) // now b has surely met it
        b.members.add(a.transport.self)
        b.transport.recheck()
        await assert.rejects(
          a.transport.open(b.transport.self, ECHO, soon()),
          withCode('PEER_REFUSED', /connect again/)
        )
        await a.transport.hangUp(b.transport.self, 'enrolled now')
        assert.equal((await a.transport.dial(target(b), soon())).kind, 'connected')
        await eventually('the link', () => b.transport.peers().length === 1)
      })

      it('refuses everybody until it is set', async () => {
        network ??= makeNetwork()
        const [a, b] = [await side(), await network.create([TOPIC])]
        started.push(b)
        await b.start()
        a.members.add(b.self)
        const outcome = await a.transport.dial({ device: b.self, addresses: b.addresses() }, soon())
        assert.equal(outcome.kind, 'refused')
      })
    })

    describe('streams', () => {
      it('carry 64 MB both ways unchanged', async () => {
        const [a, b] = await linked()
        const stream = await a.transport.open(b.transport.self, ECHO, soon())
        const sent = randomBytes(64_000_000)
        const received = receiveAll(stream)
        await sendAll(stream, sent, 256 * KIB + 7)
        assert.equal(digest(await received), digest(sent))
        const [link] = a.transport.peers()
        assert.ok((link?.bytesSent ?? 0) >= sent.length && (link?.bytesReceived ?? 0) >= sent.length)
      })

      it('take several pieces in one send, in their order', async () => {
        const [a, b] = await linked()
        const stream = await a.transport.open(b.transport.self, ECHO, soon())
        const received = receiveAll(stream)
        stream.send([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3), Uint8Array.of(4)])
        await stream.close()
        assert.deepEqual([...(await received)], [1, 2, 3, 4])
      })

      it('run side by side without mixing', async () => {
        const [a, b] = await linked()
        const open = Array.from({ length: 48 }, async (_, index) => {
          const stream = await (index % 2 === 0 ? a : b).transport.open(
            (index % 2 === 0 ? b : a).transport.self,
            ECHO,
            soon()
          )
          const sent = randomBytes(100_000 + index)
          const received = receiveAll(stream)
          await sendAll(stream, sent, 16 * KIB)
          assert.equal(digest(await received), digest(sent))
        })
        await Promise.all(open)
      })

      it('half close: one side has ended, the other still sends', async () => {
        const [a, b] = await linked()
        const [near, far] = await openSink(a, b)
        const closed = closing(near)
        const received: number[] = []
        near.onData(chunk => received.push(...chunk))
        const farEnded = new Promise<void>(resolve => far.onEnd(resolve))
        far.onData(() => undefined)
        await near.close()
        await farEnded
        far.send(Uint8Array.of(7, 8))
        await far.close()
        assert.deepEqual(await closed, { kind: 'ended', detail: 'both sides closed' })
        assert.deepEqual(received, [7, 8])
        assert.equal(near.send(Uint8Array.of(9)), false)
        await assert.rejects(near.drained(), withCode('PEER_UNREACHABLE', /over/))
      })

      it('deliver what came before there was a listener, and the end after it', async () => {
        const [a, b] = await linked()
        const [near, far] = await openSink(a, b)
        near.send(Buffer.from('early'))
        await near.close()
        await far.close()
        await delay(50)
        const order: string[] = []
        far.onClose(({ kind }) => order.push(kind))
        far.onEnd(() => order.push('end'))
        far.onData(chunk => order.push(Buffer.from(chunk).toString()))
        await eventually('the close', () => order.length === 3)
        assert.deepEqual(order, ['early', 'end', 'ended'])
      })

      it('abort: both sides learn of it, and nothing ends well', async () => {
        const [a, b] = await linked()
        const [near, far] = await openSink(a, b)
        let ended = false
        far.onData(() => undefined)
        far.onEnd(() => {
          ended = true
        })
        const both = Promise.all([closing(near), closing(far)])
        near.abort('changed my mind')
        const [ours, theirs] = await both
        assert.deepEqual(ours, { kind: 'aborted', detail: 'changed my mind' })
        assert.equal(theirs.kind, 'reset')
        assert.equal(ended, false)
      })

      it('stop a sender whose receiver pauses, with bounded memory, beside a stream that goes on', async () => {
        const [a, b] = await linked()
        const [near, far] = await openSink(a, b)
        let taken = 0
        far.onData(chunk => {
          taken += chunk.length
        })
        far.pause()
        let sent = 0
        let done = false
        const total = 96 * MIB
        const sending = (async () => {
          const chunk = new Uint8Array(256 * KIB)
          while (sent < total) {
            sent += chunk.length
            if (!near.send(chunk)) await near.drained()
          }
          await near.close()
          done = true
        })()
        const busy = await a.transport.open(b.transport.self, ECHO, soon())
        const received = receiveAll(busy)
        const payload = randomBytes(24 * MIB)
        await sendAll(busy, payload, 128 * KIB)
        assert.equal(digest(await received), digest(payload))
        assert.equal(done, false)
        assert.ok(sent < 20 * MIB, `${sent} bytes were taken from the sender although nobody read them`)
        assert.equal(taken, 0)
        far.resume()
        await sending
        await eventually('the rest', () => taken === total)
      })

      it('deliver nothing while paused, even inside one delivery', async () => {
        const [a, b] = await linked()
        const [near, far] = await openSink(a, b)
        let paused = false
        let bytes = 0
        far.onData(chunk => {
          assert.equal(paused, false)
          bytes += chunk.length
          paused = true
          far.pause()
          setImmediate(() => {
            paused = false
            far.resume()
          })
        })
        await sendAll(near, randomBytes(2 * MIB), 64 * KIB)
        await eventually('the rest', () => bytes === 2 * MIB)
      })

      it('are refused with the limit when one peer opens too many', async () => {
        const [a, b] = await linked()
        const open: PeerStream[] = []
        for (let i = 0; i < 4; i++) open.push(await a.transport.open(b.transport.self, SINK, soon()))
        await assert.rejects(
          a.transport.open(b.transport.self, SINK, soon()),
          withCode('PEER_REFUSED', /at most 4/)
        )
        open[0]?.abort('room again')
        await eventually('the reset', () => b.sunk.length === 4)
        const freed = closing(b.sunk[0] as PeerStream)
        await freed
        await a.transport.open(b.transport.self, SINK, soon())
      })

      it('can not be opened without a link, to an unknown protocol, or after giving up', async () => {
        const [a, b] = await linked()
        const c = await side()
        meet(a, c)
        await assert.rejects(
          a.transport.open(c.transport.self, ECHO, soon()),
          withCode('PEER_UNREACHABLE', /link/)
        )
        await assert.rejects(
          a.transport.open(b.transport.self, '/peerage/unheard-of/1', soon()),
          withCode('PEER_REFUSED', /does not speak/)
        )
        await assert.rejects(
          a.transport.open(b.transport.self, ECHO, AbortSignal.abort(new Error('enough'))),
          /enough/
        )
      })
    })

    describe('messages', () => {
      const limits = { messageBytesMax: MIB }
      const wait = { timeoutMs: PATIENCE_MS }

      it('go both ways whole, whatever the chunks', async () => {
        const [a, b] = await linked()
        const [near, far] = await openSink(a, b)
        const [client, server] = [new FramedStream(near, limits), new FramedStream(far, limits)]
        const sizes = [0, 1, 3, 4, 5, 70_000, MIB]
        const serving = (async () => {
          for (;;) {
            const read = await server.read(wait)
            if (read.kind !== 'message') return read.kind
            await server.write(read.bytes)
          }
        })()
        for (const size of sizes) {
          const body = randomBytes(size)
          await client.write(body)
          const answer = await client.read(wait)
          assert.ok(answer.kind === 'message')
          assert.equal(digest(answer.bytes), digest(body))
        }
        await near.close()
        assert.equal(await serving, 'end')
      })

      it('with a hostile length are a violation, and the stream is cut', async () => {
        for (const [header, pattern] of [
          [[0xff, 0xff, 0xff, 0xff], /4294967295 bytes, at most 1048576/],
          [[0, 0x10, 0, 1], /1048577 bytes/]
        ] as const) {
          const [a, b] = await linked()
          const [near, far] = await openSink(a, b)
          const closed = closing(near)
          near.onData(() => undefined)
          near.send(Uint8Array.from(header))
          const read = await new FramedStream(far, limits).read(wait)
          assert.ok(read.kind === 'violation')
          assert.match(read.detail, pattern)
          assert.equal((await closed).kind, 'reset')
        }
      })

      it('cut short are a violation; a silent peer is a timeout; a lost link says so', async () => {
        const [a, b] = await linked()
        const [near, far] = await openSink(a, b)
        near.send(Uint8Array.of(0, 0, 0, 9, 1, 2))
        const framed = new FramedStream(far, limits)
        assert.deepEqual(await framed.read({ timeoutMs: 30 }), { kind: 'timeout' })
        await near.close()
        const read = await framed.read(wait)
        assert.ok(read.kind === 'violation')
        assert.match(read.detail, /inside a message/)
        const [again, there] = await openSink(a, b)
        const waiting = new FramedStream(there, limits).read(wait)
        again.abort('gone')
        assert.equal((await waiting).kind, 'closed')
      })
    })

    describe('gossip', () => {
      it('reaches members with its author, and never a stranger', async () => {
        const [a, b] = await linked()
        const stranger = await side()
        stranger.members.add(b.transport.self)
        await stranger.transport.dial({ ...target(b), asStranger: true }, soon())
        const heard: string[] = []
        for (const [who, one] of [
          ['b', b],
          ['stranger', stranger]
        ] as const)
          one.transport.subscribe(TOPIC, (from, bytes) => heard.push(`${who} ${from} ${Buffer.from(bytes)}`))
        const shout = setInterval(() => a.transport.publish(TOPIC, Buffer.from('news')), 50)
        const murmur = setInterval(() => stranger.transport.publish(TOPIC, Buffer.from('lies')), 50)
        try {
          await eventually('gossip', () => heard.length >= 3)
          await delay(200)
        } finally {
          clearInterval(shout)
          clearInterval(murmur)
        }
        assert.deepEqual([...new Set(heard)], [`b ${a.transport.self} news`])
      })
    })
  })
}

/** An address without the key that it promises. */
function bare(address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, '')
}
