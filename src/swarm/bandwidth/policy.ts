/**
 * The bandwidth policy of one device, as data: rules and daily budgets. Sizes are of payload, in bytes.
 *
 * A rule selects traffic by direction, by link and by the class of the data, and caps it, or has it give way to other
 * traffic (yielding.ts). Every rule is a bucket of its own: a block passes when all that select it let it, so where
 * several do the tightest counts. A budget is of what crosses between sites in a day, for each direction.
 *
 * Each device keeps to its own policy: what it sends, and what it asks for. Nobody has to agree with anybody.
 */

import { KIB } from '../../base/units.ts'
import { type Hours, hoursText, parseHours, zoneNamed } from './calendar.ts'
import { isRecord, readVersioned } from './stored-json.ts'

export const DIRECTIONS = ['up', 'down'] as const
export const LINK_KINDS = ['lan', 'wan'] as const
export const DATA_CLASSES = ['public', 'internal', 'confidential', 'restricted'] as const

export type Direction = (typeof DIRECTIONS)[number]
/** To devices of the same site, and of other sites. */
export type LinkKind = (typeof LINK_KINDS)[number]
export type DataClass = (typeof DATA_CLASSES)[number]

export type Limit =
  /** Zero lets nothing pass. */
  { readonly kind: 'cap'; readonly bytesPerSecond: number } | { readonly kind: 'background' }

export interface RuleTerms {
  readonly direction: Direction
  readonly link: LinkKind | 'all'
  readonly dataClass: DataClass | 'all'
  /** When it is in force; null is always. */
  readonly hours: Hours | null
  readonly limit: Limit
}

export interface LimitRule extends RuleTerms {
  /** Unique in the policy. */
  readonly id: string
}

/** What may cross between this device and other sites in a day of a zone. */
export interface DayBudget {
  readonly bytes: number
  readonly zone: string
}

export interface BandwidthPolicy {
  readonly rules: readonly LimitRule[]
  readonly budgets: Readonly<Record<Direction, DayBudget | null>>
}

export const NO_POLICY: BandwidthPolicy = { rules: [], budgets: { up: null, down: null } }

/** What one flow of payload is. The class is undefined where it is not known: then only rules for all select it. */
export interface Traffic {
  readonly direction: Direction
  readonly link: LinkKind
  readonly dataClass: DataClass | undefined
}

export const RULES_MAX = 64
/** Below it a single block would take longer than a peer waits for one. */
export const RATE_MIN = 8 * KIB
export const RATE_MAX = 1e12
/** A few blocks at the least. */
export const BUDGET_BYTES_MIN = 1024 * KIB
export const BUDGET_BYTES_MAX = 1e15
export const RULE_ID = /^[a-z0-9][a-z0-9-]{0,31}$/

export function selects(rule: RuleTerms, traffic: Traffic): boolean {
  return (
    rule.direction === traffic.direction &&
    (rule.link === 'all' || rule.link === traffic.link) &&
    (rule.dataClass === 'all' || rule.dataClass === traffic.dataClass)
  )
}

/** Whether two rules are about the same traffic at the same hours, so that one takes the place of the other. */
export function isSameSelection(a: RuleTerms, b: RuleTerms): boolean {
  const hours = ({ hours: of }: RuleTerms): string => (of === null ? '' : hoursText(of))
  return (
    a.direction === b.direction &&
    a.link === b.link &&
    a.dataClass === b.dataClass &&
    a.limit.kind === b.limit.kind &&
    hours(a) === hours(b)
  )
}

/** The policy with a rule set: under its id, in the place of one with the same selection, or under a free number. */
export function withRule(policy: BandwidthPolicy, terms: RuleTerms, id?: string): BandwidthPolicy {
  const before = policy.rules.find(rule => (id === undefined ? isSameSelection(rule, terms) : rule.id === id))
  const { direction, link, dataClass, hours, limit } = terms
  const rule = { id: before?.id ?? id ?? freeId(policy.rules), direction, link, dataClass, hours, limit }
  const rules =
    before === undefined ? [...policy.rules, rule] : policy.rules.with(policy.rules.indexOf(before), rule)
  return { ...policy, rules }
}

function freeId(rules: readonly LimitRule[]): string {
  for (let number = 1; ; number++) if (!rules.some(({ id }) => id === String(number))) return String(number)
}

/** What is wrong with a rate, if anything. */
export function rateFault(bytesPerSecond: number): string | undefined {
  if (bytesPerSecond === 0) return undefined
  if (bytesPerSecond >= RATE_MIN && bytesPerSecond <= RATE_MAX) return undefined
  return `a cap is 0, which lets nothing pass, or from ${RATE_MIN} to ${RATE_MAX} bytes per second`
}

export function budgetFault(bytes: number): string | undefined {
  if (bytes >= BUDGET_BYTES_MIN && bytes <= BUDGET_BYTES_MAX) return undefined
  return `a budget is from ${BUDGET_BYTES_MIN} to ${BUDGET_BYTES_MAX} bytes`
}

// ---- as JSON

const POLICY_VERSION = 1

interface StoredRule {
  readonly id: string
  readonly direction: Direction
  readonly link: LinkKind | 'all'
  readonly class: DataClass | 'all'
  readonly hours: string | null
  /** Absent for a rule that yields. */
  readonly bytesPerSecond?: number
}

export function encodePolicy({ rules, budgets }: BandwidthPolicy): string {
  const stored = rules.map(
    ({ id, direction, link, dataClass, hours, limit }): StoredRule => ({
      ...{ id, direction, link, class: dataClass, hours: hours === null ? null : hoursText(hours) },
      ...(limit.kind === 'cap' ? { bytesPerSecond: limit.bytesPerSecond } : {})
    })
  )
  return JSON.stringify({ v: POLICY_VERSION, rules: stored, budgets })
}

/** Undefined for what is damaged, or from a newer program. */
export function decodePolicy(text: string): BandwidthPolicy | undefined {
  const value = readVersioned(text, POLICY_VERSION)
  if (value === undefined) return undefined
  const { rules, budgets } = value
  if (!Array.isArray(rules) || rules.length > RULES_MAX || !isRecord(budgets)) return undefined
  const read = rules.map(readRule)
  const [up, down] = [readBudget(budgets.up), readBudget(budgets.down)]
  if (up === undefined || down === undefined || read.includes(undefined)) return undefined
  const whole = read.filter(rule => rule !== undefined)
  if (new Set(whole.map(({ id }) => id)).size < whole.length) return undefined
  return { rules: whole, budgets: { up, down } }
}

function readRule(value: unknown): LimitRule | undefined {
  if (!isRecord(value)) return undefined
  const { id, bytesPerSecond } = value
  const direction = DIRECTIONS.find(each => each === value.direction)
  const link = [...LINK_KINDS, 'all' as const].find(each => each === value.link)
  const dataClass = [...DATA_CLASSES, 'all' as const].find(each => each === value.class)
  const hours =
    value.hours === null ? null : typeof value.hours === 'string' ? parseHours(value.hours, 'UTC') : ''
  if (typeof id !== 'string' || !RULE_ID.test(id) || typeof hours === 'string') return undefined
  if (direction === undefined || link === undefined || dataClass === undefined) return undefined
  if (bytesPerSecond === undefined)
    return { id, direction, link, dataClass, hours, limit: { kind: 'background' } }
  if (typeof bytesPerSecond !== 'number' || rateFault(bytesPerSecond) !== undefined) return undefined
  return { id, direction, link, dataClass, hours, limit: { kind: 'cap', bytesPerSecond } }
}

function readBudget(value: unknown): DayBudget | null | undefined {
  if (value === null) return null
  if (!isRecord(value) || typeof value.bytes !== 'number' || typeof value.zone !== 'string') return undefined
  const zone = zoneNamed(value.zone)
  return zone === undefined || budgetFault(value.bytes) !== undefined
    ? undefined
    : { bytes: value.bytes, zone }
}
