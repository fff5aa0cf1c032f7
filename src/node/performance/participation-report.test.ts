import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import type { Signals } from '../../slo/slow-device.ts'
import type { Figures } from './figures-messages.ts'
import type { Answer } from './fleet-figures.ts'
import { participants } from './participation-report.ts'

const device = (name: number): DeviceId => String(name).repeat(64) as DeviceId
const CALM: Signals = {
  ...{
    loopDelayMs: 60,
    cpuShare: 0.06,
    cpuWaitShare: 0.05,
    commitMs: 1,
    readMsPerMib: null,
    retransmitShare: 0.01
  },
  ...{ sentPeakBytesPerSecond: 1_180_000, receivedPeakBytesPerSecond: 1_520_000, isLimited: false }
}

/** The last says how fast each device gives to it; devices are numbered from zero. */
function answers(signals: readonly Partial<Signals>[], rates: readonly (number | null)[]): Answer[] {
  const totals = {
    ...{ firstAtMs: null, fromMs: 0, siteBytes: 0, wanBytes: 0, originBytes: 0 },
    ...{ sentSiteBytes: 0, sentWanBytes: 0 }
  }
  const known = rates.flatMap((rate, name) => (rate === null ? [] : [[device(name), rate] as const]))
  return signals.map((own, name) => {
    const figures: Figures = {
      ...{ timeMs: 0, totals, sites: [], signals: { ...CALM, ...own }, receipts: null, levels: new Map() },
      rates: new Map(name === signals.length - 1 ? known : [])
    }
    return { device: device(name), site: 'paris', figures }
  })
}

function slowOf(of: readonly Answer[]): Record<string, string | undefined> {
  const all = participants(of, {
    named: id => ({ device: id, name: id.slice(0, 1), site: null, kind: null }),
    rttMs: () => 2
  })
  return Object.fromEntries(
    all.flatMap(({ name, slow, reasons }) => (slow ? [[name, reasons[0]?.reason]] : []))
  )
}

it('a device that its writes hold up is slow, whatever it gives and whether it gives anything', () => {
  const signals = [{}, { commitMs: 17_000, receivedPeakBytesPerSecond: 236_000 }, {}, {}]
  assert.deepEqual(slowOf(answers(signals, [400_000, 402_000, 390_000, null])), { 1: 'disk' })
  assert.deepEqual(slowOf(answers(signals, [400_000, null, 390_000, null])), { 1: 'disk' })
  assert.deepEqual(slowOf(answers([{}, {}, {}, {}], [400_000, 402_000, 390_000, null])), {})
})

it('one from whom all comes and whose reads hold it up is slow, though the others give no more', () => {
  const little = { sentPeakBytesPerSecond: 157_000, receivedPeakBytesPerSecond: 118_000 }
  const source = { readMsPerMib: 4660, sentPeakBytesPerSecond: 249_000, receivedPeakBytesPerSecond: 0 }
  const rates = [39_800, 782_000, 916_000, null]
  assert.deepEqual(slowOf(answers([source, little, little, little], rates)), { 0: 'disk' })
  const fast = { ...source, readMsPerMib: 2 }
  assert.deepEqual(slowOf(answers([fast, little, little, little], rates)), {}, 'many ask it')
})
