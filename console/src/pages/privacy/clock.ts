/** The clocks of cases: how long is left until something is due, in words and as a mark. */

import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../../src/base/units.ts'
import type { Answer } from '../../api/routes.ts'
import type { Tone } from '../../components/dot.tsx'
import { sentence } from '../../components/words.ts'

export type RequestCase = Answer<'requests'>['requests'][number]
export type BreachCase = Answer<'breaches'>['breaches'][number]

/** Of the time that there is, what is left when somebody should look. */
const LATE_PART = 1 / 3

/** Of more hours, minutes are of no matter. */
const MINUTES_BELOW_HOURS = 10

interface Clock {
  readonly startedAtMs: number
  readonly dueAtMs: number
}

/** In its two largest units: "6 d 2 h", "5 min". */
export function spanText(ms: number): string {
  const [days, hours, minutes] = [
    Math.floor(ms / DAY_MS),
    Math.floor((ms % DAY_MS) / HOUR_MS),
    Math.floor((ms % HOUR_MS) / MINUTE_MS)
  ]
  if (days > 0) return hours === 0 ? `${days} d` : `${days} d ${hours} h`
  if (hours >= MINUTES_BELOW_HOURS) return `${hours} h`
  if (hours > 0) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`
  return `${minutes} min`
}

export function leftText(dueAtMs: number, nowMs: number): string {
  return dueAtMs >= nowMs ? `${spanText(dueAtMs - nowMs)} left` : `${spanText(nowMs - dueAtMs)} overdue`
}

export function clockTone({ startedAtMs, dueAtMs }: Clock, nowMs: number): Tone {
  if (nowMs > dueAtMs) return 'bad'
  return dueAtMs - nowMs < (dueAtMs - startedAtMs) * LATE_PART ? 'warn' : 'good'
}

type Mark = readonly [tone: Tone, words: string]

export function requestMark({ state, closed, receivedAtMs, dueAtMs }: RequestCase, nowMs: number): Mark {
  if (closed !== null)
    return state === 'late' ? ['bad', `${closed.outcome}, late`] : ['quiet', `${closed.outcome} in time`]
  return [clockTone({ startedAtMs: receivedAtMs, dueAtMs }, nowMs), leftText(dueAtMs, nowMs)]
}

const OUTCOMES: Readonly<Record<NonNullable<BreachCase['closed']>['outcome'], string>> = {
  notified: 'the authority was notified',
  'no-risk': 'no risk to persons',
  'no-breach': 'there was no breach'
}

export function outcomeText(outcome: keyof typeof OUTCOMES): string {
  return OUTCOMES[outcome]
}

export function breachMark(
  { state, closed, notifiedAtMs, awareAtMs, dueAtMs }: BreachCase,
  nowMs: number
): Mark {
  if (notifiedAtMs !== null) return state === 'late' ? ['bad', 'notified late'] : ['good', 'notified in time']
  if (closed !== null) return ['quiet', `closed: ${outcomeText(closed.outcome)}`]
  return [clockTone({ startedAtMs: awareAtMs, dueAtMs }, nowMs), leftText(dueAtMs, nowMs)]
}

/** What lists of cases are sorted by: those that somebody waits for, the first due first, and then the others. */
export function requestOrder({ closed, dueAtMs }: RequestCase): number {
  return closed === null ? dueAtMs : Number.MAX_SAFE_INTEGER
}

export function breachOrder({ closed, notifiedAtMs, dueAtMs }: BreachCase): number {
  return closed === null && notifiedAtMs === null ? dueAtMs : Number.MAX_SAFE_INTEGER
}

export interface DueCase {
  readonly kind: 'request' | 'breach'
  readonly id: string
  readonly words: string
  readonly startedAtMs: number
  readonly dueAtMs: number
}

/** What somebody waits for, the first due first; a breach of which the authority knows is waited for no more. */
export function dueCases(
  requests: readonly RequestCase[],
  breaches: readonly BreachCase[]
): readonly DueCase[] {
  return [
    ...requests
      .filter(({ closed }) => closed === null)
      .map(({ id, kind, receivedAtMs, dueAtMs }) => ({
        ...{ kind: 'request' as const, id, dueAtMs, startedAtMs: receivedAtMs },
        words: `${sentence(kind)} request: answer the person`
      })),
    ...breaches
      .filter(({ closed, notifiedAtMs }) => closed === null && notifiedAtMs === null)
      .map(({ id, summary, awareAtMs, dueAtMs }) => ({
        ...{ kind: 'breach' as const, id, dueAtMs, startedAtMs: awareAtMs },
        words: `Breach: notify the authority. ${summary}`
      }))
  ].toSorted((a, b) => a.dueAtMs - b.dueAtMs)
}
