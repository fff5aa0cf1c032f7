/** Series of measurements in words, and their values. */

import type { Answer } from '../api/routes.ts'
import { PALETTE } from '../palette.ts'
import { durationText, formatBytes } from './words.ts'

export type History = Answer<'history'>

export interface FlowSeries {
  readonly name: string
  readonly label: string
  readonly light: string
  readonly dark: string
}

/** One under the other in a chart, so each has a colour of its own. */
export const RECEIVED: readonly FlowSeries[] = [
  { name: 'received/same-site', label: 'from the same site', ...PALETTE.near },
  { name: 'received/other-sites', label: 'from other sites', ...PALETTE.far },
  { name: 'received/origins', label: 'from origins', ...PALETTE.origin }
]
export const SENT: readonly FlowSeries[] = [
  { name: 'sent/same-site', label: 'to the same site', ...PALETTE.near },
  { name: 'sent/other-sites', label: 'to other sites', ...PALETTE.far }
]

const NAMES: Readonly<Record<string, string>> = {
  'received/same-site': 'Received from the same site',
  'received/other-sites': 'Received from other sites',
  'received/origins': 'Received from origins',
  'sent/same-site': 'Sent to the same site',
  'sent/other-sites': 'Sent to other sites',
  reused: 'Reused from other files here',
  peers: 'Connected devices',
  transfers: 'Transfers',
  'event-loop-delay': 'Event loop delay',
  'commit-time': 'Time until writes are durable',
  'read-time': 'Time to read a MiB of content',
  cpu: 'Processor, as a share of a core',
  'cpu-wait': 'Waiting for a processor, as a share of the time',
  retransmits: 'TCP segments sent again'
}
const OF_SITE = /^(received|sent)\/site\/(.+)$/

export function seriesText(name: string): string {
  const [, way, site] = OF_SITE.exec(name) ?? []
  if (way !== undefined && site !== undefined)
    return way === 'received' ? `Received from ${site}` : `Sent to ${site}`
  return NAMES[name] ?? name
}

const DIGITS = 2

export function valueText(unit: History['unit'], value: number): string {
  if (unit === 'bytes') return formatBytes(value)
  if (unit === 'ms') return durationText(value)
  if (unit === 'share') return `${Number((value * 100).toFixed(DIGITS))} %`
  return String(Number(value.toFixed(DIGITS)))
}

/** The largest of all points, and the sum; null without any. */
export function sumUp({
  points
}: Pick<History, 'points'>): { readonly sum: number; readonly max: number } | null {
  if (points.length === 0) return null
  return {
    sum: points.reduce((total, point) => total + point.sum, 0),
    max: Math.max(...points.map(({ max }) => max))
  }
}
