/**
 * Where sites lie on the map and what goes between them: this node's own in the middle, the others round it, the
 * largest first. The map is of sites, however many devices there are; beyond a number of sites the smallest are one.
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

export interface PlacedSite extends SiteFacts {
  readonly label: string
  readonly x: number
  readonly y: number
  readonly radius: number
}

export const SITES_MAX = 10
export const MAP = { width: 520, height: 350 } as const
const RADIUS = { min: 14, max: 25, perTenfold: 5 } as const
const RING = { x: 196, y: 112 } as const

export function placeSites(sites: readonly SiteFacts[]): PlacedSite[] {
  const [own = [], others = []] = [sites.filter(({ isOwn }) => isOwn), sites.filter(({ isOwn }) => !isOwn)]
  const bySize = others.toSorted((a, b) => b.devices - a.devices || nameOf(a).localeCompare(nameOf(b)))
  const [shown, rest] = [bySize.slice(0, SITES_MAX), bySize.slice(SITES_MAX)]
  const ring = rest.length === 0 ? shown : [...shown, together(rest)]
  const centre = { x: MAP.width / 2, y: MAP.height / 2 }
  return [
    ...own.map(site => placed(site, nameOf(site), centre)),
    ...ring.map((site, index) => {
      const angle =
        (2 * Math.PI * index) / ring.length -
        Math.PI / 2 +
        (ring.length % 2 === 0 ? Math.PI / ring.length : 0)
      const at = { x: centre.x + RING.x * Math.cos(angle), y: centre.y + RING.y * Math.sin(angle) }
      return placed(site, index < shown.length ? nameOf(site) : `${rest.length} more sites`, at)
    })
  ]
}

function nameOf({ site }: SiteFacts): string {
  return site ?? 'site not known'
}

function placed(
  site: SiteFacts,
  label: string,
  { x, y }: { readonly x: number; readonly y: number }
): PlacedSite {
  const radius = Math.min(RADIUS.max, RADIUS.min + RADIUS.perTenfold * Math.log10(Math.max(1, site.devices)))
  return { ...site, label, x: Math.round(x), y: Math.round(y), radius: Math.round(radius) }
}

function together(sites: readonly SiteFacts[]): SiteFacts {
  const sum = (value: (site: SiteFacts) => number) => sites.reduce((all, site) => all + value(site), 0)
  return {
    ...{ site: null, region: null, isOwn: false, rttMs: null },
    devices: sum(({ devices }) => devices),
    linked: sum(({ linked }) => linked),
    receiveBytesPerSecond: sum(({ receiveBytesPerSecond }) => receiveBytesPerSecond),
    sendBytesPerSecond: sum(({ sendBytesPerSecond }) => sendBytesPerSecond)
  }
}

const LINE = { min: 1.5, max: 9, perTenfold: 1.5, fromBytesPerSecond: 1_000 } as const

/** How wide a flow is drawn: ten times as much is so much wider. */
export function lineWidth(bytesPerSecond: number): number {
  if (bytesPerSecond < LINE.fromBytesPerSecond) return LINE.min
  const tenfolds = Math.log10(bytesPerSecond / LINE.fromBytesPerSecond)
  return Math.min(LINE.max, LINE.min + LINE.perTenfold * tenfolds)
}
