import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIB, MIB } from '../base/units.ts'
import { Pipeline } from './pipeline.ts'

const START = 128 * KIB
const QUEUE_MS = 250
const BLOCK = 16 * KIB

/**
 * Keeps the pipeline full toward a peer that answers after a way of `wayMs` and sends `bytesPerMs`, and tells how long
 * answers took, each with when it came.
 */
function ask(
  pipeline: Pipeline,
  {
    wayMs,
    bytesPerMs,
    untilMs,
    fromMs = 0
  }: { wayMs: number; bytesPerMs: number; untilMs: number; fromMs?: number }
): { atMs: number; tookMs: number }[] {
  const answers: { atMs: number; tookMs: number }[] = []
  const out: { sentMs: number; dueMs: number }[] = []
  let lineFreeMs = fromMs
  let nowMs = fromMs
  pipeline.begin(nowMs)
  while (nowMs < untilMs) {
    while (out.length * BLOCK < pipeline.bytes) {
      lineFreeMs = Math.max(lineFreeMs, nowMs + wayMs) + BLOCK / bytesPerMs
      out.push({ sentMs: nowMs, dueMs: lineFreeMs })
    }
    const [next] = out
    assert.ok(next !== undefined)
    nowMs = next.dueMs
    const tookMs = nowMs - next.sentMs
    pipeline.came(BLOCK, nowMs)
    pipeline.answered({ bytes: BLOCK, tookMs, inFlightBytes: out.length * BLOCK }, nowMs)
    out.shift()
    answers.push({ atMs: nowMs, tookMs })
  }
  return answers
}

const rateOver = (answers: readonly { atMs: number }[], fromMs: number, untilMs: number): number =>
  (answers.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs).length * BLOCK) / (untilMs - fromMs)

for (const [name, wayMs, bytesPerMs] of [
  ['a LAN', 0.2, 12_500],
  ['a thin line', 20, 250],
  ['a long and wide one', 200, 12_500],
  ['a way by satellite', 600, 5000]
] as const) {
  test(`over ${name} the line is full before long, and the queue stays short`, () => {
    const pipeline = new Pipeline({ startBytes: START, queueMs: QUEUE_MS })
    const answers = ask(pipeline, { wayMs, bytesPerMs, untilMs: 60_000 })
    const soonMs = 3000 + 20 * wayMs
    assert.ok(rateOver(answers, soonMs, 60_000) >= 0.95 * bytesPerMs, `${rateOver(answers, soonMs, 60_000)}`)
    const late = answers.filter(({ atMs }) => atMs > soonMs).map(({ tookMs }) => tookMs)
    const longestMs = late.reduce((longest, ms) => Math.max(longest, ms), 0)
    assert.ok(longestMs <= wayMs + 5 * QUEUE_MS, `an answer took ${longestMs} ms`)
  })
}

test('it doubles in the time of an answer while nothing waits', () => {
  const pipeline = new Pipeline({ startBytes: START, queueMs: QUEUE_MS })
  ask(pipeline, { wayMs: 200, bytesPerMs: 50_000, untilMs: 900 })
  assert.ok(pipeline.bytes >= 8 * START && pipeline.bytes <= 40 * START, `${pipeline.bytes}`)
})

test('a line that becomes thin is not flooded for long', () => {
  const pipeline = new Pipeline({ startBytes: START, queueMs: QUEUE_MS })
  ask(pipeline, { wayMs: 5, bytesPerMs: 12_500, untilMs: 5000 })
  const answers = ask(pipeline, { wayMs: 5, bytesPerMs: 250, fromMs: 5000, untilMs: 60_000 })
  const late = answers.filter(({ atMs }) => atMs > 30_000).map(({ tookMs }) => tookMs)
  assert.ok(Math.max(...late) <= 5 * QUEUE_MS, `an answer took ${Math.max(...late)} ms`)
})

test('what is in flight falls with the rate, and a pipeline that is not full does not grow', () => {
  const pipeline = new Pipeline({ startBytes: START, queueMs: QUEUE_MS })
  pipeline.begin(0)
  for (let nowMs = 10; nowMs < 10_000; nowMs += 10) {
    pipeline.came(BLOCK, nowMs)
    pipeline.answered({ bytes: BLOCK, tookMs: 10, inFlightBytes: BLOCK }, nowMs)
  }
  assert.ok(pipeline.bytes < MIB, `${pipeline.bytes}`)
})

test('what requests wait behind blocks of our own is neither taken for a queue at the peer nor left unfilled', () => {
  const [wayMs, bytesPerMs, ownMs] = [5, 12_500, 600]
  const pipeline = new Pipeline({ startBytes: START, queueMs: QUEUE_MS })
  ask(pipeline, { wayMs, bytesPerMs, untilMs: 1000 })
  const sentMs = pipeline.ownDelay.ask(1000, true) ?? 0
  pipeline.ownDelay.answered({ sentMs, heardMs: sentMs + wayMs }, 1010)
  const again = pipeline.ownDelay.ask(2000, true) ?? 0
  pipeline.ownDelay.answered({ sentMs: again, heardMs: again + wayMs + ownMs }, 2620)
  const answers = ask(pipeline, { wayMs: wayMs + ownMs, bytesPerMs, fromMs: 3000, untilMs: 60_000 })
  assert.ok(rateOver(answers, 10_000, 60_000) >= 0.95 * bytesPerMs)
  const late = answers.filter(({ atMs }) => atMs > 10_000).map(({ tookMs }) => tookMs)
  const longestMs = late.reduce((longest, ms) => Math.max(longest, ms), 0)
  assert.ok(longestMs <= wayMs + ownMs + 5 * QUEUE_MS, `an answer took ${longestMs} ms`)
})
