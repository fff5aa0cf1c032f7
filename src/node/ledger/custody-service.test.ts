import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import type { Root } from '../../ledger/chain/root.ts'
import { publication, versionNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import type { AuditRecord, AuditReport, AuditRequest } from '../audit/audit-report.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { LocalCustodyService } from './custody-service.ts'
import { foundedBy, keeperOf } from './founded-org.conformance.ts'

const [admin, second, lab] = [0, 1, 2].map(() => DeviceKey.generate()) as [DeviceKey, DeviceKey, DeviceKey]
const NAMES = new Map([
  [admin.id, 'office'],
  [second.id, 'vault'],
  [lab.id, 'lab-7']
])

/** What audit logs tell, where a test says so. */
let told: { entries: AuditReport['entries']; dropped: number | null } = { entries: [], dropped: null }
const nameOf = (device: DeviceId) => ({ device, name: NAMES.get(device) ?? null, site: null })
/** Logs of all but the second admin are here. */
const audit = {
  audit: async ({ version, limit }: AuditRequest) => {
    const entries = told.entries.filter(each => version === undefined || each.version === version)
    return {
      logs: [admin, lab].map(({ id }) => ({ device: nameOf(id), droppedBeforeMs: told.dropped })),
      missing: [{ device: nameOf(second.id), lostEntries: 0, reason: 'away' }],
      ...{ findings: [], entries: entries.slice(0, limit) }
    } as unknown as AuditReport
  }
}

function open(key: DeviceKey, root: Root) {
  const keeper = keeperOf(key, root)
  const service = new LocalCustodyService(
    {
      keeper,
      catalogue: {
        nameOf,
        entry: name => keeper.state().datasets.get(name) ?? assert.fail(`no dataset ${name}`)
      },
      transport: { peers: () => [] }
    },
    audit
  )
  return { keeper, service }
}

/** An office whose lab has enrolled, and one restricted dataset. */
function office(admins: readonly [DeviceKey, ...DeviceKey[]] = [admin]) {
  const root = foundedBy(admins)
  const desk = open(admin, root)
  for (const device of NAMES.keys())
    desk.keeper.append({
      ...{ type: 'device.enrol', device, kind: 'desktop', redemption: null },
      nameCommitment: new Uint8Array(32)
    })
  const published = publication('payroll', 'one')
  assert.ok(published.type === 'dataset.publish')
  desk.keeper.append({ ...published, class: 'restricted' })
  const join = (key: DeviceKey) => {
    const other = open(key, root)
    meet(desk, other)
    return other
  }
  return { ...desk, join }
}

type Desk = Pick<ReturnType<typeof open>, 'keeper'>
function meet(...desks: readonly Desk[]): void {
  for (const to of desks)
    for (const from of desks) to.keeper.take([...from.keeper.ledger.operations()].map(({ record }) => record))
}

test('the rules of a class change in what is said, and stay in the rest', async () => {
  const { service } = office()
  const rulesOf = async (name: string) =>
    (await service.classes()).find(({ dataClass }) => dataClass === name)
  assert.deepEqual((await rulesOf('restricted'))?.set, null)
  const acted = await service.setClass({ dataClass: 'restricted', changes: { copies: 3, scan: undefined } })
  assert.equal(acted.inForce, true)
  await service.setClass({ dataClass: 'restricted', changes: { retentionMs: 1000, stalenessMs: 500 } })
  const rules = await rulesOf('restricted')
  assert.deepEqual(
    [rules?.copies, rules?.holders, rules?.retentionMs, rules?.stalenessLimitMs, rules?.set?.by.name],
    [3, 'storage', 1000, 500, 'office']
  )
  await assert.rejects(service.setClass({ dataClass: 'restricted', changes: { copies: 3 } }), {
    code: 'NO_CHANGE'
  })
  await service.setClass({ dataClass: 'restricted', changes: { stalenessMs: null } })
  assert.equal((await rulesOf('restricted'))?.stalenessLimitMs, null)
})

test('where two admins sign a root they change the rules of a class together, and a device does not', async () => {
  const { service, join } = office([admin, second])
  const acted = await service.setClass({ dataClass: 'public', changes: { leaves: false } })
  assert.deepEqual([acted.inForce, acted.waitsFor], [false, '1 of 2 admins approve class.policy'])
  const device = join(lab)
  await assert.rejects(device.service.setClass({ dataClass: 'public', changes: { leaves: false } }), {
    code: 'NOT_AUTHORISED',
    message: /the role admin may/
  })
})

test('a hold is placed on what there is, and lifted by its id by who ranks as high as who placed it', async () => {
  const { service, keeper, join } = office()
  await assert.rejects(service.placeHold({ name: 'pay-roll', reason: null }))
  const { operation } = await service.placeHold({ name: 'payroll', reason: 'case 17' })
  keeper.append({ type: 'role.grant', device: lab.id, role: 'privacy' })
  const officer = join(lab)
  const [hold] = await officer.service.holds()
  assert.deepEqual([hold?.name, hold?.by.name, hold?.reason], ['payroll', 'office', 'case 17'])
  await assert.rejects(officer.service.liftHold(operation), {
    code: 'NOT_AUTHORISED',
    message: /rank 1.*rank 3/
  })
  const own = await officer.service.placeHold({ name: 'payroll', reason: null })
  await officer.service.liftHold(own.operation.slice(0, 8))
  await assert.rejects(officer.service.liftHold(own.operation), { code: 'OPERATION_UNKNOWN' })
  await service.liftHold(operation)
  assert.deepEqual(await service.holds(), [])
})

test('who may read a version is told with the reason, and what a device may read as well', async () => {
  const { service, keeper } = office()
  const readers = async () => {
    const { devices, groups, closed } = await service.readers({ name: 'payroll', version: null })
    return [
      devices.map(({ name, because }) => `${name}: ${because}`),
      groups.map(({ name }) => name),
      closed?.reason
    ]
  }
  assert.deepEqual(await readers(), [['office: admin'], [], undefined])
  assert.deepEqual((await service.readable('lab-7')).versions, [])
  const group = keeper.append({ type: 'group.create', name: 'night' })
  keeper.append({ type: 'group.add', group: group.id, device: lab.id })
  const grant = keeper.append({
    ...{ type: 'access.grant', grantee: { kind: 'group', group: group.id }, scope: { kind: 'all' } },
    purpose: 'tests'
  })
  assert.deepEqual(await readers(), [['lab-7: grant', 'office: admin'], ['night'], undefined])
  const version = versionNamed('one')
  assert.deepEqual((await service.readable('lab-7')).versions, [
    {
      ...{ name: 'payroll', version, dataClass: 'restricted', because: 'grant' },
      ...{ grant: grant.id, purpose: 'tests', lastRead: null, readsKnownSinceMs: 0 }
    }
  ])
  keeper.append({ type: 'content.recall', version, reason: null })
  assert.deepEqual(await readers(), [[], [], 'recalled'])
})

test('when a reader last read is told as far as logs tell, and where they do not', async () => {
  const { service, keeper } = office([admin, second])
  const version = versionNamed('one')
  const device = { kind: 'device', device: lab.id } as const
  keeper.append({ type: 'access.grant', grantee: device, scope: { kind: 'all' }, purpose: null })
  const read = (of: string, atMs: number) => entry(lab, { action: 'read', version: versionNamed(of), atMs })
  const served = (to: DeviceKey, atMs: number) =>
    entry(admin, { action: 'served', version, atMs, peer: nameOf(to.id) })
  // What lab was served last it kept for others.
  told = { dropped: 7, entries: [read('one', 10), read('one', 20), read('two', 30), served(lab, 40)] }
  const readings = async () =>
    Object.fromEntries(
      (await service.readers({ name: 'payroll', version: null })).devices.map(
        ({ name, lastRead, readsKnownSinceMs }) => [name, [lastRead?.atMs ?? null, readsKnownSinceMs]]
      )
    )
  assert.deepEqual(await readings(), { 'lab-7': [20, 7], office: [null, 7], vault: [null, null] })
  // Only a server tells of it, as its own log is not here.
  told = { ...told, entries: [...told.entries, served(second, 50)] }
  assert.deepEqual((await readings()).vault, [50, null])
  // However often the API was called about the dataset since.
  const calls = Array<AuditRecord>(100_000).fill(entry(admin, { action: 'called', version: null, atMs: 80 }))
  told = { ...told, entries: [...calls, ...told.entries] }
  assert.deepEqual(await readings(), { 'lab-7': [20, 7], office: [null, 7], vault: [50, null] })
  told = { ...told, entries: [read('two', 90), read('one', 60), read('one', 70)] }
  const [readable] = (await service.readable('lab-7')).versions
  assert.deepEqual(
    [readable?.version, readable?.lastRead],
    [version, { atMs: 70, by: 'reader', purpose: 'study' }]
  )
})

function entry(by: DeviceKey, of: Partial<AuditRecord>): AuditRecord {
  const event = { purpose: 'study' }
  return { device: nameOf(by.id), peer: null, event, ...of } as unknown as AuditRecord
}
