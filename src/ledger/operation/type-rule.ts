/** What there is to know of a type of operations: what a fork does to it, and how it is read and written. */

import type { CborValue } from '../encoding/cbor.ts'
import { Misshape, type Shape } from '../encoding/shape.ts'
import type { OperationContent, OperationType } from './operation-content.ts'

export type Wire = { readonly target: CborValue; readonly body: CborValue }
export type Polarity = 'gives' | 'takes'
export type ContentOf<T extends OperationType> = Extract<OperationContent, { type: T }>

export interface TypeRule<T extends OperationType> {
  readonly polarity: Polarity
  /** Where an operation of a type that gives may also take: whether this one does. */
  readonly takesBy?: (content: ContentOf<T>) => boolean
  read(wire: Wire): ContentOf<T> | Misshape
  write(content: ContentOf<T>): Wire
}

/** The rules of some types. */
export type TypeRules<T extends OperationType> = { readonly [K in T]: TypeRule<K> }

/** Joins the shapes of target and body; either may say where it broke. */
export function rule<T extends OperationType, A, B>(
  polarity: Polarity,
  shapes: { readonly target: Shape<A>; readonly body: Shape<B> },
  ways: {
    readonly read: (target: A, body: B) => ContentOf<T>
    readonly write: (content: ContentOf<T>) => Wire
    readonly takesBy?: (content: ContentOf<T>) => boolean
  }
): TypeRule<T> {
  const { read, ...rest } = ways
  return {
    polarity,
    ...rest,
    read: wire => {
      const target = shapes.target(wire.target)
      if (target instanceof Misshape) return target.inside('target')
      const body = shapes.body(wire.body)
      if (body instanceof Misshape) return body.inside('body')
      return read(target, body)
    }
  }
}
