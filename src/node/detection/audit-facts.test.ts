import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LoggedEntry } from '../../audit/evidence.ts'
import { SAMPLE_EVENTS } from '../../audit/samples.conformance.ts'
import { singleRoot } from '../../ledger/chain/chain-view.ts'
import { foundOrg, keyNamed, versionNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import { type DatasetVersion, type DeviceEntry, emptyState, type State } from '../../ledger/fold/state.ts'
import { AuditTail } from '../audit/audit-tail.ts'
import { factsOf } from './audit-facts.ts'

const admin = keyNamed('admin')
const [server, reader] = [keyNamed('server').id, keyNamed('reader').id]
const version = versionNamed('one')

const member = (device: typeof reader): DeviceEntry => ({
  ...{ device, role: 'device', standing: 'member', roles: new Map(), takenBy: undefined },
  ...{ enrolment: undefined, sealing: undefined, storage: undefined }
})

function state(devices: readonly (typeof reader)[]): State {
  const published = { version, class: 'restricted', publisher: server, timeMs: 5, ordinal: 1 }
  const dataset = {
    ...{ name: 'os/image', owner: server, policy: undefined, storage: undefined },
    versions: [published as unknown as DatasetVersion]
  }
  return {
    ...emptyState(singleRoot(foundOrg([admin]))),
    devices: new Map(devices.map(device => [device, member(device)])),
    datasets: new Map([['os/image', dataset]]),
    publishedAs: new Map([[version, new Set(['os/image'])]])
  }
}

const sources = (devices = [server, reader]) => ({
  state: state(devices),
  siteOf: (device: string) => (device === reader ? 'rome' : 'paris'),
  owes: () => false
})
const entryOf = (action: string, of: object = {}): LoggedEntry => {
  const event = SAMPLE_EVENTS.find(each => each.action === action)
  assert.ok(event !== undefined)
  return { device: server, incarnation: 1, seq: 7, timeMs: 100, event: { ...event, ...of } }
}
const at = { atMs: 100, place: { device: server, incarnation: 1, seq: 7 } }

test('reads are told with who, where, and what of', () => {
  const [read, ...others] = factsOf(entryOf('serving'), sources())
  assert.deepEqual(others, [])
  assert.deepEqual(read, {
    ...{ kind: 'read', ...at, reader, readerKind: null, readerSite: 'rome', dataset: 'os/image', version },
    ...{ dataClass: 'restricted', publishedMs: 5, homeSite: 'paris', isOwed: false }
  })
  const [own] = factsOf(entryOf('read'), sources())
  assert.ok(own?.kind === 'read' && own.reader === server)
  const [sent] = factsOf(entryOf('served'), sources())
  assert.ok(sent?.kind === 'bytes' && sent.session === `${server}/1/0` && sent.bytes === 4096)
})

test('what is published no more, or only a share, is no read', () => {
  const gone = { ...sources(), state: emptyState(singleRoot(foundOrg([admin]))) }
  assert.deepEqual(factsOf(entryOf('serving'), gone), [])
  assert.deepEqual(factsOf(entryOf('serving', { dataset: null }), sources()), [])
})

test('a refusal is of a member, of a stranger, or of too many to tell apart', () => {
  const kindOf = (entry: LoggedEntry, devices?: (typeof reader)[]) =>
    factsOf(entry, sources(devices)).map(({ kind }) => kind)
  const denied = entryOf('denied')
  assert.deepEqual(kindOf(denied), ['denied'])
  assert.deepEqual(kindOf(denied, [server]), ['knock'])
  assert.deepEqual(kindOf(entryOf('denied', { reason: 'no-grant' }), [server]), ['denied'])
  assert.deepEqual(kindOf(entryOf('denied', { reason: 'flood' })), ['knock'])
  assert.deepEqual(kindOf(entryOf('violation')), ['bad'])
  for (const action of ['stored', 'administered', 'called', 'renewed', 'receipted'])
    assert.deepEqual(kindOf(entryOf(action)), [], action)
})

test('a tail gives what comes, each entry once, also of logs that are new or were cut back', () => {
  const logs = new Map([[server, 3]])
  const database = {
    sizes: () => [...logs].map(([device, size]) => ({ device, incarnation: 1, size })),
    entries: () => []
  }
  const asked: string[] = []
  const tail = new AuditTail({
    ...database,
    entries: ({ device }, { from, limit }) => {
      asked.push(`${device === server ? 'server' : 'reader'} ${from}+${limit}`)
      return []
    }
  })
  tail.read(100)
  logs.set(server, 5).set(reader, 2)
  tail.read(100)
  logs.set(server, 4)
  tail.read(100)
  logs.set(server, 6)
  tail.read(100)
  assert.deepEqual(asked, ['server 3+2', 'reader 0+2', 'server 4+2'])
})
