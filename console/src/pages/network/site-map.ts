/**
 * The map of sites: this node at the left, each site in a row at the right, and a line between them for what goes each
 * way. The own site comes first, then the largest; beyond a number of rows the smallest sites are one, so that the map
 * is of one size however many devices there are. All is in pixels but the way along a line, which is in hundredths.
 */

export interface SiteFacts {
  /** Null for devices whose site is not known. */
  readonly site: string | null
  readonly region: string | null
  readonly isOwn: boolean
  readonly devices: number
  readonly linked: number
  readonly rttMs: number | null
  readonly receiveBytesPerSecond: number
  readonly sendBytesPerSecond: number
}

export interface SiteRow extends SiteFacts {
  readonly label: string
  /** Several small sites, which are none that one could go to. */
  readonly isRest: boolean
}

export const SITES_MAX = 10
export const ROW_PIXELS = 56
/** Between lines where they leave this node. */
const BUNDLE_PIXELS = 10

export function siteRows(sites: readonly SiteFacts[]): readonly SiteRow[] {
  const all = sites
    .toSorted(
      (a, b) =>
        Number(b.isOwn) - Number(a.isOwn) || b.devices - a.devices || nameOf(a).localeCompare(nameOf(b))
    )
    .map(site => ({ ...site, label: nameOf(site), isRest: false }))
  const rest = all.slice(SITES_MAX)
  return rest.length <= 1 ? all : [...all.slice(0, SITES_MAX), together(rest)]
}

function nameOf({ site }: SiteFacts): string {
  return site ?? 'site not known'
}

function together(sites: readonly SiteFacts[]): SiteRow {
  const sum = (value: (site: SiteFacts) => number) => sites.reduce((all, site) => all + value(site), 0)
  return {
    ...{ label: `${sites.length} more sites`, isRest: true },
    ...{ site: null, region: null, isOwn: false, rttMs: null },
    devices: sum(({ devices }) => devices),
    linked: sum(({ linked }) => linked),
    receiveBytesPerSecond: sum(({ receiveBytesPerSecond }) => receiveBytesPerSecond),
    sendBytesPerSecond: sum(({ sendBytesPerSecond }) => sendBytesPerSecond)
  }
}

/** From this node to the row at `index` of `count`, `shiftPixels` below its middle; `count` rows high. */
export function linePath(index: number, count: number, shiftPixels: number): string {
  const from = (count * ROW_PIXELS) / 2 + (index - (count - 1) / 2) * BUNDLE_PIXELS + shiftPixels
  const to = (index + 0.5) * ROW_PIXELS + shiftPixels
  return `M0 ${from}C50 ${from} 50 ${to} 100 ${to}`
}

/** How high lines stand where they leave this node. */
export function bundlePixels(count: number): number {
  return count * BUNDLE_PIXELS
}

const LINE = { min: 1.5, max: 6, perTenfold: 1, fromBytesPerSecond: 1_000 } as const

/** How wide a flow is drawn: ten times as much is so much wider. */
export function lineWidth(bytesPerSecond: number): number {
  if (bytesPerSecond < LINE.fromBytesPerSecond) return LINE.min
  const tenfolds = Math.log10(bytesPerSecond / LINE.fromBytesPerSecond)
  return Math.min(LINE.max, LINE.min + LINE.perTenfold * tenfolds)
}
