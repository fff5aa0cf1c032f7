/** What every Transport must do about links, its gate and gossip; peer-stream.conformance.ts has the streams. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { KIB, MIB, SECOND_MS } from '../../base/units.ts'
import { STRANGER_LIMITS } from './transport.ts'
import {
  type ConformanceNetwork,
  closing,
  ECHO,
  eventually,
  JOIN,
  meet,
  NOT_ENROLLED,
  openSink,
  PATIENCE_MS,
  receiveAll,
  SINK,
  Sides,
  sendAll,
  soon,
  TOPIC,
  target,
  withCode
} from './transport-sides.conformance.ts'

export function transportConformance(name: string, makeNetwork: () => ConformanceNetwork): void {
  describe(`links: ${name}`, { timeout: 120 * SECOND_MS }, () => {
    const sides = new Sides(makeNetwork)
    afterEach(() => sides.stop())

    describe('links', () => {
      it('connect two members, and both know who the other is', async () => {
        const [a, b] = await sides.linked()
        assert.deepEqual([a.log, b.log], [['+outbound'], ['+inbound']])
        const [link] = a.transport.peers()
        assert.equal(link?.device, b.transport.self)
        assert.equal(b.transport.peers()[0]?.device, a.transport.self)
        assert.ok(Math.abs((link?.sinceMs ?? 0) - Date.now()) < PATIENCE_MS)
      })

      it('tell how long the way to the other side is now, and nothing of who has none', async () => {
        const [a, b] = await sides.linked()
        const roundTrips = await Promise.all([
          a.transport.roundTrip(b.transport.self),
          b.transport.roundTrip(a.transport.self)
        ])
        for (const ms of roundTrips) assert.ok(ms !== undefined && ms >= 0 && ms < PATIENCE_MS)
        const stranger = await sides.side()
        assert.equal(await a.transport.roundTrip(stranger.transport.self), undefined)
      })

      it('are reused by a second dial', async () => {
        const [a, b] = await sides.linked()
        assert.equal((await a.transport.dial(target(b), soon())).kind, 'connected')
        assert.equal((await b.transport.dial(target(a), soon())).kind, 'connected')
        assert.deepEqual([a.transport.peers().length, b.transport.peers().length], [1, 1])
        assert.deepEqual([a.log, b.log], [['+outbound'], ['+inbound']])
      })

      it('are not made to whoever proves another key', async () => {
        const [a, b, c] = [await sides.side(), await sides.side(), await sides.side()]
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
        const [a, b] = [await sides.side(), await sides.side()]
        meet(a, b)
        const gone = target(b)
        await b.transport.stop()
        assert.equal((await a.transport.dial(gone, soon())).kind, 'unreachable')
        assert.equal((await a.transport.dial({ ...gone, addresses: [] }, soon())).kind, 'unreachable')
        assert.equal((await a.transport.dial({ ...gone, addresses: ['junk'] }, soon())).kind, 'unreachable')
      })

      it('are found behind addresses that do not work', async () => {
        const [a, b] = [await sides.side(), await sides.side()]
        meet(a, b)
        const { device, addresses } = target(b)
        const outcome = await a.transport.dial({ device, addresses: ['junk', ...addresses] }, soon())
        assert.equal(outcome.kind, 'connected')
      })

      it('end on both sides when one hangs up, and can be made again', async () => {
        const [a, b] = await sides.linked()
        await a.transport.hangUp(b.transport.self, 'bye')
        await eventually('the end', () => b.log.includes('-') && a.log.includes('-'))
        assert.deepEqual([a.transport.peers(), b.transport.peers()], [[], []])
        assert.equal((await b.transport.dial(target(a), soon())).kind, 'connected')
        await eventually('the second link', () => a.transport.peers().length === 1)
        assert.deepEqual(a.log, ['+outbound', '-', '+inbound'])
      })

      it('end when the other side stops, and its streams are reset, not ended', async () => {
        const [a, b] = await sides.linked()
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

    describe('a device that has as many links as it takes', () => {
      it('tells the next that it is busy, keeps what it has, and takes another when one is gone', async () => {
        const full = await sides.side(2)
        const others = [await sides.side(), await sides.side(), await sides.side()]
        const [first, , third] = others
        assert.ok(first !== undefined && third !== undefined)
        meet(full, ...others)
        const kinds: string[] = []
        for (const other of others) kinds.push((await other.transport.dial(target(full), soon())).kind)
        assert.deepEqual(kinds, ['connected', 'connected', 'busy'])
        assert.deepEqual([third.transport.peers(), third.log], [[], []])
        assert.deepEqual([full.transport.peers().length, full.log], [2, ['+inbound', '+inbound']])
        const again = await first.transport.dial(target(full), soon())
        assert.equal(again.kind, 'connected', 'who has a link keeps it')
        const own = await full.transport.dial(target(third), soon())
        assert.equal(own.kind, 'connected', 'it may still dial')
        await full.transport.hangUp(third.transport.self, 'enough')
        await full.transport.hangUp(first.transport.self, 'enough')
        await eventually(
          'the end',
          () => third.transport.peers().length + first.transport.peers().length === 0
        )
        assert.equal((await third.transport.dial(target(full), soon())).kind, 'connected')
      })
    })

    describe('the gate', () => {
      it('is asked by the dialer before anything is sent', async () => {
        const [a, b] = [await sides.side(), await sides.side()]
        b.members.add(a.transport.self)
        const outcome = await a.transport.dial(target(b), soon())
        assert.deepEqual(outcome, { kind: 'refused', detail: NOT_ENROLLED })
        assert.deepEqual(b.log, [])
      })

      it('tells a stranger why it is refused, and makes no peer of it', async () => {
        const [a, b] = [await sides.side(), await sides.side()]
        a.members.add(b.transport.self)
        const outcome = await a.transport.dial(target(b), soon())
        assert.deepEqual(outcome, { kind: 'refused', detail: NOT_ENROLLED })
        assert.deepEqual([a.log, b.log, a.transport.peers(), b.transport.peers()], [[], [], [], []])
      })

      it('refuses a stranger on every protocol but the one for anyone', async () => {
        const [a, b] = [await sides.side(), await sides.side()]
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
        const [a, b] = [await sides.side(), await sides.side()]
        a.members.add(b.transport.self)
        await a.transport.dial({ ...target(b), asStranger: true }, soon())
        const stream = await a.transport.open(b.transport.self, JOIN, soon())
        const closed = closing(stream)
        stream.onData(() => undefined)
        await sendAll(stream, randomBytes(STRANGER_LIMITS.bytesMax + MIB), 64 * KIB).catch(() => undefined)
        assert.notEqual((await closed).kind, 'ended')
      })

      it('lets only so many strangers in at once, and members all the while', async () => {
        const b = await sides.side()
        const strangers = await Promise.all(
          Array.from({ length: STRANGER_LIMITS.linksMax + 1 }, () => sides.side())
        )
        let connected = 0
        for (const one of strangers) {
          one.members.add(b.transport.self)
          await one.transport.dial({ ...target(b), asStranger: true }, soon())
          const stream = await one.transport.open(b.transport.self, JOIN, soon()).catch(() => undefined)
          if (stream !== undefined) connected++
        }
        assert.equal(connected, STRANGER_LIMITS.linksMax)
        const member = await sides.side()
        meet(b, member)
        assert.equal((await member.transport.dial(target(b), soon())).kind, 'connected')
      })

      it('hangs up a member that it refuses from now on, streams and all', async () => {
        const [a, b] = await sides.linked()
        const [near] = await openSink(a, b)
        const closed = closing(near)
        b.members.delete(a.transport.self)
        b.transport.recheck()
        await eventually('the end', () => a.log.includes('-') && b.log.includes('-'))
        assert.equal((await closed).kind, 'reset')
        assert.deepEqual(await a.transport.dial(target(b), soon()), {
          kind: 'refused',
          detail: NOT_ENROLLED
        })
      })

      it('is asked again for every stream, in both directions', async () => {
        const [a, b] = await sides.linked()
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
        const [a, b] = [await sides.side(), await sides.side()]
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
        const [a, b] = [await sides.side(), await sides.create()]
        await b.start()
        a.members.add(b.self)
        const outcome = await a.transport.dial({ device: b.self, addresses: b.addresses() }, soon())
        assert.equal(outcome.kind, 'refused')
      })
    })

    describe('gossip', () => {
      it('reaches members with its author, and never a stranger', async () => {
        const [a, b] = await sides.linked()
        const stranger = await sides.side()
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
