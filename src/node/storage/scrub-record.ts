/**
 * How far the scrub is and what it found, as it is on disk (`storage/scrub`): deterministic CBOR of a closed map with
 * the version of its form. What can not be read was never written by this program, or is of a newer one: then a pass
 * begins anew, and nothing but time is lost.
 */

import { type CborFault, decodeCbor, encodeCbor } from '../../ledger/encoding/cbor.ts'
import { timeMs } from '../../ledger/encoding/names.ts'
import { accepted, type Outcome, rejected } from '../../ledger/encoding/outcome.ts'
import {
  exactly,
  flag,
  integer,
  list,
  Misshape,
  nullable,
  object,
  tuple
} from '../../ledger/encoding/shape.ts'

/** Holdings with bad pieces that are remembered until they are whole. */
export const AILING_MAX = 1024
const RECORD_BYTES_MAX = 32 * 1024

export interface ScrubPass {
  readonly beganMs: number
  /** Where it goes on: a piece of a holding of the store, or of the first one after it. */
  readonly holding: number
  readonly piece: number
  readonly readBytes: number
  readonly badPieces: number
}

export interface PastPass extends Omit<ScrubPass, 'holding' | 'piece'> {
  readonly endedMs: number
}

export interface ScrubRecord {
  readonly isPaused: boolean
  /** Bytes in a second that the owner set; null for as many as it takes. */
  readonly rate: number | null
  readonly pass: ScrubPass | null
  readonly last: PastPass | null
  /** Of all passes. */
  readonly readBytes: number
  readonly badPieces: number
  readonly healedPieces: number
  /** Holdings with bad pieces, and how many were found. */
  readonly ailing: ReadonlyMap<number, number>
}

export const NEW_RECORD: ScrubRecord = {
  ...{ isPaused: false, rate: null, pass: null, last: null },
  ...{ readBytes: 0, badPieces: 0, healedPieces: 0, ailing: new Map() }
}

const counts = { began: timeMs, bytes: integer(0), bad: integer(0) }
const record = object({
  v: exactly(1),
  paused: flag,
  rate: nullable(integer(1)),
  pass: nullable(object({ ...counts, holding: integer(0), piece: integer(0) })),
  last: nullable(object({ ...counts, ended: timeMs })),
  bytes: integer(0),
  bad: integer(0),
  healed: integer(0),
  ailing: list(tuple(integer(0), integer(1)), AILING_MAX)
})

export function encodeScrub(state: ScrubRecord): Uint8Array {
  const { isPaused: paused, rate, pass, last, readBytes, badPieces, healedPieces, ailing } = state
  const countsOf = (of: {
    readonly beganMs: number
    readonly readBytes: number
    readonly badPieces: number
  }) => ({
    ...{ began: of.beganMs, bytes: of.readBytes, bad: of.badPieces }
  })
  return encodeCbor({
    ...{ v: 1, paused, rate },
    pass: pass && { ...countsOf(pass), holding: pass.holding, piece: pass.piece },
    last: last && { ...countsOf(last), ended: last.endedMs },
    ...{ bytes: readBytes, bad: badPieces, healed: healedPieces },
    ailing: [...ailing].sort(([one], [other]) => one - other)
  })
}

export function decodeScrub(bytes: Uint8Array): Outcome<ScrubRecord, CborFault | 'malformed'> {
  const decoded = decodeCbor(bytes, { bytesMax: RECORD_BYTES_MAX, depthMax: 3 })
  if (!decoded.ok) return decoded
  const read = record(decoded.value)
  if (read instanceof Misshape) return rejected('malformed', String(read))
  const { paused: isPaused, rate, pass, last } = read
  const countsOf = ({ began, bytes: readBytes, bad }: { began: number; bytes: number; bad: number }) => ({
    ...{ beganMs: began, readBytes, badPieces: bad }
  })
  const ailing = new Map(read.ailing)
  const inOrder = read.ailing.every(([id], at) => id > (read.ailing[at - 1]?.[0] ?? -1))
  if (!inOrder) return rejected('malformed', 'holdings are not in order')
  return accepted({
    ...{ isPaused, rate },
    pass: pass && { ...countsOf(pass), holding: pass.holding, piece: pass.piece },
    last: last && { ...countsOf(last), endedMs: last.ended },
    ...{ readBytes: read.bytes, badPieces: read.bad, healedPieces: read.healed, ailing }
  })
}
