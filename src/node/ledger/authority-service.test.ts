import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_ROLES, orgIdOf, type Root } from '../../ledger/chain/root.ts'
import { DEFAULT_CLASS_RULES } from '../../ledger/fold/class-policy.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { LocalAuthorityService } from './authority-service.ts'
import { foundedBy, keeperOf } from './founded-org.conformance.ts'
import { RootAssembler } from './root-assembler.ts'

const [admin, second] = [DeviceKey.generate(), DeviceKey.generate()]
const RULES: OperationContent = {
  ...DEFAULT_CLASS_RULES.internal,
  ...{ type: 'class.policy', class: 'internal', scan: true }
}

/** As an earlier version of the program founded one: without roles and types that came later. */
function foundEarlier(admins: readonly [DeviceKey, ...DeviceKey[]]): Root {
  const isEarlier = (type: string) => !/^(class|erase|hold)\.|storage|sealing/.test(type)
  const roles = new Map(
    ['admin', 'publisher', 'device'].map(role => [role, (DEFAULT_ROLES.get(role) ?? []).filter(isEarlier)])
  )
  return foundedBy(admins, ({ ranks }) => ({
    roles,
    ranks: new Map([...ranks].filter(([role]) => roles.has(role)))
  }))
}

function open(key: DeviceKey, root: Root) {
  const keeper = keeperOf(key, root)
  const service = new LocalAuthorityService({
    keeper,
    assembler: new RootAssembler({ keeper, log: SILENT_LOG }),
    identity: {
      ...{ org: orgIdOf(root), orgName: 'Acme', device: key.id, name: 'desk', site: 'berlin' },
      ...{ nameSalt: new Uint8Array(16), kind: 'desktop' as const }
    },
    catalogue: { nameOf: device => ({ device, name: null, site: null }) },
    transport: { peers: () => [] }
  })
  return { keeper, service }
}

const DEFAULTS = [{ kind: 'defaults', roles: null }] as const

test('an org of an earlier version gets what later ones may author, after being shown it', async () => {
  const { keeper, service } = open(admin, foundEarlier([admin]))
  assert.throws(() => keeper.author(RULES), { code: 'NOT_AUTHORISED', message: /no role of Acme may author/ })
  const before = keeper.ledger.size
  const shown = await service.preview(DEFAULTS)
  assert.equal(keeper.ledger.size, before, 'a preview signs nothing')
  assert.equal(keeper.chain.head.version, 1)
  assert.ok(
    shown.changes.some(change =>
      /^role admin may also class\.policy, dataset\.storage, device\.sealing/.test(change)
    )
  )
  assert.ok(shown.changes.some(change => change.startsWith('adds role privacy of rank 3: content.erase')))

  const acted = await service.propose({ changes: DEFAULTS, sign: null })
  assert.equal(acted.inForce, true)
  assert.equal(keeper.chain.head.version, 2)
  const { operation, inert } = keeper.author(RULES)
  assert.equal(inert, undefined)
  assert.equal(keeper.state().classes.get('internal')?.operation, operation.id)
  await assert.rejects(service.preview(DEFAULTS), { code: 'NO_CHANGE', message: /nothing would change/ })
  await assert.rejects(service.propose({ changes: DEFAULTS, sign: null }), { code: 'NO_CHANGE' })
})

test('only the roles that are named gain anything, and where several sign it is theirs to', async () => {
  const { keeper, service } = open(admin, foundEarlier([admin, second]))
  const changes = [{ kind: 'defaults', roles: ['scanner'] }] as const
  const { changes: shown } = await service.preview(changes)
  assert.deepEqual(shown, ['adds role scanner of rank 3: content.scan, note'])
  const acted = await service.propose({ changes, sign: null })
  assert.equal(acted.inForce, false)
  assert.ok(acted.changes.includes('adds role scanner of rank 3: content.scan, note'), 'voters read it')
  assert.equal(keeper.chain.head.version, 1)
})
