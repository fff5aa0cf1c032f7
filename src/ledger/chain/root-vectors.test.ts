import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import { type OperationId, operationIdFromBytes } from '../../base/ids.ts'
import {
  foundOrg,
  INCARNATION,
  keyNamed,
  OTHER_INCARNATION,
  START_MS,
  sha256
} from '../fold/org-fixture.conformance.ts'
import { INCARNATION_BYTES } from '../operation/operation.ts'
import { encodeSyncMessage } from '../sync/sync-messages.ts'
import { decodeRoot, type RootTerms, rootBytes } from './root.ts'
import { KEYS, recordAfter, rootAfter, termsAfter } from './root-fixture.conformance.ts'

/**
 * The exact bytes of a chain of roots, from fixed keys. A difference here means that this program no longer reads what
 * an earlier one wrote: it needs a new version of the format and a migration, not new vectors.
 */
const VECTORS_URL = new URL('../../../test/vectors/ledger/roots.json', import.meta.url)
const [a, b, c] = [keyNamed('a'), keyNamed('b'), keyNamed('c')]
const recovery = keyNamed('recovery')
const operation = (name: string): OperationId => operationIdFromBytes(sha256(Buffer.from(name)))

/** Terms of their own throughout, so that the vectors do not move with what new orgs begin with. */
const FOUNDING = foundOrg([a, b], {
  roles: new Map([
    ['admin', ['approve', 'device.enrol', 'note']],
    ['device', ['note', 'root.vote']]
  ]),
  ranks: new Map([
    ['admin', 1],
    ['device', 5]
  ]),
  recovery: [recovery.id]
})
const CHANGES: Partial<RootTerms> = {
  timeMs: START_MS + 1000,
  admins: [a.id, c.id],
  approvals: new Map([['device.enrol', 2]]),
  beacon: { signers: [b.id], quorum: 1, periodMs: 60_000, lifeMs: 300_000 },
  stalenessMs: { public: null, internal: null, confidential: 900_000, restricted: 600_000 },
  expiresMs: START_MS + 86_400_000,
  roles: new Map([...FOUNDING.roles, ['device', ['note', 'root.propose', 'root.vote']]]),
  frontier: [
    { author: b.id, incarnation: INCARNATION, seq: 7, id: operation('b 7') },
    { author: a.id, incarnation: OTHER_INCARNATION, seq: 2, id: operation('a other 2') },
    { author: a.id, incarnation: INCARNATION, seq: 300, id: operation('a 300') }
  ]
}

function currentBytes(): Record<string, string> {
  const second = rootAfter(FOUNDING, [a, b, c], CHANGES)
  const third = rootAfter(second, [c, recovery], { admins: [c.id], threshold: 1, approvals: new Map() })
  assert.equal(third.succession, 'recovery')
  return {
    'root v1 record': toHex(FOUNDING.record),
    'root v1 hash': toHex(FOUNDING.hash),
    'root v2 record': toHex(second.record),
    'root v2 hash': toHex(second.hash),
    'root v2 record that locks out': toHex(
      recordAfter(FOUNDING, [a, b, c], { ...CHANGES, roles: FOUNDING.roles })
    ),
    'root v3 record by recovery': toHex(third.record),
    'root v3 hash': toHex(third.hash),
    'sync want-roots': toHex(encodeSyncMessage({ kind: 'want-roots', have: [sha256(FOUNDING.record)] })),
    'sync roots': toHex(
      encodeSyncMessage({ kind: 'roots', records: [second.record, third.record], more: false })
    )
  }
}

test('roots and their sync are written in the bytes of their golden vectors', () => {
  const golden: Record<string, string> = JSON.parse(readFileSync(VECTORS_URL, 'utf8'))
  assert.deepEqual(currentBytes(), golden)
})

test('the records of the vectors are read back as the chain that they were', () => {
  const golden: Record<string, string> = JSON.parse(readFileSync(VECTORS_URL, 'utf8'))
  const record = (name: string) => new Uint8Array(Buffer.from(golden[name] ?? '', 'hex'))
  const first = decodeRoot(record('root v1 record'), KEYS)
  assert.ok(first.ok)
  const second = decodeRoot(record('root v2 record'), { ...KEYS, predecessor: first.value })
  assert.ok(second.ok)
  assert.deepEqual(
    second.value.frontier.map(({ seq }) => seq),
    [...(CHANGES.frontier ?? [])]
      .sort((x, y) => (`${x.author}${x.incarnation}` < `${y.author}${y.incarnation}` ? -1 : 1))
      .map(({ seq }) => seq)
  )
  const third = decodeRoot(record('root v3 record by recovery'), { ...KEYS, predecessor: second.value })
  assert.ok(third.ok)
  assert.deepEqual(third.value.signers, [c.id, recovery.id].sort())
  const lockOut = decodeRoot(record('root v2 record that locks out'), { ...KEYS, predecessor: first.value })
  assert.equal(lockOut.ok ? 'valid' : lockOut.reason, 'bad-terms')
})

test('a successor written out by hand is the one that is encoded', () => {
  const head = (major: number, value: number) => {
    const bytes = Buffer.alloc(
      value < 24 ? 1 : value < 256 ? 2 : value < 65_536 ? 3 : value < 2 ** 32 ? 5 : 9
    )
    bytes[0] = (major << 5) | ([0, value, 24, 25, 0, 26, 0, 0, 0, 27][bytes.length] ?? 0)
    if (bytes.length === 9) bytes.writeBigUInt64BE(BigInt(value), 1)
    else if (bytes.length > 1) bytes.writeUIntBE(value, 1, bytes.length - 1)
    return bytes
  }
  const text = (value: string) => Buffer.concat([head(3, value.length), Buffer.from(value)])
  const blob = (value: Uint8Array) => Buffer.concat([head(2, value.length), value])
  const number = (value: number) => head(0, value)
  const list = (...items: Buffer[]) => Buffer.concat([head(4, items.length), ...items])
  const map = (...entries: [string, Buffer][]) =>
    Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, value]) => [text(key), value])])
  const none = Buffer.from([0xf6])
  const keys = [a, c].map(key => key.publicKey).sort(Buffer.compare)
  const feed = (author: Uint8Array, incarnation: string, seq: number, name: string) => {
    const drawn = Buffer.from(incarnation, 'hex')
    assert.equal(drawn.length, INCARNATION_BYTES)
    return {
      order: Buffer.concat([author, drawn]),
      entry: list(blob(author), blob(drawn), number(seq), blob(sha256(Buffer.from(name))))
    }
  }
  const frontier = [
    feed(b.publicKey, INCARNATION, 7, 'b 7'),
    feed(a.publicKey, OTHER_INCARNATION, 2, 'a other 2'),
    feed(a.publicKey, INCARNATION, 300, 'a 300')
  ].sort((x, y) => Buffer.compare(x.order, y.order))
  // RFC 8949 core order: keys by length, then bytewise.
  const byHand = map(
    ['v', number(2)],
    ['org', text('Acme')],
    ['prev', blob(FOUNDING.hash)],
    ['time', number(START_MS + 1000)],
    ['ranks', map(['admin', number(1)], ['device', number(5)])],
    [
      'roles',
      map(
        ['admin', list(text('approve'), text('device.enrol'), text('note'))],
        ['device', list(text('note'), text('root.propose'), text('root.vote'))]
      )
    ],
    ['admins', list(...keys.map(blob))],
    [
      'beacon',
      map(
        ['life', number(300_000)],
        ['period', number(60_000)],
        ['quorum', number(1)],
        ['signers', list(blob(b.publicKey))]
      )
    ],
    ['expires', number(START_MS + 86_400_000)],
    ['version', number(2)],
    ['frontier', list(...frontier.map(({ entry }) => entry))],
    ['recovery', list(blob(recovery.publicKey))],
    ['approvals', map(['device.enrol', number(2)])],
    [
      'staleness',
      map(
        ['public', none],
        ['internal', none],
        ['restricted', number(600_000)],
        ['confidential', number(900_000)]
      )
    ],
    ['threshold', number(2)]
  )
  assert.equal(toHex(rootBytes(termsAfter(FOUNDING, CHANGES))), byHand.toString('hex'))
})
