import assert from 'node:assert/strict'
import { test } from 'node:test'
import { singleRoot } from '../../ledger/chain/chain-view.ts'
import { foundOrg, keyNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import { type DeviceEntry, emptyState } from '../../ledger/fold/state.ts'
import { MEASURES } from '../../risk/register/measures.ts'
import { RISKS } from '../../risk/register.ts'
import { assess } from '../../risk/residual.ts'
import { allReadings } from './network-readings.ts'
import type { NetworkView } from './network-view.ts'

const NOW_MS = 1_800_000_000_000
const DOWN = { known: false, why: 'it could not be asked' } as const

function viewOf(parts: Partial<NetworkView> = {}): NetworkView {
  const admin = keyNamed('admin')
  return {
    ...{ nowMs: NOW_MS, self: admin.id, state: emptyState(singleRoot(foundOrg([admin]))) },
    ...{ status: DOWN, peers: DOWN, storage: DOWN, losses: DOWN, audit: DOWN, cases: DOWN, retention: DOWN },
    ...{
      malware: DOWN,
      detections: DOWN,
      limits: DOWN,
      authority: DOWN,
      classes: DOWN,
      invites: DOWN,
      tokens: DOWN
    },
    ...parts
  }
}

test('every measure of the register is read', () => {
  assert.deepEqual([...allReadings(viewOf()).keys()].sort(), Object.keys(MEASURES).sort())
})

test('what could not be asked is not known, with the reason, and lowers no risk that rests on it', () => {
  const readings = allReadings(viewOf())
  for (const id of [
    'unsafe-versions',
    'audit-findings',
    'members-present',
    'infected-open',
    'powerful-tokens'
  ]) {
    assert.equal(readings.get(id)?.value, null, id)
    assert.equal(readings.get(id)?.unknown, DOWN.why, id)
  }
  const loss = RISKS.find(({ id }) => id === 'data-loss')
  assert.ok(loss)
  assert.equal(assess(loss, readings, NOW_MS).score, assess(loss, readings, NOW_MS).inherentScore)
})

test('no refused read in the logs of some is no good word while those of others are missing', () => {
  const device = { device: keyNamed('admin').id, name: null, site: null }
  const survey = { logs: [], findings: [], entries: [], leftOut: 0 }
  const missing = [{ device, lostEntries: 0, reason: 'not connected' }]
  const admin: DeviceEntry = {
    ...{ device: device.device, role: 'admin', standing: 'member', roles: new Map() },
    ...{ takenBy: undefined, enrolment: undefined, sealing: undefined, storage: undefined }
  }
  const state = { ...viewOf().state, devices: new Map([[device.device, admin]]) }
  const partly = allReadings(viewOf({ state, audit: { known: true, value: { ...survey, missing } } }))
  const whole = allReadings(viewOf({ state, audit: { known: true, value: { ...survey, missing: [] } } }))
  for (const id of ['refused-reads', 'audit-findings']) {
    assert.match(String(partly.get(id)?.unknown), /1 of 1 members/)
    assert.equal(whole.get(id)?.value, 0)
  }
})
