/** The dashboard for Grafana that is shipped: what it asks for is there, and it is tied to no data source or node. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { z } from 'zod'
import { MetricNames } from './metric-names.conformance.ts'

const source = z.object({ type: z.literal('prometheus'), uid: z.literal(`\${datasource}`) })
const gridPos = z.object({ h: z.int(), w: z.int().max(24), x: z.int(), y: z.int() })
const row = z.object({ id: z.int(), type: z.literal('row'), title: z.string().min(1), gridPos })
const panel = z.object({
  id: z.int(),
  type: z.enum(['stat', 'timeseries']),
  title: z.string().min(1),
  description: z.string().min(1),
  datasource: source,
  gridPos,
  fieldConfig: z.object({ defaults: z.object({ unit: z.string() }) }),
  targets: z.array(z.object({ refId: z.string(), datasource: source, expr: z.string().min(1) })).min(1)
})
const variable = z.object({ name: z.string(), type: z.enum(['datasource', 'query']) })
const dashboard = z.object({
  uid: z.string(),
  schemaVersion: z.int(),
  annotations: z.object({ list: z.array(z.object({ datasource: source, expr: z.string() })) }),
  templating: z.object({ list: z.array(variable) }),
  panels: z.array(z.discriminatedUnion('type', [row, panel]))
})

const page = new URL('../../../docs/monitoring/grafana.json', import.meta.url)
const { annotations, templating, panels } = dashboard.parse(JSON.parse(readFileSync(page, 'utf8')))
const graphs = panels.filter(each => each.type !== 'row')

test('every query of the dashboard asks for metrics that there are, of the nodes that are chosen', async () => {
  const names = await MetricNames.read()
  const queries = graphs.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })))
  assert.ok(queries.length > 30)
  for (const { title, expr } of queries) {
    assert.deepEqual(names.faults(expr), [], title)
    for (const [selector] of expr.matchAll(/\{[^}]*\}/g))
      assert.ok(selector.includes('job=~"$job"') || selector.includes('alertname'), `${title}: ${selector}`)
    const unbound = expr.replaceAll('$job', '').replaceAll('$__rate_interval', '')
    assert.ok(!unbound.includes('$'), title)
  }
  for (const { expr } of annotations.list) assert.deepEqual(names.faults(expr), [])
})

test('the data source and the nodes are variables', () => {
  assert.deepEqual(
    templating.list.map(({ name, type }) => [name, type]),
    [
      ['datasource', 'datasource'],
      ['job', 'query']
    ]
  )
})

test('panels have an id and a place of their own', () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const cells = new Set<string>()
  for (const { title, gridPos: at } of panels)
    for (let x = at.x; x < at.x + at.w; x++)
      for (let y = at.y; y < at.y + at.h; y++) {
        assert.ok(x < 24 && !cells.has(`${x} ${y}`), title)
        cells.add(`${x} ${y}`)
      }
})
