/**
 * What a device gossips when its ledger has changed: the digest and newest root that it holds now, and the records of
 * operations that it has just signed itself, if they are few. So a decision reaches everybody in one message, and the
 * digest tells whoever lacks more to ask.
 *
 * It is a hint: records are checked like any others, and nothing follows from one that does not come.
 */

import { decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { hash } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import { bytesUpTo, exactly, list, Misshape, object } from '../encoding/shape.ts'
import { OPERATION_RECORD_BYTES_MAX } from '../operation/operation.ts'

export const ANNOUNCED_RECORDS_MAX = 16
/** All records of one announcement together. */
export const ANNOUNCED_BYTES_MAX = 32 * 1024
const ANNOUNCEMENT_BYTES_MAX = ANNOUNCED_BYTES_MAX + 1024

export interface Announcement {
  readonly digest: Uint8Array
  readonly root: Uint8Array
  readonly records: readonly Uint8Array[]
}

const shape = object({
  v: exactly(1),
  digest: hash,
  root: hash,
  records: list(bytesUpTo(OPERATION_RECORD_BYTES_MAX), ANNOUNCED_RECORDS_MAX)
})

/** Records that are too many or too long are left out: the digest says that there is more. */
export function encodeAnnouncement({ digest, root, records }: Announcement): Uint8Array {
  const fits = records.length <= ANNOUNCED_RECORDS_MAX && bytesOf(records) <= ANNOUNCED_BYTES_MAX
  return encodeCbor({ v: 1, digest, root, records: fits ? [...records] : [] })
}

export function decodeAnnouncement(bytes: Uint8Array): Outcome<Announcement, 'malformed'> {
  const decoded = decodeCbor(bytes, { bytesMax: ANNOUNCEMENT_BYTES_MAX, depthMax: 2 })
  const said = decoded.ok ? shape(decoded.value) : undefined
  if (said === undefined || said instanceof Misshape || bytesOf(said.records) > ANNOUNCED_BYTES_MAX)
    return rejected('malformed', 'an announcement is malformed')
  return accepted({ digest: said.digest, root: said.root, records: said.records })
}

function bytesOf(records: readonly Uint8Array[]): number {
  return records.reduce((sum, record) => sum + record.length, 0)
}
