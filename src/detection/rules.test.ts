import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/units.ts'
import type { BytesFact } from './facts.ts'
import {
  bad,
  beacon,
  clock,
  denied,
  device,
  knock,
  NOON_MS,
  place,
  read,
  reads,
  version,
  view
} from './facts-fixture.conformance.ts'
import { type Finding, RULE_IDS, type RuleId } from './finding.ts'
import { Memory } from './memory.ts'
import type { View } from './rule.ts'
import { RULES } from './rules.ts'
import { THRESHOLD_IDS, THRESHOLDS, thresholdsOf } from './thresholds.ts'

const finds = (rule: RuleId, of: View): Finding[] => RULES[rule].find(of)
const standard = thresholdsOf({ thresholds: {} })

function one(rule: RuleId, of: View): Finding {
  const found = finds(rule, of)
  assert.equal(found.length, 1, `${rule} finds one`)
  const [finding] = found
  assert.ok(finding !== undefined)
  assert.equal(finding.rule, rule)
  assert.ok(finding.count >= finding.threshold)
  assert.ok(finding.firstAtMs <= finding.lastAtMs)
  return finding
}

const nothing = (rule: RuleId, of: View) => assert.deepEqual(finds(rule, of), [])

describe('mass-reads', () => {
  const many = standard['mass-reads.datasets']
  it('finds a device that reads very many datasets, says so in words, and shows where it is recorded', () => {
    const found = one('mass-reads', view(reads(many)))
    assert.equal(found.subject, device(1))
    assert.equal(found.count, many)
    assert.equal(found.severity, 'medium')
    assert.match(found.explanation, /40 datasets \(from 40 on\)/)
    assert.deepEqual(found.evidence.at(-1), place(many - 1))
    assert.deepEqual([found.firstAtMs, found.lastAtMs], [NOON_MS, NOON_MS + (many - 1) * MINUTE_MS])
  })
  it('finds fewer of them when they are confidential', () => {
    const count = standard['mass-reads.sensitive']
    assert.equal(one('mass-reads', view(reads(count, { dataClass: 'confidential' }))).severity, 'high')
    nothing('mass-reads', view(reads(count - 1, { dataClass: 'confidential' })))
  })
  it('finds many bytes, and counts what a session sent only once', () => {
    const bytes = (session: string, share: number): BytesFact => ({
      ...{ kind: 'bytes', atMs: NOON_MS, place: place(1), session, reader: device(1), dataset: 'os' },
      ...{ bytes: standard['mass-reads.bytes'] * share, isOwed: false }
    })
    nothing('mass-reads', view([bytes('a', 0.4), bytes('a', 0.5), bytes('b', 0.49)]))
    assert.match(
      one('mass-reads', view([bytes('a', 0.4), bytes('a', 0.5), bytes('b', 0.5)])).explanation,
      /1\.00 TB/
    )
  })
  it('finds nothing in one fewer, in as many over a longer time, or by several devices', () => {
    nothing('mass-reads', view(reads(many - 1)))
    nothing(
      'mass-reads',
      view(reads(many).map((fact, n) => ({ ...fact, atMs: NOON_MS + n * 3 * MINUTE_MS })))
    )
    nothing('mass-reads', view(reads(many).map((fact, n) => ({ ...fact, reader: device(n % 2) }))))
  })
  it('does not count copies that a device is asked to keep, nor one dataset many times', () => {
    nothing('mass-reads', view(reads(many, { isOwed: true })))
    nothing('mass-reads', view(reads(many, { dataset: 'os' })))
  })
})

describe('off-hours-reads', () => {
  const isOpen: View['isOpen'] = site => site !== 'paris'
  const of = { dataClass: 'confidential' } as const
  const count = standard['off-hours-reads.versions']
  it('finds sensitive reads of a laptop while its site does not work', () => {
    assert.match(one('off-hours-reads', view(reads(count, of), { isOpen })).explanation, /site paris/)
    const restricted = reads(count, { dataClass: 'restricted' })
    assert.equal(one('off-hours-reads', view(restricted, { isOpen })).severity, 'high')
  })
  it('finds nothing in one fewer, within hours, without hours, of servers, or of other classes', () => {
    nothing('off-hours-reads', view(reads(count - 1, of), { isOpen }))
    nothing('off-hours-reads', view(reads(count, { ...of, readerSite: 'rome' }), { isOpen }))
    nothing('off-hours-reads', view(reads(count, of)))
    nothing('off-hours-reads', view(reads(count, { ...of, readerKind: 'server' }), { isOpen }))
    nothing('off-hours-reads', view(reads(count, { dataClass: 'internal' }), { isOpen }))
  })
})

describe('dormant-reads', () => {
  const silence = standard['dormant-reads.silence']
  const back = (silentMs: number) => {
    const usual = new Memory({ heard: [[device(1), NOON_MS - silentMs]] })
    usual.heard(device(1), NOON_MS, silence)
    return { usual }
  }
  it('finds a device that is back after long and reads', () => {
    const found = one('dormant-reads', view([read({ dataClass: 'confidential' })], back(silence)))
    assert.match(found.explanation, /for 45 days/)
    assert.equal(found.severity, 'high')
    assert.equal(one('dormant-reads', view([read()], back(silence))).severity, 'low')
  })
  it('finds nothing in one that was away for less, reads what is public, or reads much later', () => {
    nothing('dormant-reads', view([read()], back(silence - 1)))
    nothing('dormant-reads', view([read({ dataClass: 'public' })], back(silence)))
    nothing('dormant-reads', view([read({ atMs: NOON_MS + DAY_MS })], back(silence)))
    nothing('dormant-reads', view([read({ reader: device(2) })], back(silence)))
  })
})

describe('bad-blocks', () => {
  it('finds a device that gives bad blocks, and takes two witnesses for worse', () => {
    assert.equal(one('bad-blocks', view([bad({ count: 3 })])).severity, 'medium')
    const seen = view([bad({ count: 2 }), bad({ by: device(3) })])
    assert.equal(one('bad-blocks', seen).severity, 'high')
  })
  it('finds nothing in fewer, over a longer time, or in other breaches', () => {
    nothing('bad-blocks', view([bad({ count: 2 })]))
    nothing('bad-blocks', view([bad({ count: 2 }), bad({ atMs: NOON_MS + DAY_MS })]))
    nothing('bad-blocks', view([bad({ count: 9, reason: 'too-many-requests' })]))
    nothing('bad-blocks', view([bad({ count: 2 }), bad({ count: 2, peer: device(4) })]))
  })
})

describe('spread', () => {
  const known = (days: number) =>
    new Memory({
      datasets: [
        [
          'set-1',
          { firstMs: NOON_MS - days * DAY_MS, lastMs: NOON_MS - DAY_MS, sites: ['paris'], peak: 3, peakMs: 0 }
        ]
      ]
    })
  const away = { readerSite: 'rome', dataClass: 'confidential' } as const
  const two = [read(away), read({ ...away, reader: device(2) })]
  it('finds a sensitive dataset that is read where it never was', () => {
    const found = one('spread', view(two, { usual: known(30) }))
    assert.equal(found.subject, 'set-1')
    assert.match(found.explanation, /read only at paris so far, was read by 2 devices .* at rome/)
    assert.deepEqual(found.devices, [device(1), device(2)])
  })
  it('finds nothing in one device, at its usual or home site, in what is new here, owed, or not sensitive', () => {
    const usual = known(30)
    const like = (of: Partial<ReturnType<typeof read>>) => two.map(fact => ({ ...fact, ...of }))
    nothing('spread', view(two.slice(0, 1), { usual }))
    nothing('spread', view(like({ readerSite: 'paris' }), { usual }))
    nothing('spread', view(like({ homeSite: 'rome' }), { usual }))
    nothing('spread', view(two, { usual: known(6) }))
    nothing('spread', view(two))
    nothing('spread', view(like({ isOwed: true }), { usual }))
    nothing('spread', view(like({ dataClass: 'internal' }), { usual }))
  })
})

describe('fan-out', () => {
  const of = { dataset: 'archive', version: version(7) }
  const readers = (count: number, more: Partial<ReturnType<typeof read>> = {}) =>
    Array.from({ length: count }, (_, n) => read({ ...of, reader: device(n + 1), ...more }))
  const peak = (most: number, peakMs = NOON_MS - DAY_MS) =>
    new Memory({
      datasets: [['archive', { firstMs: 0, lastMs: peakMs, sites: ['paris'], peak: most, peakMs }]]
    })
  const count = standard['fan-out.devices']
  it('finds an old version that suddenly many read', () => {
    assert.equal(one('fan-out', view(readers(count), { usual: peak(2) })).count, count)
  })
  it('finds nothing in one fewer, where many read anyway, in a release, or without anything learned', () => {
    nothing('fan-out', view(readers(count - 1), { usual: peak(2) }))
    nothing('fan-out', view(readers(count), { usual: peak(6) }))
    nothing('fan-out', view(readers(count, { publishedMs: NOON_MS - DAY_MS }), { usual: peak(2) }))
    nothing('fan-out', view(readers(count)))
    nothing('fan-out', view(readers(count, { dataClass: 'public' }), { usual: peak(2) }))
  })
  it('forgets by and by how many read it once', () => {
    assert.equal(finds('fan-out', view(readers(count), { usual: peak(6, NOON_MS - 90 * DAY_MS) })).length, 1)
  })
})

describe('repeated-denials', () => {
  it('finds a member that is refused very often, or for many versions', () => {
    one('repeated-denials', view([denied({ count: 59 }), denied()]))
    const of = Array.from({ length: 8 }, (_, n) => denied({ version: version(n) }))
    assert.match(one('repeated-denials', view(of)).explanation, /8 different versions/)
  })
  it('finds nothing in fewer, spread over hours, of several, or for want of beacons', () => {
    nothing('repeated-denials', view([denied({ count: 59 })]))
    nothing('repeated-denials', view([denied({ count: 40 }), denied({ count: 40, atMs: NOON_MS + HOUR_MS })]))
    nothing('repeated-denials', view([denied({ count: 40 }), denied({ count: 40, peer: device(3) })]))
    nothing('repeated-denials', view([denied({ count: 500, reason: 'stale' })]))
    nothing('repeated-denials', view([denied({ count: 500, reason: 'not-an-auditor', version: null })]))
  })
})

describe('unknown-keys', () => {
  it('finds several keys, or one that knocks without end', () => {
    const keys = Array.from({ length: 5 }, (_, n) => knock({ key: device(n + 50) }))
    assert.equal(one('unknown-keys', view(keys)).severity, 'low')
    one('unknown-keys', view([knock({ count: 200 })]))
    one('unknown-keys', view([knock({ key: null, count: 200 })]))
    assert.equal(one('unknown-keys', view([...keys, knock({ count: 200 })])).severity, 'medium')
  })
  it('finds nothing in a few', () => {
    nothing(
      'unknown-keys',
      view(Array.from({ length: 4 }, (_, n) => knock({ key: device(n + 50), count: 9 })))
    )
    nothing('unknown-keys', view([knock({ count: 199 }), knock({ count: 10, atMs: NOON_MS + HOUR_MS })]))
  })
})

describe('clock-drift and beacon-starvation', () => {
  const minutes = (count: number) => Array.from({ length: count }, (_, minute) => minute)
  it('find what lasts', () => {
    const off = minutes(11).map(minute => clock(minute, -40_000))
    assert.match(one('clock-drift', view(off)).explanation, /off by up to 40 s/)
    const starved = minutes(16).map(minute => beacon(minute, 1))
    assert.equal(one('beacon-starvation', view(starved)).severity, 'medium')
    const expired = minutes(16).map(minute => beacon(minute, 2, true))
    assert.equal(one('beacon-starvation', view(expired)).severity, 'high')
  })
  it('find nothing in what is short, small, interrupted, or was not measured meanwhile', () => {
    nothing('clock-drift', view(minutes(10).map(minute => clock(minute, 40_000))))
    nothing('clock-drift', view(minutes(60).map(minute => clock(minute, 29_000))))
    nothing('clock-drift', view(minutes(60).map(minute => clock(minute, minute % 10 === 0 ? 0 : 40_000))))
    nothing('clock-drift', view([0, 30].map(minute => clock(minute, 40_000))))
    nothing('beacon-starvation', view(minutes(15).map(minute => beacon(minute, 1))))
    nothing('beacon-starvation', view(minutes(60).map(minute => beacon(minute, 2))))
  })
})

describe('thresholds', () => {
  it('are of rules that there are, within their bounds, and each rule has one', () => {
    for (const id of THRESHOLD_IDS) {
      const { rule, standard: value, min, max } = THRESHOLDS[id]
      assert.ok(id.startsWith(`${rule}.`))
      assert.ok(value >= min && value <= max, id)
    }
    for (const rule of RULE_IDS)
      assert.ok(
        THRESHOLD_IDS.some(id => THRESHOLDS[id].rule === rule),
        rule
      )
  })
  it('are those of the org where it has set some', () => {
    const thresholds = thresholdsOf({ thresholds: { 'mass-reads.datasets': 5 } })
    assert.equal(one('mass-reads', view(reads(5), { thresholds })).threshold, 5)
    nothing('mass-reads', view(reads(4), { thresholds }))
  })
})
