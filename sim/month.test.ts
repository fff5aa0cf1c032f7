import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RULE_IDS, type RuleId } from '../src/detection/finding.ts'
import { runMonth } from './month.ts'

/** What each rule may raise for nothing in a month of 200 devices; docs/DETECTION.md says of 400. */
const FOR_NOTHING_MAX: Readonly<Record<RuleId, number>> = {
  'mass-reads': 0,
  'off-hours-reads': 3,
  'dormant-reads': 1,
  'bad-blocks': 1,
  spread: 4,
  'fan-out': 7,
  'repeated-denials': 0,
  'unknown-keys': 0,
  'clock-drift': 0,
  'beacon-starvation': 1
}

test('in a normal month few findings are for nothing, rule by rule', () => {
  const { counts, findings } = runMonth({ devices: 200, seed: 1 })
  for (const rule of RULE_IDS) assert.ok(counts[rule] <= FOR_NOTHING_MAX[rule], `${rule}: ${counts[rule]}`)
  // The causes that are in the month are found: a rule that is blind would pass the bound above.
  for (const rule of ['bad-blocks', 'beacon-starvation', 'dormant-reads', 'spread', 'fan-out'] as const)
    assert.ok(counts[rule] > 0, `${rule} sees what there is`)
  assert.ok(findings.every(({ evidence, rule }) => evidence.length > 0 || rule === 'beacon-starvation'))
})
