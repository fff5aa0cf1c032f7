import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import type { Task } from '../../node/service.ts'
import { eventStream, type StreamEvent, type StreamTiming } from './event-stream.ts'

type Event = StreamEvent<number, string>

function open(
  run: (task: Task<number>) => Promise<string>,
  timing: StreamTiming = { progressIntervalMs: 10, heartbeatMs: 60_000 },
  signal: AbortSignal = new AbortController().signal
): AsyncGenerator<Event, void> {
  return eventStream({
    run,
    signal,
    timing,
    describe: thrown => {
      assert.ok(thrown instanceof AppError)
      return { code: thrown.code, message: thrown.message, details: {} }
    }
  })
}

async function collect(events: AsyncIterable<Event>): Promise<Event[]> {
  const collected: Event[] = []
  for await (const event of events) collected.push(event)
  return collected
}

describe('eventStream', () => {
  it('ends with exactly one result, after the newest progress', async () => {
    const events = await collect(
      open(async ({ onProgress }) => {
        for (let step = 1; step <= 1000; step++) onProgress(step)
        await pause(1)
        onProgress(1001)
        return 'done'
      })
    )
    assert.deepEqual(events.at(-1), { type: 'result', result: 'done' })
    assert.deepEqual(events.at(-2), { type: 'progress', progress: 1001 })
    assert.ok(events.length <= 4, `${events.length} lines of 1001 steps`)
  })

  it('ends with one error when the task fails, in whatever turn', async () => {
    const error = new AppError('DISK_FULL', 'no room')
    for (const run of [
      async () => {
        throw error
      },
      async () => {
        await pause(5)
        throw error
      }
    ]) {
      const events = await collect(open(run))
      assert.deepEqual(events, [
        { type: 'error', error: { code: 'DISK_FULL', message: 'no room', details: {} } }
      ])
    }
  })

  it('beats when nothing else comes', async () => {
    const { promise: beaten, resolve } = Promise.withResolvers<void>()
    const late = async (): Promise<string> => {
      await beaten
      return 'late'
    }
    const events: Event[] = []
    for await (const event of open(late, { progressIntervalMs: 1, heartbeatMs: 5 })) {
      events.push(event)
      if (events.filter(({ type }) => type === 'heartbeat').length === 2) resolve()
    }
    assert.ok(events.slice(0, -1).every(({ type }) => type === 'heartbeat'))
    assert.deepEqual(events.at(-1), { type: 'result', result: 'late' })
  })

  it('calls the task off when the caller leaves, and drops what it says then', async () => {
    const caller = new AbortController()
    let calledOff = false
    const events = open(
      async ({ signal, onProgress }) => {
        onProgress(1)
        await new Promise(resolve => signal.addEventListener('abort', resolve))
        calledOff = true
        onProgress(2)
        throw new AppError('INTERRUPTED', 'called off')
      },
      undefined,
      caller.signal
    )
    assert.deepEqual((await events.next()).value, { type: 'progress', progress: 1 })
    const waiting = events.next()
    caller.abort()
    assert.deepEqual(await waiting, { done: true, value: undefined })
    await pause(1)
    assert.ok(calledOff)
  })
})
