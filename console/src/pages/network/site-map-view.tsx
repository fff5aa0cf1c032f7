/** The map of sites as a picture. The table of sites beside it says the same in words. */

import type { ReactNode } from 'react'
import { counted, formatRate } from '../../components/words.ts'
import classes from './site-map.module.css'
import { lineWidth, MAP, type PlacedSite, placeSites, type SiteFacts } from './site-map.ts'

/** Below it nothing is said to flow: links say hello to each other all the time. */
const FLOW_MIN = 1_000

export function SiteMap({ sites }: { readonly sites: readonly SiteFacts[] }): ReactNode {
  const placed = placeSites(sites)
  const own = placed.find(({ isOwn }) => isOwn)
  const words = placed
    .map(({ label, devices, linked }) => `${label}: ${counted(devices, 'device')}, ${linked} linked`)
    .join('; ')
  return (
    <svg
      className={classes.map}
      viewBox={`0 0 ${MAP.width} ${MAP.height}`}
      role="img"
      aria-label={`Map of sites. ${words}`}
    >
      {own !== undefined &&
        placed.filter(site => site !== own).map(site => <Line key={site.label} own={own} site={site} />)}
      {placed.map(site => (
        <Site key={site.label} site={site} />
      ))}
    </svg>
  )
}

function Line({ own, site }: { readonly own: PlacedSite; readonly site: PlacedSite }): ReactNode {
  const { receiveBytesPerSecond: receive, sendBytesPerSecond: send, linked } = site
  const total = receive + send
  const isFlowing = total >= FLOW_MIN
  const middle = { x: own.x + (site.x - own.x) * 0.52, y: own.y + (site.y - own.y) * 0.52 }
  const ends = receive > send ? [site, own] : [own, site]
  return (
    <g data-linked={linked > 0}>
      <path
        className={classes.line}
        data-linked={linked > 0}
        d={`M${own.x} ${own.y}L${site.x} ${site.y}`}
        strokeWidth={linked > 0 ? lineWidth(total) : 1.5}
      />
      {isFlowing && (
        <>
          <path
            className={classes.flow}
            d={`M${ends[0]?.x} ${ends[0]?.y}L${ends[1]?.x} ${ends[1]?.y}`}
            strokeWidth={Math.max(2, lineWidth(total) - 2)}
          />
          <text className={classes.rate} x={middle.x} y={middle.y - 6}>
            {formatRate(total)}
          </text>
        </>
      )}
    </g>
  )
}

function Site({ site }: { readonly site: PlacedSite }): ReactNode {
  const { x, y, radius, label, devices, linked, isOwn, region } = site
  // Away from the lines, which come from the middle.
  const isAbove = y < MAP.height / 2 - radius
  const labelY = isAbove ? y - radius - (region === null ? 8 : 23) : y + radius + 17
  return (
    <g>
      <circle
        className={classes.site}
        data-own={isOwn}
        data-linked={isOwn || linked > 0}
        cx={x}
        cy={y}
        r={radius}
      />
      <text className={classes.count} data-own={isOwn} data-linked={isOwn || linked > 0} x={x} y={y + 5}>
        {devices.toLocaleString('en')}
      </text>
      <text className={classes.label} x={x} y={labelY}>
        {label}
      </text>
      {region !== null && (
        <text className={classes.region} x={x} y={labelY + 15}>
          {region}
        </text>
      )}
    </g>
  )
}
