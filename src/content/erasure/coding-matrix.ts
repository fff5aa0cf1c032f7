/**
 * The matrix of the code. Share i of k + m is row i of it times the k data units: the first k rows are the unit matrix,
 * so data shares are the data, and the rows of parity are a Cauchy matrix whose columns are scaled so that the first
 * parity share is the exclusive or of the data. docs/protocol-erasure.md is normative.
 *
 *     parity row i, column j:  (x0 + yj) / (xi + yj)     xi = 255 - i, yj = j
 *
 * Every square part of a Cauchy matrix is invertible while all x and y differ, and scaling a column keeps that. Hence
 * any k rows of the whole are invertible, so k shares are enough, whichever they are. It is not a Vandermonde matrix,
 * as that has to be multiplied with an inverse to become systematic: here each coefficient is a formula of its own
 * place. It depends neither on k nor on m, so parity shares can be added to an object later, and what is there stays as
 * it is.
 */

import { assert } from '../../base/assert.ts'
import { divide, multiply } from './field.ts'
import type { ShareScheme } from './share-scheme.ts'

type CodeSize = Pick<ShareScheme, 'dataShares' | 'parityShares'>

const X_FIRST = 255

export function parityCoefficient(parityRow: number, column: number): number {
  return divide(X_FIRST ^ column, (X_FIRST - parityRow) ^ column)
}

/** The row of a share, data or parity, by its index. */
export function shareRow({ dataShares }: CodeSize, share: number): Uint8Array {
  return Uint8Array.from({ length: dataShares }, (_, column) => {
    if (share >= dataShares) return parityCoefficient(share - dataShares, column)
    return share === column ? 1 : 0
  })
}

/** What parity is made of data with: m rows of k. */
export function parityCoefficients(size: CodeSize): Uint8Array {
  const { dataShares, parityShares } = size
  return joinRows(Array.from({ length: parityShares }, (_, row) => shareRow(size, dataShares + row)))
}

/** Which shares to take, and the coefficients that make the wanted ones of them. */
export interface Reconstruction {
  readonly kind: 'reconstruction'
  /** k indexes of shares, in the order in which the columns of `coefficients` stand. */
  readonly sources: readonly number[]
  /** A row of k for each wanted share. */
  readonly coefficients: Uint8Array
}

export interface TooFewShares {
  readonly kind: 'too-few-shares'
  /** So many more would be needed. */
  readonly lacking: number
}

/**
 * How to make the wanted shares, data or parity, of the available ones, the first k of which are taken: so the order
 * says which are preferred. Holds for bytes at equal offsets of the shares, whole shares or parts.
 */
export function planReconstruction(
  size: CodeSize,
  shares: { readonly available: readonly number[]; readonly wanted: readonly number[] }
): Reconstruction | TooFewShares {
  const { dataShares, parityShares } = size
  const all = [...shares.available, ...shares.wanted]
  assert(new Set(all).size === all.length, 'a share is named once')
  assert(
    all.every(share => Number.isInteger(share) && share >= 0 && share < dataShares + parityShares),
    'the code has the shares'
  )
  const sources = shares.available.slice(0, dataShares)
  if (sources.length < dataShares) return { kind: 'too-few-shares', lacking: dataShares - sources.length }
  const decoding = invert(sources.map(share => shareRow(size, share)))
  assert(decoding !== undefined, 'any k rows of the code are invertible')
  const rows = shares.wanted.map(share => multiplyRow(shareRow(size, share), decoding))
  return { kind: 'reconstruction', sources, coefficients: joinRows(rows) }
}

/** The inverse of a square matrix, row by row; undefined where there is none. */
export function invert(matrix: readonly Uint8Array[]): Uint8Array[] | undefined {
  const size = matrix.length
  const rows: Uint8Array[] = matrix.map((row, at) => {
    assert(row.length === size, 'the matrix is square')
    const extended = new Uint8Array(2 * size)
    extended.set(row)
    extended[size + at] = 1
    return extended
  })
  for (let column = 0; column < size; column++) {
    const pivotAt = rows.findIndex((row, at) => at >= column && row[column] !== 0)
    const pivot = rows[pivotAt]
    if (pivot === undefined) return undefined
    rows[pivotAt] = rows[column] as Uint8Array
    rows[column] = pivot
    const scale = divide(1, pivot[column] as number)
    for (let at = 0; at < pivot.length; at++) pivot[at] = multiply(pivot[at] as number, scale)
    for (const row of rows) if (row !== pivot) subtractMultiple(row, pivot, row[column] as number)
  }
  return rows.map(row => row.subarray(size))
}

function subtractMultiple(row: Uint8Array, pivot: Uint8Array, factor: number): void {
  if (factor === 0) return
  for (let at = 0; at < row.length; at++)
    row[at] = (row[at] as number) ^ multiply(factor, pivot[at] as number)
}

function multiplyRow(row: Uint8Array, matrix: readonly Uint8Array[]): Uint8Array {
  const product = new Uint8Array(row.length)
  for (const [at, factor] of row.entries()) subtractMultiple(product, matrix[at] as Uint8Array, factor)
  return product
}

function joinRows(rows: readonly Uint8Array[]): Uint8Array {
  const width = rows[0]?.length ?? 0
  const joined = new Uint8Array(rows.length * width)
  for (const [at, row] of rows.entries()) joined.set(row, at * width)
  return joined
}
