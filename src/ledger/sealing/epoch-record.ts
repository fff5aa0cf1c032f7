/**
 * The key of a group's epoch, given to its members: a record of the device that began the epoch, kept beside the ledger
 * as envelopes are. The epoch itself is an operation in the ledger (`group.epoch`), which has the public key.
 *
 * The members of an epoch are those that its records name, and never change: a device that joins the group later gets
 * nothing of an epoch that began before, and one that leaves has it for good. So who seals to an epoch knows from its
 * records alone who can open that. A record holds a *part* of the members, since a group may have ten thousand.
 */

import { compareBytes } from '../../base/bytes.ts'
import {
  type DeviceId,
  deviceIdFromBytes,
  idBytes,
  type OperationId,
  type OrgId,
  operationIdFromBytes,
  orgIdFromBytes
} from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import { hash, key } from '../encoding/names.ts'
import type { Outcome } from '../encoding/outcome.ts'
import { bytesUpTo, exactly, integer, list, object, type Shaped, tuple } from '../encoding/shape.ts'
import type { Sha256, Sign, Verify } from '../encoding/signature.ts'
import {
  openStatement,
  recordBytesMax,
  type StatementFault,
  type StatementForm,
  signStatement
} from '../encoding/statement.ts'

export const PART_MEMBERS_MAX = 256
/** Of one epoch: a group of 65,536 devices. */
export const PARTS_MAX = 256
/** An age header of so many stanzas is shorter. */
const EPOCH_ENVELOPE_BYTES_MAX = 32 * KIB
const MEMBER_BYTES = 70
const BYTES_MAX = EPOCH_ENVELOPE_BYTES_MAX + PART_MEMBERS_MAX * MEMBER_BYTES + 512
export const EPOCH_RECORD_BYTES_MAX = recordBytesMax(BYTES_MAX)

export interface EpochMember {
  readonly device: DeviceId
  /** The key that it had said by then. */
  readonly recipient: Uint8Array
}

export interface EpochTerms {
  readonly org: OrgId
  readonly group: OperationId
  /** The public key of the epoch, by which the ledger knows it. */
  readonly recipient: Uint8Array
  readonly author: DeviceId
  /** Which part this is, of how many. */
  readonly part: number
  readonly parts: number
  /** Ascending by device. */
  readonly members: readonly EpochMember[]
  /** The header of an age file: the seed of the epoch's key, with a stanza for each member in their order. */
  readonly envelope: Uint8Array
}

export interface EpochRecord extends EpochTerms {
  /** SHA-256 of what is signed. */
  readonly hash: Uint8Array
  readonly record: Uint8Array
}

const shape = object({
  v: exactly(1),
  org: hash,
  group: hash,
  recipient: key,
  author: key,
  part: integer(0, PARTS_MAX - 1),
  parts: integer(1, PARTS_MAX),
  members: list(tuple(key, key), PART_MEMBERS_MAX, 1),
  envelope: bytesUpTo(EPOCH_ENVELOPE_BYTES_MAX)
})
type Wire = Shaped<typeof shape>

const FORM: StatementForm<Wire> = {
  domain: 'epoch',
  what: 'the key of an epoch',
  recordWhat: 'the record of an epoch',
  bytesMax: BYTES_MAX,
  depthMax: 3,
  shape,
  signer: { name: 'its author', keyOf: ({ author }) => author },
  faultOf
}

function faultOf({ part, parts, members, envelope }: Wire): string | undefined {
  if (part >= parts) return `it is part ${part} of ${parts}`
  if (envelope.length === 0) return 'it is empty'
  for (const [at, [device]] of members.entries()) {
    const before = members[at - 1]
    if (before !== undefined && compareBytes(before[0], device) >= 0) return 'its members are not ascending'
  }
  return undefined
}

export function createEpochRecord(
  terms: EpochTerms,
  keys: { readonly sign: Sign; readonly sha256: Sha256 }
): EpochRecord {
  const { org, group, author, recipient, part, parts, envelope } = terms
  const ids = { org: idBytes(org), group: idBytes(group), author: idBytes(author) }
  const members = terms.members.map(({ device, recipient: of }) => [idBytes(device), of])
  const wire = { v: 1, ...ids, recipient, part, parts, members, envelope }
  const signed = signStatement('epoch', wire, keys)
  return { ...terms, hash: signed.hash, record: signed.record }
}

export function decodeEpochRecord(
  record: Uint8Array,
  keys: { readonly verify: Verify; readonly sha256: Sha256 }
): Outcome<EpochRecord, StatementFault> {
  const opened = openStatement(FORM, record, keys)
  if (!opened.ok) return opened
  const { terms, hash: of } = opened.value
  const { recipient, part, parts, envelope } = terms
  const members = terms.members.map(([device, said]) => ({
    device: deviceIdFromBytes(device),
    recipient: said
  }))
  const value = {
    org: orgIdFromBytes(terms.org),
    group: operationIdFromBytes(terms.group),
    author: deviceIdFromBytes(terms.author),
    ...{ recipient, part, parts, members, envelope, hash: of, record }
  }
  return { ok: true, value }
}
