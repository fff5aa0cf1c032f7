import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MIB } from '../base/units.ts'
import { isHeldByReads, isHeldByWrites, isSlow, median, type Signals, slowReasons } from './slow-device.ts'

const CALM: Signals = {
  ...{
    loopDelayMs: 5,
    cpuShare: 0.2,
    cpuWaitShare: 0.01,
    commitMs: 8,
    readMsPerMib: 4,
    retransmitShare: 0.0001
  },
  ...{ sentPeakBytesPerSecond: 80 * MIB, receivedPeakBytesPerSecond: 80 * MIB, isLimited: false }
}
const OTHERS = [CALM, CALM, CALM]
const NEAR = { rttMs: 2, othersRttMs: 2, othersToOne: null }

describe('a device that gives slowly', () => {
  it('is one below a half of the median of at least two others', () => {
    const [gives, others] = [(toOne: number) => ({ toOne, toAll: toOne }), [30, 30]]
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
    assert.equal(isSlow({ toOne: 5, toAll: null }, others), false, 'it is not known yet')
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
    ['writes are slow', NEAR, { ...CALM, commitMs: 900 }, ['disk']],
    ['reads are slow', NEAR, { ...CALM, readMsPerMib: 50 }, ['disk']],
    ['reads are no more than a bit slow', NEAR, { ...CALM, readMsPerMib: 49 }, ['unknown']],
    [
      'reads and writes are slow, which is one reason',
      NEAR,
      { ...CALM, commitMs: 900, readMsPerMib: 2600 },
      ['disk']
    ],
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
        ...{
          loopDelayMs: null,
          cpuShare: null,
          cpuWaitShare: null,
          commitMs: null,
          readMsPerMib: null,
          retransmitShare: null
        },
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
    // Recorded where all hosts shared two processors with much else: the starved one and the others.
    const waits = (cpuWaitShare: number, of: number): string[] =>
      slowReasons(
        NEAR,
        { ...CALM, cpuWaitShare, commitMs: 776 },
        OTHERS.map(each => ({ ...each, cpuWaitShare: of, commitMs: 191 }))
      ).map(({ reason }) => reason)
    assert.deepEqual(waits(0.95, 0.64), ['cpu', 'disk'])
    assert.deepEqual(waits(0.81, 0.64), ['disk'], 'more than half of what is left to the others')
    assert.deepEqual(waits(0.83, 0.64), ['cpu', 'disk'])
  })

  it('has all grounds of a reason', () => {
    const [disk] = slowReasons(NEAR, { ...CALM, commitMs: 900, readMsPerMib: 2600 }, OTHERS)
    assert.equal(disk?.because, 'writes take 900 ms to be durable, and a MiB takes 2600 ms to read')
  })

  it('is not so for reads that are as slow as those of others, or faster than anybody sends', () => {
    const reads = (readMsPerMib: number, other: Partial<Signals>): string[] =>
      slowReasons(
        NEAR,
        { ...CALM, readMsPerMib, sentPeakBytesPerSecond: MIB },
        OTHERS.map(each => ({ ...each, ...other }))
      ).map(({ reason }) => reason)
    const faster = { sentPeakBytesPerSecond: 4 * MIB, readMsPerMib: 1 }
    assert.deepEqual(reads(500, faster), ['disk'])
    assert.deepEqual(reads(499, faster), ['uplink'])
    assert.deepEqual(reads(500, { ...faster, readMsPerMib: 251 }), ['uplink'])
    assert.deepEqual(reads(999, { ...faster, sentPeakBytesPerSecond: MIB }), ['unknown'])
    assert.deepEqual(reads(1000, { ...faster, sentPeakBytesPerSecond: MIB }), ['disk'], 'as it sends')
    assert.deepEqual(reads(49, { ...faster, sentPeakBytesPerSecond: 8000 * MIB }), ['uplink'])
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
        readMsPerMib: value,
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
        const isReadLate = (said.readMsPerMib ?? 0) >= 50
        assert.equal(found.includes('disk'), (said.commitMs ?? 0) >= 200 || isReadLate)
      })
    )
  })
})

describe('a device whose writes hold it up', () => {
  // Recorded by `npm run lab -- slow`: the host with the slow disk after 50 s and four that are well, in two runs.
  const signals = (commitMs: number | null, receivedPeakBytesPerSecond: number | null): Signals => ({
    ...{ ...CALM, commitMs, receivedPeakBytesPerSecond }
  })
  const well = [
    [1, 1_480_000],
    [1, 1_520_000],
    [1, 1_180_000],
    [null, 0]
  ] as const
  const others = well.map(([commitMs, took]) => signals(commitMs, took))

  it('takes little, and its writes take a second or more', () => {
    for (const [commitMs, took] of [
      [17_000, 236_000],
      [19_100, 301_000],
      [1730, 78_600]
    ] as const)
      assert.equal(isHeldByWrites(signals(commitMs, took), others), true)
    assert.equal(isHeldByWrites(signals(858, 13_100), others), false)
    for (const one of others) assert.equal(isHeldByWrites(one, others), false)
  })

  it('is not one that takes as much as half of what others do, or nothing', () => {
    assert.equal(isHeldByWrites(signals(4900, 740_000), others), false)
    assert.equal(isHeldByWrites(signals(4900, 739_000), others), true)
    assert.equal(isHeldByWrites(signals(17_000, 0), others), false)
    assert.equal(isHeldByWrites(signals(17_000, null), others), false)
  })

  it('gives little to one, and its writes take a second or more, before it is known what it takes', () => {
    const gives = { toOne: 91_100, othersToOne: [384_000, 1_470_000, 1_540_000, 890_000, 878_000] }
    assert.equal(isHeldByWrites(signals(1020, null), others, gives), true)
    assert.equal(isHeldByWrites(signals(1020, null), others), false)
    assert.equal(isHeldByWrites(signals(990, null), others, gives), false)
    assert.equal(isHeldByWrites(signals(1020, null), others, { ...gives, toOne: 446_000 }), false)
    assert.equal(isHeldByWrites(signals(1020, null), others, { ...gives, othersToOne: [384_000] }), false)
  })

  it('is one whose writes take very long and ten times as long as with the others, whatever it takes', () => {
    // After half a minute, and after a minute, in which a database of the node was flushed in its event loop.
    assert.equal(isHeldByWrites(signals(40_700, 3_360_000), others), true)
    assert.equal(isHeldByWrites(signals(85_700, 1_700_000), others), true)
    // On a machine so busy that all took little.
    const busy = [43, 156, 191, 385, 776].map(commitMs => signals(commitMs, 511_000))
    assert.equal(isHeldByWrites(signals(9480, 642_000), busy), true)
    assert.equal(isHeldByWrites(signals(4990, 642_000), busy), false)
    const late = busy.map(each => ({ ...each, commitMs: 950 }))
    assert.equal(isHeldByWrites(signals(9480, 642_000), late), false)
  })

  it('is not one whose writes take no longer than those of others, or that can not be compared', () => {
    const late = well.map(([, took]) => signals(9000, took))
    assert.equal(isHeldByWrites(signals(17_000, 236_000), late), false)
    assert.equal(isHeldByWrites(signals(18_000, 236_000), late), true)
    assert.equal(isHeldByWrites(signals(17_000, 236_000), others.slice(0, 1)), false)
    assert.equal(isHeldByWrites(signals(17_000, 236_000), [signals(1, 0), signals(1, null)]), false)
  })
})

describe('a device whose reads hold it up', () => {
  // Recorded by `npm run lab -- slow --ailing reads` after 45 s: the source, whose disk reads slowly, and the others.
  const source = { ...CALM, commitMs: null, readMsPerMib: 4660, sentPeakBytesPerSecond: 249_000 }
  const others = [151_000, 105_000, 131_000, 157_000, 161_000, 269_000, 292_000].map(sent => ({
    ...{ ...CALM, readMsPerMib: null, sentPeakBytesPerSecond: sent }
  }))
  const [toOne, othersToOne] = [39_800, [782_000, 916_000, 960_000, 836_000]]

  it('gives little to one, though no less to all than the others that wait for it', () => {
    assert.equal(
      isSlow(
        { toOne, toAll: 249_000 },
        othersToOne.map(each => ({ toOne: each, toAll: 157_000 }))
      ),
      false
    )
    assert.equal(isHeldByReads({ toOne, othersToOne }, source, others), true)
    const [reason] = slowReasons({ ...NEAR, othersToOne: 876_000 }, source, others)
    assert.equal(reason?.reason, 'disk')
  })

  it('reads no faster than it sends, on a machine so busy that the others give little, too', () => {
    const busy = { ...source, sentPeakBytesPerSecond: 224_000 }
    const gives = {
      toOne: 27_800,
      othersToOne: [276_000, 238_000, 232_000, 345_000, 314_000, 278_000, 249_000]
    }
    assert.equal(isHeldByReads(gives, { ...busy, readMsPerMib: 5740 }, others), true)
    assert.equal(isHeldByReads(gives, { ...busy, readMsPerMib: 4600 }, others), false)
  })

  it('is not one that gives to one as others do, or whose disk is faster than that', () => {
    assert.equal(isHeldByReads({ toOne: 440_000, othersToOne }, source, others), false)
    assert.equal(isHeldByReads({ toOne: 430_000, othersToOne }, source, others), true)
    const read = (readMsPerMib: number | null): boolean =>
      isHeldByReads({ toOne, othersToOne }, { ...source, readMsPerMib }, others)
    assert.deepEqual([read(2390), read(2400), read(138), read(null)], [false, true, false, false])
  })

  it('is not one that reads as the others do, or that can not be compared', () => {
    const late = others.map(each => ({ ...each, readMsPerMib: 2400 }))
    assert.equal(isHeldByReads({ toOne, othersToOne }, source, late), false)
    assert.equal(isHeldByReads({ toOne, othersToOne: [900_000] }, source, others), false)
  })
})

it('the median is the middle one, or between the two', () => {
  assert.equal(median([]), 0)
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
})
