import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { PeerStatus, TransferStatus } from '../../swarm/transfer-types.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import type { SwarmHub } from '../swarm/swarm-hub.ts'
import { fetchingOf, usedBySwarm } from './swarm-use.ts'

const [VERSION, PEER] = ['ab'.repeat(32) as VersionId, 'cd'.repeat(32) as DeviceId]
const FRESH: Partial<PeerStatus> = { device: PEER, isSatisfied: false, lackingCount: 0, inFlightBytes: 0 }

function hubOf(status: Partial<TransferStatus>, peer: Partial<PeerStatus>): SwarmHub {
  const peers = [{ ...FRESH, ...peer } as PeerStatus]
  const all = { haveCount: 0, verifiedBytes: 3, metadataBytes: 4, ...status, peers } as TransferStatus
  return scripted<SwarmHub>({
    wanted: () => [VERSION],
    status: () => all,
    statuses: () => [{ versionId: VERSION, status: all }]
  })
}

test('a stream is in use while either side has something for the other', () => {
  const isUsed = (status: Partial<TransferStatus>, peer: Partial<PeerStatus>): boolean =>
    usedBySwarm(hubOf(status, peer)).has(PEER)
  assert.ok(isUsed({}, { lackingCount: 1, isSatisfied: true }))
  assert.ok(isUsed({}, { inFlightBytes: 1 }))
  assert.ok(isUsed({ haveCount: 1 }, {}))
  assert.ok(!isUsed({ haveCount: 1 }, { isSatisfied: true }))
  assert.ok(!isUsed({}, {}), 'both only want it')
})

test('what waits for its turn is not searched for, all else with what has come of it', () => {
  const publishersOf = (): DeviceId[] => [PEER]
  assert.deepEqual(fetchingOf(hubOf({ phase: 'idle' }, {}), publishersOf), [])
  assert.deepEqual(fetchingOf(hubOf({ phase: 'metadata' }, {}), publishersOf), [
    { version: VERSION, publishers: [PEER], peers: new Set([PEER]), receivedBytes: 7 }
  ])
})
