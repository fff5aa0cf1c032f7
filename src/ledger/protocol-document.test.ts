import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { INERT_REASONS } from './fold/state.ts'
import {
  COPIES_MAX,
  CUTOFFS_MAX,
  DATASET_LABELS_MAX,
  INVITE_USES_MAX,
  NOTE_CHARACTERS_MAX,
  PROPOSED_ROOT_BYTES_MAX,
  REASON_CHARACTERS_MAX,
  REGIONS_MAX,
  SHARES_MAX,
  SUBJECTS_MAX
} from './operation/operation-limits.ts'
import { SAMPLES } from './operation/operation-samples.conformance.ts'
import { isOperationType, OPERATION_TYPES, takes, writeContent } from './operation/operation-types.ts'

/** The normative document and the code are held against each other where both list the same things. */
const DOCUMENT = readFileSync(new URL('../../docs/protocol-ledger.md', import.meta.url), 'utf8')

function section(heading: string): string {
  const from = DOCUMENT.indexOf(`${heading}\n`)
  assert.ok(from >= 0, heading)
  const rest = DOCUMENT.slice(from + heading.length)
  const to = rest.search(/^##/m)
  return to < 0 ? rest : rest.slice(0, to)
}

const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(match => match[1] ?? '')
const cellsOf = (line: string): string[] => line.split('|').map(cell => cell.trim())

test('the table of types has every type, what it does, and the fields of its body', () => {
  const rows = section('### 3.1 Types')
    .split('\n')
    .map(cellsOf)
    .filter(cells => isOperationType(codeIn(cells[1] ?? '')[0] ?? ''))
  const types = rows.map(cells => codeIn(cells[1] ?? '')[0] ?? '')
  assert.deepEqual(types.toSorted(), OPERATION_TYPES.toSorted())
  for (const [, type = '', polarity = '', , body = ''] of rows) {
    const [name = ''] = codeIn(type)
    assert.ok(isOperationType(name))
    assert.equal(polarity.startsWith('takes'), takes(name), name)
    const samples = Object.values(SAMPLES).filter(content => content.type === name)
    for (const field of samples.flatMap(sample => Object.keys(writeContent(sample).body ?? {})))
      assert.match(body, new RegExp(`\\b${field}\\b`), `${name} has ${field}`)
  }
})

test('the table of reasons has every reason, and no other', () => {
  const rows = section('### 4.1 In force or inert')
    .split('\n')
    .filter(line => /^\| \d+ \|/.test(line))
  const named = new Set(rows.flatMap(row => codeIn(cellsOf(row)[2] ?? '')))
  assert.deepEqual([...named].sort(), [...INERT_REASONS].sort())
})

test('the limits of types are those of the code', () => {
  const types = section('### 3.1 Types')
  for (const limit of [
    `0 to ${CUTOFFS_MAX} of`,
    `0 to ${DATASET_LABELS_MAX} labels`,
    `line of at most ${REASON_CHARACTERS_MAX}, or null`,
    `line of at most ${NOTE_CHARACTERS_MAX}`,
    `uses: 1 to ${INVITE_USES_MAX}`,
    `at most ${PROPOSED_ROOT_BYTES_MAX / 1024} KiB`,
    `copies: 1 to ${COPIES_MAX}`,
    `sites: 1 to ${COPIES_MAX}`,
    `0 to ${REGIONS_MAX} labels`,
    `at most ${SHARES_MAX} together`,
    `0 to ${SUBJECTS_MAX} of 32 bytes`
  ])
    assert.ok(types.includes(limit), limit)
})
