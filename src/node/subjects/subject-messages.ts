/**
 * The messages of /peerage/subjects/1, deterministic CBOR (docs/protocol-subjects.md): one question and one answer on a
 * stream of its own.
 */

import { fromHex, toHex } from '../../base/bytes.ts'
import { idBytes, type VersionId, versionIdFromBytes } from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import { type CborFault, decodeCbor, encodeCbor } from '../../ledger/encoding/cbor.ts'
import { accepted, type Outcome, rejected } from '../../ledger/encoding/outcome.ts'
import {
  bytes,
  exactly,
  integer,
  list,
  Misshape,
  nullable,
  oneOf,
  text,
  tuple,
  where
} from '../../ledger/encoding/shape.ts'
import { SUBJECT_KEY_BYTES } from './pseudonym.ts'
import { isSubjectId, SUBJECT_CHARACTERS_MAX, type SubjectKey } from './subject-directory.ts'

export const CHANGES_MAX = 256
export const VERSIONS_ASKED_MAX = 512
export const MESSAGE_BYTES_MAX = 192 * KIB
const HASH_BYTES = 32

export const HOLDING_KINDS = ['source', 'fetched', 'stored', 'opened'] as const
export type HoldingKind = (typeof HOLDING_KINDS)[number]

export interface PlaceOf {
  readonly version: VersionId
  readonly kind: HoldingKind
  readonly bytes: number
}

export type SubjectQuestion =
  /** The pseudonym of a person for a version; without a version, only that there is a key. */
  | { readonly kind: 'mark'; readonly id: string; readonly version: VersionId | null }
  /** What a steward knows, from a place on; and what the asker has to tell. */
  | {
      readonly kind: 'share'
      readonly from: number
      readonly entries: readonly SubjectKey[]
      readonly erased: readonly string[]
    }
  /** What of these lies where on the device that is asked. */
  | { readonly kind: 'where'; readonly versions: readonly VersionId[] }

export type SubjectAnswer =
  | { readonly kind: 'mark'; readonly pseudonym: string | null }
  | {
      readonly kind: 'share'
      /** Where the next page begins; null at the end. */
      readonly next: number | null
      readonly entries: readonly SubjectKey[]
      readonly erased: readonly string[]
    }
  | { readonly kind: 'where'; readonly places: readonly PlaceOf[] }

const hash = bytes(HASH_BYTES)
const id = where(text(SUBJECT_CHARACTERS_MAX), isSubjectId, 'one visible line')
const entries = list(tuple(id, bytes(SUBJECT_KEY_BYTES)), CHANGES_MAX)
const erased = list(hash, CHANGES_MAX)
const count = integer(0, 2 ** 32)

const markAsked = tuple(exactly(1), oneOf(['mark']), id, nullable(hash))
const shareAsked = tuple(exactly(1), oneOf(['share']), count, entries, erased)
const whereAsked = tuple(exactly(1), oneOf(['where']), list(hash, VERSIONS_ASKED_MAX))
const markSaid = tuple(exactly(1), oneOf(['mark']), nullable(hash))
const shareSaid = tuple(exactly(1), oneOf(['share']), nullable(count), entries, erased)
const whereSaid = tuple(
  exactly(1),
  oneOf(['where']),
  list(tuple(hash, oneOf(HOLDING_KINDS), integer(0)), 4 * VERSIONS_ASKED_MAX)
)

export function encodeQuestion(question: SubjectQuestion): Uint8Array {
  switch (question.kind) {
    case 'mark':
      return encodeCbor([1, 'mark', question.id, question.version && idBytes(question.version)])
    case 'share':
      return encodeCbor([1, 'share', question.from, ...shared(question)])
    case 'where':
      return encodeCbor([1, 'where', question.versions.map(version => idBytes(version))])
  }
}

export function decodeQuestion(encoded: Uint8Array): Outcome<SubjectQuestion, CborFault | 'malformed'> {
  const decoded = decodeCbor(encoded, { bytesMax: MESSAGE_BYTES_MAX, depthMax: 4 })
  if (!decoded.ok) return decoded
  const mark = markAsked(decoded.value)
  if (!(mark instanceof Misshape)) {
    const [, kind, of, version] = mark
    return accepted({ kind, id: of, version: version && versionIdFromBytes(version) })
  }
  const share = shareAsked(decoded.value)
  if (!(share instanceof Misshape))
    return accepted({ kind: share[1], from: share[2], ...unshared(share[3], share[4]) })
  const asked = whereAsked(decoded.value)
  if (asked instanceof Misshape) return rejected('malformed', 'it is no question')
  return accepted({ kind: asked[1], versions: asked[2].map(versionIdFromBytes) })
}

export function encodeAnswer(answer: SubjectAnswer): Uint8Array {
  switch (answer.kind) {
    case 'mark':
      return encodeCbor([1, 'mark', answer.pseudonym === null ? null : bytesOf(answer.pseudonym)])
    case 'share':
      return encodeCbor([1, 'share', answer.next, ...shared(answer)])
    case 'where':
      return encodeCbor([
        1,
        'where',
        answer.places.map(each => [idBytes(each.version), each.kind, each.bytes])
      ])
  }
}

export function decodeAnswer(encoded: Uint8Array): Outcome<SubjectAnswer, CborFault | 'malformed'> {
  const decoded = decodeCbor(encoded, { bytesMax: MESSAGE_BYTES_MAX, depthMax: 4 })
  if (!decoded.ok) return decoded
  const mark = markSaid(decoded.value)
  if (!(mark instanceof Misshape))
    return accepted({ kind: mark[1], pseudonym: mark[2] === null ? null : toHex(mark[2]) })
  const share = shareSaid(decoded.value)
  if (!(share instanceof Misshape))
    return accepted({ kind: share[1], next: share[2], ...unshared(share[3], share[4]) })
  const said = whereSaid(decoded.value)
  if (said instanceof Misshape) return rejected('malformed', 'it is no answer')
  const places = said[2].map(([version, kind, held]) => ({
    ...{ version: versionIdFromBytes(version), kind, bytes: held }
  }))
  return accepted({ kind: said[1], places })
}

function shared({
  entries: of,
  erased: hashes
}: Pick<SubjectQuestion & { kind: 'share' }, 'entries' | 'erased'>) {
  return [of.map(entry => [entry.id, entry.key]), hashes.map(bytesOf)] as const
}

function unshared(of: readonly (readonly [string, Uint8Array])[], hashes: readonly Uint8Array[]) {
  return { entries: of.map(([each, key]) => ({ id: each, key })), erased: hashes.map(toHex) }
}

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0)
}
