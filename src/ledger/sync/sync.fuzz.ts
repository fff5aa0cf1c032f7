/**
 * Fuzz target of the messages of sync, announcement and joining: what decodes is written again to the very same bytes,
 * and a ledger answers any message without throwing.
 */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { deviceIdFromBytes, orgIdFromBytes } from '../../base/ids.ts'
import { RootChain } from '../chain/root-chain.ts'
import { RootQuest, rootsFor } from '../chain/root-sync.ts'
import { foundOrg, keyNamed, sha256, TestDevice } from '../fold/org-fixture.conformance.ts'
import {
  decodeJoinAnswer,
  decodeJoinRequest,
  encodeJoinAnswer,
  encodeJoinRequest,
  type JoinRequest
} from '../join/join.ts'
import { decodeAnnouncement, encodeAnnouncement } from './announcement.ts'
import { decodeSyncMessage, encodeSyncMessage } from './sync-messages.ts'

const filled = (byte: number, length = 32) => new Uint8Array(length).fill(byte)
const admin = keyNamed('admin')
const founder = new TestDevice(admin, foundOrg([admin]))
for (let index = 0; index < 20; index++) founder.publish('os', `${index}`)
const { ledger } = founder
const chain = new RootChain(ledger.root, { verify: () => true, sha256 })
const [tip] = ledger.tips()
const records = [...ledger.operations()].map(operation => operation.record)
assert(tip !== undefined, 'a ledger with operations has a tip')
const joinRequest: JoinRequest = {
  org: orgIdFromBytes(filled(1)),
  device: deviceIdFromBytes(filled(2)),
  kind: 'laptop',
  nameCommitment: filled(3),
  inviteKey: filled(4),
  proof: filled(5, 64),
  called: undefined
}

export const seeds: Uint8Array[] = [
  encodeSyncMessage({ kind: 'hello', ...ledger.hello() }),
  encodeSyncMessage({ kind: 'want-tips' }),
  encodeSyncMessage({ kind: 'tips', tips: [tip] }),
  encodeSyncMessage({ kind: 'want', wants: [{ tip: tip.id, have: [tip.id] }] }),
  encodeSyncMessage({ kind: 'records', records: records.slice(0, 2), more: true }),
  encodeSyncMessage({ kind: 'refuse', reason: 'busy' }),
  encodeSyncMessage({ kind: 'want-roots', have: [filled(6), filled(7)] }),
  encodeSyncMessage({ kind: 'roots', records: [chain.founding.record], more: true }),
  encodeAnnouncement({ digest: filled(8), root: filled(9), records: records.slice(0, 2) }),
  encodeJoinAnswer({ kind: 'joined', roots: [filled(1, 9)], enrolment: filled(2, 9) }),
  encodeJoinAnswer({ kind: 'refused', reason: 'spent' }),
  encodeJoinRequest(joinRequest),
  encodeJoinRequest({ ...joinRequest, called: { name: 'laptop', salt: filled(6, 16) } })
]

export function fuzz(input: Uint8Array): void {
  const message = decodeSyncMessage(input)
  if (message.ok) {
    assert(equalBytes(encodeSyncMessage(message.value), input), 'a sync message has one encoding')
    if (message.value.kind === 'tips') ledger.wantsFrom(message.value.tips)
    if (message.value.kind === 'want') ledger.recordsFor(message.value.wants)
    if (message.value.kind === 'want-roots') rootsFor(chain, message.value.have, sha256)
    if (message.value.kind === 'roots') new RootQuest(chain, sha256).isUnfinished(message.value)
  }
  const said = decodeAnnouncement(input)
  if (said.ok) assert(equalBytes(encodeAnnouncement(said.value), input), 'an announcement has one encoding')
  const request = decodeJoinRequest(input)
  if (request.ok) assert(equalBytes(encodeJoinRequest(request.value), input), 'a request has one encoding')
  const answer = decodeJoinAnswer(input)
  if (answer.ok) assert(equalBytes(encodeJoinAnswer(answer.value), input), 'an answer has one encoding')
}
