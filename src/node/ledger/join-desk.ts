/**
 * Both ends of the join protocol: the desk where the inviter enrols who brings a ticket, and the newcomer's call at
 * it. It is the one protocol that a stranger may open; ledger/join.ts says what goes over it and what each side checks.
 *
 * Redemptions are judged and written one after another, so a ticket that is used twice at once is spent once.
 */

import { createPrivateKey } from 'node:crypto'
import { equalBytes } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Root } from '../../ledger/chain/root.ts'
import type { DeviceKind } from '../../ledger/encoding/names.ts'
import { commitName, judgeRedemption, proveRedemption } from '../../ledger/fold/invite.ts'
import { isMember } from '../../ledger/fold/state.ts'
import {
  checkJoined,
  decodeJoinAnswer,
  decodeJoinRequest,
  encodeJoinAnswer,
  encodeJoinRequest,
  JOIN_ANSWER_BYTES_MAX,
  JOIN_REQUEST_BYTES_MAX,
  JOIN_ROOTS_MAX,
  type JoinAnswer,
  type JoinRefusal,
  type JoinRequest
} from '../../ledger/join/join.ts'
import type { Ticket } from '../../ledger/join/ticket.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import type { SharedNames } from '../keys/shared-names.ts'
import type { Log } from '../log.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { nextMessage } from '../transport/next-message.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import { type LedgerKeeper, verify } from './ledger-keeper.ts'

export const JOIN_PROTOCOL = '/peerage/join/1'

const REQUEST_TIMEOUT_MS = 10 * SECOND_MS
const ANSWER_TIMEOUT_MS = 30 * SECOND_MS
/** PrivateKeyInfo of an Ed25519 key (RFC 8410) up to the seed itself. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The key pair whose private half a ticket carries as a seed. */
export function inviteKeyOf(seed: Uint8Array): DeviceKey {
  return new DeviceKey(
    createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  )
}

export interface JoinDeskInit {
  readonly transport: Transport
  readonly keeper: LedgerKeeper
  readonly log: Log
  /** Who is called what. */
  readonly names: SharedNames
  /** A device was enrolled: it is a member from now on. */
  readonly onEnrolled: (device: DeviceId) => void
}

/** Opens the desk: from now on this device honours the invites that it made. */
export function openJoinDesk(init: JoinDeskInit): void {
  init.transport.handle(
    JOIN_PROTOCOL,
    stream => {
      serveJoin(init, stream).catch(thrown => {
        if (!(thrown instanceof AppError)) throw thrown
        init.log.warn({ device: stream.peer }, `join: ${messageOf(thrown)}`)
        stream.abort('the join failed')
      })
    },
    { admit: 'anyone', streamsPerPeerMax: 1 }
  )
}

async function serveJoin(init: JoinDeskInit, stream: PeerStream): Promise<void> {
  const framed = new FramedStream(stream, {
    messageBytesMax: JOIN_REQUEST_BYTES_MAX,
    sentBytesMax: JOIN_ANSWER_BYTES_MAX
  })
  const message = await nextMessage(framed, { timeoutMs: REQUEST_TIMEOUT_MS })
  const request = message === undefined ? undefined : decodeJoinRequest(message)
  if (request === undefined)
    throw new AppError('RECORD_INVALID', 'a stranger ended its join without a request')
  if (!request.ok)
    throw new AppError('RECORD_INVALID', `a join request is ${request.reason}: ${request.detail}`)
  await init.keeper.whole()
  const answer = enrol(init, request.value, stream.peer)
  await framed.write(encodeJoinAnswer(answer))
  await stream.close()
}

function enrol(
  { keeper, transport, log, names, onEnrolled }: JoinDeskInit,
  request: JoinRequest,
  peer: DeviceId
): JoinAnswer {
  // A proof is for one device: redeeming it over another device's link shows that it was stolen.
  if (request.device !== peer) return { kind: 'refused', reason: 'bad-proof' }
  const judged = judgeRedemption(
    keeper.state(),
    { ...request, inviter: transport.self, incarnation: keeper.incarnation, nowMs: Date.now() },
    verify
  )
  if ('refused' in judged) {
    log.warn({ device: peer, reason: judged.refused }, 'a ticket was refused')
    return { kind: 'refused', reason: judged.refused }
  }
  const { called } = request
  if (
    called !== undefined &&
    !equalBytes(commitName(called.name, called.salt, sha256), request.nameCommitment)
  )
    return { kind: 'refused', reason: 'bad-proof' }
  const holds = (device: DeviceId): boolean =>
    device !== request.device && isMember(keeper.state(), device, Date.now())
  if (called !== undefined && [...names.devicesOf(called.name)].some(holds))
    return { kind: 'refused', reason: 'name-taken' }
  // Whoever asks again is told again: to write it anew each time would let one device fill the ledger of all.
  const isAgain = judged.invite.redeemedBy.has(request.device)
  if (!isAgain) {
    try {
      keeper.requireClock('device.enrol')
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      log.warn({ device: peer }, `nobody is enrolled: ${thrown.message}`)
      return { kind: 'refused', reason: 'busy' }
    }
  }
  const enrolment = isAgain
    ? enrolmentOf(keeper, request)
    : keeper.append({
        type: 'device.enrol',
        device: request.device,
        kind: request.kind,
        nameCommitment: request.nameCommitment,
        redemption: { invite: judged.invite.operation, proof: request.proof }
      })
  if (enrolment === undefined) return { kind: 'refused', reason: 'spent' }
  if (!isAgain) log.info({ device: peer }, 'a device joined the org')
  // The next one is not to take the name before this one has been heard.
  if (called !== undefined) names.set(peer, called.name)
  onEnrolled(peer)
  // As many as an answer holds: the joiner needs the first to know the org, and syncs what follows.
  const roots = keeper.chain.roots.slice(0, JOIN_ROOTS_MAX).map(root => root.record)
  return { kind: 'joined', roots, enrolment: enrolment.record }
}

/** What enrols a device already, if it says the same of it as the request. */
function enrolmentOf(keeper: LedgerKeeper, request: JoinRequest): Operation | undefined {
  const enrolment = keeper.state().devices.get(request.device)?.enrolment
  const isSame =
    enrolment?.kind === request.kind && equalBytes(enrolment.nameCommitment, request.nameCommitment)
  return isSame ? keeper.ledger.get(enrolment.operation) : undefined
}

export interface Newcomer {
  readonly key: DeviceKey
  readonly name: string
  readonly nameSalt: Uint8Array
  readonly kind: DeviceKind
}

/** Redeems a ticket over a transport that listens to nobody; AppError TICKET_REFUSED or PEER_UNREACHABLE. */
export async function redeemTicket(
  transport: Transport,
  { ticket, newcomer, signal }: { ticket: Ticket; newcomer: Newcomer; signal: AbortSignal }
): Promise<{ roots: readonly Root[]; enrolment: Operation }> {
  await dialInviter(transport, ticket, signal)
  const stream = await transport.open(ticket.inviter, JOIN_PROTOCOL, signal)
  const framed = new FramedStream(stream, { messageBytesMax: JOIN_ANSWER_BYTES_MAX })
  await framed.write(encodeJoinRequest(requestOf(ticket, newcomer)))
  const message = await nextMessage(framed, { timeoutMs: ANSWER_TIMEOUT_MS, signal })
  if (message === undefined) throw unreachable(ticket, 'it ended the join without an answer')
  const answer = decodeJoinAnswer(message)
  if (!answer.ok)
    throw new AppError('RECORD_INVALID', `the inviter's answer is ${answer.reason}: ${answer.detail}`)
  if (answer.value.kind === 'refused') throw refused(ticket, answer.value.reason, newcomer.name)
  const joined = checkJoined(answer.value, { ticket, device: newcomer.key.id, verify, sha256 })
  if (!joined.ok) {
    throw new AppError(
      'TICKET_REFUSED',
      `the device that answered is not of the org ${ticket.orgName} of this ticket: ${joined.detail}`,
      { details: { org: ticket.org, reason: joined.reason } }
    )
  }
  return joined.value
}

function requestOf(ticket: Ticket, newcomer: Newcomer): JoinRequest {
  const inviteKey = inviteKeyOf(ticket.inviteSeed)
  const nameCommitment = commitName(newcomer.name, newcomer.nameSalt, sha256)
  const redemption = { org: ticket.org, device: newcomer.key.id, nameCommitment }
  const proof = proveRedemption(redemption, message => inviteKey.sign(message))
  const called = { name: newcomer.name, salt: newcomer.nameSalt }
  return { ...redemption, kind: newcomer.kind, inviteKey: Buffer.from(inviteKey.id, 'hex'), proof, called }
}

async function dialInviter(transport: Transport, ticket: Ticket, signal: AbortSignal): Promise<void> {
  const outcome = await transport.dial(
    { device: ticket.inviter, addresses: ticket.addresses, asStranger: true },
    signal
  )
  if (outcome.kind !== 'connected') throw unreachable(ticket, outcome.detail)
}

function unreachable(ticket: Ticket, detail: string): AppError {
  return new AppError(
    'PEER_UNREACHABLE',
    `can not reach the device that made this ticket at ${ticket.addresses.join(', ') || 'no address'}: ${detail}; ` +
      "its node has to be up ('peerage up') and reachable from here",
    { details: { device: ticket.inviter, addresses: ticket.addresses } }
  )
}

const REFUSALS: Readonly<Record<Exclude<JoinRefusal, 'name-taken'>, string>> = {
  unknown: 'the device that made it does not know it (any more)',
  foreign: 'it is of another org',
  expired: 'it has expired',
  spent: 'it has been used up',
  cancelled: 'it was cancelled',
  suspended: 'this device was suspended or revoked, and no ticket brings it back',
  'bad-proof': 'it was not proved by its secret',
  busy: 'the device that made it can not enrol anybody now; try again, or look at peerage status there'
}

function refused(ticket: Ticket, reason: JoinRefusal, name: string): AppError {
  if (reason === 'name-taken')
    return new AppError(
      'DEVICE_NAME_TAKEN',
      `a member of ${ticket.orgName} is called ${JSON.stringify(name)} already: choose another name with --device; ` +
        "or, if this device replaces that one, have it revoked first ('peerage device revoke'). The ticket is not used up",
      { details: { org: ticket.org, name } }
    )
  return new AppError(
    'TICKET_REFUSED',
    `the ticket for ${ticket.orgName} was refused: ${REFUSALS[reason]}; ask for a new one ('peerage invite')`,
    { details: { org: ticket.org, reason } }
  )
}
