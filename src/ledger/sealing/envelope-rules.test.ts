import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cast, meet, toDevice, toGroup } from '../fold/governance-fixture.conformance.ts'
import { publication, START_MS, sha256, type TestKey, versionNamed } from '../fold/org-fixture.conformance.ts'
import type { OperationContent } from '../operation/operation-content.ts'
import { envelopeWriters, mayWriteEnvelope, recipientsOf, sealedVersions } from './envelope-rules.ts'

const ONE = versionNamed('one')
const sealed = (name: string, version: string): OperationContent =>
  ({ ...publication(name, version), class: 'confidential', sealed: true }) as OperationContent
const says = (device: TestKey, name: string): OperationContent => ({
  ...{ type: 'device.sealing', device: device.id, recipient: sha256(Buffer.from(name)) }
})

/** laptop publishes `set`; each device has said its key, but for desktop. */
function library() {
  const company = cast()
  const { admin, second, laptop, keys } = company
  admin.write(says(keys.admin, 'admin'))
  second.write(says(keys.second, 'second'))
  laptop.write(says(keys.laptop, 'laptop'))
  laptop.write(sealed('set', 'one'))
  meet(admin, second, laptop)
  return company
}

test('who published it, who owns it and admins write an envelope, of what is sealed', () => {
  const { admin, keys } = library()
  admin.write({ ...publication('plain', 'two'), class: 'confidential' } as OperationContent)
  const writers = (version: string) =>
    Object.entries(keys)
      .filter(([, { id }]) => mayWriteEnvelope(admin.ledger.state(), id, versionNamed(version), START_MS))
      .map(([name]) => name)
      .join(' ')
  assert.equal(writers('one'), 'admin second laptop')
  assert.equal(writers('two'), '')
  assert.equal(writers('unknown'), '')
  assert.deepEqual(sealedVersions(admin.ledger.state()), [ONE])
  const named = () => envelopeWriters(admin.ledger.state(), ONE, START_MS)
  assert.deepEqual(named(), [keys.laptop.id, ...[keys.admin.id, keys.second.id].sort()])
  admin.suspend(keys.laptop)
  assert.equal(named().includes(keys.laptop.id), false)
  // What it published stands no more, and with it the dataset.
  assert.equal(writers('one').includes('laptop'), false)
})

test('who publishes the version of another under a name of its own writes no envelope of it', () => {
  const { admin, desktop, keys } = library()
  desktop.learn(admin)
  desktop.write(sealed('mine', 'one'))
  admin.learn(desktop)
  const may = (key: TestKey) => mayWriteEnvelope(admin.ledger.state(), key.id, ONE, START_MS)
  // Each is of one owner only. It could else end what wraps the key for all others.
  assert.deepEqual([may(keys.desktop), may(keys.laptop), may(keys.admin)], [false, false, true])
  admin.write(sealed('official', 'one'))
  assert.deepEqual([may(keys.desktop), may(keys.laptop), may(keys.second)], [false, false, true])
})

test('it is wrapped for who may read, by grant or group, and who has no key is told', () => {
  const { admin, desktop, keys } = library()
  const of = () => {
    const { recipients, keyless } = recipientsOf(admin.ledger.state(), ONE, START_MS)
    const nameOf = (device: string) => Object.entries(keys).find(([, { id }]) => id === device)?.[0]
    return [
      recipients
        .map(({ device }) => nameOf(device))
        .sort()
        .join(' '),
      keyless.map(nameOf).join(' ')
    ]
  }
  assert.deepEqual(of(), ['admin laptop second', ''])
  const grant = admin.grantAccess(toDevice(keys.desktop), { kind: 'name', name: 'set' })
  assert.ok(grant)
  assert.deepEqual(of(), ['admin laptop second', 'desktop'])
  desktop.write(says(keys.desktop, 'desktop'))
  admin.learn(desktop)
  assert.deepEqual(of(), ['admin desktop laptop second', ''])
  admin.revokeAccess(toDevice(keys.desktop), null)
  assert.deepEqual(of(), ['admin laptop second', ''])
  const group = admin.createGroup('clerks')
  admin.addTo(group, keys.desktop)
  admin.grantAccess(toGroup(group), { kind: 'all' })
  assert.deepEqual(of(), ['admin desktop laptop second', ''])
  admin.removeFrom(group, keys.desktop)
  assert.deepEqual(of(), ['admin laptop second', ''])
  admin.quarantine('one')
  assert.deepEqual(of(), ['', ''])
})
