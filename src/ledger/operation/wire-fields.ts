/** Fields that several types of operations share: how each is read from the wire, and written to it. */

import { defined } from '../../base/assert.ts'
import { fromHex, toHex } from '../../base/bytes.ts'
import {
  type DeviceId,
  deviceIdFromBytes,
  idBytes,
  type OperationId,
  operationIdFromBytes,
  type VersionId,
  versionIdFromBytes
} from '../../base/ids.ts'
import type { CborValue } from '../encoding/cbor.ts'
import {
  DATASET_NAME_CHARACTERS_MAX,
  hash,
  isDatasetName,
  isVisibleLine,
  key,
  label,
  timeMsOrNull
} from '../encoding/names.ts'
import {
  bytes,
  converted,
  integer,
  isAscending,
  isList,
  list,
  nullable,
  object,
  oneOf,
  type Shape,
  text,
  tuple,
  where
} from '../encoding/shape.ts'
import type { Cutoff, Grantee, Scope } from './operation-content.ts'
import { CUTOFFS_MAX, REASON_CHARACTERS_MAX } from './operation-limits.ts'

const INCARNATION_BYTES = 8
const ROLE_PATTERN = /^[a-z][a-z0-9-]*$/
const ROLE_CHARACTERS_MAX = 64

export const deviceId: Shape<DeviceId> = converted(key, deviceIdFromBytes)
export const operationId: Shape<OperationId> = converted(hash, operationIdFromBytes)
export const versionId: Shape<VersionId> = converted(hash, versionIdFromBytes)
export const datasetName = where(text(DATASET_NAME_CHARACTERS_MAX), isDatasetName, 'a dataset name')
export const role = text(ROLE_CHARACTERS_MAX, ROLE_PATTERN)
export const line = (charactersMax: number): Shape<string> =>
  where(text(charactersMax), value => isVisibleLine(value, charactersMax), 'one visible line')
export const reason = nullable(line(REASON_CHARACTERS_MAX))
export const nothing = object({})
/** A length of time, or none. */
export const durationMs = timeMsOrNull
export const hexOf = (length: number): Shape<string> => converted(bytes(length), toHex)

/** Texts in ascending order of their UTF-16 code units, none of them twice. */
export function sortedTexts<T extends string>(entry: Shape<T>, countMax: number): Shape<readonly T[]> {
  return where(
    list(entry, countMax),
    values => values.every((value, index) => index === 0 || value > (values[index - 1] ?? '')),
    'sorted and free of repeats'
  )
}

const cutoffEntries = list(tuple(bytes(INCARNATION_BYTES), integer(1), hash), CUTOFFS_MAX)
export const cutoffs: Shape<readonly Cutoff[]> = converted(
  where(
    cutoffEntries,
    entries => isAscending(entries.map(([incarnation]) => incarnation)),
    'in the order of their incarnations, each once'
  ),
  entries =>
    entries.map(([incarnation, seq, id]) => ({
      incarnation: toHex(incarnation),
      seq,
      operation: operationIdFromBytes(id)
    }))
)

const textual = <const T extends string>(value: T): Shape<T> => oneOf([value])
export const grantee: Shape<Grantee> = value => {
  const kind = isList(value) ? value[0] : undefined
  if (kind === 'd')
    return converted(tuple(textual('d'), deviceId), ([, device]) => ({ kind: 'device' as const, device }))(
      value
    )
  return converted(tuple(textual('g'), operationId), ([, group]) => ({ kind: 'group' as const, group }))(
    value
  )
}
const prefix = where(
  text(DATASET_NAME_CHARACTERS_MAX + 1),
  value => value.endsWith('/') && isDatasetName(value.slice(0, -1)),
  'the beginning of dataset names, up to a slash'
)
export const scope: Shape<Scope> = value => {
  const kind = isList(value) ? value[0] : undefined
  switch (kind) {
    case 'n':
      return converted(tuple(textual('n'), datasetName), ([, name]) => ({ kind: 'name' as const, name }))(
        value
      )
    case 'p':
      return converted(tuple(textual('p'), prefix), ([, start]) => ({
        kind: 'prefix' as const,
        prefix: start
      }))(value)
    case 'l':
      return converted(tuple(textual('l'), label), ([, named]) => ({ kind: 'label' as const, label: named }))(
        value
      )
    default:
      return converted(tuple(textual('*')), () => ({ kind: 'all' as const }))(value)
  }
}

export function writeCutoffs(entries: readonly Cutoff[]): CborValue {
  return entries
    .toSorted((a, b) => (a.incarnation < b.incarnation ? -1 : 1))
    .map(({ incarnation, seq, operation }) => [writeHex(incarnation), seq, idBytes(operation)])
}

export function writeHex(text: string): Uint8Array {
  return defined(fromHex(text), 'bytes in hex')
}

export function writeGrantee(to: Grantee): CborValue {
  return to.kind === 'device' ? ['d', idBytes(to.device)] : ['g', idBytes(to.group)]
}

export function writeScope(of: Scope): CborValue {
  switch (of.kind) {
    case 'name':
      return ['n', of.name]
    case 'prefix':
      return ['p', of.prefix]
    case 'label':
      return ['l', of.label]
    case 'all':
      return ['*']
  }
}
