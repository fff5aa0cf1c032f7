/** Text for people: tables, colours and wording. Pure; nothing here knows where the text goes. */

import { formatDuration } from '../base/units.ts'

export { isoTime, plural } from '../base/words.ts'

const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu
const ESCAPE = '\u001b'

/** Names come from other machines: what would steer the terminal or turn the line round is shown as a mark. */
export function printable(text: string): string {
  return text.replace(CONTROL, '\ufffd')
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Style = keyof typeof STYLES
export type Paint = (style: Style, text: string) => string

export function paintFor(options: {
  readonly isTty: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}): Paint {
  const { isTty, env } = options
  // no-color.org: set to whatever is not empty.
  const plain = !isTty || Boolean(env.NO_COLOR) || env.TERM === 'dumb'
  return plain ? (_style, text) => text : (style, text) => `${ESCAPE}[${STYLES[style]}m${text}${ESCAPE}[0m`
}

export interface Column<Row> {
  readonly title: string
  readonly align?: 'right'
  readonly value: (row: Row) => string
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u
const graphemes = new Intl.Segmenter()

/** Columns that a terminal gives to `text`. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let columns = 0
  for (const { segment } of graphemes.segment(text)) columns += wide.test(segment) ? 2 : 1
  return columns
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'right' ? space + text : text + space
}

/** Lines of a table with a heading; cells are made printable. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  paint: Paint
): string[] {
  const cells = rows.map(row => columns.map(column => printable(column.value(row))))
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...cells.map(line => widthOf(line[index] ?? '')))
  )
  const render = (line: readonly string[]): string =>
    line
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join('  ')
      .trimEnd()
  return [paint('bold', render(columns.map(column => column.title))), ...cells.map(render)]
}

/** Lines of "label  value", aligned. */
export function renderFields(fields: readonly (readonly [string, string])[], paint: Paint): string[] {
  const width = Math.max(...fields.map(([label]) => widthOf(label)))
  return fields.map(([label, value]) =>
    `${paint('dim', pad(label, width, 'left'))}  ${printable(value)}`.trimEnd()
  )
}

/** "3 min 2 s ago", or "in 5 s" for an instant to come. */
export function relativeTime(instantMs: number, nowMs: number): string {
  const distanceMs = nowMs - instantMs
  return distanceMs >= 0 ? `${formatDuration(distanceMs)} ago` : `in ${formatDuration(-distanceMs)}`
}

/** A word that a POSIX shell takes back as it is. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
