/** A limit of bandwidth as it is filled in, and as the API takes it. */

import { parseBytes, parseRate } from '../../../../src/base/units.ts'
import type { RouteArguments } from '../../api/routes.ts'

type LimitRequest = RouteArguments<'setLimits'>['rules'][number]

export interface LimitFields {
  readonly direction: 'up' | 'down'
  readonly link: 'lan' | 'wan' | 'all'
  readonly dataClass: 'public' | 'internal' | 'confidential' | 'restricted' | 'all'
  /** `cap` holds to a rate, `background` gives way to others. */
  readonly kind: 'cap' | 'background'
  readonly rate: string
  readonly isAlways: boolean
  /** As of the command line: `mon-fri`, `sat,sun`; empty for daily. */
  readonly days: string
  readonly from: string
  readonly until: string
  /** An IANA name; empty for that of the node. */
  readonly zone: string
}

export const NEW_LIMIT: LimitFields = {
  ...{ direction: 'down', link: 'wan', dataClass: 'all', kind: 'cap', rate: '', isAlways: true },
  ...{ days: 'mon-fri', from: '08:00', until: '18:00', zone: '' }
}

/** What of it can not be sent, by field. */
export function limitProblems(fields: LimitFields): Partial<Record<keyof LimitFields, string>> {
  const { kind, rate, isAlways, from, until, zone } = fields
  const problems: Partial<Record<keyof LimitFields, string>> = {}
  if (kind === 'cap' && parseRate(rate.trim()) === undefined)
    problems.rate = 'write a rate such as 500kB/s, 5MB/s or 20Mbit/s, with B for bytes, or 0 for nothing'
  if (isAlways) return problems
  if (!TIME.test(from)) problems.from = 'write a time such as 08:00'
  if (!TIME.test(until)) problems.until = 'write a time such as 18:00'
  else if (from === until) problems.until = 'write another time than that at which it begins'
  if (zone.trim() !== '' && !isZone(zone.trim()))
    problems.zone = 'write an IANA name such as Europe/Berlin, or leave it empty'
  return problems
}

const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** Of fields without problems. */
export function limitRequest(fields: LimitFields): LimitRequest {
  const { direction, link, dataClass, kind, rate, isAlways, days, from, until, zone } = fields
  const hours = [days, `${from}-${until}`, zone.trim()].filter(part => part !== '').join(' ')
  return {
    ...{ direction, link, dataClass, hours: isAlways ? null : hours },
    bytesPerSecond: kind === 'background' ? null : (parseRate(rate.trim()) ?? null)
  }
}

/** What it would do, in words. */
export function limitText(fields: LimitFields): string {
  const { direction, link, dataClass, kind, rate, isAlways, days, from, until, zone } = fields
  const traffic =
    `what this node ${direction === 'up' ? 'sends' : 'asks for'}` +
    `${dataClass === 'all' ? '' : ` of class ${dataClass}`} ${LINK_WORDS[link]}`
  const bytes = parseRate(rate.trim())
  const does =
    kind === 'background'
      ? `${traffic} gives way to other traffic as soon as a queue forms`
      : bytes === 0
        ? `nothing goes of ${traffic}`
        : `${traffic} takes no more than ${rate.trim()}`
  const when = isAlways
    ? 'at all times'
    : `${days === '' ? 'daily' : days} ${from} to ${until}${zone.trim() === '' ? '' : ` in ${zone.trim()}`}`
  return `${does}, ${when}.`
}

const LINK_WORDS = { lan: 'within its site', wan: 'to and from other sites', all: 'over every link' } as const

/** A size as it is written; null for none, undefined for what is no size. */
export function budgetBytes(written: string): number | null | undefined {
  return written.trim() === '' ? null : parseBytes(written.trim())
}
