import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { DEFAULT_RANKS, DEFAULT_ROLES, orgIdOf, type Root } from '../../ledger/chain/root.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { foundedBy, keeperOf } from './founded-org.conformance.ts'
import { LocalGovernanceService } from './governance-service.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'

const [admin, desk, lab] = [0, 1, 2].map(() => DeviceKey.generate()) as [DeviceKey, DeviceKey, DeviceKey]
const HEARD_AT_MS = 1_795_765_000_000

/** An org whose helpdesk suspends and revokes, and whose leads are its equals. */
function foundRoot(): Root {
  return foundedBy([admin], () => ({
    roles: new Map([
      ...DEFAULT_ROLES,
      ['helpdesk', ['device.revoke', 'device.suspend', 'note']],
      ['lead', ['note']]
    ]),
    ranks: new Map([...DEFAULT_RANKS, ['helpdesk', 2], ['lead', 2]])
  }))
}

interface Desk {
  readonly keeper: LedgerKeeper
  readonly service: LocalGovernanceService
}

function open(key: DeviceKey, root: Root): Desk {
  const keeper = keeperOf(key, root)
  const service = new LocalGovernanceService({
    keeper,
    identity: {
      ...{ org: orgIdOf(root), orgName: 'Acme', device: key.id, name: 'desk', site: 'berlin' },
      ...{ nameSalt: new Uint8Array(16), kind: 'desktop' as const }
    },
    catalogue: {
      nameOf: device => ({ device, name: null, site: null }),
      entry: () => assert.fail('no dataset is meant')
    },
    transport: { peers: () => [] },
    board: { lastHeardMs: device => (device === lab.id ? HEARD_AT_MS : null) }
  })
  return { keeper, service }
}

function meet(...desks: readonly Desk[]): void {
  for (const to of desks)
    for (const from of desks)
      to.keeper.take([...from.keeper.ledger.operations()].map(operation => operation.record))
}

async function scene(): Promise<{ chief: Desk; helper: Desk; standing: () => string | undefined }> {
  const root = foundRoot()
  const [chief, helper] = [open(admin, root), open(desk, root)]
  for (const device of [admin.id, desk.id, lab.id])
    chief.keeper.append({
      ...{ type: 'device.enrol', device, kind: 'desktop', redemption: null },
      nameCommitment: new Uint8Array(32)
    })
  await chief.service.grantRole({ device: desk.id, role: 'helpdesk', expiresInMs: null })
  meet(chief, helper)
  return { chief, helper, standing: () => chief.keeper.state().devices.get(lab.id)?.standing }
}

const grant = (to: DeviceId, role: string) => ({ device: to, role, expiresInMs: null })

test('a role that would end a suspension by its rank alone is not granted, and what to do is said', async () => {
  const { chief, helper, standing } = await scene()
  await helper.service.suspendDevice({ device: lab.id, reason: 'lost' })
  meet(chief, helper)
  const before = chief.keeper.ledger.size
  await assert.rejects(chief.service.grantRole(grant(lab.id, 'lead')), {
    code: 'NO_CHANGE',
    message: /is suspended by [0-9a-f]+, whose rank .*role lead.*device readmit .*have an admin suspend it/
  })
  assert.equal(chief.keeper.ledger.size, before, 'nothing was signed')
  await chief.service.grantRole(grant(lab.id, 'publisher'))
  assert.equal(standing(), 'suspended', 'a lower role changes nothing about it')

  await chief.service.suspendDevice({ device: lab.id, reason: 'stays out' })
  await chief.service.grantRole(grant(lab.id, 'lead'))
  assert.equal(standing(), 'suspended', 'an admin is above both')
  await assert.rejects(chief.service.suspendDevice({ device: lab.id, reason: null }), {
    code: 'NO_CHANGE'
  })

  await chief.service.readmitDevice({ device: lab.id, reason: null })
  assert.equal(standing(), 'member')
})

test('once the device is taken back, it may be promoted', async () => {
  const { chief, helper, standing } = await scene()
  await helper.service.suspendDevice({ device: lab.id, reason: null })
  meet(chief, helper)
  await chief.service.readmitDevice({ device: lab.id, reason: null })
  await chief.service.grantRole(grant(lab.id, 'lead'))
  assert.equal(standing(), 'member')
})

test('nor one that would undo a revocation', async () => {
  const { chief, helper, standing } = await scene()
  await helper.service.revokeDevice({ device: lab.id, reason: 'stolen' })
  meet(chief, helper)
  await assert.rejects(chief.service.grantRole(grant(lab.id, 'lead')), {
    code: 'NO_CHANGE',
    message: /was revoked by .*the grant would undo that/
  })
  assert.equal(standing(), 'revoked')
  chief.keeper.append({ type: 'role.grant', device: lab.id, role: 'lead' })
  assert.equal(standing(), 'member', 'as the ledger has it, and why it is refused')
})

const reads = (who: string, changes: { purpose?: string; expiresInMs?: number; name?: string } = {}) => ({
  ...{ who, scope: { kind: 'name' as const, name: changes.name ?? 'payroll' } },
  ...{ purpose: changes.purpose ?? null, expiresInMs: changes.expiresInMs ?? null }
})

test('a grant that is in force already is not signed again, unless something differs', async () => {
  const { chief } = await scene()
  const { operation } = await chief.service.grantAccess(reads(lab.id))
  const { size } = chief.keeper.ledger
  await assert.rejects(chief.service.grantAccess(reads(lab.id)), {
    code: 'NO_CHANGE',
    message: new RegExp(`has this grant already, in force since .*${operation.slice(0, 8)}`)
  })
  assert.equal(chief.keeper.ledger.size, size, 'nothing was signed')
  await chief.service.grantAccess(reads(lab.id, { purpose: 'audit' }))
  await chief.service.grantAccess(reads(lab.id, { expiresInMs: 60_000 }))
  await chief.service.grantAccess(reads(desk.id))
  assert.equal(chief.keeper.ledger.size, size + 3)

  await chief.service.revokeAccess({ who: lab.id, scope: null })
  await chief.service.grantAccess(reads(lab.id))
})

test('a grant to what can not be is refused, and one of what is not yet is noted', async () => {
  const { chief } = await scene()
  await chief.service.createGroup('renderers')
  await assert.rejects(chief.service.grantAccess(reads('group:renderes')), {
    code: 'GROUP_UNKNOWN',
    message: /did you mean renderers\?$/
  })
  await assert.rejects(chief.service.grantAccess(reads('lab-9')), { code: 'DEVICE_UNKNOWN' })
  const { warnings, inForce } = await chief.service.grantAccess(reads('group:renderers'))
  assert.equal(inForce, true)
  assert.deepEqual(warnings, [
    'no device is in group:renderers yet; the grant holds for those that are added',
    'no dataset payroll is known here yet; the grant holds once it is published'
  ])
  await chief.service.revokeDevice({ device: lab.id, reason: null })
  await assert.rejects(chief.service.grantAccess(reads(lab.id)), {
    code: 'NO_CHANGE',
    message: /was revoked/
  })
})

test('a device is heard until it is cut off, and that is still known of one that is revoked', async () => {
  const { chief } = await scene()
  await chief.service.revokeDevice({ device: lab.id, reason: null })
  const heard = async (): Promise<object> => {
    const devices = await chief.service.devices()
    return Object.fromEntries(devices.map(({ device, heardAtMs }) => [device, heardAtMs]))
  }
  assert.deepEqual(await heard(), { [admin.id]: null, [desk.id]: null, [lab.id]: HEARD_AT_MS })
})
