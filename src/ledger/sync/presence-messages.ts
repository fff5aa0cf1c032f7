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

import { type DeviceId, idBytes } from '../../base/ids.ts'
import { type CborFault, type CborValue, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { timeMs } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import {
  bytes,
  bytesUpTo,
  converted,
  exactly,
  fieldOf,
  list,
  Misshape,
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

export interface KnownStatement {
  readonly shortKey: Uint8Array
  readonly timeMs: number
}

export type PresenceMessage =
  | { readonly kind: 'ask'; readonly own: Uint8Array; readonly known: readonly KnownStatement[] }
  | {
      readonly kind: 'answer'
      readonly records: readonly Uint8Array[]
      readonly wanted: readonly Uint8Array[]
    }
  | { readonly kind: 'rest'; readonly records: readonly Uint8Array[] }

const KINDS = ['ask', 'answer', 'rest'] as const
const record = bytesUpTo(PRESENCE_RECORD_BYTES_MAX)
const records = list(record, PRESENCE_RECORDS_MAX)

const known: Shape<KnownStatement> = converted(tuple(bytes(SHORT_KEY_BYTES), timeMs), ([shortKey, time]) => ({
  shortKey,
  timeMs: time
}))

const SHAPES: { readonly [K in PresenceMessage['kind']]: Shape<Extract<PresenceMessage, { kind: K }>> } = {
  ask: converted(
    object({ v: exactly(1), kind: oneOf(['ask']), own: record, known: list(known, KNOWN_MAX) }),
    ({ v: _, ...message }) => message
  ),
  answer: converted(
    object({
      v: exactly(1),
      kind: oneOf(['answer']),
      records,
      wanted: list(bytes(SHORT_KEY_BYTES), PRESENCE_RECORDS_MAX)
    }),
    ({ v: _, ...message }) => message
  ),
  rest: converted(
    object({ v: exactly(1), kind: oneOf(['rest']), records }),
    ({ v: _, ...message }) => message
  )
}

export function encodePresenceMessage(message: PresenceMessage): Uint8Array {
  return encodeCbor({ v: 1, kind: message.kind, ...fieldsOf(message) })
}

function fieldsOf(message: PresenceMessage): { readonly [key: string]: CborValue } {
  switch (message.kind) {
    case 'ask':
      return { own: message.own, known: message.known.map(each => [each.shortKey, each.timeMs]) }
    case 'answer':
      return { records: message.records, wanted: message.wanted }
    case 'rest':
      return { records: message.records }
  }
}

export function decodePresenceMessage(encoded: Uint8Array): Outcome<PresenceMessage, CborFault> {
  const decoded = decodeCbor(encoded, { bytesMax: PRESENCE_MESSAGE_BYTES_MAX, depthMax: DEPTH_MAX })
  if (!decoded.ok) return decoded
  const kind = KINDS.find(name => name === fieldOf(decoded.value, 'kind'))
  if (kind === undefined) return rejected('malformed', 'the kind is not known here')
  const message: PresenceMessage | Misshape = SHAPES[kind](decoded.value)
  return message instanceof Misshape
    ? rejected('malformed', `presence ${kind}: ${message}`)
    : accepted(message)
}

/** `statements`: what is here of others, and need not be sent. */
export function askOf(own: Presence, statements: Iterable<Presence>): PresenceMessage {
  const held = [own, ...statements].slice(0, KNOWN_MAX)
  return {
    kind: 'ask',
    own: own.record,
    known: held.map(({ device, timeMs }) => ({ shortKey: shortKeyOf(device), timeMs }))
  }
}

/** The newest first, ours before all. What the asker says of itself is to be taken before. */
export function answerTo(
  { known }: Extract<PresenceMessage, { kind: 'ask' }>,
  own: Presence,
  statements: readonly Presence[]
): Extract<PresenceMessage, { kind: 'answer' }> {
  const theirs = new Map(known.map(({ shortKey, timeMs }) => [nameOf(shortKey), timeMs]))
  const ours = new Map(statements.map(({ device, timeMs }) => [nameOf(shortKeyOf(device)), timeMs]))
  const isNews = ({ device, timeMs }: Presence): boolean =>
    timeMs > (theirs.get(nameOf(shortKeyOf(device))) ?? Number.NEGATIVE_INFINITY)
  const news = statements
    .filter(isNews)
    .sort((a, b) => b.timeMs - a.timeMs)
    .slice(0, PRESENCE_RECORDS_MAX - 1)
  const self = nameOf(shortKeyOf(own.device))
  const wanted = known
    .filter(({ shortKey, timeMs }) => {
      const name = nameOf(shortKey)
      return name !== self && timeMs > (ours.get(name) ?? Number.NEGATIVE_INFINITY)
    })
    .sort((a, b) => b.timeMs - a.timeMs)
    .slice(0, PRESENCE_RECORDS_MAX)
  return {
    kind: 'answer',
    records: [own, ...news].map(presence => presence.record),
    wanted: wanted.map(({ shortKey }) => shortKey)
  }
}

export function restOf(
  { wanted }: Extract<PresenceMessage, { kind: 'answer' }>,
  statements: Iterable<Presence>
): Extract<PresenceMessage, { kind: 'rest' }> {
  const names = new Set(wanted.map(nameOf))
  const asked = [...statements].filter(({ device }) => names.has(nameOf(shortKeyOf(device))))
  return { kind: 'rest', records: asked.slice(0, PRESENCE_RECORDS_MAX).map(presence => presence.record) }
}

function shortKeyOf(device: DeviceId): Uint8Array {
  return idBytes(device).subarray(0, SHORT_KEY_BYTES)
}

function nameOf(shortKey: Uint8Array): string {
  return String.fromCharCode(...shortKey)
}
