import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { defined } from '../base/assert.ts'
import { type DeviceId, type OperationId, operationIdFromBytes } from '../base/ids.ts'
import { authoringFault } from './authoring.ts'
import { DEFAULT_CLASS_RULES } from './fold/class-policy.ts'
import {
  enrolment,
  foundOrg,
  keyNamed,
  publication,
  START_MS,
  sha256,
  TestDevice,
  versionNamed
} from './fold/org-fixture.conformance.ts'
import type { OperationContent } from './operation/operation-content.ts'

const NAMES = ['founder', 'second', 'press', 'lab', 'stranger'] as const
const KEYS = NAMES.map(keyNamed)
const NOWHERE = operationIdFromBytes(sha256(Buffer.from('nowhere')))

interface Step {
  readonly author: number
  readonly about: number
  readonly kind: number
  readonly pick: number
}

const idOf = (index: number): DeviceId => defined(KEYS[index], 'key').id

function contentOf(org: TestDevice, { about, kind, pick }: Step): OperationContent {
  const device = idOf(about)
  const { ledger } = org
  const role = ['publisher', 'privacy', 'admin', 'device', 'helpdesk'][pick % 5] ?? ''
  const name = `data/${pick % 2}`
  const version = versionNamed(`v${pick % 2}`)
  const cutoffs = ledger.cutoffsOf(device)
  const [invite = NOWHERE] = ledger.state().invites.keys()
  const scope = { kind: 'name', name } as const
  const all: readonly OperationContent[] = [
    enrolment(ledger.org, defined(KEYS[about], 'key')),
    { type: 'device.update', device, kind: 'laptop', nameCommitment: sha256(Buffer.from('name')) },
    { type: 'device.suspend', device, cutoffs, reason: null },
    { type: 'device.revoke', device, cutoffs, reason: 'lost' },
    { type: 'role.grant', device, role },
    { type: 'role.revoke', device, role, cutoffs },
    publication(name, `v${pick % 2}`),
    { type: 'dataset.policy', name, labels: [], access: 'granted' },
    { type: 'dataset.retire', name, version: null },
    { type: 'content.quarantine', version, reason: null },
    { type: 'content.release', version },
    { type: 'access.grant', grantee: { kind: 'device', device }, scope, purpose: null },
    { type: 'access.revoke', grantee: { kind: 'device', device }, scope: pick === 0 ? null : scope },
    { type: 'invite.create', inviteKey: sha256(Buffer.from('invite')), uses: 1, expiresMs: START_MS * 2 },
    { type: 'invite.cancel', invite },
    { type: 'group.create', name: 'night' },
    { type: 'approve', operation: NOWHERE },
    { type: 'note', about: null, text: 'so be it' },
    { type: 'device.sealing', device, recipient: sha256(Buffer.from('recipient')) },
    { type: 'device.storage', device, site: 'berlin', capacityBytes: pick },
    { type: 'site.region', site: 'berlin', region: 'eu' },
    { type: 'level.set', name: 'swift', objective: null },
    { type: 'price.set', site: 'berlin', price: { currency: 'EUR', microsPerGb: pick } },
    { type: 'class.policy', class: 'internal', ...DEFAULT_CLASS_RULES.internal },
    { type: 'dataset.subjects', name, version, subjects: [] },
    { type: 'content.erase', version, case: '00'.repeat(16), reason: null, basis: 'art17', subject: null },
    { type: 'erase.confirm', erase: NOWHERE, outcome: 'not-held', bytes: 0, keys: false },
    { type: 'hold.place', name, reason: null },
    {
      type: 'hold.lift',
      hold: [...ledger.operations()].find(({ type }) => type === 'hold.place')?.id ?? NOWHERE
    },
    { type: 'risk.accept', risk: 'data-loss', score: 12, untilMs: START_MS * 2, reason: 'so be it' },
    {
      type: 'risk.withdraw',
      acceptance: [...ledger.operations()].find(({ type }) => type === 'risk.accept')?.id ?? NOWHERE
    }
  ]
  return defined(all[kind % all.length], 'content')
}

const step = fc.record({
  author: fc.nat(NAMES.length - 1),
  about: fc.nat(NAMES.length - 1),
  kind: fc.nat(30),
  pick: fc.nat(4)
})

const isLifted = ({ ledger }: TestDevice, hold: OperationId): boolean =>
  ledger.verdict(hold)?.inForce === true &&
  ![...ledger.state().holds.values()].flat().some(({ operation }) => operation === hold)

const isWithdrawn = ({ ledger }: TestDevice, acceptance: OperationId): boolean =>
  ledger.verdict(acceptance)?.inForce === true &&
  ledger.get(acceptance)?.type === 'risk.accept' &&
  !ledger.state().acceptances.has(acceptance)

test('says before signing what the fold says after, whatever has happened', () => {
  const root = foundOrg(KEYS.slice(0, 2))
  const counts = { good: 0, refused: 0 }
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), steps => {
      const devices = KEYS.map(key => new TestDevice(key, root))
      const [founder] = devices
      assert.ok(founder !== undefined)
      for (const index of [2, 3]) founder.enrol(defined(KEYS[index], 'key'))
      founder.write({ type: 'role.grant', device: idOf(2), role: 'publisher' })
      for (const each of steps) {
        const author = defined(devices[each.author], 'author')
        for (const other of devices) author.learn(other)
        const content = contentOf(author, each)
        const fault = authoringFault(author.ledger, { device: author.id, content, nowMs: author.nowMs })
        const draft = author.ledger.draft({
          author: author.id,
          incarnation: author.incarnation,
          content,
          nowMs: author.nowMs
        })
        // Who was never enrolled has no place in the ledger at all.
        if (!draft.ok) {
          assert.notEqual(fault, undefined)
          continue
        }
        const { id } = author.write(content)
        const inert = author.ledger.state().inert.get(id)
        const isGood = inert === undefined || inert.reason === 'needs-approval'
        const hasEffect =
          isGood &&
          (content.type !== 'hold.lift' || isLifted(author, content.hold)) &&
          (content.type !== 'risk.withdraw' || isWithdrawn(author, content.acceptance))
        assert.equal(fault === undefined, hasEffect, `${content.type}: ${fault} / ${inert?.detail}`)
        counts[hasEffect ? 'good' : 'refused']++
      }
    }),
    { numRuns: 40 }
  )
  assert.ok(counts.good > 50 && counts.refused > 50, JSON.stringify(counts))
})

test('names who may', () => {
  const root = foundOrg(KEYS.slice(0, 2))
  const founder = new TestDevice(keyNamed('founder'), root)
  const lab = new TestDevice(keyNamed('lab'), root)
  founder.enrol(lab.key)
  lab.learn(founder)
  const fault = (author: TestDevice, content: OperationContent) =>
    authoringFault(author.ledger, { device: author.id, content, nowMs: author.nowMs }) ?? ''
  const suspend = (device: DeviceId): OperationContent => ({
    ...{ type: 'device.suspend', device, cutoffs: [], reason: null }
  })
  assert.match(fault(lab, suspend(founder.id)), /no role of this device.*the role admin may/)
  assert.match(fault(founder, suspend(idOf(1))), /is an admin.*peerage admin propose remove/)
  assert.match(
    fault(founder, { type: 'role.grant', device: lab.id, role: 'helpdesk' }),
    /no role helpdesk; there are admin, auditor, device, holder, privacy, publisher, reader, scanner, storage/
  )
  assert.match(fault(founder, { type: 'role.grant', device: lab.id, role: 'admin' }), /authority chain/)
})
