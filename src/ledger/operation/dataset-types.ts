/** The bytes of what is said about datasets, and about who may read them. */

import { idBytes, versionIdFromBytes } from '../../base/ids.ts'
import type { CborValue } from '../encoding/cbor.ts'
import { DATASET_CLASSES, DEVICE_KINDS, hash, label } from '../encoding/names.ts'
import {
  exactly,
  fieldOf,
  integer,
  list,
  nullable,
  object,
  oneOf,
  type Shape,
  type Shaped,
  text,
  tuple,
  where
} from '../encoding/shape.ts'
import {
  COPIES_MAX,
  DATA_SHARES_MIN,
  DATASET_LABELS_MAX,
  REGIONS_MAX,
  SHARE_UNIT_BYTES_MAX,
  SHARE_UNIT_BYTES_MIN,
  SHARES_MAX,
  SUBJECTS_MAX
} from './operation-limits.ts'
import { isOriginUrl, ORIGIN_URL_CHARACTERS_MAX } from './origin-url.ts'
import { rule, type TypeRules } from './type-rule.ts'
import {
  datasetName,
  durationMs,
  grantee,
  hexOf,
  scope,
  sortedTexts,
  versionId,
  writeGrantee,
  writeHex,
  writeScope
} from './wire-fields.ts'

const PIECE_BYTES_MIN = 16 * 1024
const PIECE_BYTES_MAX = 2 ** 30
const SUBJECT_BYTES = 32

const labels = sortedTexts(label, DATASET_LABELS_MAX)
const originUrl = where(text(ORIGIN_URL_CHARACTERS_MAX), isOriginUrl, 'the URL of an origin')
const publication = {
  version: versionId,
  class: oneOf(DATASET_CLASSES),
  piece: where(integer(PIECE_BYTES_MIN, PIECE_BYTES_MAX), isPowerOfTwo, 'a power of two'),
  files: integer(1),
  bytes: integer(0)
}
const plainBody = object(publication)
const sealedBody = object({ ...publication, sealed: exactly(1) })
/** What is not sealed has no field that says so, as before there was one. */
const publishBody: Shape<Shaped<typeof plainBody> & { readonly sealed?: 1 }> = value =>
  fieldOf(value as CborValue, 'sealed') === undefined ? plainBody(value) : sealedBody(value)
const shares: Shape<readonly [number, number]> = where(
  tuple(integer(1, SHARES_MAX - 1), integer(1, SHARES_MAX - 1)),
  ([data, parity]) => data + parity <= SHARES_MAX,
  `at most ${SHARES_MAX} shares`
)
const storageBody = object({
  copies: integer(1, COPIES_MAX),
  sites: integer(1, COPIES_MAX),
  regions: sortedTexts(label, REGIONS_MAX),
  kinds: sortedTexts(oneOf(DEVICE_KINDS), DEVICE_KINDS.length),
  shares: nullable(shares),
  retention: durationMs
})
const sharesBody = where(
  object({
    version: versionId,
    data: integer(DATA_SHARES_MIN, SHARES_MAX - 1),
    unit: where(integer(SHARE_UNIT_BYTES_MIN, SHARE_UNIT_BYTES_MAX), isPowerOfTwo, 'a power of two'),
    shares: list(hash, SHARES_MAX),
    files: integer(1),
    bytes: integer(0)
  }),
  ({ data, shares: of }) => of.length > data && new Set(of.map(versionIdFromBytes)).size === of.length,
  'more shares than restore it, each once'
)
const subjectsBody = object({ version: versionId, subjects: sortedTexts(hexOf(SUBJECT_BYTES), SUBJECTS_MAX) })

function isPowerOfTwo(value: number): boolean {
  return (value & (value - 1)) === 0
}

export const DATASET_TYPES: TypeRules<
  | 'dataset.publish'
  | 'dataset.retire'
  | 'dataset.policy'
  | 'dataset.origin'
  | 'dataset.storage'
  | 'dataset.shares'
  | 'dataset.subjects'
  | 'access.grant'
  | 'access.revoke'
> = {
  'dataset.publish': rule(
    'gives',
    { target: datasetName, body: publishBody },
    {
      read: (name, { piece, sealed, ...body }) => ({
        ...{ type: 'dataset.publish', name, ...body },
        ...{ sealed: sealed === 1, pieceBytes: piece }
      }),
      write: ({ name, version, class: dataClass, sealed, pieceBytes, files, bytes }) => ({
        target: name,
        body: {
          ...{ version: idBytes(version), class: dataClass, piece: pieceBytes, files, bytes },
          ...(sealed ? { sealed: 1 } : {})
        }
      })
    }
  ),
  'dataset.retire': rule(
    'takes',
    { target: datasetName, body: object({ version: nullable(versionId) }) },
    {
      read: (name, { version }) => ({ type: 'dataset.retire', name, version }),
      write: ({ name, version }) => ({
        target: name,
        body: { version: version === null ? null : idBytes(version) }
      })
    }
  ),
  'dataset.policy': rule(
    'gives',
    { target: datasetName, body: object({ labels, access: oneOf(['members', 'granted']) }) },
    {
      read: (name, body) => ({ type: 'dataset.policy', name, ...body }),
      write: ({ name, labels: unsorted, access }) => ({
        target: name,
        body: { labels: unsorted.toSorted(), access }
      })
    }
  ),
  'dataset.origin': rule(
    'gives',
    { target: datasetName, body: object({ version: versionId, url: nullable(originUrl) }) },
    {
      read: (name, { version, url }) => ({ type: 'dataset.origin', name, version, url }),
      write: ({ name, version, url }) => ({ target: name, body: { version: idBytes(version), url } })
    }
  ),
  'dataset.storage': rule(
    'gives',
    { target: datasetName, body: storageBody },
    {
      read: (name, { shares: split, retention, ...body }) => ({
        type: 'dataset.storage',
        name,
        ...body,
        shares: split && { data: split[0], parity: split[1] },
        retentionMs: retention
      }),
      write: ({ name, copies, sites, regions, kinds, shares: split, retentionMs }) => ({
        target: name,
        body: {
          ...{ copies, sites, regions: regions.toSorted(), kinds: kinds.toSorted() },
          ...{ shares: split && [split.data, split.parity], retention: retentionMs }
        }
      })
    }
  ),
  'dataset.shares': rule(
    'gives',
    { target: datasetName, body: sharesBody },
    {
      read: (name, { unit, shares: of, ...body }) => ({
        ...{ type: 'dataset.shares', name, ...body },
        ...{ unitBytes: unit, shares: of.map(versionIdFromBytes) }
      }),
      write: ({ name, version, data, unitBytes, shares: of, files, bytes }) => ({
        target: name,
        body: {
          ...{ version: idBytes(version), data, unit: unitBytes },
          ...{ shares: of.map(idBytes), files, bytes }
        }
      })
    }
  ),
  'dataset.subjects': rule(
    'gives',
    { target: datasetName, body: subjectsBody },
    {
      read: (name, body) => ({ type: 'dataset.subjects', name, ...body }),
      write: ({ name, version, subjects }) => ({
        target: name,
        body: { version: idBytes(version), subjects: subjects.toSorted().map(writeHex) }
      })
    }
  ),
  'access.grant': rule(
    'gives',
    { target: grantee, body: object({ scope, purpose: nullable(label) }) },
    {
      read: (to, body) => ({ type: 'access.grant', grantee: to, ...body }),
      write: ({ grantee: to, scope: of, purpose }) => ({
        target: writeGrantee(to),
        body: { scope: writeScope(of), purpose }
      })
    }
  ),
  'access.revoke': rule(
    'takes',
    { target: grantee, body: object({ scope: nullable(scope) }) },
    {
      read: (to, body) => ({ type: 'access.revoke', grantee: to, ...body }),
      write: ({ grantee: to, scope: of }) => ({
        target: writeGrantee(to),
        body: { scope: of === null ? null : writeScope(of) }
      })
    }
  )
}
