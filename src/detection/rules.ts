/** The rules of detection. Each is pure, and finds the same in the same facts, whenever it is asked. */

import type { RuleId } from './finding.ts'
import type { Rule } from './rule.ts'
import { badBlocks } from './rules/bad-blocks.ts'
import { beaconStarvation } from './rules/beacon-starvation.ts'
import { clockDrift } from './rules/clock-drift.ts'
import { dormantReads } from './rules/dormant-reads.ts'
import { fanOut } from './rules/fan-out.ts'
import { massReads } from './rules/mass-reads.ts'
import { offHoursReads } from './rules/off-hours-reads.ts'
import { repeatedDenials } from './rules/repeated-denials.ts'
import { spread } from './rules/spread.ts'
import { unknownKeys } from './rules/unknown-keys.ts'

export const RULES: Readonly<Record<RuleId, Rule>> = {
  'mass-reads': massReads,
  'off-hours-reads': offHoursReads,
  'dormant-reads': dormantReads,
  'bad-blocks': badBlocks,
  spread,
  'fan-out': fanOut,
  'repeated-denials': repeatedDenials,
  'unknown-keys': unknownKeys,
  'clock-drift': clockDrift,
  'beacon-starvation': beaconStarvation
}
