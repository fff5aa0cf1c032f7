/**
 * A ticket: the text by which a person lets a machine into an org. It holds the private half of a one-time invite
 * key, so whoever has the text can redeem it; it pins the org's id, so that whoever answers can not pose as
 * another org; and it says where to ask.
 *
 *   "peerage1" || base64url( deterministic CBOR || first bytes of SHA-256 over that CBOR )
 *
 * The checksum tells a ticket that was damaged on its way from one that was made up; it authenticates nothing.
 * The ledger decides whether an invite is spent: this module only reads and writes the text.
 */

import { assert } from '../../base/assert.ts'
import { concatBytes, equalBytes, fromBase64Url, toBase64Url } from '../../base/bytes.ts'
import { type DeviceId, deviceIdFromBytes, idBytes, type OrgId, orgIdFromBytes } from '../../base/ids.ts'
import { decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { ADDRESSES_MAX, address, hash, key, label, timeMs } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import { bytes, exactly, list, Misshape, object } from '../encoding/shape.ts'
import type { Sha256 } from '../encoding/signature.ts'

export const TICKET_CHARACTERS_MAX = 8192
export const INVITE_SEED_BYTES = 32
const CHECKSUM_BYTES = 4
const BASE64URL = /^[A-Za-z0-9_-]+$/

export interface Ticket {
  readonly org: OrgId
  /** What people call the org. */
  readonly orgName: string
  /** The device that made the invite and is the only one that can honour it. */
  readonly inviter: DeviceId
  /** Seed of the invite's Ed25519 key (RFC 8032 section 5.1.5): the secret of the ticket. */
  readonly inviteSeed: Uint8Array
  /** Multiaddrs of the inviter. */
  readonly addresses: readonly string[]
  readonly expiresMs: number
}

export type TicketFault = 'not-a-ticket' | 'unknown-version' | 'damaged' | 'malformed'

const ticketShape = object({
  v: exactly(1),
  org: hash,
  name: label,
  inviter: key,
  seed: bytes(INVITE_SEED_BYTES),
  addresses: list(address, ADDRESSES_MAX),
  expires: timeMs
})

export function encodeTicket(ticket: Ticket, sha256: Sha256): string {
  const encoded = encodeCbor({
    v: 1,
    org: idBytes(ticket.org),
    name: ticket.orgName,
    inviter: idBytes(ticket.inviter),
    seed: ticket.inviteSeed,
    addresses: ticket.addresses,
    expires: ticket.expiresMs
  })
  const written = `peerage1${toBase64Url(concatBytes([encoded, sha256(encoded).subarray(0, CHECKSUM_BYTES)]))}`
  assert(decodeTicket(written, sha256).ok, 'a ticket that we write is one that we read')
  return written
}

/** Reads a ticket as a person pasted it: white space around it, and line breaks within, do not matter. */
export function decodeTicket(pasted: string, sha256: Sha256): Outcome<Ticket, TicketFault> {
  if (pasted.length > TICKET_CHARACTERS_MAX)
    return rejected('not-a-ticket', `${pasted.length} characters, at most ${TICKET_CHARACTERS_MAX}`)
  const written = pasted.replaceAll(/\s+/g, '')
  const prefix = /^peerage([0-9]+)/.exec(written)
  if (!written.startsWith('peerage') || prefix === null)
    return rejected('not-a-ticket', 'the text does not start with peerage1')
  if (!written.startsWith('peerage1'))
    return rejected('unknown-version', 'the ticket is of a version that this program does not know')
  const encoded = written.slice('peerage1'.length)
  const payload = BASE64URL.test(encoded) && encoded.length % 4 !== 1 ? fromBase64Url(encoded) : undefined
  if (payload === undefined || payload.length <= CHECKSUM_BYTES)
    return rejected('damaged', 'the text is cut short or has foreign characters')
  const body = payload.subarray(0, payload.length - CHECKSUM_BYTES)
  if (!equalBytes(sha256(body).subarray(0, CHECKSUM_BYTES), payload.subarray(body.length)))
    return rejected('damaged', 'the checksum does not match: copy the whole ticket again')
  const decoded = decodeCbor(body, { bytesMax: TICKET_CHARACTERS_MAX, depthMax: 2 })
  if (!decoded.ok) return rejected('malformed', decoded.detail)
  const ticket = ticketShape(decoded.value)
  if (ticket instanceof Misshape)
    return rejected(ticket.path === 'v' ? 'unknown-version' : 'malformed', `ticket: ${ticket}`)
  return accepted({
    org: orgIdFromBytes(ticket.org),
    orgName: ticket.name,
    inviter: deviceIdFromBytes(ticket.inviter),
    inviteSeed: ticket.seed,
    addresses: ticket.addresses,
    expiresMs: ticket.expires
  })
}
