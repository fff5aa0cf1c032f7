import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Attempt, raceDials } from './dial-race.ts'

const never: Attempt<string> = signal =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
const fails: Attempt<string> = () => Promise.reject(new Error('refused'))

describe('dial race', () => {
  const late: string[] = []
  const options = () => ({
    staggerMs: 5,
    attemptTimeoutMs: 10_000,
    signal: new AbortController().signal,
    discard: (value: string) => void late.push(value)
  })

  it('is won by whoever answers, past those that fail or stay silent', async () => {
    const outcome = await raceDials([fails, never, async () => 'third'], options())
    assert.deepEqual(outcome, { kind: 'won', value: 'third' })
  })

  it('never aborts the winner afterwards, not even by its timeout', async () => {
    let winning: AbortSignal | undefined
    const outer = new AbortController()
    const winner: Attempt<string> = async signal => {
      winning = signal
      return 'won'
    }
    await raceDials([winner, never], { ...options(), attemptTimeoutMs: 10, signal: outer.signal })
    outer.abort()
    await delay(30)
    assert.equal(winning?.aborted, false)
  })

  it('does not start the rest once one has won', async () => {
    let started = 0
    const counted: Attempt<string> = async () => {
      started++
      return 'x'
    }
    await raceDials([counted, counted, counted], options())
    assert.equal(started, 1)
  })

  it('discards a success that comes too late', async () => {
    const deaf: Attempt<string> = () => delay(40, 'late')
    const outcome = await raceDials([deaf, async () => 'fast'], options())
    assert.deepEqual(outcome, { kind: 'won', value: 'fast' })
    assert.deepEqual(late, ['late'])
  })

  it('is lost with every reason: failures, silence, and giving up', async () => {
    const outcome = await raceDials([fails, never], { ...options(), attemptTimeoutMs: 20 })
    assert.ok(outcome.kind === 'lost')
    assert.deepEqual(
      outcome.errors.map(error => (error as Error).message),
      ['refused', 'no answer within 20 ms']
    )
    const given = new AbortController()
    setTimeout(() => given.abort(new Error('enough')), 10)
    const gaveUp = await raceDials([never, never], { ...options(), signal: given.signal })
    assert.ok(gaveUp.kind === 'lost')
    assert.deepEqual(await raceDials([], options()), { kind: 'lost', errors: [] })
  })
})
