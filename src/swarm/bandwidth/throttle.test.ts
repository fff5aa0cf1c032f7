import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HOUR_MS, MIB } from '../../base/units.ts'
import { type Hours, parseHours } from './calendar.ts'
import { type BandwidthPolicy, NO_POLICY, type RuleTerms, type Traffic, withRule } from './policy.ts'
import { Throttle } from './throttle.ts'
import { TokenBucket } from './token-bucket.ts'

const EPOCH = Date.parse('2026-11-26T06:00:00Z')
const UP_WAN = { direction: 'up', link: 'wan', dataClass: 'internal' } as const

function rule(more: Partial<RuleTerms> & { readonly rate?: number }): RuleTerms {
  const limit = { kind: 'cap', bytesPerSecond: more.rate ?? 100_000 } as const
  return { direction: 'up', link: 'all', dataClass: 'all', hours: null, limit, ...more }
}

function throttleOf(...rules: RuleTerms[]): Throttle {
  const throttle = new Throttle()
  const policy = rules.reduce((sum: BandwidthPolicy, each) => withRule(sum, each), NO_POLICY)
  throttle.setPolicy(policy, { nowMs: 0, epochMs: EPOCH })
  return throttle
}

/** Sends blocks as soon as the gates let it, for so long. Bytes per second. */
function rateThrough(throttle: Throttle, traffic: Traffic, blockBytes: number, seconds = 60): number {
  let [nowMs, sent] = [0, 0]
  for (;;) {
    const gates = throttle.gatesOf(traffic)
    nowMs += Math.max(0, ...gates.map(gate => gate.waitMs(nowMs)))
    if (nowMs >= seconds * 1000) return sent / seconds
    for (const gate of gates) gate.spend(blockBytes, nowMs)
    sent += blockBytes
  }
}

test('a rate holds for blocks of any length, and late timers do not lower it', () => {
  for (const blockBytes of [1000, 16_384, 524_288]) {
    const bucket = new TokenBucket(200_000, 0)
    let [nowMs, sent] = [0, 0]
    for (;;) {
      const waitMs = bucket.waitMs(nowMs)
      nowMs += waitMs === 0 ? 0 : waitMs + 7
      if (nowMs > 120_000) break
      bucket.spend(blockBytes, nowMs)
      sent += blockBytes
    }
    const rate = sent / 120
    assert.ok(rate > 195_000 && rate < 206_000, `blocks of ${blockBytes}: ${rate}`)
  }
})

test('a bucket that was not used saves up little', () => {
  const bucket = new TokenBucket(1_000_000, 0)
  let sent = 0
  while (bucket.waitMs(3_600_000) === 0) {
    bucket.spend(16_384, 3_600_000)
    sent += 16_384
  }
  assert.ok(sent < 120_000, `${sent}`)
})

test('where several rules select, the tightest counts', () => {
  const throttle = throttleOf(
    rule({ rate: 1_000_000 }),
    rule({ link: 'wan', rate: 300_000 }),
    rule({ link: 'wan', dataClass: 'restricted', rate: 50_000 })
  )
  const near = (rate: number, wanted: number) => assert.ok(Math.abs(rate - wanted) < 0.03 * wanted, `${rate}`)
  near(rateThrough(throttle, { ...UP_WAN, link: 'lan' }, 16_384), 1_000_000)
  near(rateThrough(throttleOf(...throttle.policy.rules), UP_WAN, 16_384), 300_000)
  near(
    rateThrough(throttleOf(...throttle.policy.rules), { ...UP_WAN, dataClass: 'restricted' }, 16_384),
    50_000
  )
  assert.deepEqual(throttle.gatesOf({ ...UP_WAN, direction: 'down' }), [])
})

test('rules are in force in their hours', () => {
  const throttle = throttleOf(rule({ hours: parseHours('08:00-18:00 Europe/Berlin', 'UTC') as Hours }))
  assert.equal(throttle.gatesOf(UP_WAN).length, 0)
  assert.equal(throttle.review(EPOCH), EPOCH + HOUR_MS)
  assert.equal(throttle.review(EPOCH + HOUR_MS), EPOCH + 11 * HOUR_MS)
  assert.equal(throttle.gatesOf(UP_WAN).length, 1)
})

test('a cap of zero is closed until it is raised', () => {
  const throttle = throttleOf(rule({ rate: 0 }))
  const [gate] = throttle.gatesOf(UP_WAN)
  assert.equal(gate?.waitMs(0), Number.POSITIVE_INFINITY)
  throttle.setPolicy(withRule(throttle.policy, rule({ rate: 50_000 })), { nowMs: 1000, epochMs: EPOCH })
  assert.equal(throttle.gatesOf(UP_WAN)[0], gate)
  assert.equal(gate?.waitMs(1000), 0)
})

test('a rule that is changed keeps what it owes', () => {
  const throttle = throttleOf(rule({ rate: 100_000 }))
  throttle.gatesOf(UP_WAN)[0]?.spend(500_000, 0)
  throttle.setPolicy(withRule(throttle.policy, rule({ rate: 1_000_000 })), { nowMs: 0, epochMs: EPOCH })
  assert.equal(throttle.gatesOf(UP_WAN)[0]?.waitMs(0), 500)
})

test('a budget is of the WAN, and closes when it is spent, until midnight or until it is raised', () => {
  const throttle = new Throttle()
  const now = { nowMs: 0, epochMs: EPOCH }
  const budget = (mib: number) => ({
    ...NO_POLICY,
    budgets: { up: { bytes: mib * MIB, zone: 'UTC' }, down: null }
  })
  throttle.setPolicy(budget(2), now, { up: { day: '2026-11-26', usedBytes: MIB } })
  assert.deepEqual(throttle.gatesOf({ ...UP_WAN, link: 'lan' }), [])
  const [gate] = throttle.gatesOf(UP_WAN)
  assert.equal(gate?.waitMs(0), 0)
  gate?.spend(MIB, 0)
  assert.equal(gate?.waitMs(0), Number.POSITIVE_INFINITY)
  throttle.setPolicy(budget(3), now)
  assert.equal(throttle.gatesOf(UP_WAN)[0]?.waitMs(0), 0)
  throttle.setPolicy(budget(1), now)
  assert.equal(throttle.budget('up')?.daily.usedBytes, 2 * MIB)
  assert.equal(throttle.gatesOf(UP_WAN)[0]?.waitMs(0), Number.POSITIVE_INFINITY)
  assert.equal(throttle.review(EPOCH + HOUR_MS), EPOCH + 18 * HOUR_MS)
  throttle.review(EPOCH + 18 * HOUR_MS)
  assert.equal(throttle.gatesOf(UP_WAN)[0]?.waitMs(0), 0)
})
