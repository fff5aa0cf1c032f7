import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CborValue } from '../encoding/cbor.ts'
import { DATASET_CLASSES } from '../encoding/names.ts'
import { Misshape } from '../encoding/shape.ts'
import { keyNamed } from '../fold/org-fixture.conformance.ts'
import { SAMPLES } from './operation-samples.conformance.ts'
import { isOperationType, OPERATION_TYPES, readContent, takes, writeContent } from './operation-types.ts'

type Wire = { readonly target: CborValue; readonly body: CborValue }
type Fields = { readonly [field: string]: CborValue }

const filled = (length: number, byte = 7) => new Uint8Array(length).fill(byte)
const KEY = keyNamed('device').publicKey
const ID = filled(32)
/** Longer by one than `name` may be, and no worse otherwise. */
const tooLong = (charactersMax: number) => 'n'.repeat(charactersMax + 1)
const cutoff = (first: number, seq: CborValue = 1): CborValue => [
  new Uint8Array([first >> 8, first & 255, 0, 0, 0, 0, 0, 0]),
  seq,
  ID
]
const cutoffs = (count: number): CborValue => Array.from({ length: count }, (_, index) => cutoff(index))

/** `ok`, or where it breaks. */
function verdict(type: string, wire: Wire): string {
  assert.ok(isOperationType(type), type)
  const read = readContent(type, wire)
  return read instanceof Misshape ? read.path : 'ok'
}

function sampleOf(name: string): {
  readonly type: string
  readonly target: CborValue
  readonly body: Fields
} {
  const content = SAMPLES[name]
  assert.ok(content, name)
  const { target, body } = writeContent(content)
  return { type: content.type, target, body: body as Fields }
}

/** The sample with its target or fields of its body exchanged. */
function changed(name: string, { target, ...body }: Fields): string {
  const sample = sampleOf(name)
  return verdict(sample.type, { target: target ?? sample.target, body: { ...sample.body, ...body } })
}

const NO_LINES = [
  '',
  ' padded',
  'two\nlines',
  'zero\u200bwidth',
  'turned \u202eround',
  'e\u0301',
  'half \ud800'
]

/** What is not sealed does not say so. */
const OPTIONAL = 'dataset.publish sealed'

describe('operation types', () => {
  test('each target and body is closed: every field is needed, none is added', () => {
    for (const name of Object.keys(SAMPLES)) {
      const { type, target, body } = sampleOf(name)
      assert.equal(verdict(type, { target, body }), 'ok', name)
      assert.equal(verdict(type, { target, body: { ...body, extra: null } }), 'body', name)
      assert.equal(verdict(type, { target, body: [] }), 'body', name)
      assert.equal(verdict(type, { target: 7, body }), 'target', name)
      for (const field of Object.keys(body)) {
        const { [field]: _, ...rest } = body
        const without = `${type} ${field}` === OPTIONAL ? 'ok' : `body.${field}`
        assert.equal(verdict(type, { target, body: rest }), without, `${name} without ${field}`)
        // No field is a number below zero.
        assert.match(changed(name, { [field]: -1 }), new RegExp(`^body\\.${field}`), `${name} ${field}`)
      }
    }
  })

  test('a target that is an id or a key has its 32 bytes', () => {
    const names = Object.keys(SAMPLES).filter(name => sampleOf(name).target instanceof Uint8Array)
    assert.equal(names.length > 15, true)
    for (const name of names)
      for (const target of [filled(31), filled(33), 'x'.repeat(32)])
        assert.equal(changed(name, { target }), 'target', name)
  })

  test('only a note may be about nothing', () => {
    for (const name of Object.keys(SAMPLES)) {
      const { type, body } = sampleOf(name)
      assert.equal(verdict(type, { target: null, body }), type === 'note' ? 'ok' : 'target', name)
    }
  })

  test('cutoffs: 64 at most, by incarnation, each once, at a position that exists', () => {
    for (const name of ['device.suspend', 'device.revoke', 'role.revoke']) {
      const fault = (value: CborValue) => changed(name, { cutoffs: value })
      assert.equal(fault([]), 'ok')
      assert.equal(fault(cutoffs(64)), 'ok')
      assert.equal(fault(cutoffs(65)), 'body.cutoffs')
      assert.equal(fault([cutoff(2), cutoff(1)]), 'body.cutoffs')
      assert.equal(fault([cutoff(1), cutoff(1, 2)]), 'body.cutoffs')
      assert.equal(fault([cutoff(1, 0)]), 'body.cutoffs.0.1')
      assert.equal(fault([cutoff(1, 2 ** 53 - 1)]), 'ok')
      assert.equal(fault([[filled(7), 1, ID]]), 'body.cutoffs.0.0')
      assert.equal(fault([[filled(8), 1, filled(31)]]), 'body.cutoffs.0.2')
      assert.equal(fault([[filled(8), 1]]), 'body.cutoffs.0')
      assert.equal(fault(null), 'body.cutoffs')
    }
  })

  test('a reason is one visible line of 200 characters at most, or null; a text of 1000, and never null', () => {
    const lines = [
      ...[
        'device.suspend',
        'device.revoke',
        'content.quarantine',
        'content.recall',
        'content.erase',
        'copy.dispute',
        'hold.place'
      ].map(name => [name, 'reason', 200] as const),
      ['note', 'text', 1000] as const
    ]
    for (const [name, field, charactersMax] of lines) {
      assert.equal(changed(name, { [field]: 'n'.repeat(charactersMax) }), 'ok', name)
      assert.equal(changed(name, { [field]: tooLong(charactersMax) }), `body.${field}`, name)
      for (const line of NO_LINES) assert.equal(changed(name, { [field]: line }), `body.${field}`, line)
      assert.equal(changed(name, { [field]: null }), name === 'note' ? 'body.text' : 'ok', name)
    }
  })

  test('groups, labels and purposes are labels; a purpose may be missing, labels are 16 at most and in order', () => {
    for (const label of ['', tooLong(64), ...NO_LINES]) {
      assert.equal(changed('group.create', { target: label }), 'target', label)
      assert.equal(changed('access.grant name', { purpose: label }), 'body.purpose', label)
      assert.equal(changed('dataset.policy', { labels: [label] }), 'body.labels.0', label)
    }
    assert.equal(changed('group.create', { target: 'n'.repeat(64) }), 'ok')
    assert.equal(changed('access.grant name', { purpose: null }), 'ok')
    const labels = (count: number) => Array.from({ length: count }, (_, index) => `label ${index + 10}`)
    assert.equal(changed('dataset.policy', { labels: labels(16) }), 'ok')
    assert.equal(changed('dataset.policy', { labels: labels(17) }), 'body.labels')
    assert.equal(changed('dataset.policy', { labels: ['b', 'a'] }), 'body.labels')
    assert.equal(changed('dataset.policy', { labels: ['a', 'a'] }), 'body.labels')
  })

  test('devices have a known kind, datasets a known way of access, and a name', () => {
    assert.equal(changed('device.update', { kind: 'toaster' }), 'body.kind')
    assert.equal(changed('device.update', { name: filled(31) }), 'body.name')
    assert.equal(changed('group.add', { device: filled(31) }), 'body.device')
    assert.equal(changed('group.remove', { device: ID.slice(1) }), 'body.device')
    assert.equal(changed('dataset.policy', { access: 'everybody' }), 'body.access')
    assert.equal(changed('dataset.policy', { access: 'members' }), 'ok')
    for (const target of ['Bad Name', 'ends/', '/begins', 'a//b', 'n'.repeat(129)])
      assert.equal(changed('dataset.policy', { target }), 'target', target)
  })

  test('a role is named as in a role table', () => {
    for (const name of ['role.grant', 'role.revoke']) {
      assert.equal(changed(name, { role: `r${'-'.repeat(63)}` }), 'ok')
      for (const role of ['', 'Publisher', '2nd', '-role', 'two words', tooLong(64)])
        assert.equal(changed(name, { role }), 'body.role', role)
    }
  })

  test('a grantee is a device or a group, and nothing beside', () => {
    for (const name of ['access.grant name', 'access.revoke']) {
      const fault = (target: CborValue) => changed(name, { target })
      assert.equal(fault(['d', KEY]), 'ok')
      assert.equal(fault(['g', ID]), 'ok')
      assert.equal(fault(['x', ID]), 'target.0')
      assert.equal(fault(['d']), 'target')
      assert.equal(fault(['d', KEY, KEY]), 'target')
      assert.equal(fault(['d', filled(31)]), 'target.1')
      assert.equal(fault(['g', filled(33)]), 'target.1')
      assert.equal(fault({ d: KEY }), 'target')
      assert.equal(fault([]), 'target')
      assert.equal(fault(KEY), 'target')
    }
  })

  test('a scope is a name, a beginning up to a slash, a label or all; only a revocation has none', () => {
    for (const name of ['access.grant name', 'access.revoke']) {
      const fault = (scope: CborValue) => changed(name, { scope })
      const good: CborValue[] = [
        ['n', 'scans/2031'],
        ['p', 'scans/'],
        ['p', `${'n'.repeat(128)}/`],
        ['l', 'n'.repeat(64)],
        ['*']
      ]
      for (const scope of good) assert.equal(fault(scope), 'ok', JSON.stringify(scope))
      assert.equal(fault(['n', 'scans/']), 'body.scope.1')
      assert.equal(fault(['n', tooLong(128)]), 'body.scope.1')
      for (const prefix of ['scans', '/', '', 'Scans/', 'a//', `${'n'.repeat(129)}/`])
        assert.equal(fault(['p', prefix]), 'body.scope.1', prefix)
      assert.equal(fault(['l', tooLong(64)]), 'body.scope.1')
      assert.equal(fault(['*', 'scans/']), 'body.scope')
      assert.equal(fault(['n']), 'body.scope')
      assert.equal(fault(['?']), 'body.scope.0')
      assert.equal(fault([]), 'body.scope')
      assert.equal(fault('scans/'), 'body.scope')
      assert.equal(fault(null), name === 'access.revoke' ? 'ok' : 'body.scope')
    }
  })

  test('an acceptance of a risk has a score that there can be, an end, and a reason', () => {
    for (const score of [1, 25]) assert.equal(changed('risk.accept', { score }), 'ok')
    for (const score of [0, 26]) assert.equal(changed('risk.accept', { score }), 'body.score')
    for (const until of [0, null]) assert.equal(changed('risk.accept', { until }), 'body.until')
    for (const reason of [...NO_LINES, tooLong(200), null])
      assert.equal(changed('risk.accept', { reason }), 'body.reason')
    for (const target of ['', tooLong(64), ...NO_LINES])
      assert.equal(changed('risk.accept', { target }), 'target')
  })

  test('a service level has a measure, a share and a window, and a limit unless it is of availability', () => {
    const { body } = sampleOf('level.set')
    const fault = (fields: Record<string, CborValue>) =>
      changed('level.set', { objective: { ...(body.objective as object), ...fields } })
    for (const share of [1, 1_000_000]) assert.equal(fault({ share }), 'ok')
    for (const share of [0, 1_000_001, null]) assert.equal(fault({ share }), 'body.objective.share')
    for (const window of [3_600_000, 31_622_400_000]) assert.equal(fault({ window }), 'ok')
    for (const window of [3_599_999, 31_622_400_001]) assert.equal(fault({ window }), 'body.objective.window')
    assert.equal(fault({ limit: null }), 'body.objective')
    assert.equal(fault({ measure: 'availability' }), 'body.objective')
    assert.equal(fault({ measure: 'availability', limit: null }), 'ok')
    assert.equal(fault({ measure: 'speed' }), 'body.objective.measure')
    for (const dataset of ['os', 'os/', null]) assert.equal(fault({ dataset }), 'ok')
    for (const dataset of ['', '/', 'OS', 'os//']) assert.equal(fault({ dataset }), 'body.objective.dataset')
    assert.equal(fault({ site: '' }), 'body.objective.site')
  })

  test('a price is of a currency, and not negative', () => {
    const fault = (price: CborValue) => changed('price.set', { price })
    for (const perGb of [0, 10 ** 12]) assert.equal(fault({ currency: 'EUR', perGb }), 'ok')
    for (const perGb of [-1, 10 ** 12 + 1])
      assert.equal(fault({ currency: 'EUR', perGb }), 'body.price.perGb')
    for (const currency of ['eur', 'EURO', ''])
      assert.equal(fault({ currency, perGb: 1 }), 'body.price.currency')
    for (const target of ['', tooLong(64)]) assert.equal(changed('price.set', { target }), 'target')
  })

  test('a proposal carries a root that a successor may be as large as, a vote a signature', () => {
    assert.equal(changed('root.propose', { bytes: filled(32 * 1024) }), 'ok')
    assert.equal(changed('root.propose', { bytes: filled(32 * 1024 + 1) }), 'body.bytes')
    assert.equal(changed('root.propose', { bytes: 'text' }), 'body.bytes')
    assert.equal(changed('root.vote', { sig: filled(63) }), 'body.sig')
    assert.equal(changed('root.vote', { sig: filled(65) }), 'body.sig')
    assert.equal(changed('root.vote', { key: filled(31) }), 'body.key')
  })

  test('rules of storage: copies and sites that there can be, times that are lengths, known holders', () => {
    for (const name of ['class.policy', 'dataset.storage'])
      for (const field of ['copies', 'sites']) {
        for (const value of [1, 16]) assert.equal(changed(name, { [field]: value }), 'ok', name)
        for (const value of [0, 17]) assert.equal(changed(name, { [field]: value }), `body.${field}`, name)
      }
    for (const value of [null, 0, 2 ** 53 - 1]) {
      assert.equal(changed('class.policy', { staleness: value, retention: value }), 'ok')
      assert.equal(changed('dataset.storage', { retention: value }), 'ok')
    }
    for (const target of DATASET_CLASSES) assert.equal(changed('class.policy', { target }), 'ok')
    assert.equal(changed('class.policy', { target: 'secret' }), 'target')
    assert.equal(changed('class.policy', { holders: 'everybody' }), 'body.holders')
    for (const field of ['sealed', 'leaves', 'scan'])
      for (const value of [null, 0, 'yes'])
        assert.equal(changed('class.policy', { [field]: value }), `body.${field}`, field)
  })

  test('where data may lie: regions and kinds in order, shares that restore something, sites that are labels', () => {
    const fault = (body: Fields) => changed('dataset.storage', body)
    const regions = (count: number) => Array.from({ length: count }, (_, index) => `region ${index + 10}`)
    assert.equal(fault({ regions: regions(16) }), 'ok')
    assert.equal(fault({ regions: regions(17) }), 'body.regions')
    assert.equal(fault({ regions: ['b', 'a'] }), 'body.regions')
    assert.equal(fault({ regions: ['a', 'a'] }), 'body.regions')
    assert.equal(fault({ kinds: [] }), 'ok')
    assert.equal(fault({ kinds: ['server', 'laptop'] }), 'body.kinds')
    assert.equal(fault({ kinds: ['toaster'] }), 'body.kinds.0')
    for (const shares of [null, [1, 1], [1, 31], [31, 1], [16, 16]]) assert.equal(fault({ shares }), 'ok')
    assert.equal(fault({ shares: [16, 17] }), 'body.shares')
    assert.equal(fault({ shares: [0, 2] }), 'body.shares.0')
    assert.equal(fault({ shares: [2, 0] }), 'body.shares.1')
    assert.equal(fault({ shares: [2] }), 'body.shares')
    for (const site of ['', tooLong(64), ...NO_LINES]) {
      assert.equal(changed('device.storage', { site }), 'body.site', site)
      assert.equal(changed('site.region', { region: site }), 'body.region', site)
      assert.equal(changed('site.region', { target: site }), 'target', site)
    }
    assert.equal(changed('device.storage', { capacity: 0 }), 'ok')
  })

  test('shares are more than restore the version, each once, of units that are powers of two', () => {
    const some = (count: number) => Array.from({ length: count }, (_, index) => filled(32, index))
    const fault = (body: Fields) => changed('dataset.shares', body)
    assert.equal(fault({ data: 2, shares: some(3) }), 'ok')
    assert.equal(fault({ data: 31, shares: some(32) }), 'ok')
    assert.equal(fault({ data: 3, shares: some(3) }), 'body')
    assert.equal(fault({ data: 1, shares: some(3) }), 'body.data')
    assert.equal(fault({ data: 2, shares: some(33) }), 'body.shares')
    assert.equal(fault({ data: 2, shares: [ID, filled(32, 1), ID] }), 'body')
    for (const unit of [8192, 65_537, 2 ** 21]) assert.equal(fault({ unit }), 'body.unit')
  })

  test('keys that content is sealed to have 32 bytes, epochs count from one', () => {
    for (const name of ['device.sealing', 'group.epoch'])
      for (const recipient of [filled(31), filled(33), 'x'.repeat(32)])
        assert.equal(changed(name, { recipient }), 'body.recipient', name)
    for (const epoch of [1, 2 ** 32]) assert.equal(changed('group.epoch', { epoch }), 'ok')
    for (const epoch of [0, 2 ** 32 + 1]) assert.equal(changed('group.epoch', { epoch }), 'body.epoch')
  })

  test('persons are commitments in order, a case is 16 bytes, a scan has a verdict', () => {
    const subjects = (count: number) => Array.from({ length: count }, (_, index) => filled(32, index))
    assert.equal(changed('dataset.subjects', { subjects: subjects(64) }), 'ok')
    assert.equal(changed('dataset.subjects', { subjects: subjects(65) }), 'body.subjects')
    assert.equal(changed('dataset.subjects', { subjects: subjects(2).reverse() }), 'body.subjects')
    assert.equal(changed('dataset.subjects', { subjects: [ID, ID] }), 'body.subjects')
    assert.equal(changed('dataset.subjects', { subjects: [filled(31)] }), 'body.subjects.0')
    assert.equal(changed('dataset.subjects', { version: filled(31) }), 'body.version')
    for (const value of [filled(15), filled(17)])
      assert.equal(changed('content.erase', { case: value }), 'body.case')
    assert.equal(changed('content.erase', { subject: null }), 'ok')
    assert.equal(changed('content.erase', { subject: filled(16) }), 'body.subject')
    for (const line of ['', tooLong(64), ...NO_LINES]) {
      assert.equal(changed('content.erase', { basis: line }), 'body.basis', line)
      assert.equal(changed('content.scan', { engine: line }), 'body.engine', line)
      assert.equal(changed('content.scan', { database: line }), 'body.database', line)
    }
    for (const verdict of ['clean', 'infected', 'unscanned'])
      assert.equal(changed('content.scan', { verdict }), 'ok')
    assert.equal(changed('content.scan', { verdict: 'fine' }), 'body.verdict')
    assert.equal(changed('erase.confirm', { outcome: 'lost' }), 'body.outcome')
    assert.equal(changed('erase.confirm', { keys: 1 }), 'body.keys')
  })

  test('copies are told in the order of their versions, each once, at least one and at most 128', () => {
    const told = (copies: CborValue) => changed('copy.state', { copies })
    const versions = Array.from({ length: 129 }, (_, at) => [filled(32, at), null])
    assert.equal(told(versions.slice(0, 128)), 'ok')
    assert.equal(told(versions), 'body.copies')
    assert.equal(told([]), 'body.copies')
    assert.equal(told([versions[1] ?? [], versions[0] ?? []]), 'body.copies')
    assert.equal(told([versions[0] ?? [], versions[0] ?? []]), 'body.copies')
    assert.equal(told([[filled(32), 32]]), 'body.copies.0.1')
    assert.equal(told([[filled(31), null]]), 'body.copies.0.0')
    assert.equal(changed('copy.state', { until: -1 }), 'body.until')
  })

  test('what takes is what a fork can not undo', () => {
    assert.deepEqual(OPERATION_TYPES.filter(takes).toSorted(), [
      'access.revoke',
      'content.erase',
      'content.quarantine',
      'content.recall',
      'copy.dispute',
      'dataset.retire',
      'device.revoke',
      'device.suspend',
      'group.remove',
      'hold.place',
      'invite.cancel',
      'risk.withdraw',
      'role.revoke'
    ])
    const taking = Object.entries(SAMPLES).filter(([, content]) => takes(content) && !takes(content.type))
    assert.deepEqual(
      taking.map(([name]) => name),
      ['content.scan'],
      'of scans what they found'
    )
  })

  test('a publication is sealed or does not say so, as before there was that to say', () => {
    const sealed = (value: CborValue) => changed('dataset.publish sealed', { sealed: value })
    assert.equal(sealed(1), 'ok')
    for (const other of [0, 2, true, false, null, 'yes']) assert.equal(sealed(other), 'body.sealed')
    const { target, body } = sampleOf('dataset.publish sealed')
    const { sealed: _, ...plain } = body
    const read = readContent('dataset.publish', { target, body: plain })
    assert.ok(!(read instanceof Misshape) && read.type === 'dataset.publish' && !read.sealed)
    assert.deepEqual(writeContent(read), { target, body: plain })
  })
})
