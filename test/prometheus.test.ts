/**
 * The real Prometheus (Debian's) over three real nodes: it reads their metrics over TLS with a token of each, takes the
 * rules and the queries of the dashboard that are shipped, and its alerts fire on faults that are done to the nodes.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import { HOUR_MS } from '../src/base/units.ts'
import {
  isMissing,
  PROMETHEUS,
  PROMTOOL,
  PrometheusProcess,
  type ScrapedNode,
  skipWithoutPrometheus
} from './interop/prometheus-process.ts'

const MONITORING = fileURLToPath(new URL('../docs/monitoring', import.meta.url))
const RULES = readFileSync(join(MONITORING, 'alerts.yml'), 'utf8')
const PATIENCE_MS = 30_000

suite('prometheus', { skip: skipWithoutPrometheus }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'peerage-prometheus-'))
  const prometheus = new PrometheusProcess(folder)
  const cluster = new Cluster(folder, ['--api', '127.0.0.1:0'])
  const shared = join(folder, 'shared.bin')
  let nas: ClusterNode
  let paris: ClusterNode

  before(async () => {
    assert.ok(!isMissing, `there is no ${PROMETHEUS}: install prometheus`)
    nas = await cluster.found('nas', 'berlin')
    const ticket = await cluster.invite(2)
    paris = await cluster.join(ticket, 'paris', 'paris')
    await cluster.join(ticket, 'rome', 'rome')
    await cluster.meshed()
    writeFileSync(shared, randomBytes(300_000))
    await nas.client.stream(
      'publish',
      { path: shared, name: 'shared', dataClass: 'internal' },
      { signal: new AbortController().signal, onProgress: () => undefined }
    )
    // As shipped, but for how long a fault has to last.
    const rules = join(folder, 'alerts.yml')
    writeFileSync(rules, RULES.replace(/^( +for:) .*$/gm, '$1 1s'))
    await prometheus.start(await Promise.all(cluster.nodes.map(scraped)), rules)
  })
  after(async () => {
    await prometheus.stop()
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function scraped({ name, home, client, api }: ClusterNode): Promise<ScrapedNode> {
    const { token } = await client.call('createToken', {
      ...{ name: 'prometheus', scopes: ['metrics'], lifeMs: HOUR_MS }
    })
    const tokenFile = join(folder, `${name}.token`)
    writeFileSync(tokenFile, token)
    const job = `peerage-${name}`
    return { job, target: `127.0.0.1:${api.port}`, tokenFile, certificate: join(home, 'web', 'cert.pem') }
  }

  const fires = (name: string, job: string): Promise<void> =>
    until(`${name} fires for ${job}, and for no other`, PATIENCE_MS, async () => {
      const jobs = (await prometheus.firing(name)).map(({ labels }) => labels.job)
      return jobs.length === 1 && jobs[0] === job
    })

  test('takes the rules, which fire when they should', () => {
    for (const args of [
      ['check', 'rules', 'alerts.yml'],
      ['test', 'rules', 'alerts.test.yml', 'alerts-of-weeks.test.yml']
    ]) {
      const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { cwd: MONITORING, encoding: 'utf8' })
      assert.equal(status, 0, stdout + stderr)
      assert.match(stdout + stderr, /SUCCESS/)
    }
  })

  test('reads three nodes, each of which knows of all three', async () => {
    await until('it has read them', PATIENCE_MS, async () => {
      const [up] = await prometheus.query('sum(up)')
      return up?.value === 3
    })
    const devices = await prometheus.query('sum by (job) (peerage_devices)')
    assert.deepEqual(devices.map(({ metric, value }) => [metric.job, value]).sort(), [
      ['peerage-nas', 3],
      ['peerage-paris', 3],
      ['peerage-rome', 3]
    ])
    const [kept] = await prometheus.query('peerage_scrub_held_bytes{job="peerage-nas"}')
    assert.equal(kept?.value, 300_000)
    const ends = await prometheus.query('min(peerage_api_certificate_expires_seconds) / 86400')
    assert.ok((ends[0]?.value ?? 0) > 300)
  })

  test('finds no fault in a rule when it judges by it, and nothing is critical', async () => {
    await until('all are judged', PATIENCE_MS, async () => {
      const { groups } = await prometheus.get<{
        groups: { rules: { name: string; health: string; lastError?: string }[] }[]
      }>('rules')
      const rules = groups.flatMap(group => group.rules)
      assert.equal(rules.length, RULES.split('- alert:').length - 1)
      for (const { name, health, lastError } of rules) assert.notEqual(health, 'err', `${name}: ${lastError}`)
      return rules.every(({ health }) => health === 'ok')
    })
    assert.deepEqual(await prometheus.query('ALERTS{severity="critical"}'), [])
  })

  test('has an answer to every query of the dashboard, if only that there is nothing', async () => {
    const { panels } = JSON.parse(readFileSync(join(MONITORING, 'grafana.json'), 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[]
    }
    const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
    await until('each node was read twice', PATIENCE_MS, async () => {
      return (await prometheus.query('rate(peerage_sent_bytes_total{link="lan"}[10s])')).length === 3
    })
    const silent: string[] = []
    for (const { title, expr } of queries) {
      const bound = expr.replaceAll('$job', 'peerage.*').replaceAll('$__rate_interval', '10s')
      if ((await prometheus.query(bound)).length === 0) silent.push(title)
    }
    // Nothing of these has happened, or been set up, in an org this young.
    assert.deepEqual(
      [...new Set(silent)],
      [
        'From other sites',
        'To other sites',
        'WAN budget used',
        'Pieces that failed',
        'Peers that broke the rules',
        'Copies and shares that are owed',
        'Rot',
        'Since the last pass of the scrub',
        'Age of the view of the ledger',
        'Beacons'
      ]
    )
  })

  test('tells of a node whose disk gives other bytes than were written', async () => {
    const { atime, mtime } = statSync(shared)
    const bytes = readFileSync(shared)
    bytes[1000] = (bytes[1000] ?? 0) ^ 1
    writeFileSync(shared, bytes)
    utimesSync(shared, atime, mtime)
    await nas.client.call('setScrub', { action: 'start' })
    await fires('PeerageRotFound', 'peerage-nas')
    await fires('PeerageCopyDamaged', 'peerage-nas')
  })

  test('tells of a node that was killed', async () => {
    await paris.kill()
    await fires('PeerageNodeDown', 'peerage-paris')
    const [alert] = await prometheus.firing('PeerageNodeDown')
    assert.equal(alert?.annotations.summary, 'peerage-paris does not answer')
    assert.equal(alert?.annotations.runbook_url, 'docs/MONITORING.md#peeragenodedown')
  })
})
