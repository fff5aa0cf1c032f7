/** Draws the map of sites. What it shows is a list of sites in words, with lines beside it for who sees them. */

import { Text } from '@mantine/core'
import type { CSSProperties, ReactNode } from 'react'
import { Link } from 'react-router'
import { Dot } from '../../components/dot.tsx'
import { formatRate } from '../../components/words.ts'
import classes from './site-map.module.css'
import { bundlePixels, linePath, lineWidth, ROW_PIXELS, type SiteFacts, type SiteRow } from './site-map.ts'

/** Below it nothing is said to flow: links say hello to each other all the time. */
const FLOW_MIN = 1_000

interface SiteMapProps {
  readonly rows: readonly SiteRow[]
  /** What this node is called. */
  readonly node: string
  /** The link of the site whose devices are shown. */
  readonly chosen: string | null
  readonly linkOf: (site: SiteFacts) => string
}

export function SiteMap({ rows, node, chosen, linkOf }: SiteMapProps): ReactNode {
  const style = { '--row': `${ROW_PIXELS}px`, '--bundle': `${bundlePixels(rows.length)}px` } as CSSProperties
  return (
    <div className={classes.map} style={style}>
      <div className={classes.node}>
        <Text size="sm" fw={650} truncate>
          {node}
        </Text>
        <Text size="xs" c="dimmed">
          this node
        </Text>
      </div>
      <Lines rows={rows} />
      <ul className={classes.sites}>
        {rows.map(row => (
          <Site key={row.label} row={row} isChosen={!row.isRest && chosen === linkOf(row)} to={linkOf(row)} />
        ))}
      </ul>
    </div>
  )
}

function Lines({ rows }: { readonly rows: readonly SiteRow[] }): ReactNode {
  return (
    <svg
      className={classes.lines}
      viewBox={`0 0 100 ${rows.length * ROW_PIXELS}`}
      preserveAspectRatio="none"
      height={rows.length * ROW_PIXELS}
      aria-hidden="true"
    >
      {rows.map((row, index) => (
        <Lanes key={row.label} row={row} index={index} count={rows.length} />
      ))}
    </svg>
  )
}

interface Lane {
  readonly way: 'in' | 'out'
  readonly rate: number
}

/** What comes in runs above what goes out. */
function Lanes(props: { readonly row: SiteRow; readonly index: number; readonly count: number }): ReactNode {
  const { row, index, count } = props
  const { receiveBytesPerSecond, sendBytesPerSecond, linked } = row
  const lanes: readonly Lane[] = [
    { way: 'in', rate: receiveBytesPerSecond },
    { way: 'out', rate: sendBytesPerSecond }
  ]
  const flowing = lanes.filter(({ rate }) => rate >= FLOW_MIN)
  if (flowing.length === 0)
    return <path className={classes.line} data-linked={linked > 0} d={linePath(index, count, 0)} />
  return flowing.map(({ way, rate }) => {
    const width = lineWidth(rate)
    const side = flowing.length === 1 ? 0 : way === 'in' ? -1 : 1
    const d = linePath(index, count, side * (width / 2 + 1))
    return (
      <g key={way} data-way={way} className={classes.lane}>
        <path d={d} strokeWidth={width} />
        <path className={classes.flow} d={d} strokeWidth={Math.max(2, width - 2)} />
      </g>
    )
  })
}

function Site(props: { readonly row: SiteRow; readonly isChosen: boolean; readonly to: string }): ReactNode {
  const { row, isChosen, to } = props
  const { label, region, isOwn, isRest, linked } = row
  return (
    <li className={classes.site} data-chosen={isChosen}>
      <Dot tone={linked > 0 ? 'good' : 'quiet'} />
      <div className={classes.words}>
        <Text size="sm" fw={600} truncate component="div">
          {isRest ? (
            label
          ) : (
            <Link className={classes.link} to={isChosen ? '?' : to} aria-current={isChosen}>
              {label}
            </Link>
          )}
          {(isOwn || region !== null) && (
            <Text span inherit fw={400} c="dimmed">
              {isOwn ? ' (here)' : ` ${region}`}
            </Text>
          )}
        </Text>
        <Text size="xs" c="dimmed" truncate component="div">
          {linkText(row)}
        </Text>
      </div>
      <Rates row={row} />
    </li>
  )
}

/** "2 of 5 linked, 19.0 ms"; at the own site this node itself is none of them. */
function linkText({ devices, linked, rttMs, isOwn }: SiteRow): string {
  const others = isOwn ? devices - 1 : devices
  if (others === 0) return 'no other device'
  const away = rttMs === null || linked === 0 ? '' : `, ${rttMs < 1 ? 'below 1' : rttMs.toFixed(1)} ms`
  return `${linked.toLocaleString('en')} of ${others.toLocaleString('en')} linked${away}`
}

function Rates({ row }: { readonly row: SiteRow }): ReactNode {
  const { receiveBytesPerSecond: receive, sendBytesPerSecond: send } = row
  if (receive < FLOW_MIN && send < FLOW_MIN)
    return (
      <Text size="xs" c="dimmed" className={classes.rates ?? ''}>
        idle
      </Text>
    )
  return (
    <div className={classes.rates}>
      <Rate way="in" rate={receive} />
      <Rate way="out" rate={send} />
    </div>
  )
}

function Rate({ way, rate }: Lane): ReactNode {
  const words = way === 'in' ? 'received from there' : 'sent there'
  return (
    <Text
      size="xs"
      component="div"
      className={classes.rate ?? ''}
      data-way={way}
      data-idle={rate < FLOW_MIN}
      title={words}
    >
      <span aria-hidden="true">{way === 'in' ? '←' : '→'}</span> {formatRate(rate)}
    </Text>
  )
}
