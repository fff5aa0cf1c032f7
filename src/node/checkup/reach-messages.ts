/**
 * The messages of /peerage/reach/1, deterministic CBOR (docs/PROTOCOL.md): a device asks a peer whether it can be
 * reached at the addresses that it has stated, and the peer tells what became of a connection to each.
 */

import { type CborFault, decodeCbor, encodeCbor } from '../../ledger/encoding/cbor.ts'
import {
  ADDRESS_CHARACTERS_MAX,
  ADDRESSES_MAX,
  address,
  timeMs as instant
} from '../../ledger/encoding/names.ts'
import { accepted, type Outcome, rejected } from '../../ledger/encoding/outcome.ts'
import { exactly, integer, list, Misshape, nullable, tuple } from '../../ledger/encoding/shape.ts'

export const QUESTION_BYTES_MAX = 16
export const ANSWER_BYTES_MAX = (ADDRESSES_MAX + 1) * (ADDRESS_CHARACTERS_MAX + 8) + 32

/** What became of a TCP connection: `silent` when nothing answered in time, as where a firewall drops it. */
export const REACHED = ['open', 'refused', 'silent', 'no-route'] as const
export type Reached = (typeof REACHED)[number]

export interface ReachAnswer {
  /** The clock of who answers, in milliseconds of the Unix epoch. */
  readonly timeMs: number
  /** The other end of the link, as who answers sees it: a multiaddr; null when the link is gone. */
  readonly seenAddress: string | null
  readonly tried: readonly { readonly address: string; readonly reached: Reached }[]
}

const question = tuple(exactly(1))
const answer = tuple(
  exactly(1),
  instant,
  nullable(address),
  list(tuple(address, integer(0, REACHED.length - 1)), ADDRESSES_MAX)
)

export function encodeQuestion(): Uint8Array {
  return encodeCbor([1])
}

export function decodeQuestion(bytes: Uint8Array): Outcome<true, CborFault | 'malformed'> {
  const decoded = decodeCbor(bytes, { bytesMax: QUESTION_BYTES_MAX, depthMax: 1 })
  if (!decoded.ok) return decoded
  const read = question(decoded.value)
  return read instanceof Misshape ? rejected('malformed', String(read)) : accepted(true)
}

export function encodeAnswer({ timeMs, seenAddress, tried }: ReachAnswer): Uint8Array {
  return encodeCbor([
    1,
    timeMs,
    seenAddress,
    tried.map(({ address, reached }) => [address, REACHED.indexOf(reached)])
  ])
}

export function decodeAnswer(bytes: Uint8Array): Outcome<ReachAnswer, CborFault | 'malformed'> {
  const decoded = decodeCbor(bytes, { bytesMax: ANSWER_BYTES_MAX, depthMax: 3 })
  if (!decoded.ok) return decoded
  const read = answer(decoded.value)
  if (read instanceof Misshape) return rejected('malformed', String(read))
  const [, timeMs, seenAddress, tried] = read
  return accepted({
    timeMs,
    seenAddress,
    tried: tried.map(([address, code]) => ({ address, reached: REACHED[code] ?? 'silent' }))
  })
}
