/**
 * From where on a rule finds something: numbers that an org sets for itself, each with what it means, its default and
 * its bounds. Pure data; docs/DETECTION.md lists it.
 */

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { RULE_IDS, type RuleId } from './finding.ts'

export type ThresholdUnit = 'count' | 'bytes' | 'ms' | 'factor'

export interface ThresholdSpec {
  readonly rule: RuleId
  readonly unit: ThresholdUnit
  readonly standard: number
  readonly min: number
  readonly max: number
  readonly what: string
}

const COUNT_MAX = 1_000_000
const BYTES_MAX = 1e18

export const THRESHOLDS = {
  'mass-reads.datasets': spec('mass-reads', 'count', 40, 'datasets that one device reads within the window'),
  'mass-reads.sensitive': spec('mass-reads', 'count', 12, 'confidential and restricted ones among them'),
  'mass-reads.bytes': { ...spec('mass-reads', 'bytes', 1e12, 'bytes served to it'), max: BYTES_MAX },
  'mass-reads.window': time('mass-reads', HOUR_MS, 'the window'),
  'off-hours-reads.versions': spec(
    'off-hours-reads',
    'count',
    4,
    'confidential and restricted versions that a desktop or laptop reads within the window, out of hours'
  ),
  'off-hours-reads.window': time('off-hours-reads', 8 * HOUR_MS, 'the window'),
  'dormant-reads.silence': time('dormant-reads', 45 * DAY_MS, 'not heard of for so long is dormant'),
  'dormant-reads.watch': time('dormant-reads', DAY_MS, 'reads so long after it came back count'),
  'dormant-reads.versions': spec('dormant-reads', 'count', 1, 'versions that it reads then'),
  'bad-blocks.blocks': spec('bad-blocks', 'count', 3, 'bad blocks that one device gave within the window'),
  'bad-blocks.window': time('bad-blocks', DAY_MS, 'the window'),
  'spread.devices': spec(
    'spread',
    'count',
    2,
    'devices at sites new to a confidential or restricted dataset that read it within the window'
  ),
  'spread.window': time('spread', DAY_MS, 'the window'),
  'spread.learning': time('spread', 7 * DAY_MS, 'a dataset known here for less is not judged'),
  'fan-out.devices': spec('fan-out', 'count', 20, 'devices that read one old version within the window'),
  'fan-out.factor': {
    ...spec('fan-out', 'factor', 4, 'times as many as read the dataset in an hour before'),
    max: 1000
  },
  'fan-out.window': time('fan-out', HOUR_MS, 'the window'),
  'fan-out.release': time('fan-out', 14 * DAY_MS, 'a version younger than that is a release'),
  'repeated-denials.denials': spec('repeated-denials', 'count', 60, 'refusals of one member in the window'),
  'repeated-denials.versions': spec(
    'repeated-denials',
    'count',
    8,
    'different versions that it was refused in the window'
  ),
  'repeated-denials.window': time('repeated-denials', HOUR_MS, 'the window'),
  'unknown-keys.keys': spec('unknown-keys', 'count', 5, 'unknown keys that knocked within the window'),
  'unknown-keys.knocks': spec('unknown-keys', 'count', 200, 'times that unknown keys knocked in it'),
  'unknown-keys.window': time('unknown-keys', HOUR_MS, 'the window'),
  'clock-drift.offset': {
    ...time('clock-drift', 30 * SECOND_MS, 'so far off, by what beacon signers say'),
    min: SECOND_MS
  },
  'clock-drift.lasting': time('clock-drift', 10 * MINUTE_MS, 'for so long at least'),
  'beacon-starvation.lasting': time('beacon-starvation', 15 * MINUTE_MS, 'too few signers heard for so long')
} as const satisfies Readonly<Record<string, ThresholdSpec>>

export type ThresholdId = keyof typeof THRESHOLDS
export const THRESHOLD_IDS = Object.keys(THRESHOLDS) as readonly ThresholdId[]

export type Thresholds = Readonly<Record<ThresholdId, number>>

/** What an org has set: thresholds of its own, hours of its sites (`*` for all others), and rules that are off. */
export interface DetectionPolicy {
  readonly thresholds: Readonly<Partial<Record<ThresholdId, number>>>
  /** As src/swarm/bandwidth/calendar.ts writes hours. */
  readonly hours: Readonly<Record<string, string>>
  readonly off: readonly RuleId[]
}

export const NO_DETECTION_POLICY: DetectionPolicy = { thresholds: {}, hours: {}, off: [] }
export const EVERY_SITE = '*'
export const HOURS_SITES_MAX = 256

export function isThresholdId(text: string): text is ThresholdId {
  return Object.hasOwn(THRESHOLDS, text)
}

export function thresholdsOf({ thresholds }: Pick<DetectionPolicy, 'thresholds'>): Thresholds {
  const all = THRESHOLD_IDS.map(id => [id, thresholds[id] ?? THRESHOLDS[id].standard])
  return Object.fromEntries(all) as Thresholds
}

/** What is wrong with a value; undefined when nothing is. */
export function thresholdFault(id: ThresholdId, value: number): string | undefined {
  const { min, max, unit }: ThresholdSpec = THRESHOLDS[id]
  if (unit !== 'factor' && !Number.isSafeInteger(value)) return 'it is no whole number'
  if (value >= min && value <= max) return undefined
  return `it must be from ${min} to ${max}${unit === 'ms' ? ' ms' : ''}`
}

function spec(
  rule: RuleId,
  unit: ThresholdUnit,
  standard: number,
  what: string
): ThresholdSpec & { readonly rule: RuleId } {
  return { rule, unit, standard, min: 1, max: COUNT_MAX, what }
}

/** No window is longer than facts are kept. */
function time(rule: RuleId, standard: number, what: string): ThresholdSpec {
  const isLong = standard > DAY_MS
  return { rule, unit: 'ms', standard, min: MINUTE_MS, max: isLong ? 366 * DAY_MS : DAY_MS, what }
}

/** A stored policy, or undefined where it is none: from an untrusted or newer file. */
export function readPolicy(value: unknown): DetectionPolicy | undefined {
  if (!isRecord(value) || value.v !== 1) return undefined
  const { thresholds, hours, off } = value
  if (!isRecord(thresholds) || !isRecord(hours) || !Array.isArray(off)) return undefined
  const named = Object.entries(thresholds)
  const isFit = named.every(
    ([id, number]) =>
      isThresholdId(id) && typeof number === 'number' && thresholdFault(id, number) === undefined
  )
  const areHours = Object.values(hours).every(text => typeof text === 'string')
  const areRules = off.every(id => RULE_IDS.some(known => known === id))
  if (!isFit || !areHours || !areRules) return undefined
  return {
    thresholds: thresholds as DetectionPolicy['thresholds'],
    hours: hours as DetectionPolicy['hours'],
    off: off as RuleId[]
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
