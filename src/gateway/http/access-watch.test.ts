import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { scripted } from '../../node/swarm/scripted.conformance.ts'
import { AccessWatch } from './access-watch.ts'

const INTERVAL_MS = 1000

test('who is signed in no more is ended, also after a while in which nothing was answered', t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const signedOut = new Set<FastifyRequest>()
  const watch = new AccessWatch({
    holds: request => !signedOut.has(request),
    nameOf: () => 'token test',
    intervalMs: INTERVAL_MS
  })
  for (let round = 0; round < 2; round++) {
    const [request, other] = [scripted<FastifyRequest>({}), scripted<FastifyRequest>({})]
    const answers = [request, other].map(each => {
      const raw = new EventEmitter()
      return { raw, ended: watch.ended(each, scripted<FastifyReply>({ raw: raw as FastifyReply['raw'] })) }
    })
    t.mock.timers.tick(INTERVAL_MS)
    assert.deepEqual(
      answers.map(({ ended }) => ended.aborted),
      [false, false]
    )
    signedOut.add(request)
    t.mock.timers.tick(INTERVAL_MS)
    assert.deepEqual(
      answers.map(({ ended }) => ended.aborted),
      [true, false]
    )
    for (const { raw } of answers) raw.emit('close')
    // It rests.
    t.mock.timers.tick(3 * INTERVAL_MS)
  }
})
