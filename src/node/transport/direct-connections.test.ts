import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { KIB, MIB, SECOND_MS } from '../../base/units.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { DirectConnections } from './direct-connections.ts'
import { encodeOpening, selectProtocol } from './direct-opening.ts'
import { toLibp2pKey } from './libp2p-identity.ts'
import { RealSocketTls, TLS_PROTOCOL } from './libp2p-tls.ts'
import { Libp2pTransport } from './libp2p-transport.ts'
import { SocketStream } from './socket-stream.ts'
import type { PeerStream } from './transport.ts'
import {
  closing,
  digest,
  eventually,
  meet,
  NOT_ENROLLED,
  SINK,
  type Side,
  Sides,
  soon,
  target,
  withCode
} from './transport-sides.conformance.ts'

const network = () => ({
  create: async () => new Libp2pTransport({ key: DeviceKey.generate(), listen: ['/ip4/127.0.0.1/tcp/0'] })
})

async function openDirect(a: Side, b: Side): Promise<[PeerStream, PeerStream]> {
  const direct = b.transport.addresses()
  const near = await a.transport.open(b.transport.self, SINK, soon(), { direct })
  await eventually('the stream', () => b.sunk.length > 0)
  return [near, b.sunk.shift() as PeerStream]
}

async function pour(stream: PeerStream, bytes: Uint8Array, chunkBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += chunkBytes)
    if (!stream.send(bytes.subarray(at, at + chunkBytes))) await stream.drained()
}

/** What comes is lent for the call, so it is copied. */
function gather(stream: PeerStream, totalBytes: number): Promise<Uint8Array> {
  const all = new Uint8Array(totalBytes)
  let at = 0
  return new Promise(resolve => {
    stream.onData(chunk => {
      all.set(chunk, at)
      at += chunk.length
      if (at === totalBytes) resolve(all)
    })
  })
}

/** A TLS client that may open direct connections, outside of any transport. */
async function stranger(
  key = DeviceKey.generate()
): Promise<{ tls: RealSocketTls; connections: DirectConnections }> {
  const upgrader = { getStreamMuxers: () => new Map() }
  const privateKey = toLibp2pKey(key)
  const tls = new RealSocketTls({ privateKey, upgrader } as unknown as ConstructorParameters<
    typeof RealSocketTls
  >[0])
  const connections = new DirectConnections({
    isLinked: () => true,
    refusal: () => undefined,
    accept: () => ({ refuse: 'takes nothing' })
  })
  return { tls, connections }
}

/** Whatever error may have come first. */
function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined)
  return new Promise(resolve => socket.once('close', () => resolve()))
}

function rawSocket(side: Side): Socket {
  const [, port] = /\/tcp\/(\d+)/.exec(side.transport.addresses()[0] ?? '') ?? []
  return connect({ host: '127.0.0.1', port: Number(port) })
}

describe('direct connections', { timeout: 120 * SECOND_MS }, () => {
  const sides = new Sides(network)
  afterEach(() => sides.stop())

  it('carry bytes both ways unchanged, and count in the link', async () => {
    const [a, b] = await sides.linked()
    for (const [from, to] of [
      [a, b],
      [b, a]
    ] as const) {
      const [near, far] = await openDirect(from, to)
      assert.ok(near instanceof SocketStream && far instanceof SocketStream)
      const [there, back] = [randomBytes(24_000_000), randomBytes(9_000_001)]
      const received = [gather(far, there.length), gather(near, back.length)]
      await Promise.all([pour(near, there, 256 * KIB + 7), pour(far, back, 4099)])
      assert.deepEqual((await Promise.all(received)).map(digest), [there, back].map(digest))
      const [link] = from.transport.peers()
      assert.ok((link?.bytesSent ?? 0) >= there.length && (link?.bytesReceived ?? 0) >= back.length)
      const before = link?.bytesSent ?? 0
      near.abort('enough')
      assert.ok(
        (from.transport.peers()[0]?.bytesSent ?? 0) >= before,
        'what a gone connection carried stays counted'
      )
    }
  })

  it('read into the memory that is named, as long as it is named', async () => {
    const [a, b] = await sides.linked()
    const [near, far] = await openDirect(a, b)
    const sent = randomBytes(3 * MIB)
    const memory = new Uint8Array(new SharedArrayBuffer(2 * MIB))
    let at = 0
    let inPlace = 0
    const rest: Uint8Array[] = []
    far.readInto?.(() => (at < memory.length ? memory.subarray(at) : undefined))
    far.onData(chunk => {
      if (at >= memory.length) rest.push(chunk.slice())
      else {
        if (chunk.buffer === memory.buffer && chunk.byteOffset === at) inPlace += chunk.length
        else memory.set(chunk, at)
        at += chunk.length
      }
    })
    await pour(near, sent, 100_000)
    await eventually(
      'all of it',
      () => at + rest.reduce((sum, chunk) => sum + chunk.length, 0) === sent.length
    )
    assert.equal(digest(Buffer.concat([memory, ...rest])), digest(sent))
    assert.ok(inPlace > MIB, 'this release of Node lets a socket read into memory of ours (lent-reads.ts)')
  })

  it('stop a sender whose receiver pauses, and lose nothing of what had come', async () => {
    const [a, b] = await sides.linked()
    const [near, far] = await openDirect(a, b)
    const payload = randomBytes(48 * MIB)
    let sent = 0
    const sending = (async () => {
      for (; sent < payload.length; sent += 256 * KIB)
        if (!near.send(payload.subarray(sent, sent + 256 * KIB))) await near.drained()
    })()
    const all = new Uint8Array(payload.length)
    let taken = 0
    let paused = false
    far.readInto?.(() => all.subarray(taken))
    far.onData(chunk => {
      assert.equal(paused, false, 'nothing is delivered while paused')
      if (chunk.buffer !== all.buffer) all.set(chunk, taken)
      taken += chunk.length
      if (taken % 7 !== 0) return
      paused = true
      far.pause()
      setImmediate(() => {
        paused = false
        far.resume()
      })
    })
    far.pause()
    await delay(300)
    assert.equal(taken, 0)
    assert.ok(sent < 24 * MIB, `${sent} bytes were taken from the sender although nobody read them`)
    far.resume()
    await sending
    await eventually('the rest', () => taken === payload.length)
    assert.equal(digest(all), digest(payload))
  })

  it('end on both sides: by abort, by close after what was queued, and with the link', async () => {
    const [a, b] = await sides.linked()
    const [first, firstFar] = await openDirect(a, b)
    const aborted = Promise.all([closing(first), closing(firstFar)])
    first.abort('changed my mind')
    const [ours, theirs] = await aborted
    assert.deepEqual(ours, { kind: 'aborted', detail: 'changed my mind' })
    assert.equal(theirs.kind, 'reset')
    assert.equal(first.send(Uint8Array.of(1)), false)
    await assert.rejects(first.drained(), withCode('PEER_UNREACHABLE', /changed my mind/))

    const [second, secondFar] = await openDirect(a, b)
    const payload = randomBytes(4 * MIB)
    const received = gather(secondFar, payload.length)
    const closed = closing(secondFar)
    second.send(payload)
    await second.close()
    assert.equal(digest(await received), digest(payload))
    assert.equal((await closed).kind, 'reset')

    const [third, thirdFar] = await openDirect(a, b)
    const both = Promise.all([closing(third), closing(thirdFar)])
    await b.transport.hangUp(a.transport.self, 'out')
    assert.deepEqual((await both)[1], { kind: 'aborted', detail: 'out' })
  })

  it('are cut at once when the gate refuses their device', async () => {
    const [a, b] = await sides.linked()
    const [near, far] = await openDirect(a, b)
    const both = Promise.all([closing(near), closing(far)])
    b.members.delete(a.transport.self)
    b.transport.recheck()
    assert.deepEqual((await both)[1], { kind: 'aborted', detail: NOT_ENROLLED })
  })

  it('are refused with the reason: an unknown protocol, or one too many', async () => {
    const [a, b] = await sides.linked()
    const direct = b.transport.addresses()
    await assert.rejects(
      a.transport.open(b.transport.self, '/peerage/unheard-of/1', soon(), { direct }),
      withCode('PEER_REFUSED', /does not speak/)
    )
    const [first, firstFar] = await openDirect(a, b)
    for (let more = 0; more < 3; more++) await openDirect(a, b)
    await assert.rejects(
      a.transport.open(b.transport.self, SINK, soon(), { direct }),
      withCode('PEER_REFUSED', /at most 4/)
    )
    const closed = closing(firstFar)
    first.abort('room again')
    await closed
    await openDirect(a, b)
  })

  it('leave room for others when they are over, on both sides', async () => {
    const [a, b] = await sides.linked()
    for (let turn = 0; turn < 70; turn++) {
      const [near, far] = await openDirect(a, b)
      assert.ok(near instanceof SocketStream, `number ${turn} goes over the link`)
      const closed = closing(far)
      near.abort('next')
      await closed
    }
  })

  it('give way to the link where no address can be reached, or the wrong device answers', async () => {
    const [a, b] = await sides.linked()
    const c = await sides.side()
    const gone = ['/ip4/127.0.0.1/tcp/1', 'junk', '/ip4/127.0.0.1/udp/9']
    for (const direct of [gone, c.transport.addresses().map(text => text.replace(/\/p2p\/.*/, ''))]) {
      const stream = await b.transport.open(a.transport.self, SINK, soon(), { direct })
      await eventually('the stream', () => a.sunk.length > 0)
      assert.ok(!(stream instanceof SocketStream), 'b was dialled by a, so it knows no address of its own')
      a.sunk.shift()
      stream.abort('next')
    }
    assert.deepEqual(c.sunk, [])
  })

  it('give a stranger the refusal and nothing else, and a member without a link likewise', async () => {
    const b = await sides.side()
    const { tls, connections } = await stranger()
    const target = { device: b.transport.self, protocol: SINK, addresses: b.transport.addresses() }
    const refused = await connections.open(tls, target, soon())
    assert.deepEqual(refused, { kind: 'refused', reason: NOT_ENROLLED })
    assert.deepEqual(b.sunk, [])

    const c = await sides.side()
    meet(b, c)
    await assert.rejects(
      c.transport.open(b.transport.self, SINK, soon(), { direct: b.transport.addresses() }),
      withCode('PEER_UNREACHABLE', /no link/)
    )
  })

  /** Direct connections that say nothing, by a device that is no transport of ours. */
  async function silent(side: Side, count: number, key?: DeviceKey): Promise<Socket[]> {
    const { tls } = await stranger(key)
    const open = async (): Promise<Socket> => {
      const raw = rawSocket(side)
      await once(raw, 'connect')
      await selectProtocol(raw, TLS_PROTOCOL, soon())
      return await tls.secureDirect(raw, side.transport.self, soon())
    }
    return await Promise.all(Array.from({ length: count }, open))
  }

  it('are bounded for a member that opens them and says nothing', async t => {
    const b = await sides.side()
    const key = DeviceKey.generate()
    const hostile = new Libp2pTransport({ key, listen: [] })
    t.after(() => hostile.stop())
    hostile.setGate(() => 'member')
    await hostile.start()
    b.members.add(key.id)
    assert.equal((await hostile.dial(target(b), soon())).kind, 'connected')
    await eventually('the link', () => b.transport.peers().length === 1)
    const held = await silent(b, 64, key)
    const [surplus] = await silent(b, 1, key)
    const answer: Buffer[] = []
    const over = closed(surplus as Socket)
    surplus?.on('data', chunk => answer.push(chunk)).resume()
    await over
    assert.match(Buffer.concat(answer).toString(), /at most 64/)
    for (const socket of held) socket.destroy()
  })

  it('let only so many strangers wait with their refusal unread', async () => {
    const b = await sides.side()
    const held = await silent(b, 64)
    const [surplus] = await silent(b, 1)
    const answer: Buffer[] = []
    const over = closed(surplus as Socket)
    surplus?.on('data', chunk => answer.push(chunk)).resume()
    await over
    assert.deepEqual(answer, [], 'dropped without a word')
    for (const socket of held) socket.destroy()
  })

  it('are dropped when their opening is malformed, too long, or not TLS at all', async () => {
    const [a, b] = await sides.linked()
    const { tls } = await stranger()
    const garbage = rawSocket(b)
    await once(garbage, 'connect')
    await selectProtocol(garbage, TLS_PROTOCOL, soon())
    const dropped = closed(garbage)
    garbage.write(Buffer.alloc(4000, 'not TLS '))
    garbage.resume()
    await dropped

    const plain = rawSocket(b)
    await once(plain, 'connect')
    const ended = closed(plain)
    await assert.rejects(selectProtocol(plain, '/unheard/of', soon()), /does not speak/)
    plain.destroy()
    await ended

    const odd = rawSocket(b)
    await once(odd, 'connect')
    await selectProtocol(odd, TLS_PROTOCOL, soon())
    const secured = await tls.secureDirect(odd, b.transport.self, soon())
    const answered = closed(secured)
    secured.write(encodeOpening(SINK))
    const answer: Buffer[] = []
    secured.on('data', chunk => answer.push(chunk)).resume()
    await answered
    assert.match(Buffer.concat(answer).toString(), new RegExp(NOT_ENROLLED))
    assert.equal(a.transport.peers().length, 1, 'nobody else is disturbed')
  })
})
