import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MIB } from '../base/units.ts'
import { isSlow, median, type Signals, slowReasons } from './slow-device.ts'

const CALM: Signals = {
  ...{ loopDelayMs: 5, cpuShare: 0.2, cpuWaitShare: 0.01, commitMs: 8, retransmitShare: 0.0001 },
  ...{ sentPeakBytesPerSecond: 80 * MIB, receivedPeakBytesPerSecond: 80 * MIB, isLimited: false }
}
const OTHERS = [CALM, CALM, CALM]
const NEAR = { rttMs: 2, othersRttMs: 2 }

describe('a device that gives slowly', () => {
  it('is one below a half of the median of at least two others', () => {
    const [gives, others] = [(toOne: number) => ({ toOne, toAll: null }), [30, 30]]
    assert.equal(isSlow(gives(14), others.map(gives)), true)
    assert.equal(isSlow(gives(15), others.map(gives)), false)
    assert.equal(isSlow(gives(1), [gives(30)]), false)
    assert.equal(isSlow(gives(1), []), false)
  })

  it('is none of whom so many ask that each gets little', () => {
    const others = [80, 80, 80].map(toAll => ({ toOne: 30, toAll }))
    assert.equal(isSlow({ toOne: 5, toAll: 100 }, others), false)
    assert.equal(isSlow({ toOne: 5, toAll: 40 }, others), false)
    assert.equal(isSlow({ toOne: 5, toAll: 39 }, others), true)
    assert.equal(isSlow({ toOne: 5, toAll: null }, others), true, 'it does not say')
  })

  for (const [what, giving, signals, expected] of [
    ['limits are set', NEAR, { ...CALM, isLimited: true, cpuShare: 5 }, ['limit', 'cpu']],
    ['it waits for a processor', NEAR, { ...CALM, cpuWaitShare: 0.8 }, ['cpu']],
    [
      'it waits for a processor, and all that it does is late',
      NEAR,
      { ...CALM, cpuWaitShare: 0.8, commitMs: 900, loopDelayMs: 4000 },
      ['cpu', 'disk']
    ],
    [
      'the disk holds up the event loop',
      NEAR,
      { ...CALM, cpuWaitShare: null, commitMs: 900, loopDelayMs: 9000 },
      ['disk']
    ],
    ['packets are lost', NEAR, { ...CALM, retransmitShare: 0.08 }, ['loss']],
    ['the disk is slow', NEAR, { ...CALM, commitMs: 900 }, ['disk']],
    ['the event loop is late', NEAR, { ...CALM, cpuWaitShare: null, loopDelayMs: 1400 }, ['cpu']],
    ['it is late for once, and waits for no processor', NEAR, { ...CALM, loopDelayMs: 1400 }, ['unknown']],
    ['a core is busy', NEAR, { ...CALM, cpuShare: 0.99 }, ['cpu']],
    ['it is far away', { ...NEAR, rttMs: 280 }, CALM, ['distance']],
    [
      'the disk is slower than it is far',
      { ...NEAR, rttMs: 120 },
      { ...CALM, commitMs: 900 },
      ['disk', 'distance']
    ],
    ['it is as far away as all others', { ...NEAR, rttMs: 280, othersRttMs: 260 }, CALM, ['unknown']],
    ['its line is slow', NEAR, { ...CALM, sentPeakBytesPerSecond: MIB }, ['uplink']],
    ['its line is not much slower', NEAR, { ...CALM, sentPeakBytesPerSecond: 40 * MIB }, ['unknown']],
    ['nothing is high', NEAR, CALM, ['unknown']],
    ['it says nothing', NEAR, undefined, ['unknown']],
    [
      'it can measure nothing',
      { ...NEAR, rttMs: null },
      {
        ...{ loopDelayMs: null, cpuShare: null, cpuWaitShare: null, commitMs: null, retransmitShare: null },
        isLimited: false,
        ...{ sentPeakBytesPerSecond: null, receivedPeakBytesPerSecond: null }
      },
      ['unknown']
    ]
  ] as const)
    it(`is so likely for ${expected.join(', then ')} when ${what}`, () => {
      const reasons = slowReasons(giving, signals, OTHERS)
      assert.deepEqual(
        reasons.map(({ reason }) => reason),
        expected
      )
      for (const { because } of reasons) assert.ok(because.length > 10)
    })

  it('is not so for what the others have as well', () => {
    const busy = { ...CALM, cpuWaitShare: 0.6, commitMs: 900, retransmitShare: 0.08, loopDelayMs: 4000 }
    const reasons = (others: readonly Signals[]): string[] =>
      slowReasons(NEAR, busy, others).map(({ reason }) => reason)
    assert.deepEqual(reasons([busy, busy, CALM]), ['unknown'])
    assert.deepEqual(reasons([busy, CALM, CALM]), ['cpu', 'disk', 'loss'])
    assert.deepEqual(reasons([]), ['cpu', 'disk', 'loss'])
  })

  it('always has a reason, and none that its values do not speak for', () => {
    const share = fc.option(fc.double({ min: 0, max: 4, noNaN: true }))
    const value = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }))
    const signals = fc.record({
      ...{
        loopDelayMs: value,
        cpuShare: share,
        cpuWaitShare: share,
        commitMs: value,
        retransmitShare: share
      },
      ...{ sentPeakBytesPerSecond: value, receivedPeakBytesPerSecond: value, isLimited: fc.boolean() }
    })
    fc.assert(
      fc.property(signals, said => {
        const found = slowReasons(NEAR, said, OTHERS).map(({ reason }) => reason)
        assert.ok(found.length > 0)
        assert.equal(found.includes('limit'), said.isLimited)
        assert.equal(found.includes('loss'), (said.retransmitShare ?? 0) >= 0.02)
        assert.equal(found.includes('disk'), (said.commitMs ?? 0) >= 200)
      })
    )
  })
})

it('the median is the middle one, or between the two', () => {
  assert.equal(median([]), 0)
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
})
