import assert from 'node:assert/strict'
import { test } from 'node:test'
import { START_MS } from '../ledger/fold/org-fixture.conformance.ts'
import { ORG } from './log-fixture.conformance.ts'
import { type JsonObject, toOcsf } from './ocsf.ts'
import { reader, SAMPLE_EVENTS, server } from './samples.conformance.ts'

/** What the classes of OCSF 1.2 require, beyond their base event: from schema.ocsf.io. */
const REQUIRED: Readonly<Record<number, readonly string[]>> = {
  6005: ['actor', 'src_endpoint', 'databucket'],
  3004: ['entity'],
  2004: ['finding_info'],
  3002: ['user', 'service'],
  6003: ['actor', 'api', 'src_endpoint']
}
const BASE = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid']
const ENVELOPE = ['id', 'source', 'specversion', 'type', 'data']

const events = SAMPLE_EVENTS.map((event, seq) =>
  toOcsf(
    { device: server.id, incarnation: START_MS, seq, timeMs: START_MS, event },
    { org: ORG, productVersion: '0.1.0' }
  )
)
const dataOf = (event: JsonObject) => event.data as JsonObject

test('every action is an event with all that its class and its envelope require', () => {
  for (const event of events) {
    const data = dataOf(event)
    for (const name of ENVELOPE) assert.ok(event[name] !== undefined, `${event.type} has ${name}`)
    for (const name of [...BASE, ...(REQUIRED[Number(data.class_uid)] ?? ['a known class'])])
      assert.ok(data[name] !== undefined, `${event.type} has ${name}`)
    assert.equal(data.type_uid, 100 * Number(data.class_uid) + Number(data.activity_id))
    assert.equal(Math.floor(Number(data.class_uid) / 1000), data.category_uid)
    assert.equal(event.time, new Date(START_MS).toISOString())
    assert.deepEqual(JSON.parse(JSON.stringify(event)), event)
  }
})

test('each is told from every other by its place in its log', () => {
  assert.equal(new Set(events.map(event => `${event.source} ${event.id}`)).size, events.length)
})

test('types are those of the table', () => {
  assert.deepEqual(
    events.map(event => [event.type, dataOf(event).type_uid, dataOf(event).status_id]),
    [
      ['peerage.audit.serving', 600501, 1],
      ['peerage.audit.served', 600501, 1],
      ['peerage.audit.received', 600501, 1],
      ['peerage.audit.receipted', 600599, 1],
      ['peerage.audit.read', 600501, 1],
      ['peerage.audit.stored', 600505, 1],
      ['peerage.audit.deleted', 600507, 1],
      ['peerage.audit.administered', 300401, 1],
      ['peerage.audit.denied', 600503, 2],
      ['peerage.audit.violation', 200401, 1],
      ['peerage.audit.override', 300499, 1],
      ['peerage.audit.overridden', 600599, 1],
      ['peerage.audit.expired', 300404, 1],
      ['peerage.audit.renewed', 300499, 1],
      ['peerage.audit.obtained', 600501, 1],
      ['peerage.audit.damaged', 600599, 1],
      ['peerage.audit.healed', 600599, 1],
      ['peerage.audit.called', 600399, 2],
      ['peerage.audit.looked-up', 300402, 1],
      ['peerage.audit.called', 600399, 1],
      ['peerage.audit.switched', 300403, 1]
    ]
  )
})

test('whatever time a device writes, an event has one of RFC 3339', () => {
  const [event] = SAMPLE_EVENTS
  assert.ok(event)
  const entry = { device: server.id, incarnation: START_MS, seq: 0, timeMs: Number.MAX_SAFE_INTEGER, event }
  const { time } = toOcsf(entry, { org: ORG, productVersion: '0.1.0' })
  assert.equal(time, '9999-12-31T23:59:59.999Z')
})

test('who signs in or out is an event of authentication, whether it was done or not', () => {
  const event = (route: string, by: string, outcome: 'done' | 'refused') =>
    dataOf(
      toOcsf(
        {
          ...{ device: server.id, incarnation: START_MS, seq: 0, timeMs: START_MS },
          event: { action: 'called', by, route, outcome, count: 1, kind: null, object: null }
        },
        { org: ORG, productVersion: '0.1.0' }
      )
    )
  const said = (...call: Parameters<typeof event>) => {
    const { class_uid, type_uid, status_id, user } = event(...call)
    return [class_uid, type_uid, status_id, user]
  }
  assert.deepEqual(said('beginSession', 'token ci', 'done'), [3002, 300201, 1, { uid: 'token ci' }])
  assert.deepEqual(said('endSignIn', 'address ::1', 'refused'), [3002, 300201, 2, { name: 'unknown' }])
  assert.deepEqual(said('endSession', 'owner', 'done'), [3002, 300202, 1, { uid: 'owner' }])
  assert.deepEqual(said('beginSignIn', 'address ::1', 'done'), [6003, 600399, 1, undefined])
})

test('what a call was about is a resource of it', () => {
  const resources = events
    .filter(({ type }) => type === 'peerage.audit.called')
    .map(event => dataOf(event).resources)
  assert.deepEqual(resources, [undefined, [{ uid: 'os/image@3', type: 'dataset' }]])
})

test('what looks for harm is an alarm when it is switched off or changed, and not when it goes on', () => {
  const severity = (state: 'on' | 'off' | 'changed') =>
    dataOf(
      toOcsf(
        {
          ...{ device: server.id, incarnation: START_MS, seq: 0, timeMs: START_MS },
          event: { action: 'switched', by: 'owner', what: 'scanner', state }
        },
        { org: ORG, productVersion: '0.1.0' }
      )
    ).severity_id
  assert.deepEqual([severity('off'), severity('changed'), severity('on')], [3, 3, 1])
})

test('data flows from server to reader, whoever logged it', () => {
  const endpoints = (action: string) => {
    const data = dataOf(events.find(event => event.type === `peerage.audit.${action}`) ?? {})
    return [data.src_endpoint, data.dst_endpoint]
  }
  assert.deepEqual(endpoints('served'), [{ uid: reader.id }, { uid: server.id }])
  const received = SAMPLE_EVENTS[2]
  assert.equal(received?.action, 'received')
  if (received === undefined) return
  const event = toOcsf(
    { device: reader.id, incarnation: START_MS, seq: 0, timeMs: START_MS, event: received },
    { org: ORG, productVersion: '0.1.0' }
  )
  assert.deepEqual(dataOf(event).src_endpoint, { uid: reader.id })
  assert.deepEqual(dataOf(event).dst_endpoint, { uid: server.id })
})
