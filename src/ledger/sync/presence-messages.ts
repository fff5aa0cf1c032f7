/**
 * The messages by which two devices exchange what they know of who is where, without sending what the other has:
 *
 *   A -> B  ask     A's own statement, and of whom A holds a statement, and from when
 *   A <- B  answer  statements that are news to A, and of whom A has one that is news to B
 *   A -> B  rest    those
 *
 * Each is the deterministic CBOR of a map with `v` and `kind`. Statements are records (presence.ts); what a message
 * claims is only good for leaving something out.
 */

import { toHex } from '../../base/bytes.ts'
import { type DeviceId, idBytes } from '../../base/ids.ts'
import { type CborFault, type CborValue, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { timeMs } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import {
  bytes,
  bytesUpTo,
  exactly,
  fieldOf,
  list,
  Misshape,
  message,
  object,
  oneOf,
  type Shape,
  tuple
} from '../encoding/shape.ts'
import { FEEDS_MAX } from '../fold/feed.ts'
import { PRESENCE_RECORD_BYTES_MAX, type Presence } from './presence.ts'

export const PRESENCE_MESSAGE_BYTES_MAX = 8 * 1024 * 1024
/** Statements of one message. */
export const PRESENCE_RECORDS_MAX = 1024
const KNOWN_MAX = FEEDS_MAX
/** Of a device's key, enough that nobody is taken for another. */
const SHORT_KEY_BYTES = 8
const DEPTH_MAX = 3

/** The beginning of a device's key, and when it stated what is held of it. */
type KnownStatement = readonly [shortKey: Uint8Array, timeMs: number]

export interface PresenceAsk {
  readonly kind: 'ask'
  readonly own: Uint8Array
  readonly known: readonly KnownStatement[]
}

export interface PresenceAnswer {
  readonly kind: 'answer'
  readonly records: readonly Uint8Array[]
  /** Beginnings of keys. */
  readonly wanted: readonly Uint8Array[]
}

export interface PresenceRest {
  readonly kind: 'rest'
  readonly records: readonly Uint8Array[]
}

export type PresenceMessage = PresenceAsk | PresenceAnswer | PresenceRest

const v = exactly(1)
const record = bytesUpTo(PRESENCE_RECORD_BYTES_MAX)
const records = list(record, PRESENCE_RECORDS_MAX)
const shortKey = bytes(SHORT_KEY_BYTES)

const ask = message(
  object({ v, kind: oneOf(['ask']), own: record, known: list(tuple(shortKey, timeMs), KNOWN_MAX) })
)
const answer = message(
  object({ v, kind: oneOf(['answer']), records, wanted: list(shortKey, PRESENCE_RECORDS_MAX) })
)
const rest = message(object({ v, kind: oneOf(['rest']), records }))
const SHAPES: { readonly [K in PresenceMessage['kind']]: Shape<Extract<PresenceMessage, { kind: K }>> } = {
  ask,
  answer,
  rest
}

export function encodePresenceMessage(sent: PresenceMessage): Uint8Array {
  const fields: { readonly [key: string]: CborValue } = { ...sent }
  return encodeCbor({ v: 1, ...fields })
}

export function decodePresenceMessage(encoded: Uint8Array): Outcome<PresenceMessage, CborFault> {
  const decoded = decodeCbor(encoded, { bytesMax: PRESENCE_MESSAGE_BYTES_MAX, depthMax: DEPTH_MAX })
  if (!decoded.ok) return decoded
  const kind = fieldOf(decoded.value, 'kind')
  if (!isKind(kind)) return rejected('malformed', 'the kind is not known here')
  const shaped: PresenceMessage | Misshape = SHAPES[kind](decoded.value)
  return shaped instanceof Misshape ? rejected('malformed', `presence ${kind}: ${shaped}`) : accepted(shaped)
}

function isKind(kind: CborValue | undefined): kind is PresenceMessage['kind'] {
  return typeof kind === 'string' && Object.hasOwn(SHAPES, kind)
}

/** `statements`: what is here of others, and need not be sent. */
export function askOf(own: Presence, statements: Iterable<Presence>): PresenceAsk {
  const held = [own, ...statements].slice(0, KNOWN_MAX)
  return {
    kind: 'ask',
    own: own.record,
    known: held.map(({ device, timeMs }) => [idBytes(device).subarray(0, SHORT_KEY_BYTES), timeMs])
  }
}

/** The newest first, ours before all. What the asker says of itself is to be taken before. */
export function answerTo(
  { known }: PresenceAsk,
  own: Presence,
  statements: readonly Presence[]
): PresenceAnswer {
  const held = known.map(([shortKey, timeMs]) => ({ shortKey, shortHex: toHex(shortKey), timeMs }))
  const theirs = new Map(held.map(({ shortHex, timeMs }) => [shortHex, timeMs]))
  const ours = new Map(statements.map(({ device, timeMs }) => [shortHexOf(device), timeMs]))
  const news = statements
    .filter(({ device, timeMs }) => isNewer(timeMs, theirs.get(shortHexOf(device))))
    .sort((a, b) => b.timeMs - a.timeMs)
    .slice(0, PRESENCE_RECORDS_MAX - 1)
  const self = shortHexOf(own.device)
  const wanted = held
    .filter(({ shortHex, timeMs }) => shortHex !== self && isNewer(timeMs, ours.get(shortHex)))
    .sort((a, b) => b.timeMs - a.timeMs)
    .slice(0, PRESENCE_RECORDS_MAX)
  return {
    kind: 'answer',
    records: [own, ...news].map(presence => presence.record),
    wanted: wanted.map(({ shortKey }) => shortKey)
  }
}

function isNewer(timeMs: number, heldMs: number | undefined): boolean {
  return heldMs === undefined || timeMs > heldMs
}

export function restOf({ wanted }: PresenceAnswer, statements: Iterable<Presence>): PresenceRest {
  const shortHexes = new Set(wanted.map(toHex))
  const asked = [...statements].filter(({ device }) => shortHexes.has(shortHexOf(device)))
  return { kind: 'rest', records: asked.slice(0, PRESENCE_RECORDS_MAX).map(presence => presence.record) }
}

/** The beginning of its key, as its id has it. */
function shortHexOf(device: DeviceId): string {
  return device.slice(0, 2 * SHORT_KEY_BYTES)
}
