import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GIB } from '../../base/units.ts'
import { type Hours, parseHours } from './calendar.ts'
import {
  type BandwidthPolicy,
  decodePolicy,
  encodePolicy,
  NO_POLICY,
  RATE_MIN,
  type RuleTerms,
  rateFault,
  selects,
  withRule
} from './policy.ts'

const OFFICE = parseHours('mon-fri 08:00-18:00 Europe/Berlin', 'UTC') as Hours

function terms(more: Partial<RuleTerms> = {}): RuleTerms {
  const limit = { kind: 'cap', bytesPerSecond: 200_000 } as const
  return { direction: 'up', link: 'all', dataClass: 'all', hours: null, limit, ...more }
}

test('a rule selects by direction, link and class', () => {
  const traffic = { direction: 'up', link: 'wan', dataClass: 'internal' } as const
  for (const [rule, selected] of [
    [terms(), true],
    [terms({ direction: 'down' }), false],
    [terms({ link: 'wan' }), true],
    [terms({ link: 'lan' }), false],
    [terms({ dataClass: 'internal', link: 'wan' }), true],
    [terms({ dataClass: 'restricted' }), false]
  ] as const)
    assert.equal(selects(rule, traffic), selected)
  assert.equal(selects(terms({ dataClass: 'internal' }), { ...traffic, dataClass: undefined }), false)
})

test('rules are numbered, and one for the same traffic at the same hours takes the place of the other', () => {
  const fast = { kind: 'cap', bytesPerSecond: 9_000_000 } as const
  let policy = withRule(NO_POLICY, terms())
  policy = withRule(policy, terms({ hours: OFFICE }))
  policy = withRule(policy, terms({ limit: { kind: 'background' } }))
  policy = withRule(policy, terms({ link: 'wan' }), 'branch')
  policy = withRule(policy, terms({ limit: fast }))
  assert.deepEqual(
    policy.rules.map(({ id }) => id),
    ['1', '2', '3', 'branch']
  )
  assert.deepEqual(policy.rules[0]?.limit, fast)
  policy = withRule(policy, terms({ direction: 'down' }), 'branch')
  assert.equal(policy.rules.length, 4)
  assert.equal(policy.rules[3]?.direction, 'down')
  const without = { ...policy, rules: policy.rules.filter(({ id }) => id !== '2') }
  assert.equal(withRule(without, terms({ link: 'lan' })).rules.at(-1)?.id, '2')
})

test('a cap is nothing at all, or a rate that moves blocks', () => {
  for (const rate of [0, RATE_MIN, 1e9]) assert.equal(rateFault(rate), undefined)
  for (const rate of [-1, 1, RATE_MIN - 1, 1e13, Number.NaN, Number.POSITIVE_INFINITY])
    assert.match(rateFault(rate) ?? '', /a cap is 0/)
})

const SAMPLE: BandwidthPolicy = {
  rules: [
    { id: '1', ...terms({ hours: OFFICE, link: 'wan', dataClass: 'restricted' }) },
    { id: 'quiet', ...terms({ direction: 'down', limit: { kind: 'background' } }) }
  ],
  budgets: { up: { bytes: 5 * GIB, zone: 'Europe/Berlin' }, down: null }
}

const VECTOR =
  '{"v":1,"rules":[{"id":"1","direction":"up","link":"wan","class":"restricted",' +
  '"hours":"mon-fri 08:00-18:00 Europe/Berlin","bytesPerSecond":200000},' +
  '{"id":"quiet","direction":"down","link":"all","class":"all","hours":null}],' +
  '"budgets":{"up":{"bytes":5368709120,"zone":"Europe/Berlin"},"down":null}}'

test('the stored form is the one of its golden vector', () => {
  assert.equal(encodePolicy(SAMPLE), VECTOR)
  assert.deepEqual(decodePolicy(VECTOR), SAMPLE)
  assert.deepEqual(decodePolicy(encodePolicy(NO_POLICY)), NO_POLICY)
})

test('what is no policy is none', () => {
  for (const [from, to] of [
    ['"v":1', '"v":2'],
    ['"direction":"up"', '"direction":"sideways"'],
    ['"link":"wan"', '"link":"vpn"'],
    ['"class":"restricted"', '"class":"secret"'],
    ['200000', '-5'],
    ['200000', '"fast"'],
    ['08:00-18:00', '18:00'],
    ['"hours":null', '"hours":7'],
    ['"id":"quiet"', '"id":"1"'],
    ['"id":"quiet"', '"id":"No Id"'],
    ['5368709120', '0'],
    ['"down":null', '"down":7'],
    ['"rules":[', '"rules":["", '],
    ['}}', '}']
  ] as const)
    assert.equal(decodePolicy(VECTOR.replace(from, to)), undefined, `${from} -> ${to}`)
})
