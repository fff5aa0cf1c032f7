import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MIB } from '../base/units.ts'
import { isSlow, median, type Signals, slowReasons } from './slow-device.ts'

const CALM: Signals = {
  ...{ loopDelayMs: 5, cpuShare: 0.2, commitMs: 8, retransmitShare: 0.0001 },
  ...{ sentPeakBytesPerSecond: 80 * MIB, receivedPeakBytesPerSecond: 80 * MIB, isLimited: false }
}
const SLOW = { bytesPerSecond: MIB, observers: 1, othersBytesPerSecond: 30 * MIB, rttMs: 2 }

describe('a device that gives slowly', () => {
  it('is one below a third of the median of at least two others', () => {
    assert.equal(isSlow(9, [30, 30]), true)
    assert.equal(isSlow(10, [30, 30]), false)
    assert.equal(isSlow(1, [30]), false)
    assert.equal(isSlow(1, []), false)
  })

  for (const [what, giving, signals, expected] of [
    ['limits are set', SLOW, { ...CALM, isLimited: true, cpuShare: 5 }, ['limit', 'cpu']],
    ['packets are lost', SLOW, { ...CALM, retransmitShare: 0.08 }, ['loss']],
    ['the disk is slow', SLOW, { ...CALM, commitMs: 900 }, ['disk']],
    ['the event loop is late', SLOW, { ...CALM, loopDelayMs: 400 }, ['cpu']],
    ['a core is busy', SLOW, { ...CALM, cpuShare: 0.99 }, ['cpu']],
    ['it is far away', { ...SLOW, rttMs: 280 }, CALM, ['distance']],
    [
      'the disk is slower than it is far',
      { ...SLOW, rttMs: 120 },
      { ...CALM, commitMs: 900 },
      ['disk', 'distance']
    ],
    ['its line is slow', SLOW, { ...CALM, sentPeakBytesPerSecond: MIB }, ['uplink']],
    ['many share its line', { ...SLOW, observers: 20 }, CALM, ['uplink']],
    ['nothing is high', SLOW, CALM, ['unknown']],
    ['it says nothing', SLOW, undefined, ['unknown']],
    [
      'it can measure nothing',
      { ...SLOW, rttMs: null },
      {
        ...{ loopDelayMs: null, cpuShare: null, commitMs: null, retransmitShare: null, isLimited: false },
        ...{ sentPeakBytesPerSecond: null, receivedPeakBytesPerSecond: null }
      },
      ['unknown']
    ]
  ] as const)
    it(`is so likely for ${expected.join(', then ')} when ${what}`, () => {
      const reasons = slowReasons(giving, signals)
      assert.deepEqual(
        reasons.map(({ reason }) => reason),
        expected
      )
      for (const { because } of reasons) assert.ok(because.length > 10)
    })

  it('always has a reason, and none that its values do not speak for', () => {
    const share = fc.option(fc.double({ min: 0, max: 4, noNaN: true }))
    const value = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }))
    const signals = fc.record({
      ...{ loopDelayMs: value, cpuShare: share, commitMs: value, retransmitShare: share },
      ...{ sentPeakBytesPerSecond: value, receivedPeakBytesPerSecond: value, isLimited: fc.boolean() }
    })
    fc.assert(
      fc.property(signals, said => {
        const found = slowReasons(SLOW, said).map(({ reason }) => reason)
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
