/**
 * Fuzz target of tickets. Each input is tried as text, and as the payload of a ticket whose checksum is right:
 * what decodes is written again to the very same text.
 */

import { createHash } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { concatBytes, fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../base/bytes.ts'
import { deviceIdFromBytes, orgIdFromBytes } from '../../base/ids.ts'
import type { Sha256 } from '../encoding/signature.ts'
import { decodeTicket, encodeTicket } from './ticket.ts'

const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
const PREFIX = 'peerage1'

const seed = encodeTicket(
  {
    org: orgIdFromBytes(new Uint8Array(32).fill(1)),
    orgName: 'Acme',
    inviter: deviceIdFromBytes(new Uint8Array(32).fill(2)),
    inviteSeed: new Uint8Array(32).fill(3),
    addresses: ['/ip4/10.0.0.1/tcp/4001'],
    expiresMs: 1_800_000_000_000
  },
  sha256
)
const payload = fromBase64Url(seed.slice(PREFIX.length)) ?? new Uint8Array()

export const seeds: Uint8Array[] = [utf8(seed), payload.slice(0, -4), utf8('peerage2abc'), utf8('peerage')]

export function fuzz(input: Uint8Array): void {
  const text = fromUtf8(input)
  if (text !== undefined) check(text)
  check(PREFIX + toBase64Url(concatBytes([input, sha256(input).subarray(0, 4)])))
}

function check(text: string): void {
  const decoded = decodeTicket(text, sha256)
  if (!decoded.ok) return
  assert(encodeTicket(decoded.value, sha256) === text.replaceAll(/\s+/g, ''), 'a ticket has one text')
}
