/**
 * A table of any length: only the rows in sight are drawn. A screen reader hears how many there are and which is which;
 * the keyboard scrolls it and follows the link of each row. Columns that it has no room for are left out
 * (column-fit.ts), so what matters comes first.
 */

import { Text, UnstyledButton } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import {
  type CSSProperties,
  type MouseEvent,
  memo,
  type ReactNode,
  useLayoutEffect,
  useMemo,
  useState
} from 'react'
import { Link, useNavigate } from 'react-router'
import { type ColumnSet, type Fit, fitting, PADDING_PIXELS } from './column-fit.ts'
import classes from './data-table.module.css'
import { COLLATOR } from './words.ts'

export interface Column<Row> {
  readonly title: string
  /** As of a CSS grid track. */
  readonly width: string
  readonly value: (row: Row) => ReactNode
  /** What it is sorted by; without it, it is not. */
  readonly order?: (row: Row) => string | number
  readonly align?: 'right'
  /** The set that it is of, which is shown where it fits: where there is none, always. */
  readonly from?: ColumnSet
}

interface DataTableProps<Row> {
  readonly label: string
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  readonly keyOf: (row: Row) => string
  /** Where a row leads. */
  readonly linkOf?: (row: Row) => string
  readonly empty: string
  readonly heightPixels?: number
  /** The title of the column that it is sorted by before anybody chooses one: the first, where it has an order. */
  readonly firstBy?: string
}

const ROW_PIXELS = 46
const HEAD_PIXELS = 36
const HEIGHT_PIXELS = 560
const OVERSCAN = 12

interface Sorting {
  /** The title of the column. */
  readonly by: string | undefined
  readonly isDown: boolean
}

function sorted<Row>(rows: readonly Row[], by: Column<Row> | undefined, isDown: boolean): readonly Row[] {
  const order = by?.order
  if (order === undefined) return rows
  const compare = (a: Row, b: Row): number => {
    const [left, right] = [order(a), order(b)]
    if (typeof left === 'number' && typeof right === 'number') return left - right
    return COLLATOR.compare(String(left), String(right))
  }
  return rows.toSorted((a, b) => (isDown ? -compare(a, b) : compare(a, b)))
}

export function DataTable<Row>(props: DataTableProps<Row>): ReactNode {
  const { label, rows, columns, keyOf, linkOf, empty, heightPixels = HEIGHT_PIXELS, firstBy } = props
  const [sorting, setSorting] = useState<Sorting>({ by: firstBy ?? columns[0]?.title, isDown: false })
  const [frame, setFrame] = useState<HTMLDivElement | null>(null)
  const fit = useFit(columns, frame)
  const shown = useMemo(() => {
    const column = columns.find(({ title }) => title === sorting.by)
    return sorted(rows, column, sorting.isDown)
  }, [rows, columns, sorting])
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => frame,
    estimateSize: () => ROW_PIXELS,
    overscan: OVERSCAN,
    scrollMargin: HEAD_PIXELS
  })
  const follow = useFollowing()
  if (rows.length === 0) return <Text size="sm">{empty}</Text>
  const sortBy = (by: string): void =>
    setSorting(before => ({ by, isDown: before.by === by && !before.isDown }))
  const tracks = {
    '--tracks': fit.columns.map(({ width }) => width).join(' '),
    '--gap': `${fit.gapPixels}px`,
    '--padding': `${PADDING_PIXELS / 2}px`,
    maxHeight: heightPixels
  } as CSSProperties
  return (
    <div
      ref={setFrame}
      className={classes.frame}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      style={tracks}
    >
      <div role="rowgroup" className={classes.top}>
        <Line columns={fit.columns} className={classes.head} index={1}>
          {column => (
            <Head
              column={column}
              sorting={sorting.by === column.title ? sorting : undefined}
              onSort={() => sortBy(column.title)}
            />
          )}
        </Line>
      </div>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard has the link of each row */}
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }} onClick={follow}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = shown[index] as Row
          return (
            <DataRow
              key={keyOf(row)}
              columns={fit.columns as readonly Column<unknown>[]}
              row={row}
              index={index + 2}
              offsetPixels={start - HEAD_PIXELS}
              to={linkOf?.(row)}
            />
          )
        })}
      </div>
    </div>
  )
}

/** What does something by itself when it is clicked on. */
const ACTING = 'a, button, input, label'

/** A whole row leads where its link does, which is what the keyboard reaches; text that is selected stays. */
function useFollowing(): (event: MouseEvent) => void {
  const navigate = useNavigate()
  return ({ target }) => {
    if (!(target instanceof Element)) return
    const isOther = target.closest(ACTING) !== null || getSelection()?.isCollapsed === false
    const to = target.closest<HTMLElement>('[role="row"]')?.dataset.leads
    if (to !== undefined && !isOther) void navigate(to)
  }
}

/** Measured before anything is painted, so that no column comes or goes in sight of anybody. */
function useFit<Row>(columns: readonly Column<Row>[], frame: HTMLElement | null): Fit<Column<Row>> {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    if (frame === null) return
    const measure = (): void => setWidth(frame.clientWidth)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(frame)
    return () => observer.disconnect()
  }, [frame])
  return useMemo(() => fitting(columns, width), [columns, width])
}

interface DataRowProps {
  readonly columns: readonly Column<unknown>[]
  readonly row: unknown
  readonly index: number
  readonly offsetPixels: number
  readonly to: string | undefined
}

/** Rows that stay in sight as others come are not drawn again. */
const DataRow = memo(function DataRow({ columns, row, index, offsetPixels, to }: DataRowProps): ReactNode {
  return (
    <Line columns={columns} className={classes.row} index={index} offsetPixels={offsetPixels} to={to}>
      {(column, at) => <Cell column={column} row={row} to={at === 0 ? to : undefined} />}
    </Line>
  )
})

function Line<Row>(props: {
  readonly columns: readonly Column<Row>[]
  readonly className: string | undefined
  readonly index: number
  readonly offsetPixels?: number
  readonly to?: string | undefined
  readonly children: (column: Column<Row>, at: number) => ReactNode
}): ReactNode {
  const { columns, className, index, offsetPixels, to, children } = props
  const style = offsetPixels === undefined ? {} : { transform: `translateY(${offsetPixels}px)` }
  return (
    <div role="row" aria-rowindex={index} className={className} style={style} data-leads={to}>
      {columns.map((column, at) => (
        // Cells bring their role with them: of a head it is another.
        <div key={column.title} role="presentation" className={classes.place}>
          {children(column, at)}
        </div>
      ))}
    </div>
  )
}

function Head<Row>(props: {
  readonly column: Column<Row>
  readonly sorting: Sorting | undefined
  readonly onSort: () => void
}): ReactNode {
  const { column, sorting, onSort } = props
  const { title, order, align } = column
  if (order === undefined)
    return (
      <div role="columnheader" className={classes.cell} data-align={align}>
        {title}
      </div>
    )
  const direction = sorting?.isDown === true ? 'descending' : 'ascending'
  return (
    <div
      role="columnheader"
      className={classes.cell}
      data-align={align}
      aria-sort={sorting === undefined ? 'none' : direction}
    >
      <UnstyledButton onClick={onSort} className={classes.sort}>
        {title}
        <span aria-hidden="true">{sorting === undefined ? '' : sorting.isDown ? ' ↓' : ' ↑'}</span>
      </UnstyledButton>
    </div>
  )
}

function Cell<Row>(props: {
  readonly column: Column<Row>
  readonly row: Row
  readonly to: string | undefined
}): ReactNode {
  const { column, row, to } = props
  return (
    <div role="cell" className={classes.cell} data-align={column.align}>
      {to === undefined ? (
        column.value(row)
      ) : (
        <Link to={to} className={classes.link}>
          {column.value(row)}
        </Link>
      )}
    </div>
  )
}
