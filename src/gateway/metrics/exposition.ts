/**
 * The metrics of a node as monitoring reads them. Numbers of the node are asked for once for each scrape; calls of the
 * API, which nobody else counts, are counted here. Metrics of the process have the names that prom-client and the
 * dashboards for it use.
 *
 * One scrape at a time: what is read belongs together.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { METRICS_TYPES, type MetricsFormat, type MetricsReport } from '../../api/metrics.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Measures } from '../../node/measures/measures-terms.ts'
import type { NodeService } from '../../node/service.ts'
import { FAMILIES, type Family } from './families.ts'
import { SiteLabels } from './site-labels.ts'

/** Seconds. */
const CALL_BUCKETS = [0.005, 0.05, 0.5, 5]

export type CallOutcome = 'done' | 'refused' | 'failed'

export interface MeasuredCall {
  /** A name of the table of routes, or `unknown`. */
  readonly route: string
  readonly outcome: CallOutcome
  readonly seconds: number
}

export interface ExpositionInit {
  readonly measures: () => Promise<Measures>
  /** Name and version, as `peerage/1.2.3`. */
  readonly software: string
  /** Whether memory, event loop and garbage collection of this process are measured too. */
  readonly ofProcess?: boolean
}

export interface Exposed {
  readonly contentType: string
  readonly body: string
}

/** The format that a header Accept asks for; of several the one that Prometheus prefers. */
export function formatOf(accept: string | undefined): MetricsFormat {
  const wanted = (accept ?? '').toLowerCase()
  if (wanted.includes('application/openmetrics-text')) return 'openMetrics'
  if (wanted.includes('application/json') && !wanted.includes('text/')) return 'json'
  return 'text'
}

export class Exposition {
  readonly #init: ExpositionInit
  readonly #registry = new Registry()
  readonly #families: readonly { readonly family: Family; readonly metric: Gauge | Counter }[]
  readonly #calls: Counter
  readonly #durations: Histogram
  readonly #certificate: Gauge
  #certificateEndsMs: number | undefined
  readonly #sites = new SiteLabels()
  #last: Promise<unknown> = Promise.resolve()

  constructor(init: ExpositionInit) {
    this.#init = init
    const registers = [this.#registry]
    this.#families = FAMILIES.map(family => {
      const { name, help, labels: labelNames } = family
      const options = { name, help, labelNames: [...labelNames], registers }
      return { family, metric: family.type === 'gauge' ? new Gauge(options) : new Counter(options) }
    })
    this.#calls = new Counter({
      ...{ name: 'peerage_api_calls_total', help: 'Calls of the API.', registers },
      labelNames: ['route', 'outcome']
    })
    this.#durations = new Histogram({
      name: 'peerage_api_call_duration_seconds',
      help: 'How long calls of the API took; streams of events last as long as what they tell of.',
      ...{ labelNames: ['route'], buckets: CALL_BUCKETS, registers }
    })
    const build = new Gauge({
      ...{ name: 'peerage_build_info', help: 'Always 1; the labels say what runs.', registers },
      labelNames: ['version', 'node']
    })
    build.set({ version: init.software.replace(/^.*\//, ''), node: process.versions.node }, 1)
    this.#certificate = new Gauge({
      name: 'peerage_api_certificate_expires_seconds',
      help: 'Until the certificate of the API over TLS ends; absent without that API.',
      ...{ labelNames: [], registers }
    })
    if (init.ofProcess === true) collectDefaultMetrics({ register: this.#registry })
  }

  static of(node: Pick<NodeService, 'measures'>, software: string): Exposition {
    return new Exposition({ measures: () => node.measures(), software })
  }

  called({ route, outcome, seconds }: MeasuredCall): void {
    this.#calls.inc({ route, outcome })
    this.#durations.observe({ route }, seconds)
  }

  /** The API answers with a certificate that ends then. */
  certified(endsMs: number): void {
    this.#certificateEndsMs = endsMs
  }

  /** Everything as of now. */
  expose(format: MetricsFormat): Promise<Exposed> {
    const exposed = this.#last.then(() => this.#expose(format))
    this.#last = exposed.catch(() => undefined)
    return exposed
  }

  async #expose(format: MetricsFormat): Promise<Exposed> {
    const measures = await this.#init.measures()
    for (const { family, metric } of this.#families) {
      metric.reset()
      const samples = family.samples(measures, this.#sites)
      // A family without samples has none: prom-client gives one without labels a 0.
      if (samples.length === 0) metric.remove({})
      for (const { labels, value } of samples) {
        if (metric instanceof Gauge) metric.set({ ...labels }, value)
        else metric.inc({ ...labels }, value)
      }
    }
    this.#certificate.remove()
    if (this.#certificateEndsMs !== undefined)
      this.#certificate.set((this.#certificateEndsMs - Date.now()) / SECOND_MS)
    const contentType = METRICS_TYPES[format]
    return { contentType, body: format === 'json' ? await this.#json() : await this.#text(format) }
  }

  async #text(format: 'text' | 'openMetrics'): Promise<string> {
    if (format === 'text') {
      this.#registry.setContentType(Registry.PROMETHEUS_CONTENT_TYPE)
      return await this.#registry.metrics()
    }
    // prom-client cuts `_total` off the names of counters for OpenMetrics, and leaves them so for what is asked next.
    const named = this.#registry.getMetricsAsArray().map(metric => [metric, metric.name] as const)
    this.#registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    try {
      return await this.#registry.metrics()
    } finally {
      for (const [metric, name] of named) metric.name = name
    }
  }

  async #json(): Promise<string> {
    this.#registry.setContentType(Registry.PROMETHEUS_CONTENT_TYPE)
    const found = await this.#registry.getMetricsAsJSON()
    const report: MetricsReport = {
      metrics: found.map(({ name, type, help, values }) => ({
        ...{ name, type: String(type), help },
        samples: values.map(({ labels, value, ...rest }) => ({
          name: 'metricName' in rest && typeof rest.metricName === 'string' ? rest.metricName : name,
          labels: Object.fromEntries(Object.entries(labels).map(([key, word]) => [key, word ?? ''])),
          value: Number.isFinite(value) ? value : null
        }))
      }))
    }
    return JSON.stringify(report)
  }
}
