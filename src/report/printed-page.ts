/** A page to print: one file, no script, nothing from anywhere, and whatever somebody typed is escaped. */

import { escaped } from '../base/html.ts'

export const PAGE_STYLE = [
  'body{font:14px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111}',
  'table{border-collapse:collapse;width:100%;margin:.5em 0 1.5em}',
  'th,td{border:1px solid #bbb;padding:.3em .5em;text-align:left;vertical-align:top}',
  'code{font-size:12px;word-break:break-all}',
  '@media print{body{margin:0}h2{break-after:avoid}tr{break-inside:avoid}}'
].join('')

/** Stands for what no network can know, and a person has to write. */
export const TO_FILL_IN = '[to be filled in]'

/** The body is HTML already. */
export function printedPage(title: string, body: readonly string[]): string {
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escaped(title)}</title><style>${PAGE_STYLE}</style></head><body>`,
    `<h1>${escaped(title)}</h1>`,
    ...body,
    '</body></html>',
    ''
  ].join('\n')
}

export function heading(text: string, level: 2 | 3 = 2): string {
  return `<h${level}>${escaped(text)}</h${level}>`
}

export function paragraph(text: string): string {
  return `<p>${escaped(text)}</p>`
}

export function listed(lines: readonly string[]): string {
  return `<ul>${lines.map(line => `<li>${escaped(line)}</li>`).join('')}</ul>`
}

export function table(rows: readonly (readonly string[])[], titles: readonly string[] = []): string {
  const head =
    titles.length === 0 ? '' : `<tr>${titles.map(title => `<th>${escaped(title)}</th>`).join('')}</tr>`
  const body = rows.map(row => `<tr>${row.map(cell => `<td>${escaped(cell)}</td>`).join('')}</tr>`)
  return `<table>${head}${body.join('')}</table>`
}

/** RFC 4180. What a spreadsheet would take for a formula is made text by an apostrophe. */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number): string => {
    const text = typeof value === 'number' ? String(value) : value.replace(/^(?=[=+\-@\t\r])/, "'")
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return rows.map(row => `${row.map(cell).join(',')}\r\n`).join('')
}
