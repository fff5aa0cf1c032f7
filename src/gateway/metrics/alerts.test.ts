/** The alerts that are shipped, against the metrics that there are and the page that says what to do. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { MetricNames } from './metric-names.conformance.ts'

const read = (path: string): string => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8')
const rules = read('monitoring/alerts.yml')
const blocks = rules.split(/^ {6}- alert: /m).slice(1)
const alerts = blocks.map(block => {
  const field = (name: string): string => new RegExp(`^ *${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
  return {
    name: block.slice(0, block.indexOf('\n')),
    expr: field('expr'),
    severity: /severity: (\w+)/.exec(field('labels'))?.[1],
    summary: field('summary'),
    description: field('description'),
    runbook: field('runbook_url')
  }
})
let names: MetricNames
before(async () => {
  names = await MetricNames.read()
})

test('there is no metric but those of a node', () => {
  assert.deepEqual(names.faults('rate(peerage_gone_total[5m]) > 0'), [
    'there is no metric peerage_gone_total'
  ])
  assert.deepEqual(names.faults('peerage_peers{sight="paris", job=~"x"}'), [
    'peerage_peers has no label sight'
  ])
  assert.deepEqual(names.faults('1 > 0'), ['it names no metric'])
  assert.deepEqual(names.faults('peerage_api_call_duration_seconds_bucket{le="5"}'), [])
})

test('every alert asks for metrics that there are, and says how bad it is, what it is and what to do', () => {
  assert.ok(alerts.length > 18)
  assert.equal(alerts.length, rules.split('alert:').length - 1)
  for (const { name, expr, severity, summary, description, runbook } of alerts) {
    assert.match(name, /^Peerage[A-Z][A-Za-z]+$/)
    assert.deepEqual(names.faults(expr), [], name)
    assert.ok(severity === 'critical' || severity === 'warning', name)
    assert.ok(summary.length > 20 && description.length > 40, name)
    assert.equal(runbook, `docs/MONITORING.md#${name.toLowerCase()}`)
  }
  assert.equal(new Set(alerts.map(({ name }) => name)).size, alerts.length)
})

test('docs/MONITORING.md has a runbook for each alert, and for no other', () => {
  const [, page = ''] = read('MONITORING.md').split('\n## Runbooks\n')
  const sections = page.split('\n### ').slice(1)
  assert.deepEqual(
    sections.map(section => section.slice(0, section.indexOf('\n'))),
    alerts.map(({ name }) => name)
  )
  for (const section of sections)
    assert.match(section, /^.*\n\n\S.*[\s\S]*\n\n\*\*Look at\*\* .*[\s\S]*\n\n\*\*Do\*\* /)
})

test('for each alert there is a case in which it fires, and it alone', () => {
  const cases = read('monitoring/alerts.test.yml') + read('monitoring/alerts-of-weeks.test.yml')
  for (const { name } of alerts) assert.ok(cases.includes(`alertname="${name}", alertstate="firing"`), name)
})
