/** A page to print: one file, no script, nothing from anywhere, and whatever somebody typed is escaped. */

import { escaped } from '../base/html.ts'
import { PAGE_STYLE } from './certificate-page.ts'

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

/** RFC 4180. What a spreadsheet would take for a formula is made text by an apostrophe. */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number): string => {
    const text = typeof value === 'number' ? String(value) : value.replace(/^(?=[=+\-@\t\r])/, "'")
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return rows.map(row => `${row.map(cell).join(',')}\r\n`).join('')
}
