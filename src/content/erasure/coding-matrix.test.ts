import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../../base/bytes.ts'
import {
  invert,
  parityCoefficient,
  parityCoefficients,
  planReconstruction,
  shareRow
} from './coding-matrix.ts'
import { divide, multiply } from './field.ts'
import { DATA_SHARES_MIN, PARITY_SHARES_MIN, SHARES_MAX } from './share-scheme.ts'

const size = (dataShares: number, parityShares: number) => ({ dataShares, parityShares })

/** All choices of `count` out of `all`. */
function* choices(all: readonly number[], count: number): Generator<number[]> {
  if (count === 0) return yield []
  for (const [at, first] of all.entries())
    for (const rest of choices(all.slice(at + 1), count - 1)) yield [first, ...rest]
}

function shuffled(values: readonly number[], order: readonly number[]): number[] {
  return values.toSorted((a, b) => (order[a] as number) - (order[b] as number))
}

/** Determinant of a square part of the parity matrix, by elimination. */
function determinant(rows: readonly number[], columns: readonly number[]): number {
  const matrix = rows.map(row => columns.map(column => parityCoefficient(row, column)))
  let product = 1
  while (matrix.length > 0) {
    const at = matrix.findIndex(row => row[0] !== 0)
    const [pivot] = matrix.splice(at, 1)
    if (at < 0 || pivot === undefined) return 0
    product = multiply(product, pivot[0] as number)
    for (const row of matrix) {
      const factor = divide(row[0] as number, pivot[0] as number)
      for (const [column, value] of pivot.entries())
        row[column] = (row[column] as number) ^ multiply(factor, value)
      row.shift()
    }
  }
  return product
}

/** The same by Cauchy's formula, which has no sum that could be 0 but those of two x, two y, or an x and a y. */
function cauchyDeterminant(rows: readonly number[], columns: readonly number[]): number {
  const x = rows.map(row => 255 - row)
  const product = (factors: number[]) => factors.reduce(multiply, 1)
  const pairs = (values: readonly number[]) => values.flatMap((a, at) => values.slice(at + 1).map(b => a ^ b))
  const scales = columns.map(y => 255 ^ y)
  const above = product([...pairs(x), ...pairs(columns), ...scales])
  return divide(above, product(x.flatMap(a => columns.map(b => a ^ b))))
}

/** Computed by a program of a few lines in another language, from docs/protocol-erasure.md. */
test('golden: the first parity rows, for ten data shares', () => {
  const rows = ['01'.repeat(10), '7ffc7efee97443d5d2c8', 'e2ffe6fdb485ebcc0207', '801d831bc760249e048d']
  assert.equal(toHex(parityCoefficients(size(10, 4))), rows.join(''))
})

test('law: all that the determinants of the matrix are products of is not 0, up to the most shares', () => {
  const x = Array.from({ length: SHARES_MAX - DATA_SHARES_MIN }, (_, row) => 255 - row)
  const y = Array.from({ length: SHARES_MAX - PARITY_SHARES_MIN }, (_, column) => column)
  assert.equal(new Set([...x, ...y]).size, x.length + y.length)
})

test('law: the determinant of each square part is the product that Cauchy gives', () => {
  const few = fc.uniqueArray(fc.nat(SHARES_MAX - 3), { minLength: SHARES_MAX / 2, maxLength: SHARES_MAX / 2 })
  fc.assert(
    fc.property(few, few, fc.integer({ min: 1, max: SHARES_MAX / 2 }), (rows, columns, count) => {
      const part = [rows.slice(0, count), columns.slice(0, count)] as const
      assert.notEqual(determinant(...part), 0)
      assert.equal(determinant(...part), cauchyDeterminant(...part))
    }),
    { numRuns: 300 }
  )
})

test('every choice of k rows is invertible, for all codes of up to twelve shares', () => {
  let count = 0
  for (let dataShares = DATA_SHARES_MIN; dataShares <= 12 - PARITY_SHARES_MIN; dataShares++) {
    const code = size(dataShares, 12 - dataShares)
    for (const shares of choices([...Array(12).keys()], dataShares)) {
      count++
      assert.ok(invert(shares.map(share => shareRow(code, share))), `${shares} of ${dataShares}`)
    }
  }
  // Codes with less parity are parts of these: their rows are the first of the same.
  assert.equal(count, 2 ** 12 - 1 - 12 - 1)
})

test('law: a matrix times its inverse is the unit matrix, for any k of all codes', () => {
  const code = fc
    .integer({ min: DATA_SHARES_MIN, max: SHARES_MAX - PARITY_SHARES_MIN })
    .chain(k => fc.integer({ min: PARITY_SHARES_MIN, max: SHARES_MAX - k }).map(m => size(k, m)))
  const order = fc.uniqueArray(fc.nat(999), { minLength: SHARES_MAX, maxLength: SHARES_MAX })
  fc.assert(
    fc.property(code, order, (code, order) => {
      const all = [...Array(code.dataShares + code.parityShares).keys()]
      const matrix = shuffled(all, order)
        .slice(0, code.dataShares)
        .map(share => shareRow(code, share))
      const inverse = invert(matrix) ?? assert.fail('it has an inverse')
      for (const [at, row] of matrix.entries()) {
        const product = inverse[0]?.map((_, column) =>
          row.reduce((sum, factor, k) => sum ^ multiply(factor, inverse[k]?.[column] as number), 0)
        )
        assert.deepEqual(
          product,
          row.map((_, column) => (column === at ? 1 : 0))
        )
      }
    })
  )
})

test('a matrix without an inverse has none', () => {
  assert.equal(invert([Uint8Array.of(2, 4), Uint8Array.of(1, 2)]), undefined)
})

test('more parity leaves the rows of before as they are, and one more data share adds a column', () => {
  const rows = parityCoefficients(size(6, 3))
  assert.deepEqual(parityCoefficients(size(6, 4)).subarray(0, rows.length), rows)
  assert.deepEqual(shareRow(size(7, 3), 8).subarray(0, 6), shareRow(size(6, 3), 7))
})

test('a lost data share is the exclusive or of the others and the first parity share', () => {
  const plan = planReconstruction(size(4, 2), { available: [0, 2, 3, 4, 5], wanted: [1] })
  assert.deepEqual(plan, {
    kind: 'reconstruction',
    sources: [0, 2, 3, 4],
    coefficients: Uint8Array.of(1, 1, 1, 1)
  })
})

test('parity that is lost is made of data as at first', () => {
  const plan = planReconstruction(size(4, 2), { available: [0, 1, 2, 3], wanted: [5, 4] })
  assert.ok(plan.kind === 'reconstruction')
  assert.deepEqual(plan.coefficients.subarray(0, 4), shareRow(size(4, 2), 5))
  assert.deepEqual(plan.coefficients.subarray(4), shareRow(size(4, 2), 4))
})

test('with more than m shares lost the answer is how many lack', () => {
  const lost = (available: number[]) => planReconstruction(size(4, 2), { available, wanted: [0] })
  assert.deepEqual(lost([1, 2, 5]), { kind: 'too-few-shares', lacking: 1 })
  assert.deepEqual(lost([]), { kind: 'too-few-shares', lacking: 4 })
})

test('shares that the code does not have, or that are named twice, are our bug', () => {
  const plan = (available: number[], wanted: number[]) => () =>
    planReconstruction(size(2, 1), { available, wanted })
  assert.throws(plan([0, 1], [3]), /the code has the shares/)
  assert.throws(plan([0, 1], [1]), /named once/)
})
