/**
 * The messages of the sync protocol: bodies only, framing is the stream's. Each is the deterministic CBOR of a map
 * with `v`, `kind` and the fields below; a receiver that does not know a `kind` answers `refuse` or ignores it.
 */

import { toHex } from '../../base/bytes.ts'
import {
  deviceIdFromBytes,
  idBytes,
  type OrgId,
  operationIdFromBytes,
  orgIdFromBytes
} from '../../base/ids.ts'
import { ROOT_RECORD_BYTES_MAX } from '../chain/root.ts'
import { ROOT_HAVE_MAX, ROOT_PAGE_RECORDS_MAX, type RootPage } from '../chain/root-sync.ts'
import { type CborFault, type CborValue, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { hash, key } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import {
  bytes,
  bytesUpTo,
  converted,
  exactly,
  fieldOf,
  flag,
  integer,
  list,
  Misshape,
  message,
  object,
  oneOf,
  type Shape,
  text,
  tuple
} from '../encoding/shape.ts'
import { INCARNATION_BYTES, incarnationBytes, OPERATION_RECORD_BYTES_MAX } from '../operation/operation.ts'
import {
  type FeedTip,
  PAGE_RECORDS_MAX,
  type RecordPage,
  TIPS_MAX,
  WANT_HAVE_MAX,
  WANT_IDS_MAX,
  WANTS_MAX,
  type Want
} from './sync.ts'

export const SYNC_MESSAGE_BYTES_MAX = 8 * 1024 * 1024
const SYNC_DEPTH_MAX = 4
const REASON_PATTERN = /^[a-z][a-z0-9-]*$/
const REASON_CHARACTERS_MAX = 64

export interface Hello {
  readonly org: OrgId
  /** Newest root that the sender knows, or what stands for it while the chain is frozen (`RootChain.newest`). */
  readonly rootVersion: number
  readonly rootHash: Uint8Array
  /** SHA-256 over the ids of its tips in ascending order. */
  readonly digest: Uint8Array
  readonly tips: number
}

export type SyncMessage =
  | ({ readonly kind: 'hello' } & Hello)
  | { readonly kind: 'want-tips' }
  | { readonly kind: 'tips'; readonly tips: readonly FeedTip[] }
  | { readonly kind: 'want'; readonly wants: readonly Want[] }
  | ({ readonly kind: 'records' } & RecordPage)
  | { readonly kind: 'refuse'; readonly reason: string }
  /** `have`: digests of the root records that the sender holds. */
  | { readonly kind: 'want-roots'; readonly have: readonly Uint8Array[] }
  | ({ readonly kind: 'roots' } & RootPage)

export type SyncFault = CborFault | 'unknown-version' | 'unknown-kind'

const KINDS = ['hello', 'want-tips', 'tips', 'want', 'records', 'refuse', 'want-roots', 'roots'] as const

const tipShape: Shape<FeedTip> = converted(
  tuple(key, bytes(INCARNATION_BYTES), integer(1), hash),
  ([author, incarnation, seq, id]) => ({
    author: deviceIdFromBytes(author),
    incarnation: toHex(incarnation),
    seq,
    id: operationIdFromBytes(id)
  })
)

const wantShape: Shape<Want> = converted(tuple(hash, list(hash, WANT_HAVE_MAX)), ([tip, have]) => ({
  tip: operationIdFromBytes(tip),
  have: have.map(operationIdFromBytes)
}))

const SHAPES: { readonly [K in SyncMessage['kind']]: Shape<Extract<SyncMessage, { kind: K }>> } = {
  hello: converted(
    object({
      v: exactly(1),
      kind: oneOf(['hello']),
      org: hash,
      root: tuple(integer(1), hash),
      digest: hash,
      tips: integer(0, TIPS_MAX)
    }),
    ({ kind, org, root, digest, tips }) => ({
      kind,
      org: orgIdFromBytes(org),
      rootVersion: root[0],
      rootHash: root[1],
      digest,
      tips
    })
  ),
  'want-tips': message(object({ v: exactly(1), kind: oneOf(['want-tips']) })),
  tips: message(object({ v: exactly(1), kind: oneOf(['tips']), tips: list(tipShape, TIPS_MAX) })),
  want: message(object({ v: exactly(1), kind: oneOf(['want']), wants: list(wantShape, WANTS_MAX) })),
  records: message(
    object({
      v: exactly(1),
      kind: oneOf(['records']),
      records: list(bytesUpTo(OPERATION_RECORD_BYTES_MAX), PAGE_RECORDS_MAX),
      more: flag
    })
  ),
  refuse: message(
    object({ v: exactly(1), kind: oneOf(['refuse']), reason: text(REASON_CHARACTERS_MAX, REASON_PATTERN) })
  ),
  'want-roots': message(
    object({ v: exactly(1), kind: oneOf(['want-roots']), have: list(hash, ROOT_HAVE_MAX) })
  ),
  roots: message(
    object({
      v: exactly(1),
      kind: oneOf(['roots']),
      records: list(bytesUpTo(ROOT_RECORD_BYTES_MAX), ROOT_PAGE_RECORDS_MAX),
      more: flag
    })
  )
}

export function encodeSyncMessage(message: SyncMessage): Uint8Array {
  return encodeCbor({ v: 1, kind: message.kind, ...fieldsOf(message) })
}

function fieldsOf(message: SyncMessage): { readonly [key: string]: CborValue } {
  switch (message.kind) {
    case 'hello':
      return {
        org: idBytes(message.org),
        root: [message.rootVersion, message.rootHash],
        digest: message.digest,
        tips: message.tips
      }
    case 'want-tips':
      return {}
    case 'tips':
      return {
        tips: message.tips.map(tip => [
          idBytes(tip.author),
          incarnationBytes(tip.incarnation),
          tip.seq,
          idBytes(tip.id)
        ])
      }
    case 'want':
      return { wants: message.wants.map(want => [idBytes(want.tip), want.have.map(idBytes)]) }
    case 'records':
      return { records: message.records, more: message.more }
    case 'refuse':
      return { reason: message.reason }
    case 'want-roots':
      return { have: message.have }
    case 'roots':
      return { records: message.records, more: message.more }
  }
}

export function decodeSyncMessage(encoded: Uint8Array): Outcome<SyncMessage, SyncFault> {
  const decoded = decodeCbor(encoded, { bytesMax: SYNC_MESSAGE_BYTES_MAX, depthMax: SYNC_DEPTH_MAX })
  if (!decoded.ok) return decoded
  const v = fieldOf(decoded.value, 'v')
  const kind = fieldOf(decoded.value, 'kind')
  if (typeof v === 'number' && v !== 1) return rejected('unknown-version', `version ${v} is not known here`)
  const known = KINDS.find(name => name === kind)
  if (known === undefined && typeof kind === 'string')
    return rejected('unknown-kind', 'the kind is not known here')
  if (known === undefined) return rejected('malformed', 'sync message: kind is missing')
  const shaped: SyncMessage | Misshape = SHAPES[known](decoded.value)
  if (shaped instanceof Misshape) return rejected('malformed', `sync ${known}: ${shaped}`)
  if (shaped.kind === 'want') {
    const ids = shaped.wants.reduce((count, want) => count + 1 + want.have.length, 0)
    if (ids > WANT_IDS_MAX)
      return rejected('too-large', `${ids} ids wanted and held, at most ${WANT_IDS_MAX}`)
  }
  return accepted(shaped)
}
