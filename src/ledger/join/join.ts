/**
 * The join protocol: the one exchange that a device without membership may have, with the inviter that its ticket
 * names. One request, one answer.
 *
 *   joiner -> inviter   join     which org, and the redemption: device, kind, name commitment, invite key, proof;
 *                                and the name itself with its salt, so that one that a member has can be refused
 *   joiner <- inviter   joined   the chain of roots from root.v1, and the record of the enrolment
 *                    or refused  why
 *
 * The joiner trusts none of it before it has checked it against its ticket: root.v1 must hash to the org's id, and
 * the enrolment must be signed by the inviter and be of this device. Everything else it gets by sync, as a member.
 */

import { equalBytes } from '../../base/bytes.ts'
import { type DeviceId, deviceIdFromBytes, idBytes, type OrgId, orgIdFromBytes } from '../../base/ids.ts'
import { decodeRoot, ROOT_RECORD_BYTES_MAX, type Root } from '../chain/root.ts'
import { type CborFault, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { DEVICE_KINDS, type DeviceKind, hash, key, label } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import { bytes, bytesUpTo, exactly, fieldOf, list, Misshape, object, oneOf } from '../encoding/shape.ts'
import { type Sha256, SIGNATURE_BYTES, type Verify } from '../encoding/signature.ts'
import { type InviteRefusal, NAME_SALT_BYTES } from '../fold/invite.ts'
import { decodeOperation, OPERATION_RECORD_BYTES_MAX, type Operation } from '../operation/operation.ts'
import type { Ticket } from './ticket.ts'

export const JOIN_REQUEST_BYTES_MAX = 1024
/** Roots in one answer; those of a longer chain that follow come by sync. */
export const JOIN_ROOTS_MAX = 64
export const JOIN_ANSWER_BYTES_MAX = 8 * 1024 * 1024

export interface JoinRequest {
  readonly org: OrgId
  readonly device: DeviceId
  readonly kind: DeviceKind
  readonly nameCommitment: Uint8Array
  readonly inviteKey: Uint8Array
  readonly proof: Uint8Array
  /** What the commitment is to. Devices of before it was asked for do not say. */
  readonly called: { readonly name: string; readonly salt: Uint8Array } | undefined
}

export const JOIN_REFUSALS = [
  'unknown',
  'foreign',
  'cancelled',
  'suspended',
  'expired',
  'spent',
  'bad-proof',
  'name-taken',
  'busy'
] as const
/** `busy`: try again later; `name-taken`: under another name; the rest is final for this ticket. */
export type JoinRefusal = InviteRefusal | 'name-taken' | 'busy'

export type JoinAnswer =
  | { readonly kind: 'joined'; readonly roots: readonly Uint8Array[]; readonly enrolment: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: JoinRefusal }

export type JoinFault = CborFault | 'unknown-version'

const redemptionFields = {
  org: hash,
  device: key,
  kind: oneOf(DEVICE_KINDS),
  name: hash,
  invite: key,
  proof: bytes(SIGNATURE_BYTES)
}
const requestShape = object({
  v: exactly(2),
  ...redemptionFields,
  called: object({ name: label, salt: bytes(NAME_SALT_BYTES) })
})
const requestShapeV1 = object({ v: exactly(1), ...redemptionFields })
const joinedShape = object({
  v: exactly(1),
  kind: oneOf(['joined']),
  roots: list(bytesUpTo(ROOT_RECORD_BYTES_MAX), JOIN_ROOTS_MAX, 1),
  enrolment: bytesUpTo(OPERATION_RECORD_BYTES_MAX)
})
const refusedShape = object({ v: exactly(1), kind: oneOf(['refused']), reason: oneOf(JOIN_REFUSALS) })

export function encodeJoinRequest(request: JoinRequest): Uint8Array {
  const { called } = request
  return encodeCbor({
    org: idBytes(request.org),
    device: idBytes(request.device),
    kind: request.kind,
    name: request.nameCommitment,
    invite: request.inviteKey,
    proof: request.proof,
    ...(called === undefined ? { v: 1 } : { v: 2, called: { name: called.name, salt: called.salt } })
  })
}

export function decodeJoinRequest(encoded: Uint8Array): Outcome<JoinRequest, JoinFault> {
  const decoded = decodeCbor(encoded, { bytesMax: JOIN_REQUEST_BYTES_MAX, depthMax: 2 })
  if (!decoded.ok) return decoded
  const isOld = fieldOf(decoded.value, 'v') === 1
  const request = isOld ? requestShapeV1(decoded.value) : requestShape(decoded.value)
  if (request instanceof Misshape)
    return rejected(request.path === 'v' ? 'unknown-version' : 'malformed', `join: ${request}`)
  return accepted({
    org: orgIdFromBytes(request.org),
    device: deviceIdFromBytes(request.device),
    kind: request.kind,
    nameCommitment: request.name,
    inviteKey: request.invite,
    proof: request.proof,
    called: 'called' in request ? request.called : undefined
  })
}

export function encodeJoinAnswer(answer: JoinAnswer): Uint8Array {
  return answer.kind === 'joined'
    ? encodeCbor({ v: 1, kind: answer.kind, roots: answer.roots, enrolment: answer.enrolment })
    : encodeCbor({ v: 1, kind: answer.kind, reason: answer.reason })
}

export function decodeJoinAnswer(encoded: Uint8Array): Outcome<JoinAnswer, JoinFault> {
  const decoded = decodeCbor(encoded, { bytesMax: JOIN_ANSWER_BYTES_MAX, depthMax: 2 })
  if (!decoded.ok) return decoded
  const isRefusal = fieldOf(decoded.value, 'kind') === 'refused'
  const answer = isRefusal ? refusedShape(decoded.value) : joinedShape(decoded.value)
  if (answer instanceof Misshape)
    return rejected(answer.path === 'v' ? 'unknown-version' : 'malformed', `join answer: ${answer}`)
  return accepted(
    answer.kind === 'refused'
      ? { kind: 'refused', reason: answer.reason }
      : { kind: 'joined', roots: answer.roots, enrolment: answer.enrolment }
  )
}

/** What a joiner proves about a `joined` answer before it believes it. */
export function checkJoined(
  answer: { readonly roots: readonly Uint8Array[]; readonly enrolment: Uint8Array },
  expected: { ticket: Ticket; device: DeviceId; verify: Verify; sha256: Sha256 }
): Outcome<{ roots: readonly Root[]; enrolment: Operation }, 'bad-root' | 'foreign-org' | 'bad-enrolment'> {
  const { ticket, device, verify, sha256 } = expected
  const roots: Root[] = []
  for (const record of answer.roots) {
    const predecessor = roots.at(-1)
    const root = decodeRoot(record, { verify, sha256, ...(predecessor && { predecessor }) })
    if (!root.ok) return rejected('bad-root', `root ${roots.length + 1}: ${root.detail}`)
    roots.push(root.value)
  }
  const [first] = roots
  if (first === undefined || !equalBytes(first.hash, idBytes(ticket.org)))
    return rejected('foreign-org', 'the root is not that of the org that the ticket pins')
  const enrolment = decodeOperation(answer.enrolment, { verify, sha256 })
  if (!enrolment.ok) return rejected('bad-enrolment', enrolment.detail)
  const { content, author, org } = enrolment.value
  const isOurs = content?.type === 'device.enrol' && content.device === device
  if (!isOurs || author !== ticket.inviter || org !== ticket.org)
    return rejected('bad-enrolment', 'it is not the enrolment of this device by the inviter of the ticket')
  return accepted({ roots, enrolment: enrolment.value })
}
