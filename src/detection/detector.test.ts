import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/units.ts'
import { Detector, FOUND_MAX } from './detector.ts'
import { FACTS_MAX, FactWindow } from './fact-window.ts'
import { bad, device, NOON_MS, read, reads, version } from './facts-fixture.conformance.ts'
import { DATASETS_MAX, Memory, peakAt } from './memory.ts'
import { NO_DETECTION_POLICY } from './thresholds.ts'

const detector = (memory = new Memory()) =>
  new Detector({ memory, policy: NO_DETECTION_POLICY, isOpen: () => undefined })

test('a rule is gone through only when something came that it looks at, and after a change of the policy', () => {
  const at = detector()
  for (const fact of reads(40)) at.take(fact, NOON_MS)
  assert.deepEqual(
    at.look(NOON_MS).map(({ rule }) => rule),
    ['mass-reads']
  )
  assert.deepEqual(at.look(NOON_MS), [])
  at.take(bad({ count: 9 }), NOON_MS)
  assert.deepEqual(
    at.look(NOON_MS).map(({ rule }) => rule),
    ['bad-blocks']
  )
  at.change({ policy: { ...NO_DETECTION_POLICY, off: ['bad-blocks'] }, isOpen: () => undefined })
  assert.deepEqual(
    at.look(NOON_MS).map(({ rule }) => rule),
    ['mass-reads']
  )
})

test('what is a day old is let go of, and is what is usual from then on', () => {
  const memory = new Memory()
  const at = detector(memory)
  const readers = [1, 2, 3].map(n => read({ dataset: 'os', version: version(1), reader: device(n) }))
  for (const fact of readers) at.take(fact, NOON_MS)
  at.take(read({ dataset: 'os', version: version(2), readerSite: 'rome', isOwed: true }), NOON_MS)
  at.look(NOON_MS + DAY_MS - HOUR_MS)
  assert.equal(memory.reads('os'), undefined)
  at.look(NOON_MS + DAY_MS + HOUR_MS)
  const { sites, peak } = memory.reads('os') ?? { sites: [], peak: 0 }
  assert.deepEqual([sites, peak, at.facts], [['paris'], 3, 0])
})

test('facts that come late are judged by their own times, and kept as long as others', () => {
  const at = detector()
  for (const fact of reads(40, { atMs: NOON_MS - 20 * DAY_MS })) at.take(fact, NOON_MS)
  const [found] = at.look(NOON_MS)
  assert.equal(found?.firstAtMs, NOON_MS - 20 * DAY_MS)
  assert.equal(at.facts, 40)
})

test('a version that many peers give to one reader is one read an hour', () => {
  const window = new FactWindow()
  for (let minute = 0; minute < 90; minute++)
    window.take(read({ atMs: NOON_MS + minute * MINUTE_MS }), NOON_MS)
  assert.equal(window.size, 2)
})

test('a flood is bounded, kind by kind, and what had to go is counted', () => {
  const window = new FactWindow()
  window.take(read(), NOON_MS)
  const flood = 3 * FACTS_MAX.bad
  for (let n = 0; n < flood; n++) window.take(bad(), NOON_MS)
  const { bad: kept, read: others } = window.facts()
  assert.ok(kept.length <= FACTS_MAX.bad * 1.125)
  assert.equal(kept.length + window.dropped, flood)
  assert.equal(others.length, 1)
})

test('of very many findings of a rule the largest are told', () => {
  const at = detector()
  for (let n = 0; n < FOUND_MAX + 50; n++) at.take(bad({ peer: device(n), count: 3 + n }), NOON_MS)
  const found = at.look(NOON_MS)
  assert.equal(found.length, FOUND_MAX)
  assert.equal(found.at(-1)?.count, 53)
})

test('what is remembered is bounded, and tells what changed', () => {
  const memory = new Memory()
  const facts = Array.from({ length: DATASETS_MAX + 3 }, (_, n) => read({ n }))
  memory.learn(facts)
  assert.equal(memory.reads('set-0'), undefined)
  assert.notEqual(memory.reads(`set-${DATASETS_MAX + 2}`), undefined)
  const { datasets } = memory.takeChanges()
  assert.ok(datasets.has('set-0') && datasets.get('set-0') === undefined)
  assert.equal(memory.takeChanges().datasets.size, 0)
})

test('a peak counts for half after a while', () => {
  const usual = { firstMs: 0, lastMs: 0, sites: [], peak: 8, peakMs: NOON_MS }
  assert.equal(peakAt(usual, NOON_MS), 8)
  assert.equal(peakAt(usual, NOON_MS + 56 * DAY_MS), 2)
})

test('a device is back when it was silent for long, and not when its log comes late', () => {
  const memory = new Memory({ heard: [[device(1), NOON_MS - 50 * DAY_MS]] })
  memory.heard(device(1), NOON_MS - 60 * DAY_MS, 45 * DAY_MS)
  assert.equal(memory.returned(device(1)), undefined)
  memory.heard(device(1), NOON_MS, 45 * DAY_MS)
  assert.deepEqual(memory.returned(device(1)), { silentMs: 50 * DAY_MS, backMs: NOON_MS })
  memory.forgetReturns(NOON_MS + 1)
  assert.equal(memory.returned(device(1)), undefined)
})
