import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { formatBytes, formatDuration } from '../base/units.ts'
import { RULE_IDS } from './finding.ts'
import { RULES } from './rules.ts'
import { THRESHOLD_IDS, THRESHOLDS, type ThresholdSpec } from './thresholds.ts'

const page = readFileSync(new URL('../../docs/DETECTION.md', import.meta.url), 'utf8')

function shown({ unit, standard }: ThresholdSpec): string {
  if (unit === 'ms') return formatDuration(standard)
  return unit === 'bytes' ? formatBytes(standard) : String(standard)
}

test('docs/DETECTION.md lists each rule and each threshold as it is, and no other', () => {
  const rows = page.split('\n').filter(line => /^\| `[a-z-]+(\.[a-z]+)?` \|/.test(line))
  const rules = RULE_IDS.map(id => `| \`${id}\` | ${RULES[id].what} |`)
  const thresholds = THRESHOLD_IDS.map(
    id => `| \`${id}\` | ${shown(THRESHOLDS[id])} | ${THRESHOLDS[id].what} |`
  )
  const isOfMonth = (row: string) => /^\| `[a-z-]+` \| \d/.test(row)
  assert.deepEqual(
    rows.filter(row => !isOfMonth(row)),
    [...rules, ...thresholds]
  )
  assert.deepEqual(
    rows.filter(isOfMonth).map(row => row.split('`')[1]),
    RULE_IDS
  )
})
