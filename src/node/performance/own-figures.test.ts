import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'
import { SAMPLE_INTERVAL_MS } from '../../history/rollup.ts'
import { HistoryFile } from '../history/history-file.ts'
import { OwnFigures } from './own-figures.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-own-figures-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const NOW_MS = Date.UTC(2026, 0, 1, 12)

async function signalsOf(name: string, samples: readonly (Record<string, number> | undefined)[]) {
  const file = new HistoryFile(join(folder, name))
  const firstAtMs = NOW_MS - samples.length * SAMPLE_INTERVAL_MS
  for (const [index, sample] of samples.entries())
    if (sample !== undefined)
      file.record(new Map(Object.entries(sample)), firstAtMs + index * SAMPLE_INTERVAL_MS)
  const own = new OwnFigures({
    ...{ file, self: 'a'.repeat(64) as DeviceId, site: 'paris', nowMs: () => NOW_MS },
    history: { sums: () => ({ firstAtMs: null, fromMs: 0, toMs: NOW_MS, sumOf: () => 0 }) },
    ...{ levels: () => [], openRepairs: () => [], rates: () => new Map(), found: () => [] },
    isLimited: () => false
  })
  const { signals } = await own.read({ fromMs: NOW_MS - MINUTE_MS, toMs: null }, { withReceipts: false })
  file.close()
  return signals
}

/** Quantiles are within 5 %. */
function assertAbout(value: number | null, expected: number): void {
  assert.ok(Math.abs((value ?? 0) / expected - 1) < 0.05, `${value} is about ${expected}`)
}

const idle = { 'event-loop-delay': 4, cpu: 0.01, 'cpu-wait': 0, 'sent/same-site': 0, 'sent/other-sites': 0 }
const rest = Array.from({ length: 100 }, () => idle)

it('a device is judged by how it fares while it gives, however long it rests before', async () => {
  const giving = { 'event-loop-delay': 900, cpu: 0.5, 'cpu-wait': 0.8, 'sent/other-sites': 1000 }
  const signals = await signalsOf('giving.db', [...rest, { ...idle, ...giving }, { ...idle, ...giving }])
  assertAbout(signals.loopDelayMs, 900)
  assert.deepEqual([signals.cpuShare, signals.cpuWaitShare], [0.5, 0.8])
  assert.equal(signals.sentPeakBytesPerSecond, 100)
})

it('writes and segments are counted when there were some, whether it gave or not', async () => {
  const writing = { ...idle, 'commit-time': 700, 'read-time': 90, retransmits: 0.03 }
  const signals = await signalsOf('writing.db', [...rest, writing, { ...idle, 'sent/same-site': 10 }])
  assertAbout(signals.commitMs, 700)
  assertAbout(signals.readMsPerMib, 90)
  assert.equal(signals.retransmitShare, 0.03)
})

it('one that gave nothing is as it was', async () => {
  const signals = await signalsOf('idle.db', rest)
  assertAbout(signals.loopDelayMs, 4)
  assert.deepEqual([signals.cpuWaitShare, signals.commitMs], [0, null])
})

it('what it sent in the span in which it began to is not the most that it sends', async () => {
  const once = { ...idle, 'sent/same-site': 900 }
  assert.equal((await signalsOf('begun.db', [...rest, once])).sentPeakBytesPerSecond, null)
  assert.equal((await signalsOf('gave.db', [...rest, once, once])).sentPeakBytesPerSecond, 90)
  assert.equal((await signalsOf('gave-nothing.db', rest)).sentPeakBytesPerSecond, 0)
})

it('what passed while its event loop stood still is not taken for the most that it sends', async () => {
  const sent = (bytes: number) => ({ ...idle, 'sent/same-site': bytes })
  const late = [sent(400), undefined, undefined, undefined, sent(1000)]
  assert.equal((await signalsOf('late.db', late)).sentPeakBytesPerSecond, 40)
  assert.equal((await signalsOf('later.db', [...late, sent(900)])).sentPeakBytesPerSecond, 90)
})

it('the most that it sent is of the last minutes in which it sent anything', async () => {
  const sent = (bytes: number, count: number) =>
    Array.from({ length: count }, () => ({ ...idle, 'sent/same-site': bytes, 'sent/other-sites': bytes }))
  const { sentPeakBytesPerSecond } = await signalsOf('peak.db', [
    ...sent(9000, 1),
    ...sent(50, 29),
    ...rest,
    ...sent(100, 1)
  ])
  assert.equal(sentPeakBytesPerSecond, 20)
  const { sentPeakBytesPerSecond: before } = await signalsOf('before.db', [
    ...sent(9000, 1),
    ...sent(50, 29),
    ...rest
  ])
  assert.equal(before, 1800)
})
