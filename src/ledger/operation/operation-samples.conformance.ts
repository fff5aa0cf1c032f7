/**
 * One of each thing that an operation can say about governance, with every field in use at least once and at its limit
 * where it has one. Round trips, golden vectors and the fuzzer begin from these; the bytes of none may ever change.
 */

import { toHex } from '../../base/bytes.ts'
import { type OperationId, operationIdFromBytes } from '../../base/ids.ts'
import { keyNamed, sha256, versionNamed } from '../fold/org-fixture.conformance.ts'
import type { Cutoff, OperationContent, Scope } from './operation-content.ts'

export const operationNamed = (name: string): OperationId =>
  operationIdFromBytes(sha256(Buffer.from(`operation ${name}`)))

const device = keyNamed('laptop').id
const commitment = sha256(Buffer.from('name commitment'))
const recipient = sha256(Buffer.from('recipient'))
export const subjectNamed = (name: string) => toHex(sha256(Buffer.from(`subject ${name}`)))
const proposed = Buffer.from('bytes of a root')

const cutoffs: readonly Cutoff[] = [
  { incarnation: '0000000000000001', seq: 2 ** 40, operation: operationNamed('late') },
  { incarnation: 'ffffffffffffffff', seq: 1, operation: operationNamed('first') }
]

const toDevice = { kind: 'device', device } as const
const toGroup = { kind: 'group', group: operationNamed('group') } as const
const grant = (scope: Scope, purpose: string | null): OperationContent => ({
  type: 'access.grant',
  grantee: scope.kind === 'all' ? toGroup : toDevice,
  scope,
  purpose
})

export const SAMPLES: { readonly [name: string]: OperationContent } = {
  'device.update': { type: 'device.update', device, kind: 'desktop', nameCommitment: commitment },
  'device.suspend': { type: 'device.suspend', device, cutoffs, reason: 'left on a train' },
  'device.suspend bare': { type: 'device.suspend', device, cutoffs: [], reason: null },
  'device.revoke': { type: 'device.revoke', device, cutoffs, reason: 'Schlüssel gestohlen' },
  'device.revoke bare': { type: 'device.revoke', device, cutoffs: [], reason: null },
  'invite.cancel': { type: 'invite.cancel', invite: operationNamed('invite') },
  'group.create': { type: 'group.create', name: 'Radiology Süd' },
  'group.add': { type: 'group.add', group: operationNamed('group'), device },
  'group.remove': { type: 'group.remove', group: operationNamed('group'), device },
  'group.epoch': { type: 'group.epoch', group: operationNamed('group'), epoch: 2 ** 32, recipient },
  'device.sealing': { type: 'device.sealing', device, recipient },
  'device.storage': { type: 'device.storage', device, site: 'Berlin Süd', capacityBytes: 2 ** 50 },
  'copy.state': {
    ...{ type: 'copy.state', device, untilMs: 1_900_000_000_000 },
    copies: [
      { version: versionNamed('a'), share: null },
      { version: versionNamed('b'), share: 31 }
    ].sort((a, b) => (a.version < b.version ? -1 : 1))
  },
  'copy.state bare': {
    ...{ type: 'copy.state', device, untilMs: 0 },
    copies: [{ version: versionNamed('a'), share: 0 }]
  },
  'copy.state renewed': {
    ...{ type: 'copy.state', device, untilMs: null },
    copies: [{ version: versionNamed('a'), share: null }]
  },
  'copy.renew': { type: 'copy.renew', device, untilMs: 1_900_000_000_000 },
  'copy.dispute': {
    ...{ type: 'copy.dispute', device, copies: [{ version: versionNamed('a'), share: null }] },
    reason: 'it answered with other bytes'
  },
  'copy.dispute bare': {
    ...{ type: 'copy.dispute', device, copies: [{ version: versionNamed('a'), share: 3 }], reason: null }
  },
  'site.region': { type: 'site.region', site: 'Berlin Süd', region: 'eu-central' },
  'class.policy': {
    ...{
      type: 'class.policy',
      class: 'restricted',
      sealed: true,
      holders: 'storage',
      stalenessMs: 3_600_000
    },
    ...{ leaves: false, scan: true, copies: 16, sites: 16, retentionMs: 10 * 365 * 86_400_000 }
  },
  'class.policy bare': {
    ...{ type: 'class.policy', class: 'public', sealed: false, holders: 'members', stalenessMs: null },
    ...{ leaves: true, scan: false, copies: 1, sites: 1, retentionMs: null }
  },
  'role.grant': { type: 'role.grant', device, role: 'publisher' },
  'role.revoke': { type: 'role.revoke', device, role: 'publisher', cutoffs },
  'dataset.policy': {
    type: 'dataset.policy',
    name: 'scans/2031',
    labels: ['ct', 'patient data', 'Ümlaut'].sort(),
    access: 'granted'
  },
  'dataset.policy bare': { type: 'dataset.policy', name: 'os', labels: [], access: 'members' },
  'dataset.origin': {
    type: 'dataset.origin',
    name: 'os/image',
    version: versionNamed('one'),
    url: 'https://mirror.example:8443/os/image%20one/'
  },
  'dataset.origin none': { type: 'dataset.origin', name: 'os', version: versionNamed('one'), url: null },
  'dataset.storage': {
    ...{
      type: 'dataset.storage',
      name: 'scans/2031',
      copies: 3,
      sites: 2,
      regions: ['eu-central', 'eu-west']
    },
    ...{ kinds: ['desktop', 'laptop', 'server'], shares: { data: 20, parity: 12 }, retentionMs: 86_400_000 }
  },
  'dataset.storage bare': {
    ...{ type: 'dataset.storage', name: 'os', copies: 1, sites: 1, regions: [], kinds: [] },
    ...{ shares: null, retentionMs: null }
  },
  'dataset.publish sealed': {
    ...{ type: 'dataset.publish', name: 'scans/2031', version: versionNamed('one'), class: 'confidential' },
    ...{ sealed: true, pieceBytes: 16_384, files: 2, bytes: 8192 }
  },
  'dataset.shares': {
    ...{
      type: 'dataset.shares',
      name: 'scans/2031',
      version: versionNamed('one'),
      data: 2,
      unitBytes: 65_536
    },
    ...{ shares: ['s2', 's0', 's1', 's3'].map(versionNamed), files: 4, bytes: 1_234_567 }
  },
  'dataset.subjects': {
    type: 'dataset.subjects',
    name: 'scans/2031',
    version: versionNamed('one'),
    subjects: [subjectNamed('one'), subjectNamed('two')].sort()
  },
  'access.grant name': grant({ kind: 'name', name: 'scans/2031' }, 'study 17'),
  'access.grant prefix': grant({ kind: 'prefix', prefix: 'scans/' }, null),
  'access.grant label': grant({ kind: 'label', label: 'ct' }, null),
  'access.grant all': grant({ kind: 'all' }, 'backup'),
  'access.revoke': { type: 'access.revoke', grantee: toDevice, scope: { kind: 'prefix', prefix: 'scans/' } },
  'access.revoke whatever': { type: 'access.revoke', grantee: toGroup, scope: null },
  'content.quarantine': {
    type: 'content.quarantine',
    version: versionNamed('one'),
    reason: 'x'.repeat(200)
  },
  'content.release': { type: 'content.release', version: versionNamed('one') },
  'content.recall': { type: 'content.recall', version: versionNamed('one'), reason: null },
  'content.scan': {
    ...{ type: 'content.scan', version: versionNamed('one'), engine: 'clamav 1.5', database: 'daily 27800' },
    ...{ verdict: 'infected', found: 'Eicar-Test-Signature' }
  },
  'content.scan clean': {
    ...{ type: 'content.scan', version: versionNamed('one'), engine: 'clamav 1.5', database: 'daily 27800' },
    ...{ verdict: 'clean', found: null }
  },
  'content.erase': {
    ...{ type: 'content.erase', version: versionNamed('one'), case: '0123456789abcdef0123456789abcdef' },
    ...{ reason: 'asked for by letter', basis: 'art17', subject: subjectNamed('one') }
  },
  'content.erase bare': {
    ...{ type: 'content.erase', version: versionNamed('one'), case: 'ff'.repeat(16) },
    ...{ reason: null, basis: 'contract', subject: null }
  },
  'erase.confirm': {
    ...{
      type: 'erase.confirm',
      erase: operationNamed('erase'),
      outcome: 'deleted',
      bytes: 2 ** 40,
      keys: true
    }
  },
  'erase.confirm not held': {
    ...{ type: 'erase.confirm', erase: operationNamed('erase'), outcome: 'not-held', bytes: 0, keys: false }
  },
  'erase.confirm source kept': {
    ...{ type: 'erase.confirm', erase: operationNamed('erase'), outcome: 'source-kept' },
    ...{ bytes: 17, keys: false }
  },
  'hold.place': { type: 'hold.place', name: 'scans/2031', reason: 'court order' },
  'hold.lift': { type: 'hold.lift', hold: operationNamed('hold') },
  'risk.accept': {
    ...{ type: 'risk.accept', risk: 'data-loss', score: 12, untilMs: 1_830_000_000_000 },
    reason: 'the second site opens in March'
  },
  'risk.withdraw': { type: 'risk.withdraw', acceptance: operationNamed('acceptance') },
  'level.set': {
    ...{ type: 'level.set', name: 'os in lyon' },
    objective: {
      ...{ measure: 'distribute', dataset: 'os/', site: 'lyon', limitMs: 600_000 },
      ...{ share: 950_000, windowMs: 2_592_000_000 }
    }
  },
  'level.set ended': { type: 'level.set', name: 'os in lyon', objective: null },
  'price.set': { type: 'price.set', site: 'lyon', price: { currency: 'EUR', microsPerGb: 80_000 } },
  'price.set ended': { type: 'price.set', site: '*', price: null },
  approve: { type: 'approve', operation: operationNamed('approved') },
  note: { type: 'note', about: operationNamed('noted'), text: 'y'.repeat(1000) },
  'note at large': { type: 'note', about: null, text: 'Wir ziehen um.' },
  'root.propose': { type: 'root.propose', hash: sha256(proposed), bytes: new Uint8Array(proposed) },
  'root.vote': {
    type: 'root.vote',
    hash: sha256(proposed),
    key: keyNamed('admin').id,
    signature: new Uint8Array(64).fill(0x5a)
  }
}
