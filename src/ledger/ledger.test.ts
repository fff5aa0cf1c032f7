import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDatasetReference } from './names.ts'
import { foundOrg, keyNamed, START_MS, TestDevice, versionNamed } from './org-fixture.conformance.ts'
import { isMember, resolveDataset } from './state.ts'

const admin = keyNamed('admin')
const laptop = keyNamed('laptop')
const ticket = keyNamed('ticket')
const root = foundOrg([admin])

test('an org is founded, a device joins by an invite, and its publication is seen by the admin', () => {
  const founder = new TestDevice(admin, root)
  founder.enrol(admin)
  const invite = founder.invite(ticket)
  assert.equal(isMember(founder.ledger.state(), laptop.id, START_MS), false)
  founder.enrol(laptop, { operation: invite.id, key: ticket })
  assert.equal(isMember(founder.ledger.state(), laptop.id, START_MS), true)

  const joined = new TestDevice(laptop, root)
  joined.learn(founder)
  joined.publish('os/image', 'first')
  founder.learn(joined)
  const reference = parseDatasetReference('os/image@1')
  assert.ok(reference)
  const found = resolveDataset(founder.ledger.state(), reference, START_MS)
  assert.ok(found.ok)
  assert.equal(found.value.version.version, versionNamed('first'))
  assert.equal(found.value.dataset.owner, laptop.id)
  assert.equal(founder.ledger.state().inert.size, 0)
})
