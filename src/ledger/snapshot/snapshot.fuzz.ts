/**
 * Fuzz target of snapshots. An input is read as a chunk behind a good first one, and as the first one of all: whatever
 * it is, reading answers with a fault or a snapshot, and one that was read is written and read again as the same.
 */

import { isDeepStrictEqual } from 'node:util'
import { assert } from '../../base/assert.ts'
import { singleRoot } from '../chain/chain-view.ts'
import { enrolment, foundOrg, keyNamed, TestDevice } from '../fold/org-fixture.conformance.ts'
import { SAMPLES } from '../operation/operation-samples.conformance.ts'
import { decodeSnapshot, encodeSnapshot, type LedgerSnapshot } from './snapshot.ts'

const admin = keyNamed('admin')
const root = foundOrg([admin])
const chain = singleRoot(root)
const chunks = [...encodeSnapshot(history())]
const [first] = chunks as [Uint8Array, ...Uint8Array[]]

function history(): LedgerSnapshot {
  const founder = new TestDevice(admin, root)
  founder.write(enrolment(founder.ledger.org, admin))
  const ticket = keyNamed('ticket')
  const invite = founder.invite(ticket)
  founder.enrol(keyNamed('laptop'), { operation: invite.id, key: ticket })
  founder.publish('os/image', 'one')
  founder.publish('os/image', 'two')
  founder.retire('os/image', 'one')
  for (const content of Object.values(SAMPLES)) founder.write(content)
  const { ledger } = founder
  return {
    state: ledger.state(),
    operations: ledger.size,
    tips: ledger.tips(),
    digest: ledger.hello().digest
  }
}

export const seeds: Uint8Array[] = chunks

export function fuzz(input: Uint8Array): void {
  check([first, input])
  check([input, ...chunks.slice(1)])
}

function check(given: readonly Uint8Array[]): void {
  const read = decodeSnapshot(given, chain)
  if (!read.ok) {
    assert(read.detail.length < 1000, 'a detail is short, whatever the input')
    return
  }
  const again = decodeSnapshot([...encodeSnapshot(read.value)], chain)
  assert(again.ok, `what was read is written so that it is read again: ${again.ok ? '' : again.detail}`)
  assert(isDeepStrictEqual(again.value, read.value), 'a snapshot is read back as it was')
}
