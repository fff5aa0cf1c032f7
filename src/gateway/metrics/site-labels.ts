/**
 * Which sites have a label of their own in the metrics: the first so many that were met, for as long as the process
 * runs, so that no series changes what it counts. All others share one.
 */

const SITES_MAX = 32
export const OTHER_SITES = 'other'
export const UNKNOWN_SITE = 'unknown'

export class SiteLabels {
  readonly #max: number
  readonly #known = new Set<string>()

  constructor(max = SITES_MAX) {
    this.#max = max
  }

  of(site: string | null): string {
    if (site === null || site === '') return UNKNOWN_SITE
    if (this.#known.has(site)) return site
    if (this.#known.size >= this.#max || site === OTHER_SITES || site === UNKNOWN_SITE) return OTHER_SITES
    this.#known.add(site)
    return site
  }
}
