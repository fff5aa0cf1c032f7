/**
 * What is said to clamd, the daemon of ClamAV, and how its answers are read: the `z` commands of clamd(8), which end
 * in NUL as their answers do. Pure. Decides nothing about sockets or time.
 *
 * A stream to scan is `zINSTREAM\0`, then chunks, each behind its length in four bytes, big-endian, then a length of
 * zero. A chunk of zero bytes would end the stream early, so none can be made here.
 *
 * Of what is no answer that we know nothing is guessed: it is malformed, and whoever asked has no verdict.
 */

import { assert } from '../../base/assert.ts'
import { concatBytes, fromUtf8, utf8 } from '../../base/bytes.ts'
import { KIB } from '../../base/units.ts'
import { isVisibleLine } from '../../ledger/encoding/names.ts'
import { accepted, type Outcome, rejected } from '../../ledger/encoding/outcome.ts'

/** Of an answer without its NUL. */
export const REPLY_BYTES_MAX = 4 * KIB
export const SIGNATURE_CHARACTERS_MAX = 256
/** Of a chunk that we send; clamd takes any up to its StreamMaxLength. */
export const CHUNK_BYTES_MAX = 256 * KIB
const LENGTH_BYTES = 4

export type ClamdCommand = 'PING' | 'VERSION' | 'INSTREAM'

export function encodeCommand(command: ClamdCommand): Uint8Array {
  return utf8(`z${command}\0`)
}

/** What goes before a chunk of so many bytes. */
export function encodeChunkLength(bytes: number): Uint8Array {
  assert(
    Number.isInteger(bytes) && bytes >= 1 && bytes <= CHUNK_BYTES_MAX,
    'a chunk is neither empty nor large'
  )
  return lengthOf(bytes)
}

/** Ends a stream. */
export const STREAM_END: Uint8Array = lengthOf(0)

function lengthOf(bytes: number): Uint8Array {
  const encoded = new Uint8Array(LENGTH_BYTES)
  new DataView(encoded.buffer).setUint32(0, bytes)
  return encoded
}

export type ReplyRejection = 'malformed'

/** Puts an answer together from the parts in which it comes. A connection has one answer, and nothing behind it. */
export class ReplyDecoder {
  readonly #parts: Uint8Array[] = []
  #bytes = 0

  /** Undefined while the answer is not whole. The bytes are copied. */
  take(bytes: Uint8Array): Outcome<string, ReplyRejection> | undefined {
    const end = bytes.indexOf(0)
    const part = end < 0 ? bytes : bytes.subarray(0, end)
    if (this.#bytes + part.length > REPLY_BYTES_MAX)
      return rejected('malformed', `the answer has more than ${REPLY_BYTES_MAX} B`)
    this.#parts.push(part.slice())
    this.#bytes += part.length
    if (end < 0) return undefined
    if (end !== bytes.length - 1) return rejected('malformed', 'something comes behind the answer')
    const text = fromUtf8(concatBytes(this.#parts))
    return text === undefined ? rejected('malformed', 'the answer is not UTF-8') : accepted(text)
  }
}

export type StreamReply =
  | { readonly kind: 'clean' }
  | { readonly kind: 'infected'; readonly signature: string }
  /** Not all of it was looked at. */
  | { readonly kind: 'too-large'; readonly detail: string }
  | { readonly kind: 'error'; readonly detail: string }

const FOUND = /^stream: (.*) FOUND$/s
const ERROR = /^(.*) ERROR$/s
const TOO_LONG_STREAM = 'INSTREAM size limit exceeded.'
/**
 * With AlertExceedsMax clamd says so of what it gave up on, at the size of a file or of what it unpacks to, at a
 * number of files, at a depth, or at a time.
 */
const LIMITS_EXCEEDED = /^Heuristics\.Limits\.Exceeded(?:\.|$)/

export function decodeStreamReply(text: string): Outcome<StreamReply, ReplyRejection> {
  if (text === 'stream: OK') return accepted({ kind: 'clean' })
  const signature = FOUND.exec(text)?.[1]
  if (signature !== undefined) {
    if (!isVisibleLine(signature, SIGNATURE_CHARACTERS_MAX))
      return rejected(
        'malformed',
        `a signature's name is not one line of at most ${SIGNATURE_CHARACTERS_MAX} visible characters`
      )
    return accepted(
      LIMITS_EXCEEDED.test(signature)
        ? { kind: 'too-large', detail: signature }
        : { kind: 'infected', signature }
    )
  }
  const detail = ERROR.exec(text)?.[1]
  if (detail === undefined) return rejected('malformed', 'the answer is none to a stream')
  if (!isVisibleLine(detail, REPLY_BYTES_MAX))
    return rejected('malformed', 'an error is not one visible line')
  return accepted(detail === TOO_LONG_STREAM ? { kind: 'too-large', detail } : { kind: 'error', detail })
}

export interface ClamdVersion {
  /** Of the program, as `1.4.6`. */
  readonly engine: string
  /** Null when only databases of one's own are loaded, which have no version. */
  readonly database: SignatureDatabase | null
}

/** The database that ClamAV publishes daily; main, bytecode and one's own are not part of its version. */
export interface SignatureDatabase {
  readonly version: number
  /** When it was made. clamd tells its local time and not which that is: here it is read as UTC. */
  readonly timeMs: number
}

const VERSION = /^ClamAV ([\x21-\x2e\x30-\x7e]{1,64})(?:\/([1-9][0-9]{0,9})\/(.{24}))?$/
const DAYS = 'Sun Mon Tue Wed Thu Fri Sat'.split(' ')
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
const TIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ 0-9][0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([0-9]{4})$/

export function decodeVersionReply(text: string): Outcome<ClamdVersion, ReplyRejection> {
  const [, engine, version, time] = VERSION.exec(text) ?? []
  if (engine === undefined) return rejected('malformed', 'the answer is no version of ClamAV')
  if (version === undefined || time === undefined) return accepted({ engine, database: null })
  const timeMs = timeOf(time)
  if (timeMs === undefined) return rejected('malformed', 'the time of the database is none')
  return accepted({ engine, database: { version: Number(version), timeMs } })
}

export function encodeVersionReply({ engine, database }: ClamdVersion): string {
  return database === null
    ? `ClamAV ${engine}`
    : `ClamAV ${engine}/${database.version}/${textOfTime(database.timeMs)}`
}

/** As asctime(3) has it, without its line feed. Undefined unless it is just what that writes for some second. */
function timeOf(text: string): number | undefined {
  const [, month = '', day, hour, minute, second, year] = TIME.exec(text) ?? []
  const monthIndex = MONTHS.indexOf(month)
  if (monthIndex < 0) return undefined
  const timeMs = Date.UTC(
    ...([Number(year), monthIndex, Number(day), Number(hour), Number(minute), Number(second)] as const)
  )
  return textOfTime(timeMs) === text ? timeMs : undefined
}

function textOfTime(timeMs: number): string {
  const time = new Date(timeMs)
  const [day, month] = [DAYS[time.getUTCDay()], MONTHS[time.getUTCMonth()]]
  const clock = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()]
  return [
    ...[day, month, String(time.getUTCDate()).padStart(2)],
    clock.map(part => String(part).padStart(2, '0')).join(':'),
    String(time.getUTCFullYear()).padStart(4, '0')
  ].join(' ')
}
