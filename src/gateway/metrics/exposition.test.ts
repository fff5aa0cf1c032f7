import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { metricsReport } from '../../api/metrics.ts'
import type { Measures } from '../../node/measures/measures-terms.ts'
import { Exposition, formatOf } from './exposition.ts'
import { FAMILIES } from './families.ts'
import { MEASURES } from './measures-sample.conformance.ts'
import { OTHER_SITES, SiteLabels, UNKNOWN_SITE } from './site-labels.ts'

const exposed = (measures: () => Measures = () => MEASURES) =>
  new Exposition({ measures: async () => measures(), software: 'peerage/1.2.3' })

const linesOf = (body: string) => body.split('\n').filter(line => line !== '' && !line.startsWith('#'))

test('numbers have the names, labels and units that are documented', async () => {
  const lines = linesOf((await exposed().expose('text')).body)
  for (const line of [
    'peerage_peers{site="paris",kind="server"} 2',
    'peerage_peers{site="unknown",kind="unknown"} 1',
    'peerage_transfers{state="complete"} 4',
    'peerage_verified_bytes_total{source="departed"} 5',
    'peerage_wan_received_bytes_total{site="paris"} 22',
    'peerage_wan_budget_used_bytes{direction="up"} 900',
    'peerage_misbehaviour_total{reason="bad-block"} 1',
    'peerage_beacon_age_seconds 90',
    'peerage_beacon_expires_seconds -0.5',
    'peerage_ledger_sync_age_seconds 1.5',
    'peerage_storage_versions{safety="at-risk"} 1',
    'peerage_detections_total{rule="mass-reads"} 3',
    'peerage_detections_open{rule="mass-reads"} 1',
    'peerage_audit_uncosigned_seconds 2'
  ])
    assert.ok(lines.includes(line), line)
  assert.ok(lines.some(line => line.startsWith('peerage_build_info{version="1.2.3"')))
})

test('what is not known is left out, and is there again once it is known', async () => {
  let measures: Measures = { ...MEASURES, survey: null }
  const exposition = exposed(() => measures)
  const has = async (name: string) =>
    linesOf((await exposition.expose('text')).body).some(line => line.startsWith(name))
  assert.equal(await has('peerage_scrub_last_pass_age_seconds'), false)
  assert.equal(await has('peerage_survey_age_seconds'), false)
  assert.equal(await has('peerage_storage_versions'), false)
  measures = MEASURES
  assert.equal(await has('peerage_survey_age_seconds'), true)
  assert.equal(await has('peerage_storage_versions'), true)
})

test('a counter is what the node has counted, however often and in whichever format it is asked', async () => {
  const exposition = exposed()
  const name = 'peerage_sent_bytes_total{link="wan"} 8'
  const bodies = await Promise.all(
    (['text', 'openMetrics', 'text', 'json', 'openMetrics'] as const).map(each => exposition.expose(each))
  )
  for (const { body, contentType } of bodies)
    if (!contentType.includes('json')) assert.ok(linesOf(body).includes(name), contentType)
  const open = bodies[1]?.body ?? ''
  assert.ok(open.endsWith('# EOF\n'))
  assert.ok(open.includes('# TYPE peerage_sent_bytes counter'))
  const { metrics } = metricsReport.parse(JSON.parse(bodies[3]?.body ?? ''))
  const sent = metrics.find(metric => metric.name === 'peerage_sent_bytes_total')
  assert.equal(sent?.samples.find(({ labels }) => labels.link === 'wan')?.value, 8)
})

test('calls are counted by route and outcome, with how long they took', async () => {
  const exposition = exposed()
  exposition.called({ route: 'status', outcome: 'done', seconds: 0.01 })
  exposition.called({ route: 'status', outcome: 'refused', seconds: 0.001 })
  const lines = linesOf((await exposition.expose('text')).body)
  assert.ok(lines.includes('peerage_api_calls_total{route="status",outcome="refused"} 1'))
  assert.ok(lines.includes('peerage_api_call_duration_seconds_bucket{le="0.005",route="status"} 1'))
  assert.ok(lines.includes('peerage_api_call_duration_seconds_count{route="status"} 2'))
})

test('how long the certificate of the API holds is told once there is one', async () => {
  const exposition = exposed()
  const found = async (): Promise<string | undefined> =>
    linesOf((await exposition.expose('text')).body).find(line => line.startsWith('peerage_api_certificate_'))
  assert.equal(await found(), undefined)
  exposition.certified(Date.now() - 5_000_000)
  assert.match((await found()) ?? '', /^peerage_api_certificate_expires_seconds -50\d\d\.?\d*$/)
})

test('a scrape that failed does not keep the next one from its answer', async () => {
  let isBroken = true
  const exposition = exposed(() => {
    if (isBroken) throw new Error('not now')
    return MEASURES
  })
  await assert.rejects(exposition.expose('text'), /not now/)
  isBroken = false
  assert.match((await exposition.expose('text')).body, /peerage_transfers/)
})

test('only so many sites have a label, and each keeps its own', () => {
  const labels = new SiteLabels(2)
  assert.deepEqual(
    ['paris', null, 'rome', 'oslo', 'paris', 'other'].map(site => labels.of(site)),
    ['paris', UNKNOWN_SITE, 'rome', OTHER_SITES, 'paris', OTHER_SITES]
  )
})

test('the format is the one that is asked for', () => {
  assert.equal(formatOf(undefined), 'text')
  assert.equal(formatOf('*/*'), 'text')
  assert.equal(formatOf('application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3'), 'openMetrics')
  assert.equal(formatOf('application/json'), 'json')
})

test('docs/MONITORING.md lists each metric as it is, and no other', () => {
  const page = readFileSync(new URL('../../../docs/MONITORING.md', import.meta.url), 'utf8')
  const listed = page.split('\n').filter(line => line.startsWith('| `peerage_'))
  const own = FAMILIES.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map(label => `\`${label}\``).join(' ')} | ${help} |`
  )
  const kept = listed.filter(line => !/`peerage_(api_|build_)/.test(line))
  assert.deepEqual(kept, own)
})
