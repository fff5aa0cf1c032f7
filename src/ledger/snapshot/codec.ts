/**
 * Codecs for the values of a state. Each writes a value as CBOR (encoding/cbor.ts) and reads it back to one that is
 * deeply equal: records become lists of their fields in the order in which the codec names them, and an id becomes its
 * index in the id table of its chunk, since most ids of a state repeat.
 *
 * Reading throws a `Misread` for whatever no codec wrote.
 */

import { concatBytes, toHex } from '../../base/bytes.ts'
import { type DeviceId, ID_BYTES, idBytes, type OperationId, type VersionId } from '../../base/ids.ts'
import type { CborValue } from '../encoding/cbor.ts'
import { isList } from '../encoding/shape.ts'

export class Misread extends Error {}

type Id = DeviceId | OperationId | VersionId

/** The ids of one chunk, in the order in which they are first named. */
export class IdTable {
  readonly #places = new Map<Id, number>()

  get size(): number {
    return this.#places.size
  }

  place(id: Id): number {
    const known = this.#places.get(id)
    if (known !== undefined) return known
    const place = this.#places.size
    this.#places.set(id, place)
    return place
  }

  bytes(): Uint8Array {
    return concatBytes([...this.#places.keys()].map(idBytes))
  }
}

/** The ids of a table. One conversion for all of them, and slices of it, are much cheaper than one for each. */
export function readIds(bytes: CborValue | undefined): string[] {
  if (!(bytes instanceof Uint8Array) || bytes.length % ID_BYTES !== 0) throw new Misread('an id table')
  const hex = toHex(bytes)
  const ids: string[] = []
  for (let at = 0; at < hex.length; at += 2 * ID_BYTES) ids.push(hex.slice(at, at + 2 * ID_BYTES))
  return ids
}

export interface Codec<T> {
  write(value: T, ids: IdTable): CborValue
  read(value: CborValue | undefined, ids: readonly string[]): T
}

function id<T extends Id>(): Codec<T> {
  return {
    write: (value, ids) => ids.place(value),
    read: (value, ids) => {
      const found = typeof value === 'number' ? ids[value] : undefined
      if (found === undefined) throw new Misread('the place of an id')
      return found as T
    }
  }
}

export const deviceId = id<DeviceId>()
export const operationId = id<OperationId>()
export const versionId = id<VersionId>()

export const text: Codec<string> = {
  write: value => value,
  read: value => {
    if (typeof value !== 'string') throw new Misread('text')
    return value
  }
}

export const flag: Codec<boolean> = {
  write: value => value,
  read: value => {
    if (typeof value !== 'boolean') throw new Misread('true or false')
    return value
  }
}

/** A count, a size or an instant. */
export const natural: Codec<number> = {
  write: value => value,
  read: value => {
    if (typeof value !== 'number' || value < 0) throw new Misread('a number from zero on')
    return value
  }
}

export const bytes: Codec<Uint8Array> = {
  write: value => value,
  read: value => {
    if (!(value instanceof Uint8Array)) throw new Misread('bytes')
    return value
  }
}

/** One of a closed set of words, by its place among them. */
export function word<const T extends string>(words: readonly T[]): Codec<T> {
  return {
    write: value => words.indexOf(value),
    read: value => {
      const found = typeof value === 'number' ? words[value] : undefined
      if (found === undefined) throw new Misread(`one of ${words.join(', ')}`)
      return found
    }
  }
}

export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  return {
    write: (value, ids) => (value === null ? null : codec.write(value, ids)),
    read: (value, ids) => (value === null ? null : codec.read(value, ids))
  }
}

export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    write: (value, ids) => (value === undefined ? null : codec.write(value, ids)),
    read: (value, ids) => (value === null ? undefined : codec.read(value, ids))
  }
}

/** A record with exactly these fields. */
export function fields<T extends object>(codecs: { readonly [K in keyof T]-?: Codec<T[K]> }): Codec<T> {
  const keys = Object.keys(codecs) as (keyof T & string)[]
  const list = keys.map(key => codecs[key] as Codec<unknown>)
  return {
    write: (value, ids) => list.map((codec, index) => codec.write(value[keys[index] as keyof T], ids)),
    read: (value, ids) => {
      if (!isList(value) || value.length !== list.length) throw new Misread(`a list of ${keys.join(', ')}`)
      const record: Record<string, unknown> = {}
      for (let index = 0; index < list.length; index++)
        record[keys[index] as string] = (list[index] as Codec<unknown>).read(value[index], ids)
      return record as T
    }
  }
}

/** A union by `kind`: the place of the kind, then the record. */
export function kinds<T extends { readonly kind: string }>(
  codecs: {
    readonly [K in T['kind']]: Codec<Omit<Extract<T, { kind: K }>, 'kind'>>
  }
): Codec<T> {
  const names = Object.keys(codecs) as T['kind'][]
  const kind = word(names)
  return {
    write: (value, ids) => [
      kind.write(value.kind, ids),
      (codecs[value.kind as T['kind']] as Codec<unknown>).write(value, ids)
    ],
    read: (value, ids) => {
      if (!isList(value) || value.length !== 2) throw new Misread('a kind and its record')
      const name = kind.read(value[0], ids)
      return { kind: name, ...(codecs[name] as Codec<object>).read(value[1], ids) } as T
    }
  }
}

export function list<T>(codec: Codec<T>): Codec<readonly T[]> {
  return {
    write: (values, ids) => values.map(value => codec.write(value, ids)),
    read: (value, ids) => {
      if (!isList(value)) throw new Misread('a list')
      return value.map(entry => codec.read(entry, ids))
    }
  }
}

export function setOf<T>(codec: Codec<T>): Codec<ReadonlySet<T>> {
  const entries = list(codec)
  return {
    write: (values, ids) => entries.write([...values], ids),
    read: (value, ids) => {
      const read = entries.read(value, ids)
      const set = new Set(read)
      if (set.size !== read.length) throw new Misread('a set without repeats')
      return set
    }
  }
}

/** Any map: a list of its keys and values. */
export function mapOf<K, V>(key: Codec<K>, entry: Codec<V>): Codec<ReadonlyMap<K, V>> {
  const entries = list(pair(key, entry))
  return {
    write: (values, ids) => entries.write([...values], ids),
    read: (value, ids) => {
      const read = entries.read(value, ids)
      const map = new Map(read)
      if (map.size !== read.length) throw new Misread('a map without repeats')
      return map
    }
  }
}

export function pair<A, B>(first: Codec<A>, second: Codec<B>): Codec<readonly [A, B]> {
  return {
    write: ([a, b], ids) => [first.write(a, ids), second.write(b, ids)],
    read: (value, ids) => {
      if (!isList(value) || value.length !== 2) throw new Misread('a pair')
      return [first.read(value[0], ids), second.read(value[1], ids)]
    }
  }
}
