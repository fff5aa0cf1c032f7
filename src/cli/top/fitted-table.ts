/**
 * Tables that fit a width exactly: columns that matter least go first, and of those that are left the one that may be
 * cut is. Pure.
 */

import { fitLine } from '../progress.ts'
import { type Paint, printable, type Style, widthOf } from '../text.ts'

export interface FittedColumn<Row> {
  readonly title: string
  readonly align?: 'right'
  /** The higher go first when there is no room; zero never goes. */
  readonly expendable: number
  /** May be cut to this width; others never are. */
  readonly cutTo?: number
  /** Grows with the room that is left. */
  readonly grows?: boolean
  readonly value: (row: Row, columns: number) => string
  readonly style?: (row: Row) => Style | undefined
}

const GAP = 2
/** How wide a column that grows may get. */
const GROWN_MAX = 40

interface Fitted<Row> {
  readonly column: FittedColumn<Row>
  readonly width: number
}

/** A heading and a line for each row, none wider than `columns`. */
export function renderFitted<Row>(
  rows: readonly Row[],
  table: { readonly columns: readonly FittedColumn<Row>[]; readonly width: number; readonly paint: Paint }
): string[] {
  const { width, paint } = table
  const fitted = fit(rows, table.columns, width)
  const heading = fitted.map(({ column, width: own }) => pad(column.title, own, column.align))
  const lines = rows.map(row =>
    clipped(
      fitted.map(({ column, width: own }) => ({
        text: pad(cut(printable(column.value(row, own)), own), own, column.align),
        style: column.style?.(row)
      })),
      width,
      paint
    )
  )
  return [clipped([{ text: heading.join(' '.repeat(GAP)), style: 'bold' }], width, paint), ...lines]
}

function fit<Row>(rows: readonly Row[], all: readonly FittedColumn<Row>[], width: number): Fitted<Row>[] {
  let columns = all
  const natural = new Map(
    all.map(column => {
      const cells = rows.map(row => widthOf(printable(column.value(row, column.cutTo ?? 0))))
      return [column, Math.max(widthOf(column.title), ...cells)]
    })
  )
  const least = (column: FittedColumn<Row>): number => {
    const own = natural.get(column) ?? 0
    return column.cutTo === undefined ? own : Math.min(own, Math.max(column.cutTo, widthOf(column.title)))
  }
  const needed = (of: readonly FittedColumn<Row>[]) =>
    of.reduce((sum, column) => sum + least(column) + GAP, -GAP)
  while (needed(columns) > width) {
    const worst = columns.toSorted((a, b) => b.expendable - a.expendable)[0]
    if (worst === undefined || worst.expendable === 0) break
    columns = columns.filter(column => column !== worst)
  }
  let room = Math.max(0, width - needed(columns))
  return columns.map(column => {
    const wish = column.grows ? GROWN_MAX : (natural.get(column) ?? 0)
    const extra = Math.min(room, Math.max(0, wish - least(column)))
    room -= extra
    return { column, width: least(column) + extra }
  })
}

function pad(text: string, width: number, align: 'right' | undefined): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'right' ? space + text : text + space
}

/** At most `width` wide. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  return width <= 0 ? '' : fitLine(text, width + 1)
}

export interface Part {
  readonly text: string
  readonly style?: Style | undefined
}

/** Joins parts into a line that is no wider than `width`, painted after it is cut. */
export function clipped(parts: readonly Part[], width: number, paint: Paint, gap = GAP): string {
  let left = width
  const painted: string[] = []
  parts.forEach(({ text, style }, index) => {
    const space = index === 0 ? '' : ' '.repeat(Math.min(gap, Math.max(0, left)))
    left -= space.length
    const own = cut(text, left)
    left -= widthOf(own)
    painted.push(space + (style === undefined || own === '' ? own : paint(style, own)))
  })
  return painted.join('').trimEnd()
}
