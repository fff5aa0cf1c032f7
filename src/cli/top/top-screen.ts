/**
 * The live view as lines: a pure function of what the node said, what a person chose to see, and the size of the
 * terminal. Every line fits the width, and there are never more lines than rows.
 */

import type { Activity } from '../../api/activity.ts'
import { formatBytes, formatDuration, formatRate } from '../../base/units.ts'
import { type Paint, plural, printable } from '../text.ts'
import { clipped, cut, type Part } from './fitted-table.ts'
import { type Glyphs, type RateHistory, sparkline } from './rate-history.ts'
import { rowCount, tableLines } from './top-tables.ts'
import { sortOf, TABS, type TopView } from './top-view.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface TopState {
  readonly activity: Activity
  readonly history: RateHistory
  readonly view: TopView
  /** Something that hinders the view, such as a node that went away. */
  readonly note: string | undefined
}

export interface Look {
  readonly paint: Paint
  readonly glyphs: Glyphs
}

const COLUMNS_MIN = 20
const ROWS_MIN = 3
/** Below, only the first line stays above the table, and no help below it. */
const ROWS_FULL = 12
const LABEL_COLUMNS = 4
const RATE_COLUMNS = 11
const TOTAL_COLUMNS = 30
const SPARK_COLUMNS_MAX = 120

export function renderTop(state: TopState, size: Size, look: Look): string[] {
  const { columns, rows } = size
  if (columns < COLUMNS_MIN || rows < ROWS_MIN) return [cut('too small', columns)].slice(0, rows)
  const isFull = rows >= ROWS_FULL
  const above = isFull ? headLines(state, columns, look) : [titleLine(state, columns, look)]
  const help = isFull ? [helpLine(columns, look.paint)] : []
  const room = rows - above.length - help.length
  const table = tableLines(state.activity, state.view, { width: columns, paint: look.paint })
  const [heading = '', ...body] = table
  const shown = Math.max(0, room - 1)
  const first = Math.min(state.view.scroll, Math.max(0, body.length - shown))
  const visible = body.length === 0 ? [emptyLine(state.view)] : body.slice(first, first + shown)
  const lines = [...above, heading, ...visible].slice(0, rows - help.length)
  const blank = Array<string>(Math.max(0, rows - help.length - lines.length)).fill('')
  return [...lines, ...blank, ...help]
}

/** Rows of the table that fit. */
export function rowsShown(state: TopState, { columns, rows }: Size): number {
  const plain = { paint: (_: unknown, text: string) => text, glyphs: 'ascii' as const }
  if (rows < ROWS_FULL) return Math.max(1, rows - 2)
  return Math.max(1, rows - headLines(state, columns, plain).length - 2)
}

/** Everything at once, for a file or a pipe. */
export function renderSnapshot(state: TopState, columns: number, look: Look): string[] {
  const tables = TABS.flatMap(tab => {
    const view = { ...state.view, tab }
    const count = rowCount(state.activity, tab)
    const lines =
      count === 0
        ? [emptyLine(view)]
        : tableLines(state.activity, view, { width: columns, paint: look.paint })
    return ['', look.paint('bold', tab), ...lines]
  })
  return [...aboveLines(state, columns, look), ...tables, ...troubleDetails(state.activity)]
}

function headLines(state: TopState, columns: number, look: Look): string[] {
  return [...aboveLines(state, columns, look), tabLine(state, columns, look.paint)]
}

function aboveLines(state: TopState, columns: number, look: Look): string[] {
  return [
    titleLine(state, columns, look),
    ...rateLines(state, columns, look),
    troubleLine(state, columns, look.paint)
  ]
}

function titleLine({ activity, note }: TopState, columns: number, { paint }: Look): string {
  const { device, org, peersConnected, peersKnown, atMs, startedAtMs } = activity
  const who = printable(`${device.name}, site ${device.site}, org ${org.name}`)
  if (note !== undefined)
    return clipped(
      [
        { text: who, style: 'bold' },
        { text: printable(note), style: 'red' }
      ],
      columns,
      paint
    )
  const parts: Part[] = [
    { text: who, style: 'bold' },
    { text: `peers ${peersConnected}/${peersKnown}` },
    { text: `up ${formatDuration(Math.max(0, atMs - startedAtMs))}` },
    { text: new Date(atMs).toISOString().slice(11, 19) }
  ]
  return clipped(parts, columns, paint)
}

function rateLines({ activity, history }: TopState, columns: number, { paint, glyphs }: Look): string[] {
  const wasted = activity.wastedBytes > 0 ? `, ${formatBytes(activity.wastedBytes)} wasted` : ''
  const line = (label: string, now: number, total: string, rates: readonly number[]): string => {
    const room = columns - LABEL_COLUMNS - RATE_COLUMNS - TOTAL_COLUMNS - 6
    const spark = sparkline(rates, Math.min(SPARK_COLUMNS_MAX, room), glyphs)
    const parts: Part[] = [
      { text: label.padEnd(LABEL_COLUMNS), style: 'dim' },
      { text: formatRate(now).padStart(RATE_COLUMNS) },
      ...(room > 0 ? [{ text: spark, style: 'green' as const }] : []),
      { text: total }
    ]
    return clipped(parts, columns, paint)
  }
  const { receiveBytesPerSecond: down, sendBytesPerSecond: up, receivedBytes, sentBytes } = activity
  return [
    line('down', down, `total ${formatBytes(receivedBytes)}${wasted}`, history.received),
    line('up', up, `total ${formatBytes(sentBytes)}`, history.sent)
  ]
}

function troubleLine({ activity }: TopState, columns: number, paint: Paint): string {
  const { problems, misbehaved, atMs } = activity
  const banned = misbehaved.filter(({ bannedUntilMs }) => bannedUntilMs !== null && bannedUntilMs > atMs)
  const [worst] = banned.length > 0 ? banned : misbehaved
  const [problem] = problems
  const named =
    worst === undefined
      ? ''
      : `: ${worst.name ?? worst.device.slice(0, 12)} (${worst.reason} x${worst.count})`
  const bad = `${plural(misbehaved.length, 'peer')} misbehaved, ${banned.length} banned now${named}`
  const parts: Part[] = [
    ...(worst === undefined ? [] : [{ text: printable(bad), style: 'red' as const }]),
    ...(problem === undefined
      ? []
      : [
          {
            text: printable(`${plural(problems.length, 'problem')}: ${problem.code} ${problem.message}`),
            style: 'yellow' as const
          }
        ])
  ]
  return clipped(parts, columns, paint)
}

function troubleDetails({ problems, misbehaved }: Activity): string[] {
  return [
    ...(misbehaved.length === 0 ? [] : ['', 'misbehaved']),
    ...misbehaved.map(({ name, device, site, reason, detail, count }) =>
      printable(`  ${name ?? device} (${site ?? 'site not known'}): ${reason} x${count}, last: ${detail}`)
    ),
    ...(problems.length === 0 ? [] : ['', 'problems']),
    ...problems.map(({ code, message }) => printable(`  ${code}: ${message}`))
  ]
}

function tabLine({ activity, view }: TopState, columns: number, paint: Paint): string {
  const tabs = TABS.map((tab): Part => {
    const text = `${tab} ${rowCount(activity, tab)}`
    return tab === view.tab ? { text: `[${text}]`, style: 'cyan' } : { text: ` ${text} ` }
  })
  return clipped([...tabs, { text: `by ${sortOf(view)}`, style: 'dim' }], columns, paint, 1)
}

function emptyLine({ tab }: TopView): string {
  return { transfers: 'no transfers', peers: 'no peers', links: 'nothing crosses any link' }[tab]
}

function helpLine(columns: number, paint: Paint): string {
  const text = 'q quit  tab next view  t transfers  p peers  l links  s sort  up/down scroll'
  return paint('dim', cut(text, columns))
}
