import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orgIdFromBytes } from '../../base/ids.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import { keyNamed, sha256 } from '../fold/org-fixture.conformance.ts'
import { createPresence, decodePresence, type Presence } from './presence.ts'
import {
  answerTo,
  askOf,
  decodePresenceMessage,
  encodePresenceMessage,
  PRESENCE_RECORDS_MAX,
  type PresenceMessage,
  restOf
} from './presence-messages.ts'

const NOW_MS = 1_800_000_000_000
const ORG = orgIdFromBytes(new Uint8Array(32).fill(1))

/** What the device said so many seconds ago. */
function said(name: string, agoS: number): Presence {
  const { id: device, sign } = keyNamed(name)
  const timeMs = NOW_MS - agoS * 1000
  return createPresence(
    {
      ...{
        org: ORG,
        device,
        name,
        nameSalt: new Uint8Array(16),
        site: 'berlin',
        kind: 'server',
        addresses: []
      },
      ...{ timeMs, expiresMs: timeMs + 3_600_000 }
    },
    { sign, sha256 }
  )
}

function sent<M extends PresenceMessage>(message: M): M {
  const encoded = encodePresenceMessage(message)
  const decoded = decodePresenceMessage(encoded)
  assert.ok(decoded.ok)
  assert.deepEqual(encodePresenceMessage(decoded.value), encoded)
  return decoded.value as M
}

const namesOf = (records: readonly Uint8Array[]): string[] =>
  records.map(record => {
    const decoded = decodePresence(record, { verify: () => true, sha256 })
    return decoded.ok ? decoded.value.name : assert.fail(decoded.detail)
  })

/** What comes to who asks, and to who is asked. */
function exchange(
  asker: { readonly own: Presence; readonly others: readonly Presence[] },
  asked: { readonly own: Presence; readonly others: readonly Presence[] }
): { readonly came: string[]; readonly went: string[] } {
  const ask = sent(askOf(asker.own, asker.others))
  assert.ok(ask.kind === 'ask')
  const others = asked.others.filter(({ device }) => device !== asker.own.device)
  const answer = sent(answerTo(ask, asked.own, [...others, asker.own]))
  const rest = sent(restOf(answer, asker.others))
  return { came: namesOf(answer.records), went: [...namesOf([ask.own]), ...namesOf(rest.records)] }
}

test('each gets what is news to it, the newest first, and nothing that it has', () => {
  const [old, fresh] = [said('changed', 60), said('changed', 10)]
  const both = said('both', 30)
  const { came, went } = exchange(
    { own: said('a', 1), others: [both, old, said('only a', 5)] },
    { own: said('b', 2), others: [both, fresh, said('only b', 5)] }
  )
  assert.deepEqual(came, ['b', 'only b', 'changed'])
  assert.deepEqual(went, ['a', 'only a'])
})

test('who is asked wants no word of itself, and who asked gets none of itself', () => {
  const { came, went } = exchange(
    { own: said('a', 1), others: [said('b', 0)] },
    { own: said('b', 2), others: [said('a', 9)] }
  )
  assert.deepEqual([came, went], [['b'], ['a']])
})

test('what is too much for a message comes by the next', () => {
  const many = Array.from({ length: PRESENCE_RECORDS_MAX + 9 }, (_, index) =>
    said(`device ${index}`, index + 1)
  )
  const [a, b] = [said('a', 1), said('b', 1)]
  const first = exchange({ own: a, others: [] }, { own: b, others: many })
  assert.equal(first.came.length, PRESENCE_RECORDS_MAX)
  const had = many.slice(0, PRESENCE_RECORDS_MAX - 1)
  const second = exchange({ own: a, others: had }, { own: b, others: many })
  assert.deepEqual(
    second.came.slice(1),
    many.slice(PRESENCE_RECORDS_MAX - 1).map(({ name }) => name)
  )
  const back = exchange({ own: a, others: many }, { own: b, others: [] })
  assert.equal(back.went.length, 1 + PRESENCE_RECORDS_MAX)
})

test('what is malformed is refused', () => {
  const verdict = (value: Parameters<typeof encodeCbor>[0]): string => {
    const decoded = decodePresenceMessage(encodeCbor(value))
    return decoded.ok ? 'valid' : decoded.reason
  }
  const own = said('a', 1).record
  const key = new Uint8Array(8)
  assert.equal(verdict({ v: 1, kind: 'ask', own, known: [[key, 1]] }), 'valid')
  for (const value of [
    { v: 2, kind: 'ask', own, known: [] },
    { v: 1, kind: 'question', own, known: [] },
    { v: 1, kind: 'ask', own, known: [[key.subarray(1), 1]] },
    { v: 1, kind: 'ask', own, known: [[key, -1]] },
    { v: 1, kind: 'answer', records: [own] },
    { v: 1, kind: 'rest', records: Array(PRESENCE_RECORDS_MAX + 1).fill(own) }
  ])
    assert.equal(verdict(value), 'malformed', JSON.stringify(value).slice(0, 80))
})
