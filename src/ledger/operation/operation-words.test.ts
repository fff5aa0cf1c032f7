import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceId, operationIdFromBytes, shortId } from '../../base/ids.ts'
import { keyNamed, sha256, versionNamed } from '../fold/org-fixture.conformance.ts'
import type { OperationContent } from './operation-content.ts'
import { inWords } from './operation-words.ts'

const lab = keyNamed('lab').id
const some = operationIdFromBytes(sha256(Buffer.from('some operation')))
const version = versionNamed('1')
const NAMES = {
  device: (device: DeviceId) => (device === lab ? 'lab-7' : shortId(device)),
  group: () => 'night'
}
const cutoffs = [{ incarnation: '00000000000000a1', seq: 7, operation: some }]
const hash = sha256(Buffer.from('root'))

const SAID: readonly (readonly [OperationContent, string])[] = [
  [
    { type: 'device.enrol', device: lab, kind: 'laptop', nameCommitment: hash, redemption: null },
    'enrols lab-7 as a laptop'
  ],
  [
    { type: 'device.update', device: lab, kind: 'server', nameCommitment: hash },
    'describes lab-7 anew, as a server'
  ],
  [
    { type: 'device.suspend', device: lab, cutoffs, reason: 'stolen' },
    'suspends lab-7: stolen; what it signed up to position 7 of feed 00000000000000a1 keeps its effect'
  ],
  [
    { type: 'device.revoke', device: lab, cutoffs: [], reason: null },
    'revokes lab-7 for good; nothing that it signed keeps its effect'
  ],
  [
    { type: 'invite.create', inviteKey: hash, uses: 2, expiresMs: 0 },
    'invites 2 devices until 1970-01-01T00:00:00.000Z'
  ],
  [{ type: 'invite.cancel', invite: some }, `cancels invite ${shortId(some)}`],
  [{ type: 'group.create', name: 'night' }, 'creates the group night'],
  [{ type: 'group.add', group: some, device: lab }, 'adds lab-7 to the group night'],
  [{ type: 'group.remove', group: some, device: lab }, 'removes lab-7 from the group night'],
  [{ type: 'role.grant', device: lab, role: 'reader' }, 'gives lab-7 the role reader'],
  [
    { type: 'role.revoke', device: lab, role: 'reader', cutoffs: [] },
    'takes the role reader from lab-7; nothing that it signed keeps its effect'
  ],
  [
    {
      ...{ type: 'dataset.publish', name: 'os/image', version, class: 'internal' },
      ...{ sealed: false, pieceBytes: 16384, files: 1, bytes: 5 }
    },
    `publishes os/image as version ${shortId(version)}: internal, 1 file, 5 bytes`
  ],
  [
    {
      ...{ type: 'dataset.publish', name: 'os/image', version, class: 'confidential' },
      ...{ sealed: true, pieceBytes: 16384, files: 2, bytes: 8192 }
    },
    `publishes os/image as version ${shortId(version)}: confidential, sealed, 2 files, 8192 bytes`
  ],
  [{ type: 'dataset.retire', name: 'os/image', version: null }, 'retires every version of os/image'],
  [
    { type: 'dataset.policy', name: 'os/image', labels: ['eu', 'pii'], access: 'granted' },
    'sets the policy of os/image: read with a grant only, labels eu, pii'
  ],
  [
    {
      ...{ type: 'access.grant', grantee: { kind: 'group', group: some } },
      ...{ scope: { kind: 'prefix', prefix: 'os/' }, purpose: 'tests' }
    },
    'lets the group night read everything under os/ for tests'
  ],
  [
    { type: 'access.revoke', grantee: { kind: 'device', device: lab }, scope: null },
    'takes from lab-7 every grant'
  ],
  [
    { type: 'content.quarantine', version, reason: 'malware' },
    `quarantines version ${shortId(version)}: malware`
  ],
  [{ type: 'content.release', version }, `releases version ${shortId(version)} from quarantine`],
  [{ type: 'content.recall', version, reason: null }, `recalls version ${shortId(version)} for good`],
  [{ type: 'group.epoch', group: some, epoch: 3, recipient: hash }, 'begins key epoch 3 of the group night'],
  [
    { type: 'device.sealing', device: lab, recipient: hash },
    'names the key that content for lab-7 is sealed to from here on'
  ],
  [
    { type: 'device.storage', device: lab, site: 'berlin', capacityBytes: 0 },
    'says that lab-7 is at site berlin and holds nothing for others'
  ],
  [
    { type: 'device.storage', device: lab, site: 'berlin', capacityBytes: 500 },
    'says that lab-7 is at site berlin and holds up to 500 bytes for others'
  ],
  [
    { type: 'copy.state', device: lab, untilMs: 1_900_000_000_000, copies: [{ version, share: null }] },
    `says that lab-7 keeps a copy of version ${shortId(version)} until 2030-03-17T17:46:40.000Z`
  ],
  [
    { type: 'copy.state', device: lab, untilMs: null, copies: [{ version, share: null }] },
    `says that lab-7 keeps a copy of version ${shortId(version)}`
  ],
  [
    { type: 'copy.renew', device: lab, untilMs: 1_900_000_000_000 },
    'says that lab-7 keeps what it stores until 2030-03-17T17:46:40.000Z'
  ],
  [
    { type: 'copy.renew', device: lab, untilMs: Number.MAX_SAFE_INTEGER },
    'says that lab-7 keeps what it stores until 9999-12-31T23:59:59.999Z'
  ],
  [
    {
      ...{ type: 'copy.state', device: lab, untilMs: 0 },
      copies: [
        { version, share: null },
        { version, share: 1 }
      ]
    },
    'says that lab-7 keeps 2 copies no more'
  ],
  [
    { type: 'copy.dispute', device: lab, copies: [{ version, share: 2 }], reason: 'other bytes' },
    `says that lab-7 could not prove share 2 of version ${shortId(version)}: other bytes`
  ],
  [{ type: 'site.region', site: 'berlin', region: 'eu' }, 'says that site berlin is in region eu'],
  [
    {
      ...{
        type: 'class.policy',
        class: 'restricted',
        sealed: true,
        holders: 'storage',
        stalenessMs: 3_600_000
      },
      ...{ leaves: false, scan: true, copies: 2, sites: 1, retentionMs: 86_400_000 }
    },
    'sets the rules of class restricted: sealed, held by storage devices, 2 copies on 1 site, stays in the org, read once scanned, used while the view is at most 1 h old, deleted after 1 d'
  ],
  [
    {
      ...{
        type: 'dataset.storage',
        name: 'os',
        copies: 1,
        sites: 2,
        regions: ['eu'],
        kinds: ['laptop', 'server']
      },
      ...{ shares: { data: 4, parity: 2 }, retentionMs: null }
    },
    'sets how os is stored: 6 shares of which 4 restore it, on 2 sites, in eu, on devices that are laptop or server'
  ],
  [
    {
      ...{ type: 'dataset.shares', name: 'os', version, data: 2, unitBytes: 65_536 },
      ...{ shares: ['s0', 's1', 's2'].map(versionNamed), files: 3, bytes: 1000 }
    },
    `says which 3 shares version ${shortId(version)} of os is kept in, of which 2 restore it`
  ],
  [
    { type: 'dataset.subjects', name: 'os', version, subjects: ['aa'.repeat(32)] },
    `says that version ${shortId(version)} of os is about 1 person, under pseudonyms`
  ],
  [
    {
      ...{ type: 'content.scan', version, engine: 'clamav', database: 'daily 7' },
      ...{ verdict: 'infected', found: 'Eicar' }
    },
    `says of version ${shortId(version)}: infected (Eicar), by clamav with daily 7`
  ],
  [
    {
      ...{ type: 'content.erase', version, case: '0123456789abcdef0123456789abcdef' },
      ...{ reason: 'asked for', basis: 'art17', subject: null }
    },
    `erases version ${shortId(version)} for good, case 0123456789ab by art17: asked for`
  ],
  [
    { type: 'erase.confirm', erase: some, outcome: 'deleted', bytes: 5, keys: true },
    `confirms erasure ${shortId(some)}: it deleted 5 bytes and destroyed keys`
  ],
  [
    { type: 'erase.confirm', erase: some, outcome: 'not-held', bytes: 0, keys: false },
    `confirms erasure ${shortId(some)}: it held nothing`
  ],
  [
    { type: 'erase.confirm', erase: some, outcome: 'source-kept', bytes: 5, keys: false },
    `confirms erasure ${shortId(some)}: it deleted 5 bytes and left the files that were published there to their owner`
  ],
  [
    { type: 'hold.place', name: 'os', reason: 'court order' },
    'holds all of os from being deleted: court order'
  ],
  [{ type: 'hold.lift', hold: some }, `lifts hold ${shortId(some)}`],
  [
    { type: 'risk.accept', risk: 'data-loss', score: 12, untilMs: 1_830_000_000_000, reason: 'until March' },
    'accepts risk data-loss up to a score of 12 until 2027-12-28T13:20:00.000Z: until March'
  ],
  [{ type: 'risk.withdraw', acceptance: some }, `withdraws acceptance ${shortId(some)} of a risk`],
  [
    {
      ...{ type: 'level.set', name: 'os in lyon' },
      objective: {
        ...{ measure: 'distribute', dataset: 'os/', site: 'lyon', limitMs: 600_000 },
        ...{ share: 950_000, windowMs: 2_592_000_000 }
      }
    },
    'sets service level os in lyon: 95 % of distribute of os/ at site lyon within 600 s, over 720 h'
  ],
  [
    {
      ...{ type: 'level.set', name: 'there' },
      objective: {
        ...{ measure: 'availability', dataset: null, site: null, limitMs: null },
        ...{ share: 999_000, windowMs: 3_600_000 }
      }
    },
    'sets service level there: 99.9 % of availability, over 1 h'
  ],
  [{ type: 'level.set', name: 'there', objective: null }, 'ends service level there'],
  [
    { type: 'price.set', site: 'lyon', price: { currency: 'EUR', microsPerGb: 80_000 } },
    'says that a GB into site lyon costs 0.08 EUR'
  ],
  [{ type: 'price.set', site: '*', price: null }, 'ends the price of a GB into any other site'],
  [{ type: 'approve', operation: some }, `approves operation ${shortId(some)}`],
  [{ type: 'note', about: some, text: 'as agreed' }, `notes about operation ${shortId(some)}: as agreed`],
  [
    { type: 'root.propose', hash, bytes: hash },
    `proposes root ${Buffer.from(hash).toString('hex').slice(0, 12)}`
  ],
  [
    { type: 'root.vote', hash, key: lab, signature: new Uint8Array(64) },
    `brings the signature of key lab-7 under root ${Buffer.from(hash).toString('hex').slice(0, 12)}`
  ]
]

test('every type of operation has words of its own, with all that matters to a reader', () => {
  for (const [content, words] of SAID) assert.equal(inWords(content, NAMES), words)
  assert.equal(new Set(SAID.map(([content]) => content.type)).size, 43)
})
