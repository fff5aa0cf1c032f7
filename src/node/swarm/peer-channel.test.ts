import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { WireMessage } from '../../swarm/wire-messages.ts'
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
