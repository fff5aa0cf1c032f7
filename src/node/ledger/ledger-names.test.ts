import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { foundOrg, keyNamed, TestDevice } from '../../ledger/fold/org-fixture.conformance.ts'
import { SharedNames } from '../keys/shared-names.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'
import { LedgerNames } from './ledger-names.ts'

/** A ledger of an admin and of devices that say these names, or none; those in brackets are members no more. */
function called(...said: readonly string[]) {
  const admin = keyNamed('admin')
  const founder = new TestDevice(admin, foundOrg([admin]))
  const names = new SharedNames()
  const gone = new Set<DeviceId>()
  const devices = said.map((text, at) => {
    const key = keyNamed(`device ${at}`)
    founder.enrol(key)
    if (text !== '') names.set(key.id, text.replace(/[()]/g, ''))
    if (text.startsWith('(')) gone.add(key.id)
    return key.id
  })
  const keeper = scripted<LedgerKeeper>({ state: () => founder.ledger.state() })
  const found = new LedgerNames(keeper, device => {
    const name = names.shown(device, each => !gone.has(each)) ?? null
    return { device, name, site: null }
  })
  return {
    devices,
    find: (text: string) => found.findDevice(text),
    shown: (at: number) => found.device(devices[at] as DeviceId)
  }
}

test('a name that two members have is refused with both, and each is found as it is shown', () => {
  const { devices, find, shown } = called('build-1', 'build-1', 'lab-7')
  const [first = '', second = ''] = devices
  assert.throws(() => find('build-1'), {
    code: 'DEVICE_UNKNOWN',
    message: `"build-1" is 2 devices: ${shown(0)} (${first.slice(0, 12)}), ${shown(1)} (${second.slice(0, 12)}); give more of the id`
  })
  assert.equal(find(shown(0)), first)
  assert.equal(find(shown(1)), second)
  assert.equal(find(second.slice(0, 8)), second)
  assert.equal(find('lab-7'), devices[2])
})

test('a name that a member took over from one that is none any more is the name of the member', () => {
  const { devices, find, shown } = called('(build-1)', 'build-1')
  assert.equal(find('build-1'), devices[1])
  assert.equal(find(shown(0)), devices[0])
})

test('a name that nobody has is told from those that are near it, also where a device has told none', () => {
  assert.throws(() => called('build-1', '').find('biuld-1'), /did you mean build-1\?$/)
})
