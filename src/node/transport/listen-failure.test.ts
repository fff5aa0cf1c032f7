import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenFailure } from './listen-failure.ts'

const FOUR = '/ip4/0.0.0.0/tcp/4701'
const SIX = '/ip6/::/tcp/4701'

test('each address that failed is told with what the system said of it', () => {
  const cause = new Error(
    'Some configured addresses failed to be listened on, you may need to remove one or more listen addresses:\n' +
      `\n  ${FOUR}: Error: listen EADDRINUSE: address already in use 0.0.0.0:4701\n` +
      '    at Server.setupListenHandle (node:net:1940:16)\n' +
      `\n  ${SIX}: Error: listen EADDRINUSE: address already in use :::4701\n`
  )
  assert.equal(
    listenFailure([FOUR, SIX], cause).message,
    `can not listen on ${FOUR}: address already in use; ${SIX}: address already in use; ` +
      'free the port, or choose another address with --listen'
  )
})

test('what is not understood is told as it is, on one line', () => {
  assert.equal(
    listenFailure([FOUR], new Error('no transport\n  for it')).message,
    `can not listen on ${FOUR}: no transport; for it; free the port, or choose another address with --listen`
  )
})
