/** What every PeerStream must do, whichever Transport it comes from, and the messages over it. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { KIB, MIB, SECOND_MS } from '../../base/units.ts'
import { FramedStream } from './framed-stream.ts'
import type { PeerStream } from './transport.ts'
import {
  type ConformanceNetwork,
  closing,
  digest,
  ECHO,
  eventually,
  meet,
  openSink,
  PATIENCE_MS,
  receiveAll,
  SINK,
  Sides,
  sendAll,
  soon,
  withCode
} from './transport-sides.conformance.ts'

export function peerStreamConformance(name: string, makeNetwork: () => ConformanceNetwork): void {
  describe(`streams: ${name}`, { timeout: 120 * SECOND_MS }, () => {
    const sides = new Sides(makeNetwork)
    afterEach(() => sides.stop())

    describe('streams', () => {
      it('carry 64 MB both ways unchanged', async () => {
        const [a, b] = await sides.linked()
        const stream = await a.transport.open(b.transport.self, ECHO, soon())
        const sent = randomBytes(64_000_000)
        const received = receiveAll(stream)
        await sendAll(stream, sent, 256 * KIB + 7)
        assert.equal(digest(await received), digest(sent))
        const [link] = a.transport.peers()
        assert.ok((link?.bytesSent ?? 0) >= sent.length && (link?.bytesReceived ?? 0) >= sent.length)
      })

      it('take several pieces in one send, in their order', async () => {
        const [a, b] = await sides.linked()
        const stream = await a.transport.open(b.transport.self, ECHO, soon())
        const received = receiveAll(stream)
        stream.send([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3), Uint8Array.of(4)])
        await stream.close()
        assert.deepEqual([...(await received)], [1, 2, 3, 4])
      })

      it('run side by side without mixing', async () => {
        const [a, b] = await sides.linked()
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
        const [a, b] = await sides.linked()
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
        const [a, b] = await sides.linked()
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
        const [a, b] = await sides.linked()
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
        const [a, b] = await sides.linked()
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
        const [a, b] = await sides.linked()
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
        const [a, b] = await sides.linked()
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
        const [a, b] = await sides.linked()
        const c = await sides.side()
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
        const [a, b] = await sides.linked()
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
          const [a, b] = await sides.linked()
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
        const [a, b] = await sides.linked()
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
  })
}
