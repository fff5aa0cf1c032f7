/**
 * An entry of an audit log: what a device did, or saw another do. Deterministic CBOR of a closed map for each action,
 * in a version of its own; a later meaning takes a new action or a new version, never a new field.
 *
 * Every entry carries its own position (`seq`, from 0), so that a copy whose entries were moved shows by itself.
 *
 * No personal data: devices, versions and operations go by id, datasets by name, and a purpose is one that the org
 * has words for (a ticket, a task), never a person's name.
 *
 * What each action says, from the view of the device whose log it is:
 *
 *     serving       a peer was let begin to read a version here; durable before the first block leaves
 *     served        how many bytes of it went to that peer since then; `done` when its stream is over
 *     received      bytes of a version that came from a peer and were verified
 *     obtained      bytes of a version that came from its HTTP origin, outside the org, and were verified
 *     receipted     a peer's signed receipt for what it was served (receipt.ts)
 *     read          a version was fetched here in full, and for what
 *     stored        a version is held here from now on
 *     damaged       pieces of a version that is held here were read again and are not what they should be
 *     healed        what was found damaged of it is whole again
 *     deleted       what was held of a version is held no more
 *     administered  an operation was signed here
 *     expired       entries of this log before a time were dropped by retention, and only their hashes kept
 *     renewed       this log goes on after an earlier one of the device that could not be gone on with
 *     denied        a device was refused, `count` times since the entry before for the same reason
 *     violation     a peer broke the protocol, `count` times likewise
 *     override      an override of freshness holds here from now on: who signed it, what it opens, why, until when
 *     overridden    an access that it alone opened here, to a peer or to this device, `count` times likewise
 *     looked-up     somebody had this device say what it knows of a person, or of several
 *     called        somebody used the API of this node over the network, `count` times likewise; in version 2 also
 *                   what that was about
 *     switched      somebody switched on or off, or changed, what looks for harm here: detection, or the scanner
 */

import { assert } from '../base/assert.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import {
  type DeviceId,
  deviceIdFromBytes,
  idBytes,
  type OperationId,
  operationIdFromBytes,
  type VersionId,
  versionIdFromBytes
} from '../base/ids.ts'
import { type CborFault, type CborValue, decodeCbor, encodeCbor } from '../ledger/encoding/cbor.ts'
import {
  DATASET_CLASSES,
  DATASET_NAME_CHARACTERS_MAX,
  type DatasetClass,
  hash,
  isDatasetName,
  isLabel,
  isVisibleLine,
  key,
  LABEL_CHARACTERS_MAX,
  timeMs
} from '../ledger/encoding/names.ts'
import { accepted, type Outcome, rejected } from '../ledger/encoding/outcome.ts'
import {
  bytes,
  bytesUpTo,
  converted,
  exactly,
  fieldOf,
  flag,
  integer,
  Misshape,
  nullable,
  object,
  oneOf,
  type Shape,
  text,
  where
} from '../ledger/encoding/shape.ts'
import {
  isOverrideReason,
  OVERRIDE_DEVICES_MAX,
  OVERRIDE_REASON_CHARACTERS_MAX
} from '../ledger/freshness/override.ts'
import { RECEIPT_BYTES_MAX } from './receipt.ts'
import { TREE_SIZE_MAX } from './tree.ts'

export const REASON = /^[a-z][a-z0-9-]*$/
export const REASON_CHARACTERS_MAX = 64
export const ENTRY_BYTES_MAX = 2048
const ENTRY_DEPTH_MAX = 1
const CLASSES = new RegExp(`^(?:${DATASET_CLASSES.join('|')})(?: (?:${DATASET_CLASSES.join('|')}))*$`)
/** Stands in a copy of a log in the place of an entry of which retention has left only the leaf hash. */
export const DROPPED = new Uint8Array(0)
const HOST = /^[a-z0-9.:[\]-]+$/
const HOST_CHARACTERS_MAX = 300
export const CALLER_CHARACTERS_MAX = LABEL_CHARACTERS_MAX
/** A dataset with the whole id of a version is shorter. */
export const OBJECT_CHARACTERS_MAX = 200
const ROUTE = /^[a-zA-Z][a-zA-Z0-9-]*$/
const TYPE = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*$/

export function isDropped(bytes: Uint8Array): boolean {
  return bytes.length === 0
}

interface OfVersion {
  readonly version: VersionId
  /** The name that it went by; null when none was known. */
  readonly dataset: string | null
}

export type AuditEvent =
  | ({
      readonly action: 'serving'
      readonly peer: DeviceId
      /** The purpose of the grant that let it read; null without a grant, or for a grant that names none. */
      readonly granted: string | null
    } & OfVersion)
  | ({
      readonly action: 'served'
      readonly peer: DeviceId
      /** Position of the `serving` entry that this goes on from. */
      readonly since: number
      /** All bytes since then, not since the entry before. */
      readonly bytes: number
      readonly done: boolean
    } & OfVersion)
  | ({
      readonly action: 'received'
      readonly peer: DeviceId
      readonly begunMs: number
      readonly bytes: number
    } & OfVersion)
  | ({
      readonly action: 'receipted'
      readonly peer: DeviceId
      readonly receipt: Uint8Array
      /** As the receipt has it. */
      readonly purpose: string | null
    } & OfVersion)
  | ({
      readonly action: 'obtained'
      /** Host, and port if it is not the usual one, of the URL that the ledger names. */
      readonly host: string
      readonly bytes: number
    } & OfVersion)
  | ({ readonly action: 'read'; readonly bytes: number; readonly purpose: string | null } & OfVersion)
  | ({ readonly action: 'stored'; readonly bytes: number; readonly kind: 'source' | 'fetched' } & OfVersion)
  | ({ readonly action: 'deleted'; readonly reason: string } & OfVersion)
  | ({
      readonly action: 'damaged'
      readonly pieces: number
      readonly kind: 'source' | 'fetched'
    } & OfVersion)
  | ({ readonly action: 'healed'; readonly pieces: number } & OfVersion)
  | {
      readonly action: 'expired'
      /** Entries of an earlier time, in ms, were dropped, and how many. */
      readonly before: number
      readonly entries: number
    }
  | {
      readonly action: 'renewed'
      readonly reason: string
      /** Incarnation of the log before. */
      readonly earlier: number
      /** What it had, as far as is known here, and what of that is still here. */
      readonly entries: number
      readonly held: number
    }
  | { readonly action: 'administered'; readonly operation: OperationId; readonly type: string }
  | {
      readonly action: 'denied' | 'violation'
      readonly peer: DeviceId
      readonly reason: string
      readonly count: number
      readonly version: VersionId | null
    }
  | {
      readonly action: 'override'
      /** Id of the override, in hex. */
      readonly override: string
      readonly signer: DeviceId
      /** Names of classes, with spaces between. */
      readonly classes: string
      readonly reason: string
      /** How many devices it is for; null is every one. */
      readonly devices: number | null
      readonly endsMs: number
    }
  | {
      readonly action: 'overridden'
      readonly override: string
      readonly class: DatasetClass
      readonly peer: DeviceId
      readonly count: number
      readonly version: VersionId
    }
  | {
      readonly action: 'looked-up'
      readonly what: Lookup
      /** Of the person: an HMAC of the salt under its key. Null where nobody was meant alone, or nobody is known. */
      readonly salt: Uint8Array | null
      readonly subject: Uint8Array | null
      /** Versions that were told of, or persons. */
      readonly count: number
    }
  | {
      readonly action: 'called'
      /** The token or session, as its node names it. */
      readonly by: string
      readonly route: string
      readonly outcome: CallOutcome
      readonly count: number
      /** What it was about: what that is, and its id or what the org calls it. Both are null where it was nothing. */
      readonly kind: string | null
      readonly object: string | null
    }
  | {
      readonly action: 'switched'
      /** Who, as in `called`; the owner of the node is `owner`. */
      readonly by: string
      /** Such as `detection.spread` or `scanner`. */
      readonly what: string
      readonly state: SwitchState
    }

export type AuditAction = AuditEvent['action']

export interface AuditEntry {
  readonly seq: number
  readonly timeMs: number
  readonly event: AuditEvent
}

export type EntryFault = CborFault | 'unknown-version' | 'unknown-action'

export const CALL_OUTCOMES = ['done', 'refused', 'failed'] as const
export type CallOutcome = (typeof CALL_OUTCOMES)[number]
export const SWITCH_STATES = ['on', 'off', 'changed'] as const
export type SwitchState = (typeof SWITCH_STATES)[number]

/**
 * What was looked up: `persons` all that are known, `person` what is about one, `lookups` who looked one up,
 * `request` and `erasure` likewise for a case, `requests` all of those, `breach` whom one concerns, `forgotten` one
 * whose keys go.
 */
export const LOOKUPS = [
  'persons',
  'person',
  'lookups',
  'request',
  'requests',
  'erasure',
  'breach',
  'forgotten'
] as const
export type Lookup = (typeof LOOKUPS)[number]
export const LOOKUP_SALT_BYTES = 16
const LOOKUP_SUBJECT_BYTES = 32

const device: Shape<DeviceId> = converted(key, deviceIdFromBytes)
const version: Shape<VersionId> = converted(hash, versionIdFromBytes)
const operation: Shape<OperationId> = converted(hash, operationIdFromBytes)
const dataset = nullable(where(text(DATASET_NAME_CHARACTERS_MAX), isDatasetName, 'a dataset name'))
const purpose = nullable(where(text(LABEL_CHARACTERS_MAX), isLabel, 'a label'))
const override: Shape<string> = converted(hash, toHex)
const reason = text(REASON_CHARACTERS_MAX, REASON)
const position = integer(0, TREE_SIZE_MAX)
const head = { v: exactly(1), seq: position, time: timeMs }

type EventOf<A extends AuditAction> = Extract<AuditEvent, { action: A }>

const by = where(text(CALLER_CHARACTERS_MAX), isLabel, 'a label')
const type = text(REASON_CHARACTERS_MAX, TYPE)
const call = {
  action: oneOf(['called']),
  by,
  route: text(REASON_CHARACTERS_MAX, ROUTE),
  outcome: oneOf(CALL_OUTCOMES),
  count: integer(1)
}
const refusal = { peer: device, reason, count: integer(1), version: nullable(version) }

/** Names of fields on disk are the event's own, but for times, which need no unit there. */
const SHAPES = {
  serving: object({ ...head, action: oneOf(['serving']), peer: device, granted: purpose, version, dataset }),
  served: object({
    ...head,
    action: oneOf(['served']),
    peer: device,
    since: position,
    bytes: integer(0),
    done: flag,
    version,
    dataset
  }),
  received: object({
    ...head,
    action: oneOf(['received']),
    peer: device,
    begun: timeMs,
    bytes: integer(0),
    version,
    dataset
  }),
  receipted: object({
    ...head,
    action: oneOf(['receipted']),
    peer: device,
    receipt: bytesUpTo(RECEIPT_BYTES_MAX),
    purpose,
    version,
    dataset
  }),
  obtained: object({
    ...head,
    action: oneOf(['obtained']),
    host: text(HOST_CHARACTERS_MAX, HOST),
    bytes: integer(0),
    version,
    dataset
  }),
  read: object({ ...head, action: oneOf(['read']), bytes: integer(0), purpose, version, dataset }),
  stored: object({
    ...head,
    action: oneOf(['stored']),
    bytes: integer(0),
    kind: oneOf(['source', 'fetched']),
    version,
    dataset
  }),
  deleted: object({ ...head, action: oneOf(['deleted']), reason, version, dataset }),
  damaged: object({
    ...head,
    action: oneOf(['damaged']),
    pieces: integer(1),
    kind: oneOf(['source', 'fetched']),
    version,
    dataset
  }),
  healed: object({ ...head, action: oneOf(['healed']), pieces: integer(1), version, dataset }),
  administered: object({ ...head, action: oneOf(['administered']), operation, type }),
  expired: object({ ...head, action: oneOf(['expired']), before: timeMs, entries: position }),
  renewed: object({
    ...head,
    action: oneOf(['renewed']),
    reason,
    earlier: integer(1),
    entries: position,
    held: position
  }),
  denied: object({ ...head, action: oneOf(['denied']), ...refusal }),
  violation: object({ ...head, action: oneOf(['violation']), ...refusal }),
  override: object({
    ...head,
    action: oneOf(['override']),
    override,
    signer: device,
    classes: text(REASON_CHARACTERS_MAX, CLASSES),
    reason: where(
      text(OVERRIDE_REASON_CHARACTERS_MAX),
      isOverrideReason,
      'one line of visible text, trimmed'
    ),
    devices: nullable(integer(1, OVERRIDE_DEVICES_MAX)),
    ends: timeMs
  }),
  overridden: object({
    ...head,
    action: oneOf(['overridden']),
    override,
    class: oneOf(DATASET_CLASSES),
    peer: device,
    count: integer(1),
    version
  }),
  'looked-up': object({
    ...head,
    action: oneOf(['looked-up']),
    what: oneOf(LOOKUPS),
    salt: nullable(bytes(LOOKUP_SALT_BYTES)),
    subject: nullable(bytes(LOOKUP_SUBJECT_BYTES)),
    count: integer(0)
  }),
  called: converted(object({ ...head, ...call }), fields => ({ ...fields, kind: null, object: null })),
  switched: object({ ...head, action: oneOf(['switched']), by, what: type, state: oneOf(SWITCH_STATES) })
} as const satisfies { readonly [A in AuditAction]: Shape<{ readonly action: A }> }

/** Of actions that have a second version. */
const SECOND_SHAPES = {
  called: object({
    ...{ ...head, v: exactly(2), ...call },
    kind: reason,
    object: where(text(OBJECT_CHARACTERS_MAX), isObjectName, 'one line of visible text, trimmed')
  })
} as const

export const AUDIT_ACTIONS = Object.keys(SHAPES) as readonly AuditAction[]

export function isAuditAction(name: string): name is AuditAction {
  return Object.hasOwn(SHAPES, name)
}

/** Whether a call can be said to have been about what is called so. */
export function isObjectName(name: string): boolean {
  return isVisibleLine(name, OBJECT_CHARACTERS_MAX)
}

/** A slug as `reason` has it, from any text. */
export function reasonOf(words: string): string {
  const slug = words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, REASON_CHARACTERS_MAX)
    .replace(/-+$/, '')
  return REASON.test(slug) ? slug : 'unspecified'
}

/** Of events that are about a version. */
export function versionOf(event: AuditEvent): VersionId | undefined {
  return 'version' in event ? (event.version ?? undefined) : undefined
}

export function datasetOf(event: AuditEvent): string | undefined {
  if (event.action === 'called' && event.kind === 'dataset') return event.object?.replace(/@.*$/s, '')
  return 'dataset' in event ? (event.dataset ?? undefined) : undefined
}

export function peerOf(event: AuditEvent): DeviceId | undefined {
  return 'peer' in event ? event.peer : undefined
}

function fieldsOf(event: AuditEvent): { readonly [key: string]: CborValue } {
  const fields: { [key: string]: CborValue } = {}
  for (const [name, value] of Object.entries(event)) {
    if (event.action === 'called' && value === null) continue
    if (name === 'begunMs') fields.begun = value
    else if (name === 'endsMs') fields.ends = value
    else if (name === 'override') fields.override = fromHex(value) ?? null
    else if (name === 'peer' || name === 'signer' || name === 'version' || name === 'operation')
      fields[name] = value === null ? null : idBytes(value)
    else fields[name] = value
  }
  return fields
}

function isSecond(event: AuditEvent): boolean {
  return event.action === 'called' && event.object !== null
}

export function encodeEntry({ seq, timeMs: time, event }: AuditEntry): Uint8Array {
  const encoded = encodeCbor({ v: isSecond(event) ? 2 : 1, seq, time, ...fieldsOf(event) })
  const back = decodeEntry(encoded)
  assert(back.ok, `an entry that we write is valid: ${back.ok ? '' : back.detail}`)
  return encoded
}

export function decodeEntry(encoded: Uint8Array): Outcome<AuditEntry, EntryFault> {
  const decoded = decodeCbor(encoded, { bytesMax: ENTRY_BYTES_MAX, depthMax: ENTRY_DEPTH_MAX })
  if (!decoded.ok) return decoded
  const v = fieldOf(decoded.value, 'v')
  const action = fieldOf(decoded.value, 'action')
  const isOfSecond = v === 2 && action === 'called'
  if (typeof v === 'number' && v !== 1 && !isOfSecond)
    return rejected('unknown-version', `version ${v} is not known here`)
  if (typeof action !== 'string') return rejected('malformed', 'entry: action is missing')
  if (!isAuditAction(action)) return rejected('unknown-action', 'the action is not known here')
  const shaped = isOfSecond ? SECOND_SHAPES.called(decoded.value) : SHAPES[action](decoded.value)
  if (shaped instanceof Misshape) return rejected('malformed', `${action} entry: ${shaped}`)
  const { v: _, seq, time, ...fields } = shaped
  return accepted({ seq, timeMs: time, event: withUnits(fields) })
}

type OnDisk<A extends AuditAction, Named extends string, Key extends string> = Omit<EventOf<A>, Named> & {
  readonly [K in Key]: number
}

/** Times get the unit that they have in events. */
function withUnits(
  fields:
    | Exclude<AuditEvent, { action: 'received' | 'override' }>
    | OnDisk<'received', 'begunMs', 'begun'>
    | OnDisk<'override', 'endsMs', 'ends'>
): AuditEvent {
  if (fields.action === 'received') {
    const { begun, ...event } = fields
    return { ...event, begunMs: begun }
  }
  if (fields.action !== 'override') return fields
  const { ends, ...event } = fields
  return { ...event, endsMs: ends }
}
