import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import { RESOLUTIONS, SAMPLE_INTERVAL_MS, spanStart } from '../../history/rollup.ts'
import { HistoryFile, SERIES_MAX } from './history-file.ts'
import { LocalHistoryService } from './history-service.ts'
import type { HistoryRequest } from './history-terms.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-history-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const START_MS = spanStart(1_800_000_000_000, DAY_MS)
const EVER = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER }
const OWN = { id: 'd'.repeat(64), name: 'lab-7', site: 'paris', kind: 'server', admin: false } as never

let files = 0
const freshPath = (): string => join(folder, `${files++}.db`)
const sumOf = (points: readonly { readonly sum: number }[]): number =>
  points.reduce((total, { sum }) => total + sum, 0)

describe('the file of the history', () => {
  it('has the same sums in each resolution that is still kept, and again after it was opened anew', () => {
    const path = freshPath()
    let file = new HistoryFile(path)
    let total = 0
    for (let sample = 0; sample < 360; sample++) {
      total += sample
      file.record(new Map([['flow', sample]]), START_MS + sample * SAMPLE_INTERVAL_MS)
    }
    for (const resolution of RESOLUTIONS) assert.equal(sumOf(file.points('flow', resolution, EVER)), total)
    file.close()
    file = new HistoryFile(path)
    file.record(new Map([['flow', 1]]), START_MS + HOUR_MS)
    assert.deepEqual(file.names(), ['flow'])
    for (const resolution of RESOLUTIONS)
      assert.equal(sumOf(file.points('flow', resolution, EVER)), total + 1)
    file.close()
  })

  it('stays bounded over a year, and still has what that year came to', () => {
    const path = freshPath()
    const file = new HistoryFile(path)
    const stepMs = 2 * HOUR_MS
    const samples = (365 * DAY_MS) / stepMs
    const bytesAfter: number[] = []
    let total = 0
    for (let sample = 0; sample < samples; sample++) {
      const value = (sample * 7919) % 1_000_003
      total += value
      file.record(new Map([['flow', value]]), START_MS + sample * stepMs)
      if (sample === samples / 2) bytesAfter.push(statSync(path).size)
    }
    for (const resolution of RESOLUTIONS) {
      const points = file.points('flow', resolution, EVER)
      assert.ok(points.length <= (resolution.keptMs + HOUR_MS) / resolution.stepMs + 1)
      if (resolution.keptMs > 365 * DAY_MS) assert.equal(sumOf(points), total)
    }
    file.close()
    assert.ok(statSync(path).size < 2 * (bytesAfter[0] ?? 0), 'what is dropped makes room')
  })

  it('takes no series beyond the limit, and goes on with those that it has', () => {
    const file = new HistoryFile(freshPath())
    const names = Array.from({ length: SERIES_MAX + 3 }, (_, index) => `series-${index}`)
    for (const atMs of [START_MS, START_MS + SAMPLE_INTERVAL_MS])
      file.record(new Map(names.map(name => [name, 1])), atMs)
    assert.equal(file.names().length, SERIES_MAX)
    assert.equal(sumOf(file.points('series-0', RESOLUTIONS[0], EVER)), 2)
    file.close()
  })

  it('is not opened when a newer program wrote it', () => {
    const path = freshPath()
    new HistoryFile(path).close()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    assert.throws(() => new HistoryFile(path), /schema version 99/)
  })
})

describe('the history as it is asked for', () => {
  const file = new HistoryFile(freshPath())
  after(() => file.close())
  const nowMs = START_MS + 3 * MINUTE_MS
  for (let atMs = START_MS; atMs < nowMs; atMs += SAMPLE_INTERVAL_MS)
    file.record(
      new Map([
        ['received/same-site', 70],
        ['received/other-sites', 20],
        ['received/origins', 10],
        ['sent/same-site', 5],
        ['sent/other-sites', 0],
        ['peers', atMs === START_MS ? 1 : 4]
      ]),
      atMs
    )
  const service = new LocalHistoryService({ file, ownDevice: () => OWN, now: () => nowMs })
  const ask = (request: Partial<HistoryRequest>) =>
    service.history({ series: 'peers', fromMs: START_MS, toMs: null, stepMs: MINUTE_MS, ...request })

  it('comes in spans of the step, with what was seen in each', async () => {
    const { points, kind, unit, relativeError } = await ask({})
    assert.deepEqual([kind, unit], ['level', 'count'])
    const { p50 = 0, p95 = 0, ...exact } = points[0] ?? {}
    assert.deepEqual(exact, { atMs: START_MS, samples: 6, sum: 21, min: 1, max: 4 })
    for (const quantile of [p50, p95])
      assert.ok(Math.abs(quantile - 4) <= 4 * relativeError, `${quantile} for 4`)
    assert.equal(points.length, 3)
  })

  it('refuses a series that there is not, and a time that ends before it begins', async () => {
    await assert.rejects(ask({ series: 'pears' }), /no series pears.*peerage history/)
    const { points, unit } = await ask({ series: 'event-loop-delay' })
    assert.deepEqual([points, unit], [[], 'ms'], 'a series of every node, before its first sample')
    await assert.rejects(ask({ fromMs: nowMs, toMs: START_MS }), /ends before it begins/)
  })

  it('says what is saved, from what was received alone', async () => {
    const savings = await service.savings({ fromMs: START_MS - DAY_MS, toMs: null })
    const { siteBytes, wanBytes, originBytes, centralBytes, wanAvoidedBytes, sentSiteBytes } = savings
    assert.deepEqual(
      [siteBytes, wanBytes, originBytes, centralBytes, wanAvoidedBytes, sentSiteBytes],
      [1260, 360, 180, 1800, 1260, 90]
    )
    assert.equal(savings.firstAtMs, START_MS)
  })
})
