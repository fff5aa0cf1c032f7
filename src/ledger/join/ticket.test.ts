import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, toBase64Url } from '../../base/bytes.ts'
import { idBytes } from '../../base/ids.ts'
import { orgIdOf } from '../chain/root.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import { foundOrg, keyNamed, START_MS, sha256 } from '../fold/org-fixture.conformance.ts'
import { decodeTicket, encodeTicket, type Ticket } from './ticket.ts'

const admin = keyNamed('admin')
const ticket: Ticket = {
  org: orgIdOf(foundOrg([admin])),
  orgName: 'Acme Größe',
  inviter: admin.id,
  inviteSeed: keyNamed('ticket').seed,
  addresses: ['/ip4/10.1.2.3/tcp/4001', '/dns4/build-1.acme.example/tcp/4001'],
  expiresMs: START_MS
}
const written = encodeTicket(ticket, sha256)
const verdict = (text: string) => {
  const decoded = decodeTicket(text, sha256)
  return decoded.ok ? 'valid' : decoded.reason
}

test('a ticket survives being pasted', () => {
  assert.match(written, /^peerage1[A-Za-z0-9_-]+$/)
  assert.deepEqual(decodeTicket(written, sha256), { ok: true, value: ticket })
  assert.equal(verdict(`  ${written}\n`), 'valid')
  assert.equal(
    verdict(`${written.slice(0, 70)}\r\n  ${written.slice(70)}`),
    'valid',
    'wrapped by a mail program'
  )
})

test('each way of being wrong has its own reason', () => {
  assert.equal(verdict(''), 'not-a-ticket')
  assert.equal(verdict('https://acme.example/'), 'not-a-ticket')
  assert.equal(verdict('peerage'), 'not-a-ticket')
  assert.equal(verdict('x'.repeat(10_000)), 'not-a-ticket')
  assert.equal(verdict(written.replace('peerage1', 'peerage2')), 'unknown-version')
  assert.equal(verdict('peerage1'), 'damaged')
  assert.equal(verdict(written.slice(0, -1)), 'damaged')
  assert.equal(verdict(`${written}A`), 'damaged')
  assert.equal(verdict(`${written}!`), 'damaged')
})

/** A ticket with a right checksum over any content. */
function forged(fields: { readonly [field: string]: unknown }): string {
  const encoded = encodeCbor({
    v: 1,
    org: idBytes(ticket.org),
    name: ticket.orgName,
    inviter: idBytes(ticket.inviter),
    seed: ticket.inviteSeed,
    addresses: ticket.addresses,
    expires: ticket.expiresMs,
    ...(fields as object)
  })
  return `peerage1${toBase64Url(concatBytes([encoded, sha256(encoded).subarray(0, 4)]))}`
}

test('a made-up ticket with a right checksum is malformed, not damaged', () => {
  assert.equal(verdict(forged({})), 'valid')
  assert.equal(verdict(forged({ v: 2 })), 'unknown-version')
  const wrong = [
    { seed: new Uint8Array(31) },
    { org: 'acme' },
    { name: '' },
    { addresses: Array.from({ length: 17 }, () => '/ip4/10.0.0.1/tcp/1') },
    { addresses: ['10.0.0.1:4001'] },
    { expires: -1 },
    { extra: 1 }
  ]
  for (const fields of wrong) assert.equal(verdict(forged(fields)), 'malformed', JSON.stringify(fields))
})

test('no single changed character goes unnoticed', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  fc.assert(
    fc.property(
      fc.integer({ min: 'peerage1'.length, max: written.length - 1 }),
      fc.constantFrom(...alphabet),
      (index, character) => {
        if (written[index] === character) return
        assert.equal(verdict(written.slice(0, index) + character + written.slice(index + 1)), 'damaged')
      }
    )
  )
})
