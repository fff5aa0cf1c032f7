/** What metrics there are, for tests of the files that name them. */

import { metricsReport } from '../../api/metrics.ts'
import { Exposition } from './exposition.ts'
import { FAMILIES } from './families.ts'
import { MEASURES } from './measures-sample.conformance.ts'

/** Words of PromQL, and what Prometheus itself makes. */
const OTHERS: readonly string[] = ['up', 'ALERTS']
const METRIC = /\b(?:peerage|process|nodejs)_[a-z0-9_]+|\bup\b|\bALERTS\b/g
const SELECTOR = /\b([a-z0-9_]+)\{([^}]*)\}/g
const OF_HISTOGRAM = /_(?:bucket|sum|count)$/
/** Labels that Prometheus adds to each series, and that of the buckets of a histogram. */
const ALL_HAVE: readonly string[] = ['job', 'instance', 'le']

export class MetricNames {
  readonly #types: ReadonlyMap<string, string>

  private constructor(types: ReadonlyMap<string, string>) {
    this.#types = types
  }

  static async read(): Promise<MetricNames> {
    const exposition = new Exposition({
      ...{ measures: async () => MEASURES, software: 'peerage/1.2.3', ofProcess: true }
    })
    const { metrics } = metricsReport.parse(JSON.parse((await exposition.expose('json')).body))
    return new MetricNames(new Map(metrics.map(({ name, type }) => [name, type])))
  }

  /** What an expression of PromQL asks for that no node has; in words, none if all is well. */
  faults(expression: string): string[] {
    const named = [...expression.matchAll(METRIC)].map(([name]) => name)
    const faults = named.filter(name => !this.#has(name)).map(name => `there is no metric ${name}`)
    if (named.length === 0) faults.push('it names no metric')
    for (const [, name = '', matchers = ''] of expression.matchAll(SELECTOR)) {
      const labels = FAMILIES.find(family => family.name === name)?.labels
      if (labels === undefined) continue
      for (const [, label = ''] of matchers.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g))
        if (!labels.includes(label) && !ALL_HAVE.includes(label)) faults.push(`${name} has no label ${label}`)
    }
    return faults
  }

  #has(name: string): boolean {
    const histogram = name.replace(OF_HISTOGRAM, '')
    return (
      OTHERS.includes(name) ||
      this.#types.has(name) ||
      (histogram !== name && this.#types.get(histogram) === 'histogram')
    )
  }
}
