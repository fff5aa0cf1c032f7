import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { WireDecoder } from '../../swarm/wire-decoder.ts'
import type { WireMessage } from '../../swarm/wire-messages.ts'
import type { Flow } from '../bandwidth/flow.ts'
import type { Clock } from '../clock.ts'
import type { PeerStream } from '../transport/transport.ts'
import { PeerChannel, UNREAD_BYTES_MAX } from './peer-channel.ts'
import { scripted } from './scripted.conformance.ts'

/** A channel to a peer that reads what `reads` says, and the reasons for which it was cut. */
function channelTo(reads: boolean): { channel: PeerChannel; aborts: string[]; sentBytes: () => number } {
  const aborts: string[] = []
  let sent = 0
  const stream = scripted<PeerStream>({
    get unsentBytes() {
      return reads ? 0 : sent
    },
    send: parts => {
      for (const part of parts instanceof Uint8Array ? [parts] : parts) sent += part.length
      return true
    },
    abort: reason => {
      aborts.push(reason)
      channel.close()
    }
  })
  const channel = new PeerChannel({
    stream,
    read: () => Promise.resolve(false),
    onServed: () => undefined
  })
  return { channel, aborts, sentBytes: () => sent }
}

const answer: WireMessage = {
  type: 'hashes',
  root: new Uint8Array(32),
  ...{ baseLayer: 0, index: 0, length: 512, proofLayers: 10 },
  hashes: new Uint8Array(512 * 32)
}
const ANSWERS = Math.ceil((2 * UNREAD_BYTES_MAX) / answer.hashes.length)

test('a peer that asks for hashes and does not read them is cut off before they fill memory', async () => {
  const { channel, aborts, sentBytes } = channelTo(false)
  for (let count = 0; count < ANSWERS; count++) {
    channel.send([answer])
    if (count % 64 === 0) await nextTurn()
  }
  await nextTurn()
  assert.deepEqual(aborts, ['it does not read what it asks for'])
  assert.ok(sentBytes() < UNREAD_BYTES_MAX + 512 * answer.hashes.length)
})

test('a peer that reads is answered as often as it asks', async () => {
  const { channel, aborts, sentBytes } = channelTo(true)
  for (let count = 0; count < ANSWERS; count++) {
    channel.send([answer])
    if (count % 64 === 0) await nextTurn()
  }
  await nextTurn()
  assert.deepEqual(aborts, [])
  assert.ok(sentBytes() > 2 * UNREAD_BYTES_MAX)
})

/** A clock that the test moves, and a channel whose packets it counts. */
function timed() {
  let nowMs = 0
  let timers: { readonly dueMs: number; readonly run: () => void }[] = []
  const add = (ms: number, run: () => void) => {
    const timer = { dueMs: nowMs + ms, run }
    timers.push(timer)
    return () => {
      timers = timers.filter(each => each !== timer)
    }
  }
  const clock = scripted<Clock>({ nowMs: () => nowMs, after: add, soon: run => void add(0, run) })
  const advance = (ms: number): void => {
    const untilMs = nowMs + ms
    for (;;) {
      const [next] = timers.toSorted((a, b) => a.dueMs - b.dueMs)
      if (next === undefined || next.dueMs > untilMs) break
      nowMs = next.dueMs
      timers = timers.filter(timer => timer !== next)
      next.run()
    }
    nowMs = untilMs
  }
  const packets: number[] = []
  const stream = scripted<PeerStream>({
    unsentBytes: 0,
    send: parts => {
      packets.push(
        (parts instanceof Uint8Array ? [parts] : parts).reduce((sum, part) => sum + part.length, 0)
      )
      return true
    }
  })
  const read = () => Promise.resolve(true)
  const channel = new PeerChannel({ stream, read, onServed: () => undefined, clock })
  return { channel, advance, packets }
}

const HAVE: WireMessage = { type: 'have', piece: 1 }
const HAVE_BYTES = 9
const REQUEST: WireMessage = { type: 'request', piece: 1, begin: 0, length: 16384 }
const REQUEST_BYTES = 17

test('what can wait leaves at once when nothing left lately, and in company otherwise', () => {
  const { channel, advance, packets } = timed()
  channel.send([HAVE], true)
  advance(1)
  assert.deepEqual(packets, [HAVE_BYTES])
  for (let count = 0; count < 5; count++) {
    channel.send([HAVE], true)
    advance(10)
  }
  assert.deepEqual(packets, [HAVE_BYTES])
  advance(100)
  assert.deepEqual(packets, [HAVE_BYTES, 5 * HAVE_BYTES])
})

test('what can not wait takes along what can, in the order in which it was said', () => {
  const { channel, advance, packets } = timed()
  channel.send([HAVE], true)
  advance(1)
  channel.send([HAVE], true)
  channel.send([REQUEST])
  channel.send([HAVE], true)
  advance(1)
  assert.deepEqual(packets, [HAVE_BYTES, 2 * HAVE_BYTES + REQUEST_BYTES])
  advance(1000)
  assert.equal(packets.length, 2)
})

test('nothing leaves a channel that was closed', () => {
  const { channel, advance, packets } = timed()
  channel.send([HAVE], true)
  advance(1)
  channel.send([HAVE], true)
  channel.close()
  advance(1000)
  assert.deepEqual(packets, [HAVE_BYTES])
})

/** A channel whose blocks wait for turns that the test gives, of at most `partBytes`, and what it sends. */
function limited(partBytes: number) {
  const sent: Uint8Array[] = []
  const limits = { partBytes, passed: 0 }
  const served: number[] = []
  const turns: ((passes: boolean) => void)[] = []
  const flow = scripted<Flow>({
    partBytes: bytes => Math.min(bytes, limits.partBytes),
    acquire: bytes => {
      limits.passed += bytes
      const { promise, resolve } = Promise.withResolvers<boolean>()
      turns.push(resolve)
      return promise
    },
    leave: () => turns.pop()?.(false)
  })
  const stream = scripted<PeerStream>({
    unsentBytes: 0,
    send: parts => {
      for (const part of parts instanceof Uint8Array ? [parts] : parts) sent.push(part.slice())
      return true
    }
  })
  const channel = new PeerChannel({
    stream,
    flow,
    read: async ({ piece }, into) => {
      into.fill(piece)
      return true
    },
    onServed: ({ piece }) => served.push(piece)
  })
  const decoder = new WireDecoder({ allocate: length => new Uint8Array(length) })
  const heard = (): WireMessage['type'][] =>
    sent.splice(0).flatMap(part => decoder.push(part).messages.map(({ type }) => type))
  return { channel, turns, served, heard, limits }
}

const handshake = { type: 'handshake', extended: true, fast: true, v2: true } as const

test('a block waits for its turn, and one that is cancelled meanwhile gives it to the next', async () => {
  const { channel, turns, served, heard } = limited(16_384)
  channel.send([{ ...handshake, infoHash: new Uint8Array(20), peerId: new Uint8Array(20) }])
  channel.serve({ piece: 1, begin: 0, length: 16_384 })
  channel.serve({ piece: 2, begin: 0, length: 16_384 })
  await nextTurn()
  assert.deepEqual([heard(), turns.length], [['handshake'], 1])
  channel.cancelServe({ piece: 1, begin: 0, length: 16_384 })
  await nextTurn()
  assert.equal(turns.length, 1, 'the next waits')
  turns.pop()?.(true)
  await nextTurn()
  assert.deepEqual([heard(), served], [['piece'], [2]])
})

test('nothing comes between the parts of a block, and messages follow it', async () => {
  const { channel, turns, served, heard } = limited(16_384)
  channel.send([{ ...handshake, infoHash: new Uint8Array(20), peerId: new Uint8Array(20) }])
  await nextTurn()
  heard()
  channel.serve({ piece: 1, begin: 0, length: 40_000 })
  await nextTurn()
  turns.pop()?.(true)
  await nextTurn()
  channel.send([{ type: 'unchoke' }])
  await nextTurn()
  assert.deepEqual([heard(), served], [[], []])
  for (let part = 0; part < 2; part++) {
    turns.pop()?.(true)
    await nextTurn()
  }
  await nextTurn()
  assert.deepEqual([heard(), served], [['piece', 'unchoke'], [1]])
})

test('what leaves is what was let through, also when parts may be longer or shorter by then', async () => {
  for (const laterBytes of [4096, 65_536]) {
    const { channel, turns, heard, limits } = limited(16_384)
    channel.send([{ ...handshake, infoHash: new Uint8Array(20), peerId: new Uint8Array(20) }])
    channel.serve({ piece: 1, begin: 0, length: 65_536 })
    await nextTurn()
    limits.partBytes = laterBytes
    const types: string[] = []
    for (let turn = 0; turn < 20; turn++) {
      turns.pop()?.(true)
      await nextTurn()
      types.push(...heard())
    }
    assert.deepEqual(types, ['handshake', 'piece'])
    assert.equal(limits.passed, 65_536, `parts of ${laterBytes}`)
  }
})
