/**
 * Fuzz target of operations and of the ledger that takes them. Each input is tried as a record and as the envelope
 * inside one, with every signature taken for good, since a mutation never hits a real one. What decodes and has a
 * meaning is written again to the very same bytes; and no record, whatever it is, makes a ledger throw.
 */

import { createHash } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import { singleRoot } from '../chain/chain-view.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import type { Sha256 } from '../encoding/signature.ts'
import { enrolment, foundOrg, keyNamed, TestDevice } from '../fold/org-fixture.conformance.ts'
import { Ledger } from '../ledger.ts'
import { createOperation, decodeOperation, type Operation, parseOperation } from './operation.ts'
import { SAMPLES } from './operation-samples.conformance.ts'

/** The head of bytes whose length, up to 255, is in the byte after it (RFC 8949, section 3). */
const ONE_BYTE_LENGTH = 0x58
const UNSIGNED = new Uint8Array(64)
const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
const keys = { verify: () => true, sha256 }

const admin = keyNamed('admin')
const root = foundOrg([admin])
const ticket = keyNamed('ticket')
const records = history().map(({ record }) => record)

function history(): Operation[] {
  const founder = new TestDevice(admin, root)
  founder.write(enrolment(founder.ledger.org, admin))
  const invite = founder.invite(ticket)
  founder.enrol(keyNamed('laptop'), { operation: invite.id, key: ticket })
  founder.publish('os/image', 'one')
  founder.retire('os/image', 'one')
  founder.retire('os/image')
  for (const content of Object.values(SAMPLES)) founder.write(content)
  return [...founder.ledger.operations()]
}

/** A record is two heads, the envelope, and the signature with its head of two bytes. */
const envelopeOf = (record: Uint8Array): Uint8Array =>
  record.slice(record[1] === ONE_BYTE_LENGTH ? 3 : 4, -66)

export const seeds: Uint8Array[] = [...records, ...records.map(envelopeOf)]

export function fuzz(input: Uint8Array): void {
  check(input)
  check(encodeCbor([input, UNSIGNED]))
}

function check(record: Uint8Array): void {
  const ledger = new Ledger(singleRoot(root), keys)
  ledger.add([...records, record])
  ledger.state()
  const decoded = decodeOperation(record, keys)
  const parsed = parseOperation(record, sha256)
  assert(decoded.ok === parsed.ok, 'only the signature tells decoding from parsing')
  if (!decoded.ok) {
    assert(decoded.detail.length < 1000, 'a detail is short, whatever the input')
    return
  }
  const { content, flaw, ...draft } = decoded.value
  assert((content === undefined) === (flaw !== undefined), 'an operation has content or a flaw')
  if (content === undefined) return
  const again = createOperation({ ...draft, content }, { sign: () => UNSIGNED, sha256 })
  assert(again.id === draft.id, 'an operation has one encoding')
  const signature = record.subarray(-UNSIGNED.length)
  const rewritten = encodeCbor([envelopeOf(again.record), signature])
  assert(equalBytes(rewritten, record), `a record has one encoding, not ${toHex(rewritten)}`)
}
