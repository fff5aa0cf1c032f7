/** The threat table of docs/SECURITY.md names tests that are there. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const DOCUMENT = readFileSync(new URL('../docs/SECURITY.md', import.meta.url), 'utf8')
const FILE_WITH_TITLES = /`((?:src|test|lab)\/[^`]+)`(?: \(([^)]*)\))?/g

/** Rows of every table under the heading of the threats. */
function rows(): string[] {
  const [, threats = ''] = DOCUMENT.split('\n## Threats and answers\n')
  const [tables = ''] = threats.split('\n## ')
  return tables.split('\n').filter(line => line.startsWith('| ') && !line.startsWith('| Threat |'))
}

test('each row has a threat, an answer and a test', () => {
  assert.ok(rows().length > 40)
  for (const row of rows()) {
    const cells = row.split('|').map(cell => cell.trim())
    assert.equal(cells.length, 5, `three columns: ${row}`)
    assert.ok(
      cells.slice(1, 4).every(cell => cell !== ''),
      row
    )
    assert.match(cells[3] ?? '', /`(src|test)\/[^`]+`/, `a test: ${row}`)
  }
})

test('each test that a row names is in the file that it names', () => {
  for (const row of rows())
    for (const [, path = '', titles = ''] of (row.split('|')[3] ?? '').matchAll(FILE_WITH_TITLES)) {
      if (!path.endsWith('.ts')) continue
      const source = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
      for (const title of titles.split(/; |, /).filter(words => words !== ''))
        assert.ok(source.includes(title), `${path} has no test with the words: ${title}`)
    }
})
