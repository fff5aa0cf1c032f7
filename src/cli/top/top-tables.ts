/** The tables of the live view: which columns each has, in which order its rows come. Pure. */

import type { ActivePeer, ActiveTransfer, Activity, Misbehaved, SiteLink } from '../../api/activity.ts'
import { shortId } from '../../base/ids.ts'
import { formatBytes, formatDuration, formatRate } from '../../base/units.ts'
import { named } from '../acted.ts'
import { percent } from '../progress.ts'
import { restraintsText } from '../restraint-text.ts'
import { type Paint, relativeTime, type Style } from '../text.ts'
import { type FittedColumn, renderFitted } from './fitted-table.ts'
import { sortOf, type Tab, type TopView } from './top-view.ts'

interface TableTerms {
  readonly width: number
  readonly paint: Paint
}

const BAR_COLUMNS_MIN = 10

function bar(part: number, whole: number, columns: number): string {
  const inner = Math.max(BAR_COLUMNS_MIN, columns) - 2
  const share = whole <= 0 ? 1 : part / whole
  // What is not complete never looks complete.
  const filled = share >= 1 ? inner : Math.min(inner - 1, Math.floor(share * inner))
  return `[${'#'.repeat(Math.max(0, filled))}${'.'.repeat(inner - Math.max(0, filled))}]`
}

function rate(bytesPerSecond: number): string {
  return bytesPerSecond < 1 ? '-' : formatRate(bytesPerSecond)
}

const STATE_STYLES: Readonly<Record<ActiveTransfer['state'], Style | undefined>> = {
  fetching: 'green',
  waiting: 'yellow',
  queued: 'yellow',
  paused: 'dim',
  serving: 'cyan',
  complete: 'dim',
  stopped: 'dim',
  failed: 'red'
}

const TRANSFER_COLUMNS: readonly FittedColumn<ActiveTransfer>[] = [
  {
    title: 'DATASET',
    expendable: 0,
    cutTo: 16,
    value: row => (row.name === null ? shortId(row.version) : `${row.name}@${row.ordinal}`)
  },
  { title: 'STATE', expendable: 0, value: row => row.state, style: row => STATE_STYLES[row.state] },
  {
    title: 'PROGRESS',
    expendable: 5,
    cutTo: BAR_COLUMNS_MIN,
    grows: true,
    value: (row, columns) => bar(row.haveBytes, row.totalBytes, columns)
  },
  {
    title: 'DONE',
    align: 'right',
    expendable: 0,
    value: row => `${percent(row.haveBytes, row.totalBytes)}%`
  },
  { title: 'SIZE', align: 'right', expendable: 4, value: row => formatBytes(row.totalBytes) },
  { title: 'DOWN', align: 'right', expendable: 0, value: row => rate(row.receiveBytesPerSecond) },
  { title: 'UP', align: 'right', expendable: 2, value: row => rate(row.sendBytesPerSecond) },
  {
    title: 'ETA',
    align: 'right',
    expendable: 1,
    value: row =>
      `${row.etaMs === null ? '-' : formatDuration(row.etaMs)}${row.outlook === 'late' ? ' late' : ''}`
  },
  { title: 'PEERS', align: 'right', expendable: 6, value: row => String(row.peers) },
  {
    // How much of a copy this device itself has brought over the links between sites.
    title: 'WAN',
    align: 'right',
    expendable: 7,
    value: row => (row.totalBytes === 0 ? '-' : `${(row.wanBytes / row.totalBytes).toFixed(2)}x`)
  },
  { title: 'DESTINATION', expendable: 9, cutTo: 12, value: row => row.destination ?? '-' },
  {
    title: 'PROBLEM',
    expendable: 8,
    cutTo: 16,
    value: row => row.problem?.message ?? restraintsText(row.restraints),
    style: () => 'yellow'
  }
]

/** A peer with what it did wrong, if anything. */
export interface PeerRow extends ActivePeer {
  readonly misbehaved: Misbehaved | undefined
}

function peerState(row: PeerRow, nowMs: number): string {
  const { misbehaved: bad } = row
  if (bad !== undefined) {
    const what = `${bad.reason} x${bad.count}`
    return bad.bannedUntilMs === null || bad.bannedUntilMs <= nowMs
      ? `${what}, ${relativeTime(bad.lastAtMs, nowMs)}`
      : `banned for ${formatDuration(bad.bannedUntilMs - nowMs)}: ${what}`
  }
  if (row.stalled) return 'stalled'
  if (row.chokesUs && row.streams > 0) return 'chokes'
  if (row.receiveBytesPerSecond + row.sendBytesPerSecond >= 1) return 'active'
  return row.connected ? 'linked' : 'gone'
}

function peerStyle(row: PeerRow): Style | undefined {
  if (row.misbehaved !== undefined) return 'red'
  if (row.stalled) return 'yellow'
  return row.connected ? undefined : 'dim'
}

function peerColumns(nowMs: number): FittedColumn<PeerRow>[] {
  return [
    {
      title: 'PEER',
      expendable: 0,
      cutTo: 12,
      value: named,
      style: peerStyle
    },
    { title: 'SITE', expendable: 2, cutTo: 8, value: row => `${row.site ?? '-'}${row.sameSite ? ' *' : ''}` },
    { title: 'DOWN', align: 'right', expendable: 0, value: row => rate(row.receiveBytesPerSecond) },
    { title: 'UP', align: 'right', expendable: 0, value: row => rate(row.sendBytesPerSecond) },
    { title: 'IN FLIGHT', align: 'right', expendable: 7, value: row => formatBytes(row.inFlightBytes) },
    {
      title: 'HAVE',
      align: 'right',
      expendable: 3,
      value: row => (row.totalPieces === 0 ? '-' : `${percent(row.havePieces, row.totalPieces)}%`)
    },
    {
      title: 'RTT',
      align: 'right',
      expendable: 4,
      value: row => (row.rttMs === null ? '-' : `${row.rttMs.toFixed(1)} ms`)
    },
    { title: 'RECEIVED', align: 'right', expendable: 5, value: row => formatBytes(row.receivedBytes) },
    { title: 'SENT', align: 'right', expendable: 6, value: row => formatBytes(row.sentBytes) },
    { title: 'STATE', expendable: 1, cutTo: 30, value: row => peerState(row, nowMs), style: peerStyle }
  ]
}

function linkColumns(ownSite: string): FittedColumn<SiteLink>[] {
  return [
    {
      title: 'LINK',
      expendable: 0,
      cutTo: 20,
      value: row => (row.own ? `${ownSite} (LAN)` : `${ownSite} - ${row.site ?? 'not known'}`)
    },
    { title: 'PEERS', align: 'right', expendable: 2, value: row => String(row.connected) },
    { title: 'DOWN', align: 'right', expendable: 0, value: row => rate(row.receiveBytesPerSecond) },
    { title: 'UP', align: 'right', expendable: 0, value: row => rate(row.sendBytesPerSecond) },
    { title: 'RECEIVED', align: 'right', expendable: 1, value: row => formatBytes(row.receivedBytes) },
    { title: 'SENT', align: 'right', expendable: 1, value: row => formatBytes(row.sentBytes) },
    { title: 'IN FLIGHT', align: 'right', expendable: 4, value: row => formatBytes(row.inFlightBytes) },
    {
      title: 'RTT',
      align: 'right',
      expendable: 3,
      value: row => (row.rttMs === null ? '-' : `${row.rttMs.toFixed(1)} ms`)
    }
  ]
}

type Order<Row> = (a: Row, b: Row) => number

const byText =
  <Row>(text: (row: Row) => string): Order<Row> =>
  (a, b) =>
    text(a) < text(b) ? -1 : Number(text(a) > text(b))
const byNumber =
  <Row>(number: (row: Row) => number): Order<Row> =>
  (a, b) =>
    number(b) - number(a)
const flowOf = (row: { receiveBytesPerSecond: number; sendBytesPerSecond: number }) =>
  row.receiveBytesPerSecond + row.sendBytesPerSecond

const TRANSFER_ORDERS: Readonly<Record<string, Order<ActiveTransfer>>> = {
  rate: byNumber(flowOf),
  name: byText(row => `${row.name ?? ''}@${String(row.ordinal).padStart(8)}`),
  done: byNumber(row => row.haveBytes / Math.max(1, row.totalBytes))
}
/** Names that are left blank come last; the site is a second word, so that a list by site is one by name within it. */
const PEER_ORDERS: Readonly<Record<string, Order<PeerRow>>> = {
  rate: byNumber(flowOf),
  name: byText(row => row.name ?? `~${row.device}`),
  site: byText(row => `${row.site ?? '~'} ${row.name ?? row.device}`),
  bytes: byNumber(row => row.receivedBytes + row.sentBytes)
}
const LINK_ORDERS: Readonly<Record<string, Order<SiteLink>>> = {
  rate: byNumber(flowOf),
  bytes: byNumber(row => row.receivedBytes + row.sentBytes)
}

export function peerRows({ peers, misbehaved }: Activity): PeerRow[] {
  const bad = new Map(misbehaved.map(entry => [entry.device, entry]))
  return peers.map(peer => ({ ...peer, misbehaved: bad.get(peer.device) }))
}

/** Lines of one table, the heading first. In the order of the node where the sort is the table's first. */
export function tableLines(activity: Activity, view: TopView, terms: TableTerms): string[] {
  const sort = sortOf(view)
  switch (view.tab) {
    case 'transfers':
      return renderFitted(activity.transfers.toSorted(TRANSFER_ORDERS[sort] ?? (() => 0)), {
        ...terms,
        columns: TRANSFER_COLUMNS
      })
    case 'peers':
      return renderFitted(peerRows(activity).toSorted(PEER_ORDERS[sort] ?? (() => 0)), {
        ...terms,
        columns: peerColumns(activity.atMs)
      })
    case 'links':
      return renderFitted(activity.links.toSorted(LINK_ORDERS[sort] ?? (() => 0)), {
        ...terms,
        columns: linkColumns(activity.device.site)
      })
  }
}

export function rowCount(activity: Activity, tab: Tab): number {
  return { transfers: activity.transfers, peers: activity.peers, links: activity.links }[tab].length
}
