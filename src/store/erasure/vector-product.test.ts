import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parityCoefficients, planReconstruction } from '../../content/erasure/coding-matrix.ts'
import {
  type MatrixProduct,
  type MatrixProductTask,
  tableProduct
} from '../../content/erasure/matrix-product.ts'
import { firstDifference, spreadNoise } from '../../content/erasure/naive-code.conformance.ts'
import { SHARES_MAX } from '../../content/erasure/share-scheme.ts'
import { BLOCK_BYTES } from './product-kernel.ts'
import { VectorProduct } from './vector-product.ts'

const GUARD = 0xa5

/** The outputs of a product, in the middle of bytes that it may not touch, and not aligned. */
function outputsOf(
  product: MatrixProduct,
  task: Omit<MatrixProductTask, 'outputs'>,
  shape: { rows: number; bytes: number }
): Buffer[] {
  const outputs = Array.from({ length: shape.rows }, (_, row) => {
    const around = new Uint8Array(shape.bytes + 64).fill(GUARD)
    return { around, inner: around.subarray(row + 1, row + 1 + shape.bytes) }
  })
  product({ ...task, outputs: outputs.map(({ inner }) => inner) })
  for (const [row, { around }] of outputs.entries()) {
    const outside = [...around.subarray(0, row + 1), ...around.subarray(row + 1 + shape.bytes)]
    assert.ok(
      outside.every(byte => byte === GUARD),
      'nothing is written beside the outputs'
    )
  }
  return outputs.map(({ inner }) => Buffer.from(inner))
}

function sameAsByTables(...[product, task, shape]: Parameters<typeof outputsOf>): void {
  const [actual, expected] = [outputsOf(product, task, shape), outputsOf(tableProduct, task, shape)]
  assert.equal(firstDifference(actual, expected), undefined)
}

const shapes = fc.record({
  columns: fc.integer({ min: 1, max: SHARES_MAX }),
  rows: fc.integer({ min: 1, max: SHARES_MAX }),
  bytes: fc.oneof(
    fc.nat(200),
    fc.integer({ min: BLOCK_BYTES - 40, max: BLOCK_BYTES + 40 }),
    fc.nat(3 * BLOCK_BYTES)
  ),
  /** How much shorter some inputs are, at most. */
  short: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(3 * BLOCK_BYTES)),
  sums: fc.boolean(),
  seed: fc.nat()
})

for (const relaxed of [false, true]) {
  const { product } = new VectorProduct({ relaxed })
  const which = relaxed ? 'relaxed swizzles, where there are any' : 'swizzles'

  test(`law: with ${which}: the same as by tables, for any matrix, length, offset and short input`, () => {
    fc.assert(
      fc.property(shapes, ({ columns, rows, bytes, short, sums, seed }) => {
        const inputs = Array.from({ length: columns }, (_, column) => {
          const length = Math.max(0, bytes - ((short * column) % (short + 1)))
          return spreadNoise(length + column, seed + column).subarray(column)
        })
        const coefficients = spreadNoise(columns * rows, seed + columns)
        for (let row = 0; row < rows; row += 2)
          if (sums) coefficients.fill(1, row * columns, (row + 1) * columns)
        const task = { coefficients, inputs }
        sameAsByTables(product, task, { rows, bytes })
      }),
      { numRuns: 60 }
    )
  })

  test(`with ${which}: each coefficient, by each byte`, () => {
    const input = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const coefficients = Uint8Array.from({ length: 2 * 2 }, (_, at) => at)
    for (let coefficient = 0; coefficient < 256; coefficient++) {
      coefficients.fill(coefficient, 3)
      const task = { coefficients, inputs: [input, input.toReversed()] }
      const shape = { rows: 2, bytes: 256 }
      sameAsByTables(product, task, shape)
    }
  })
}

test('what one task left in the memory of the kernel does not show in the next', () => {
  const { product } = new VectorProduct()
  const shape = { rows: 1, bytes: 100 }
  const coefficients = Uint8Array.of(3, 7)
  outputsOf(product, { coefficients, inputs: [spreadNoise(100, 1), spreadNoise(100, 2)] }, shape)
  const task = { coefficients, inputs: [spreadNoise(0, 3), spreadNoise(3, 4)] }
  sameAsByTables(product, task, shape)
})

test('no inputs give zeros, and no outputs nothing', () => {
  const { product } = new VectorProduct()
  const output = new Uint8Array(40).fill(9)
  product({ coefficients: new Uint8Array(), inputs: [], outputs: [output] })
  assert.ok(output.every(byte => byte === 0))
  product({ coefficients: new Uint8Array(), inputs: [output], outputs: [] })
})

test('tasks that promise something else are our bug', () => {
  const { product } = new VectorProduct()
  const one = new Uint8Array(1)
  const two = new Uint8Array(2)
  const refused = (task: MatrixProductTask, reason: RegExp) => {
    for (const multiply of [product, tableProduct]) assert.throws(() => multiply(task), reason)
  }
  refused({ coefficients: one, inputs: [one, one], outputs: [one] }, /a coefficient for each/)
  refused({ coefficients: two, inputs: [one], outputs: [one, two] }, /outputs are of one length/)
  refused({ coefficients: one, inputs: [two], outputs: [one] }, /inputs fit the outputs/)
  const many = Array.from({ length: SHARES_MAX + 1 }, () => one)
  assert.throws(
    () => product({ coefficients: new Uint8Array(SHARES_MAX + 1), inputs: many, outputs: [two] }),
    /no more inputs and outputs/
  )
})

test('a code is encoded and decoded: 10+4, four data shares lost', () => {
  const { product } = new VectorProduct()
  const size = { dataShares: 10, parityShares: 4 }
  const bytes = 2 * BLOCK_BYTES + 77
  const data = Array.from({ length: 10 }, (_, share) => spreadNoise(bytes, share))
  const parity = Array.from({ length: 4 }, () => new Uint8Array(bytes))
  product({ coefficients: parityCoefficients(size), inputs: data, outputs: parity })
  const wanted = [0, 3, 4, 9]
  const available = [1, 2, 5, 6, 7, 8, 10, 11, 12, 13]
  const plan = planReconstruction(size, { available, wanted })
  assert.ok(plan.kind === 'reconstruction')
  const outputs = wanted.map(() => new Uint8Array(bytes))
  const inputs = plan.sources.map(share => [...data, ...parity][share] as Uint8Array)
  product({ coefficients: plan.coefficients, inputs, outputs })
  assert.equal(
    firstDifference(
      outputs,
      wanted.map(share => data[share] as Uint8Array)
    ),
    undefined
  )
})
