import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../../src/base/units.ts'
import {
  type BreachCase,
  breachMark,
  breachOrder,
  clockTone,
  dueCases,
  leftText,
  type RequestCase,
  requestMark,
  requestOrder
} from './clock.ts'

const REQUEST: RequestCase = {
  ...{ id: 'aa', kind: 'access', subject: null, extended: null, state: 'open', closed: null },
  ...{ receivedAtMs: 0, openedAtMs: 0, dueAtMs: 30 * DAY_MS }
}
const BREACH: BreachCase = {
  ...{ id: 'bb', summary: 'lost', datasets: [], fromMs: null, toMs: null, awareAtMs: 0, openedAtMs: 0 },
  ...{ dueAtMs: 72 * HOUR_MS, state: 'running', notifiedAtMs: null, personsToldAtMs: null, closed: null },
  said: { nature: null, cause: null, consequences: null, measures: null, delay: null }
}

test('what is left is told in its two largest units, and what is over as overdue', () => {
  assert.equal(leftText(6 * DAY_MS + 2 * HOUR_MS, 0), '6 d 2 h left')
  assert.equal(leftText(2 * HOUR_MS, 0), '2 h left')
  assert.equal(leftText(0, 90 * MINUTE_MS), '1 h 30 min overdue')
  assert.equal(leftText(21 * HOUR_MS + 39 * MINUTE_MS, 0), '21 h left')
  assert.equal(leftText(0, 0), '0 min left')
})

test('a clock warns in its last third, and is bad once it is over', () => {
  const clock = { startedAtMs: 0, dueAtMs: 72 * HOUR_MS }
  assert.equal(clockTone(clock, 48 * HOUR_MS), 'good')
  assert.equal(clockTone(clock, 49 * HOUR_MS), 'warn')
  assert.equal(clockTone(clock, 72 * HOUR_MS), 'warn')
  assert.equal(clockTone(clock, 73 * HOUR_MS), 'bad')
})

test('a request that is closed has its outcome, and whether that was in time', () => {
  const closed = { atMs: 5, outcome: 'fulfilled', reason: null } as const
  assert.deepEqual(requestMark(REQUEST, 29 * DAY_MS), ['warn', '1 d left'])
  assert.deepEqual(requestMark({ ...REQUEST, state: 'closed', closed }, 0), ['quiet', 'fulfilled in time'])
  assert.deepEqual(requestMark({ ...REQUEST, state: 'late', closed }, 0), ['bad', 'fulfilled, late'])
})

test('of a breach the notification counts, and an outcome only where there was none', () => {
  const closed = { atMs: 5, outcome: 'no-risk', reason: 'encrypted' } as const
  assert.deepEqual(breachMark(BREACH, 72 * HOUR_MS + 1), ['bad', '0 min overdue'])
  assert.deepEqual(breachMark({ ...BREACH, state: 'late', notifiedAtMs: 1 }, 0), ['bad', 'notified late'])
  assert.deepEqual(breachMark({ ...BREACH, notifiedAtMs: 1, closed }, 0), ['good', 'notified in time'])
  assert.deepEqual(breachMark({ ...BREACH, closed }, 0), ['quiet', 'closed: no risk to persons'])
})

test('what is due is what nobody has answered or notified, the first due first', () => {
  const closed = { atMs: 5, outcome: 'refused', reason: 'who is it' } as const
  const due = dueCases(
    [REQUEST, { ...REQUEST, id: 'ac', closed }],
    [BREACH, { ...BREACH, id: 'bc', notifiedAtMs: 9 }]
  )
  assert.deepEqual(
    due.map(({ kind, id }) => [kind, id]),
    [
      ['breach', 'bb'],
      ['request', 'aa']
    ]
  )
})

test('lists of cases begin with what is due first, and end with what nobody waits for', () => {
  const due = (order: (each: never) => number, cases: readonly { id: string }[]) =>
    cases.toSorted((a, b) => order(a as never) - order(b as never)).map(({ id }) => id)
  const answered = {
    ...REQUEST,
    id: 'answered',
    dueAtMs: 1,
    closed: { atMs: 2, outcome: 'answered' as const }
  }
  const early = { ...REQUEST, id: 'early', dueAtMs: DAY_MS }
  assert.deepEqual(due(requestOrder, [answered as unknown as RequestCase, REQUEST, early]), [
    ...['early', 'aa', 'answered']
  ])
  const notified = { ...BREACH, id: 'notified', dueAtMs: 1, notifiedAtMs: 2 }
  const late = { ...BREACH, id: 'late', dueAtMs: HOUR_MS }
  assert.deepEqual(due(breachOrder, [notified, BREACH, late]), ['late', 'bb', 'notified'])
})
