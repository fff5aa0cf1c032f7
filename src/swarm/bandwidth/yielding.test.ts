import assert from 'node:assert/strict'
import { test } from 'node:test'
import { YIELDING, Yielding } from './yielding.ts'

const MBIT20 = 2_500_000
const STEP_MS = 5
const PROBE_MS = 50

interface Line {
  readonly capacity: number
  readonly baseMs: number
  /** Bytes per second that others send, and how deep a queue they keep up. */
  readonly others?: (nowMs: number) => { readonly bytesPerSecond: number; readonly queueMs: number }
  /** Until when there is nothing of ours to send. */
  readonly idleUntilMs?: number
}

/** A line with a queue in front of it: what we send, and how long the queue is, each hundred milliseconds. */
function run(line: Line, seconds: number, start = new Yielding(0)) {
  const yielding = start
  let queueBytes = 0
  let sampleMs = 0
  const looks: { ms: number; rate: number; queueMs: number; sent: number }[] = []
  let sent = 0
  let probe: { readonly sentMs: number; readonly backMs: number } | undefined
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs += STEP_MS) {
    const others = line.others?.(nowMs) ?? { bytesPerSecond: 0, queueMs: 0 }
    const isIdle = nowMs < (line.idleUntilMs ?? 0)
    const bytes = isIdle ? 0 : (yielding.bytesPerSecond * STEP_MS) / 1000
    yielding.used(bytes)
    sent += bytes
    const more = bytes + ((others.bytesPerSecond - line.capacity) * STEP_MS) / 1000
    queueBytes = Math.max(0, queueBytes + more, (others.queueMs * line.capacity) / 1000)
    const queueMs = (queueBytes * 1000) / line.capacity
    // One probe at a time, and while it is away, how long it has been.
    if (nowMs >= sampleMs) {
      sampleMs = nowMs + PROBE_MS
      if (probe === undefined) probe = { sentMs: nowMs, backMs: nowMs + line.baseMs + queueMs }
      else yielding.overdue(nowMs - probe.sentMs, nowMs)
    }
    if (probe !== undefined && probe.backMs <= nowMs) {
      yielding.sample(probe.backMs - probe.sentMs, nowMs)
      probe = undefined
    }
    if (nowMs % 100 === 0) {
      looks.push({ ms: nowMs, rate: sent * 10, queueMs, sent })
      sent = 0
    }
  }
  const after = (ms: number) => looks.filter(look => look.ms >= ms)
  const mean = (ms: number) => after(ms).reduce((sum, look) => sum + look.rate, 0) / after(ms).length
  const queue = (ms: number, share: number) => {
    const sorted = after(ms)
      .map(look => look.queueMs)
      .sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  }
  return { yielding, mean, queue, looks }
}

test('alone it fills a line of any length with a short queue', () => {
  for (const [baseMs, queueMs] of [
    [1, 40],
    [20, 45],
    [80, 120],
    [200, 240]
  ] as const) {
    const { mean, queue } = run({ capacity: MBIT20, baseMs }, 60)
    assert.ok(mean(5000) > 0.8 * MBIT20, `${baseMs} ms: ${mean(5000)}`)
    assert.ok(queue(5000, 0.95) < queueMs, `${baseMs} ms: ${queue(5000, 0.95)} ms`)
  }
})

test('it fills fast lines and slow ones', () => {
  for (const capacity of [125_000, 12_500_000, 125_000_000]) {
    const { mean, queue } = run({ capacity, baseMs: 20 }, 90)
    assert.ok(mean(30_000) > 0.8 * capacity, `${capacity}: ${mean(30_000)}`)
    assert.ok(queue(30_000, 0.95) < 2.5 * YIELDING.targetMsMax, `${capacity}: ${queue(30_000, 0.95)} ms`)
  }
})

test('beside one who keeps the queue full it goes down to next to nothing, and comes back after', () => {
  const isBusy = (nowMs: number) => nowMs >= 10_000 && nowMs < 30_000
  const others = (nowMs: number) =>
    isBusy(nowMs) ? { bytesPerSecond: MBIT20, queueMs: 100 } : { bytesPerSecond: 0, queueMs: 0 }
  const { looks } = run({ capacity: MBIT20, baseMs: 20, others }, 45)
  const mean = (from: number, to: number) => {
    const some = looks.filter(({ ms }) => ms >= from && ms < to)
    return some.reduce((sum, { rate }) => sum + rate, 0) / some.length
  }
  assert.ok(mean(12_000, 30_000) < 0.05 * MBIT20, `${mean(12_000, 30_000)}`)
  assert.ok(mean(38_000, 45_000) > 0.8 * MBIT20, `${mean(38_000, 45_000)}`)
})

test('a steady stream of others keeps its part, and we get the rest', () => {
  const others = () => ({ bytesPerSecond: 0.6 * MBIT20, queueMs: 0 })
  const { mean, queue } = run({ capacity: MBIT20, baseMs: 20, others }, 60)
  assert.ok(mean(10_000) > 0.3 * MBIT20 && mean(10_000) < 0.45 * MBIT20, `${mean(10_000)}`)
  assert.ok(queue(10_000, 0.95) < 3 * YIELDING.targetMsMax)
})

test('a rate that is not used does not grow', () => {
  const yielding = new Yielding(0)
  for (let nowMs = 0; nowMs < 15_000; nowMs += 50) yielding.sample(20, nowMs)
  assert.equal(yielding.bytesPerSecond, YIELDING.rateStart)
})

test('one late probe among others is no queue', () => {
  const yielding = new Yielding(0)
  for (let nowMs = 0; nowMs < 1000; nowMs += 50) {
    yielding.sample(nowMs === 500 ? 400 : 20, nowMs)
    assert.equal(yielding.queueMs, 0)
  }
})

test('it never sends less than a trickle, however long the queue', () => {
  const yielding = new Yielding(0)
  yielding.sample(1, 0)
  for (let nowMs = 50; nowMs < 60_000; nowMs += 50) yielding.sample(5000, nowMs)
  assert.equal(yielding.bytesPerSecond, YIELDING.rateMin)
})
