/**
 * Fuzz target of presence statements, the messages that exchange them, and roots: each input is tried as a message, a
 * record and the statement inside one, with every signature taken for good. What decodes is written again to the very
 * same bytes.
 */

import { createHash } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { deviceIdFromBytes, orgIdFromBytes } from '../../base/ids.ts'
import { decodeRoot, foundingTerms, rootBytes } from '../chain/root.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import type { Sha256 } from '../encoding/signature.ts'
import { createPresence, decodePresence } from './presence.ts'
import { answerTo, askOf, decodePresenceMessage, encodePresenceMessage, restOf } from './presence-messages.ts'

const UNSIGNED = new Uint8Array(64)
const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
const keys = { verify: () => true, sha256 }
const device = deviceIdFromBytes(new Uint8Array(32).fill(2))

const presence = createPresence(
  {
    org: orgIdFromBytes(new Uint8Array(32).fill(1)),
    device,
    name: 'build-1',
    nameSalt: new Uint8Array(16).fill(3),
    site: 'Berlin',
    kind: 'server',
    addresses: ['/ip4/10.0.0.1/tcp/4001'],
    timeMs: 1_800_000_000_000,
    expiresMs: 1_800_000_060_000
  },
  { sign: () => UNSIGNED, sha256 }
)
const root = rootBytes(foundingTerms({ orgName: 'Acme', admin: device, timeMs: 1_800_000_000_000 }))

const ask = askOf(presence, [presence])
const answer = answerTo({ kind: 'ask', own: presence.record, known: [] }, presence, [presence])

export const seeds: Uint8Array[] = [
  ...[presence.record, presence.record.slice(4, -66), root],
  ...[ask, answer, restOf(answer, [presence])].map(encodePresenceMessage)
]

export function fuzz(input: Uint8Array): void {
  checkPresence(input)
  const message = decodePresenceMessage(input)
  if (message.ok) {
    assert(equalBytes(encodePresenceMessage(message.value), input), 'a presence message has one encoding')
    if (message.value.kind === 'ask') answerTo(message.value, presence, [presence])
    if (message.value.kind === 'answer') restOf(message.value, [presence])
  }
  checkPresence(encodeCbor([input, UNSIGNED]))
  const signature = [new Uint8Array(32).fill(2), UNSIGNED]
  const decoded = decodeRoot(encodeCbor([input, [signature]]), keys)
  if (decoded.ok) assert(equalBytes(rootBytes(decoded.value), input), 'a root has one encoding')
}

function checkPresence(record: Uint8Array): void {
  const decoded = decodePresence(record, keys)
  if (!decoded.ok) return
  const again = createPresence(decoded.value, { sign: () => UNSIGNED, sha256 })
  assert(equalBytes(again.hash, decoded.value.hash), 'a statement has one encoding')
}
