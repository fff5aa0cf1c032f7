/** Debian's Prometheus as a process of the test's own, over nodes of the test's own. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../lab/free-port.ts'
import { debianProgram } from './debian-program.ts'

export const PROMETHEUS = '/usr/bin/prometheus'
export const PROMTOOL = '/usr/bin/promtool'

export interface ScrapedNode {
  readonly job: string
  readonly target: string
  readonly tokenFile: string
  readonly certificate: string
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly state: 'pending' | 'firing'
}

export class PrometheusProcess {
  readonly #folder: string
  #origin = ''
  #child: ChildProcess | undefined
  #said = ''

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Scrapes and judges each second. */
  async start(nodes: readonly ScrapedNode[], rules: string): Promise<void> {
    const configuration = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: nodes.map(({ job, target, tokenFile, certificate }) => ({
        ...{ job_name: job, scheme: 'https', authorization: { credentials_file: tokenFile } },
        tls_config: { ca_file: certificate },
        static_configs: [{ targets: [target] }]
      }))
    }
    // YAML is a superset of JSON.
    const path = join(this.#folder, 'prometheus.yml')
    writeFileSync(path, JSON.stringify(configuration))
    const listen = `127.0.0.1:${await freePort()}`
    this.#origin = `http://${listen}`
    const child = spawn(
      PROMETHEUS,
      [
        ...[`--config.file=${path}`, `--storage.tsdb.path=${join(this.#folder, 'tsdb')}`],
        ...[`--web.listen-address=${listen}`, '--log.level=warn']
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] }
    )
    this.#child = child
    child.stderr.on('data', (bytes: Buffer) => {
      this.#said = (this.#said + bytes.toString()).slice(-4000)
    })
    for (;;) {
      assert.equal(child.exitCode, null, `prometheus ended: ${this.#said}`)
      const answer = await fetch(`${this.#origin}/-/ready`).catch(() => undefined)
      await answer?.arrayBuffer()
      if (answer?.ok === true) return
      await delay(50)
    }
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.#origin}/api/v1/${path}`)
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string }
    assert.equal(status, 'success', `${path}: ${error}`)
    return data
  }

  async query(expression: string): Promise<Series[]> {
    const { resultType, result } = await this.get<{
      resultType: string
      result: { metric: Record<string, string>; value: [number, string] }[]
    }>(`query?query=${encodeURIComponent(expression)}`)
    assert.equal(resultType, 'vector', expression)
    return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }))
  }

  /** What fires now, by this name. */
  async firing(name: string): Promise<FiringAlert[]> {
    const { alerts } = await this.get<{ alerts: FiringAlert[] }>('alerts')
    return alerts.filter(({ labels, state }) => labels.alertname === name && state === 'firing')
  }

  /** Ends it by its own process id. */
  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

export const { isMissing, skip: skipWithoutPrometheus } = debianProgram(PROMETHEUS, 'prometheus')
