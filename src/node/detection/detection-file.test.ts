import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DAY_MS, HOUR_MS } from '../../base/units.ts'
import { device, NOON_MS, place } from '../../detection/facts-fixture.conformance.ts'
import type { Finding } from '../../detection/finding.ts'
import { DetectionFile, FINDINGS_MAX } from './detection-file.ts'

const home = mkdtempSync(join(tmpdir(), 'peerage-detection-'))
after(() => rmSync(home, { recursive: true, force: true }))

const finding = (of: Partial<Finding> = {}): Finding => ({
  ...{ rule: 'mass-reads', subject: device(1), severity: 'medium', title: 'much', explanation: 'very much' },
  ...{ devices: [device(1)], datasets: ['a'], evidence: [place(1)], count: 40, threshold: 40 },
  ...{ firstAtMs: NOON_MS, lastAtMs: NOON_MS + HOUR_MS },
  ...of
})
const all = { state: 'all', rule: null, limit: 10_000 } as const
const open = { ...all, state: 'open' } as const

test('a finding that comes again is one, until there was none for a day; then it is another', () => {
  const file = new DetectionFile(':memory:')
  assert.equal(file.keep(finding(), NOON_MS), 'raised')
  assert.equal(file.keep(finding(), NOON_MS), undefined)
  const later = { firstAtMs: NOON_MS + 20 * HOUR_MS, lastAtMs: NOON_MS + 21 * HOUR_MS }
  assert.equal(
    file.keep(finding({ ...later, count: 60, evidence: [place(2)], datasets: ['b'] }), 1),
    undefined
  )
  const [one, ...others] = file.findings(all)
  assert.deepEqual(others, [])
  assert.deepEqual([one?.count, one?.firstAtMs, one?.lastAtMs], [60, NOON_MS, later.lastAtMs])
  assert.deepEqual(
    [one?.evidence, one?.datasets],
    [
      [place(1), place(2)],
      ['b', 'a']
    ]
  )
  const anew = { firstAtMs: later.lastAtMs + DAY_MS, lastAtMs: later.lastAtMs + DAY_MS }
  assert.equal(file.keep(finding(anew), 2), 'raised')
  assert.equal(file.keep(finding({ subject: device(2) }), 3), 'raised')
  assert.equal(file.findings(all).length, 3)
  assert.equal(file.counts().raised.get('mass-reads'), 3)
  file.close()
})

test('one that is acknowledged is not open, and is again once it is worse', () => {
  const file = new DetectionFile(':memory:')
  file.keep(finding(), NOON_MS)
  const by = { atMs: NOON_MS, by: 'owner', note: 'a drill' }
  assert.deepEqual(file.acknowledge(1, by)?.acknowledged, by)
  assert.deepEqual(file.acknowledge(1, { ...by, note: 'another' })?.acknowledged, by)
  assert.equal(file.acknowledge(2, by), undefined)
  file.keep(finding({ count: 50 }), NOON_MS)
  assert.deepEqual(file.findings(open), [])
  assert.equal(file.keep(finding({ severity: 'high' }), NOON_MS), 'worse')
  assert.equal(file.findings(open)[0]?.severity, 'high')
  assert.equal(file.keep(finding({ severity: 'low', count: 99 }), NOON_MS), undefined)
  assert.deepEqual([file.finding(1)?.severity, file.finding(1)?.count], ['high', 99])
  const kinds = file.changes(1, 100).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['raised', 'acknowledged', 'worse'])
  assert.equal(file.changesEnd(), 4)
  file.close()
})

test('what was found and what is usual is there after a restart', () => {
  const path = join(home, 'detection.db')
  const first = new DetectionFile(path)
  first.keep(finding(), NOON_MS)
  const usual = { firstMs: 1, lastMs: 2, sites: ['paris'], peak: 3, peakMs: 2 }
  first.saveUsual({ datasets: new Map([['os', usual]]), heard: new Map([[device(3), NOON_MS]]) }, NOON_MS)
  first.saveUsual({ datasets: new Map([['gone', undefined]]), heard: new Map() }, NOON_MS + 1)
  first.close()
  const second = new DetectionFile(path)
  assert.equal(second.findings(open).length, 1)
  assert.deepEqual(second.usual(), {
    ...{ datasets: [['os', usual]], heard: [[device(3), NOON_MS]], savedMs: NOON_MS + 1 }
  })
  second.close()
})

test('it is bounded: what is acknowledged goes first, then the oldest', () => {
  const file = new DetectionFile(':memory:')
  const at = (n: number) => ({ subject: `s${n}`, firstAtMs: NOON_MS + n, lastAtMs: NOON_MS + n })
  for (let n = 0; n < FINDINGS_MAX; n++) file.keep(finding(at(n)), NOON_MS)
  file.acknowledge(FINDINGS_MAX, { atMs: 1, by: 'owner', note: null })
  for (const n of [1, 2]) file.keep(finding(at(FINDINGS_MAX + n)), NOON_MS)
  assert.equal(file.findings(all).length, FINDINGS_MAX)
  assert.equal(file.finding(FINDINGS_MAX), undefined)
  assert.equal(file.finding(1), undefined)
  assert.ok(file.finding(2) !== undefined)
  file.close()
})
