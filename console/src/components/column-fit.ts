/**
 * Which columns a table has room for: those that are always shown, and of the others as many sets as fit by the least
 * widths of their columns, the wider sets only with the narrower. So nothing is cut off at the right of a table.
 */

/** The sets that a column can be of: which are shown from less room on comes first. */
const SETS = ['sm', 'md', 'lg'] as const
export type ColumnSet = (typeof SETS)[number]

interface Sized {
  /** A CSS grid track: "80px" or "minmax(80px, 1fr)". */
  readonly width: string
  readonly from?: ColumnSet
}

/** Between columns, where there is room and where there is little. */
const GAPS_PIXELS = [20, 12] as const
/** Of a line, at both sides together. */
export const PADDING_PIXELS = 16

export interface Fit<Column> {
  readonly columns: readonly Column[]
  readonly gapPixels: number
}

export function leastPixels(width: string): number {
  return Number(/^(?:minmax\()?(\d+)px/.exec(width)?.[1] ?? 0)
}

/** Of `columns` those that fit into `widthPixels`, with the wider gap where it fits as well. */
export function fitting<Column extends Sized>(columns: readonly Column[], widthPixels: number): Fit<Column> {
  const isOf = (sets: readonly (string | undefined)[]) => columns.filter(({ from }) => sets.includes(from))
  const choices = SETS.map((_, at) => isOf([undefined, ...SETS.slice(0, at + 1)])).toReversed()
  const always = isOf([undefined])
  const room = (chosen: readonly Column[], gapPixels: number): number =>
    chosen.reduce((sum, { width }) => sum + leastPixels(width), PADDING_PIXELS) +
    (chosen.length - 1) * gapPixels
  const [wide, narrow] = GAPS_PIXELS
  const chosen = choices.find(choice => room(choice, narrow) <= widthPixels) ?? always
  return { columns: chosen, gapPixels: room(chosen, wide) <= widthPixels ? wide : narrow }
}
