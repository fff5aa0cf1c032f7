/**
 * Shapes: small composable validators that turn decoded CBOR into typed values. A shape names its limit, and
 * says where a value broke it. Objects are closed: a missing or an extra field is a fault, so that two readers
 * of one version can never disagree about what a record says.
 */

import { compareBytes } from '../../base/bytes.ts'
import type { CborValue } from './cbor.ts'

export class Misshape {
  /** Where in the value, such as `body.uses`; empty for the value itself. */
  readonly path: string
  readonly expected: string

  constructor(path: string, expected: string) {
    this.path = path
    this.expected = expected
  }

  inside(key: string | number): Misshape {
    return new Misshape(this.path === '' ? `${key}` : `${key}.${this.path}`, this.expected)
  }

  toString(): string {
    return `${this.path === '' ? 'the value' : this.path} is not ${this.expected}`
  }
}

export type Shape<T> = (value: CborValue | undefined) => T | Misshape
/** What a value of a shape is. */
export type Shaped<S extends Shape<unknown>> = Exclude<ReturnType<S>, Misshape>

type Shapes = Readonly<Record<string, Shape<unknown>>>
type ShapedMap<S extends Shapes> = { readonly [K in keyof S]: Exclude<ReturnType<S[K]>, Misshape> }

function isMap(value: CborValue | undefined): value is { readonly [key: string]: CborValue } {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  )
}

/** One field of a map, for deciding which shape the map should have. */
export function fieldOf(value: CborValue, key: string): CborValue | undefined {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** A map with exactly the fields of `shapes`. */
export function object<S extends Shapes>(shapes: S): Shape<ShapedMap<S>> {
  const keys = Object.keys(shapes)
  return value => {
    if (!isMap(value)) return new Misshape('', 'a map')
    const result: Record<string, unknown> = {}
    for (const key of keys) {
      if (!Object.hasOwn(value, key)) return new Misshape(key, 'present')
      const field = shapes[key]?.(value[key])
      if (field instanceof Misshape) return field.inside(key)
      result[key] = field
    }
    if (Object.keys(value).length !== keys.length) return new Misshape('', `a map of ${keys.join(', ')} only`)
    return result as ShapedMap<S>
  }
}

/** A map from any key of `key` to `entry`, with at most `countMax` entries. */
export function mapOf<T>(
  key: Shape<string>,
  entry: Shape<T>,
  countMax: number
): Shape<ReadonlyMap<string, T>> {
  return value => {
    if (!isMap(value)) return new Misshape('', 'a map')
    const keys = Object.keys(value)
    if (keys.length > countMax) return new Misshape('', `a map of at most ${countMax} entries`)
    const result = new Map<string, T>()
    for (const name of keys) {
      const checked = key(name)
      if (checked instanceof Misshape) return checked.inside(name)
      const shaped = entry(value[name])
      if (shaped instanceof Misshape) return shaped.inside(name)
      result.set(checked, shaped)
    }
    return result
  }
}

/** Array.isArray does not narrow a readonly array type away from the union, so this does. */
export function isList(value: CborValue | undefined): value is readonly CborValue[] {
  return Array.isArray(value)
}

export function list<T>(entry: Shape<T>, countMax: number, countMin = 0): Shape<readonly T[]> {
  return value => {
    if (!isList(value) || value.length > countMax || value.length < countMin)
      return new Misshape('', `a list of ${countMin} to ${countMax} entries`)
    const result: T[] = []
    for (const [index, item] of value.entries()) {
      const shaped = entry(item)
      if (shaped instanceof Misshape) return shaped.inside(index)
      result.push(shaped)
    }
    return result
  }
}

/** A list of equally long byte strings in ascending order without repeats. */
export function sortedBytes(length: number, countMax: number, countMin = 0): Shape<readonly Uint8Array[]> {
  const entries = list(bytes(length), countMax, countMin)
  return value => {
    const shaped = entries(value)
    if (shaped instanceof Misshape) return shaped
    return isAscending(shaped) ? shaped : new Misshape('', 'sorted and free of repeats')
  }
}

export function isAscending(values: readonly Uint8Array[]): boolean {
  return values.every((entry, index) => {
    const before = values[index - 1]
    return before === undefined || compareBytes(before, entry) < 0
  })
}

type Entries<S extends readonly Shape<unknown>[]> = {
  readonly [I in keyof S]: Exclude<ReturnType<S[I]>, Misshape>
}

/** A list of exactly these entries. */
export function tuple<const S extends readonly Shape<unknown>[]>(...shapes: S): Shape<Entries<S>> {
  return value => {
    if (!isList(value) || value.length !== shapes.length)
      return new Misshape('', `a list of ${shapes.length} entries`)
    const result: unknown[] = []
    for (const [index, shape] of shapes.entries()) {
      const entry = shape(value[index])
      if (entry instanceof Misshape) return entry.inside(index)
      result.push(entry)
    }
    return result as unknown as Entries<S>
  }
}

export const flag: Shape<boolean> = value =>
  typeof value === 'boolean' ? value : new Misshape('', 'true or false')

export function bytes(length: number): Shape<Uint8Array> {
  return value =>
    value instanceof Uint8Array && value.length === length ? value : new Misshape('', `${length} bytes`)
}

export function bytesUpTo(lengthMax: number): Shape<Uint8Array> {
  return value =>
    value instanceof Uint8Array && value.length <= lengthMax
      ? value
      : new Misshape('', `at most ${lengthMax} bytes`)
}

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return value =>
    typeof value === 'number' && value >= min && value <= max
      ? value
      : new Misshape('', `an integer from ${min} to ${max}`)
}

export function text(charactersMax: number, pattern?: RegExp): Shape<string> {
  return value =>
    typeof value === 'string' && value.length <= charactersMax && (pattern?.test(value) ?? true)
      ? value
      : new Misshape(
          '',
          `text of at most ${charactersMax} characters${pattern ? ` like ${pattern.source}` : ''}`
        )
}

export function where<T>(shape: Shape<T>, holds: (value: T) => boolean, expected: string): Shape<T> {
  return value => {
    const shaped = shape(value)
    if (shaped instanceof Misshape) return shaped
    return holds(shaped) ? shaped : new Misshape('', expected)
  }
}

export function oneOf<const T extends string>(values: readonly T[]): Shape<T> {
  return value => values.find(entry => entry === value) ?? new Misshape('', `one of ${values.join(', ')}`)
}

/** The version marker that every format carries first of all. */
export function exactly<const T extends number | null>(expected: T): Shape<T> {
  return value => (value === expected ? expected : new Misshape('', `${expected}`))
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return value => (value === null ? null : shape(value))
}

/** Accepts any value: what it means is decided elsewhere. */
export const anything: Shape<CborValue> = value => (value === undefined ? new Misshape('', 'a value') : value)

/** Drops what every message has. */
export function message<T extends { readonly v: 1 }>(shape: Shape<T>): Shape<Omit<T, 'v'>> {
  return converted(shape, ({ v: _, ...fields }) => fields)
}

export function converted<T, U>(shape: Shape<T>, convert: (value: T) => U): Shape<U> {
  return value => {
    const shaped = shape(value)
    return shaped instanceof Misshape ? shaped : convert(shaped)
  }
}
