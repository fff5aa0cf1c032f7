import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { DatasetVersion, State } from '../../ledger/fold/state.ts'
import type { Holding } from '../../store/store.ts'
import type { TransferStatus } from '../../swarm/transfer-types.ts'
import type { PastHolder } from './past-holders.ts'
import { knownHolders, versionHolders } from './version-holders.ts'

const VERSION = '7'.repeat(64) as VersionId
const [SELF, PUBLISHER, KEEPER, PEER] = ['a', 'b', 'c', 'd'].map(digit => digit.repeat(64) as DeviceId) as [
  DeviceId,
  DeviceId,
  DeviceId,
  DeviceId
]
const NOW_MS = 1000

const published = { version: VERSION, publisher: PUBLISHER, timeMs: 100 } as DatasetVersion

/** A ledger in which one device said that it keeps the version. */
function keptBy(device: DeviceId, untilMs: number): State {
  const entry = { timeMs: 200, untilMs }
  return {
    keptBy: new Map([[VERSION, new Set([device])]]),
    copies: new Map([[device, new Map([[VERSION, entry]])]]),
    renewals: new Map()
  } as unknown as State
}

const status = (peers: object[]) => ({ peers }) as unknown as TransferStatus
const holding = (size: number) => ({ have: { size, pieceCount: 10 } }) as unknown as Holding

interface Parts {
  readonly state?: State
  readonly holdings?: Holding[]
  readonly status?: TransferStatus
  readonly past?: ReadonlyMap<DeviceId, PastHolder>
}

function known(parts: Parts) {
  const state = parts.state ?? keptBy(KEEPER, 0)
  const holders = knownHolders({
    ...{ published, self: SELF, nowMs: NOW_MS, holdings: [], status: undefined },
    ...{ past: new Map(), ...parts, state }
  })
  return [...holders].map(([device, { by, isWhole, havePieces }]) => [device[0], by, isWhole, havePieces])
}

test('the publisher is taken at its word, and who keeps it as long as it said', () => {
  assert.deepEqual(known({}), [['b', 'publisher', true, null]])
  assert.deepEqual(known({ state: keptBy(KEEPER, NOW_MS + 1) }), [
    ['b', 'publisher', true, null],
    ['c', 'ledger', true, null]
  ])
})

test('what a stream says now counts before what one said, and both before the ledger', () => {
  const past = new Map([
    [PEER, { haveCount: 3, isComplete: false, atMs: 500 }],
    [KEEPER, { haveCount: 4, isComplete: false, atMs: 500 }],
    [PUBLISHER, { haveCount: 0, isComplete: false, atMs: 500 }]
  ])
  assert.deepEqual(known({ past, state: keptBy(KEEPER, NOW_MS + 1) }), [
    ['b', 'publisher', true, null],
    ['c', 'ledger', true, null],
    ['d', 'past stream', false, 3]
  ])
  const peers = [{ device: PEER, haveCount: 10, isComplete: true }]
  assert.deepEqual(known({ past, status: status(peers) }), [
    ['b', 'publisher', true, null],
    ['d', 'stream', true, 10],
    ['c', 'past stream', false, 4]
  ])
})

test('of several copies here the fullest counts', () => {
  assert.deepEqual(known({ holdings: [holding(2), holding(7), holding(0)] }), [
    ['b', 'publisher', true, null],
    ['a', 'here', false, 7]
  ])
  assert.deepEqual(known({ holdings: [holding(10)] }).at(-1), ['a', 'here', true, 10])
  assert.deepEqual(known({ holdings: [holding(0)] }), [['b', 'publisher', true, null]])
})

test('who was revoked is named with what it had, and counts neither as a member nor as one of whom nothing is known', () => {
  const standings: [DeviceId, string][] = [
    ...[SELF, PUBLISHER, KEEPER].map((device): [DeviceId, string] => [device, 'member']),
    [PEER, 'revoked']
  ]
  const devices = new Map(
    standings.map(([device, standing]) => [device, { standing, enrolment: { expiresMs: null } }])
  )
  const past = new Map([[PEER, { haveCount: 10, isComplete: true, atMs: 500 }]])
  const node = {
    catalogue: {
      entry: (name: string) => ({
        name,
        versions: [{ ...published, ordinal: 1, bytes: 80, expiresMs: null }]
      }),
      holdings: () => [],
      nameOf: (device: DeviceId) => ({ device, name: device[0], site: null })
    },
    keeper: { state: () => ({ ...keptBy(KEEPER, 0), devices, root: { orgName: 'acme' } }) },
    hub: { status: () => undefined, past: { of: () => past } },
    identity: { device: SELF }
  } as unknown as Parameters<typeof versionHolders>[0]
  const { holders, members, unknown } = versionHolders(node, { name: 'os', version: null }, NOW_MS)
  assert.deepEqual(
    holders.map(({ name, isMember }) => [name, isMember]),
    [
      ['b', true],
      ['d', false]
    ]
  )
  assert.deepEqual([members, unknown], [3, 2])
})
