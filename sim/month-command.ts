/** `--scenario month`: prints what detection finds in a normal month, by rule, and each finding in words. */

import { RULE_IDS } from '../src/detection/finding.ts'
import { Refusal } from './arguments.ts'
import { runMonth } from './month.ts'

const DEVICES = 400
const DEVICES_MIN = 50
const DEVICES_MAX = 5000

export function runMonthCommand(args: {
  readonly seed: number
  readonly json: boolean
  readonly devices: number | undefined
}): boolean {
  const devices = args.devices ?? DEVICES
  if (devices < DEVICES_MIN || devices > DEVICES_MAX)
    throw new Refusal(`--scenario month takes ${DEVICES_MIN} to ${DEVICES_MAX} devices, not ${devices}`)
  const { counts, facts, findings } = runMonth({ devices, seed: args.seed })
  if (args.json) {
    console.log(JSON.stringify({ devices, facts, counts, findings }))
    return true
  }
  const sum = findings.length
  console.log(
    `a normal month of ${devices} devices: ${facts} facts, ${sum} findings, ${(sum / 30).toFixed(1)} a day`
  )
  for (const rule of RULE_IDS) console.log(`  ${rule.padEnd(18)} ${String(counts[rule]).padStart(4)}`)
  for (const { severity, explanation } of findings) console.log(`  ${severity}: ${explanation}`)
  return true
}
