import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Stream, StreamStateError } from '@libp2p/interface'
import { refuse, sent } from './first-word.ts'

function streamThat(send: () => void): { readonly stream: Stream; readonly ends: string[] } {
  const ends: string[] = []
  const stream = {
    send,
    close: async () => void ends.push('closed'),
    abort: ({ message }: Error) => void ends.push(message),
    addEventListener: () => undefined
  }
  return { stream: stream as unknown as Stream, ends }
}

test('a stream that was over before anything could be said on it ends nothing but itself', () => {
  const over = () => {
    throw new StreamStateError('Cannot write to a stream that is closed')
  }
  const { stream, ends } = streamThat(over)
  assert.equal(sent(stream, Uint8Array.of(1)), false)
  refuse(stream, Uint8Array.of(0))
  assert.deepEqual(ends, Array(2).fill('Cannot write to a stream that is closed'))
})

test('what else goes wrong is not hidden, and what can be said is', () => {
  assert.throws(() => sent(streamThat(() => assert.fail('a bug')).stream, Uint8Array.of(1)), /a bug/)
  const said: string[] = []
  assert.equal(sent(streamThat(() => void said.push('said')).stream, Uint8Array.of(1)), true)
  assert.deepEqual(said, ['said'])
})
