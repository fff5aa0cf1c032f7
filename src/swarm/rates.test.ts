import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Budget, etaMs, LeastTime, RateWindow, ServiceRate } from './rates.ts'

test('a window forgets what is past', () => {
  const window = new RateWindow(1000)
  for (let ms = 1000; ms < 3000; ms += 10) window.add(100, ms)
  assert.ok(Math.abs(window.rate(3000) - 10_000) < 500)
  assert.ok(window.rate(6000) < 10_000)
  assert.equal(window.rate(60_000), 0)
  assert.equal(window.totalBytes, 20_000)
})

test('a window that has just begun does not exaggerate', () => {
  const window = new RateWindow(0)
  window.add(1000, 1)
  assert.equal(window.rate(1), 2000)
})

test('a service rate counts busy time only', () => {
  const rate = new ServiceRate()
  assert.equal(rate.bytesPerSecond, undefined)
  let nowMs = 0
  for (let round = 0; round < 20; round++) {
    rate.begin(nowMs)
    for (const endMs = nowMs + 100; nowMs < endMs; ) {
      nowMs += 10
      rate.add(1000, nowMs)
    }
    nowMs += 5000
  }
  assert.ok(Math.abs((rate.bytesPerSecond ?? 0) - 100_000) < 1)
})

test('a service rate follows a change', () => {
  const rate = new ServiceRate()
  rate.begin(0)
  let nowMs = 0
  for (const stepMs of [10, 100]) {
    for (let i = 0; i < 100; i++) {
      nowMs += stepMs
      rate.add(1000, nowMs)
    }
  }
  assert.ok((rate.bytesPerSecond ?? 0) < 11_000)
})

test('a budget allows a burst, then what it refills', () => {
  const budget = new Budget(3, 10, 0)
  const spend = (nowMs: number) => budget.spend(nowMs)
  assert.deepEqual([0, 0, 0, 0, 50, 100, 100, 10_000, 10_000, 10_000, 10_000].map(spend), [
    true,
    true,
    true,
    false,
    false,
    true,
    false,
    true,
    true,
    true,
    false
  ])
})

test('the least time is of the recent past', () => {
  const least = new LeastTime()
  assert.equal(least.ms, undefined)
  least.add(5, 0)
  least.add(40, 100)
  assert.equal(least.ms, 5)
  for (let nowMs = 200; nowMs <= 20_000; nowMs += 100) least.add(40, nowMs)
  assert.equal(least.ms, 40)
  least.add(90, 60_000) // nothing came for long: what was before says nothing
  assert.equal(least.ms, 90)
})

test('what is left takes its time, unless nothing moves or nothing is left', () => {
  assert.equal(etaMs(3000, 2000), 1500)
  assert.equal(etaMs(3000, 0), null)
  assert.equal(etaMs(0, 2000), null)
})
