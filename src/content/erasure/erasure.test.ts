/** The whole way: an object into shares, a range from one share, and the object from any k of k + m. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, toHex, utf8 } from '../../base/bytes.ts'
import { planReconstruction } from './coding-matrix.ts'
import { type MatrixProduct, tableProduct } from './matrix-product.ts'
import { firstDifference, naiveShares, spreadNoise } from './naive-code.conformance.ts'
import { shareBytes, shareRuns, stripeAt, stripeCount } from './share-layout.ts'
import { type SharedObject, UNIT_BYTES_MIN } from './share-scheme.ts'
import { StripeEncoder } from './stripe-encoding.ts'

/** As a node does it: stripe by stripe, in buffers for one. */
function encode(object: SharedObject, bytes: Uint8Array, product: MatrixProduct): Uint8Array[] {
  const { dataShares, parityShares, unitBytes } = object
  const shares = Array.from({ length: dataShares + parityShares }, () => new Uint8Array(shareBytes(object)))
  const parity = Array.from({ length: parityShares }, () => new Uint8Array(unitBytes).fill(0xee))
  const encoder = new StripeEncoder(object, product)
  for (let index = 0; index < stripeCount(object); index++) {
    const stripe = stripeAt(object, index)
    const { objectOffset, shareOffset } = stripe
    const read = bytes.subarray(objectOffset, objectOffset + stripe.bytes)
    const data = encoder.encode(stripe, read, parity)
    for (const [share, unit] of [
      ...data,
      ...parity.map(unit => unit.subarray(0, stripe.unitBytes))
    ].entries())
      shares[share]?.set(unit, shareOffset)
  }
  return shares
}

function rebuild(
  object: SharedObject,
  shares: readonly Uint8Array[],
  available: readonly number[]
): Uint8Array[] {
  const wanted = [...shares.keys()].filter(share => !available.includes(share))
  const plan = planReconstruction(object, { available, wanted })
  assert.ok(plan.kind === 'reconstruction')
  const outputs = wanted.map(() => new Uint8Array(shareBytes(object)))
  const inputs = plan.sources.map(share => shares[share] as Uint8Array)
  tableProduct({ coefficients: plan.coefficients, inputs, outputs })
  return shares.map((content, share) =>
    available.includes(share) ? content : (outputs[wanted.indexOf(share)] as Uint8Array)
  )
}

function objectOf(object: SharedObject, shares: readonly Uint8Array[]): Uint8Array {
  const runs = shareRuns(object, { objectOffset: 0, bytes: object.objectBytes })
  return concatBytes(
    [...runs].map(run =>
      (shares[run.share] as Uint8Array).subarray(run.shareOffset, run.shareOffset + run.bytes)
    )
  )
}

const scheme = (dataShares: number, parityShares: number) => ({
  dataShares,
  parityShares,
  unitBytes: UNIT_BYTES_MIN
})

/** Like those of the matrix, of a program in another language. */
test('golden: the shares of a short object, and of one of several stripes', () => {
  const short = utf8('Any four of six...')
  assert.deepEqual(encode({ ...scheme(4, 2), objectBytes: short.length }, short, tableProduct).map(toHex), [
    '416e792066',
    '6f7572206f',
    '6620736978',
    '2e2e2e0000',
    '6615566971',
    '0c2ae08961'
  ])
  const long = new Uint8Array(200_004)
  const view = new DataView(long.buffer)
  for (let at = 0; at < long.length; at += 4) view.setUint32(at, at / 4)
  const shares = encode({ ...scheme(6, 3), objectBytes: long.length }, long, tableProduct)
  assert.deepEqual(
    [shares[0], shares[5], shares[8]].map(share =>
      createHash('sha256')
        .update(share as Uint8Array)
        .digest('hex')
    ),
    [
      '446e83ca93ee98604aee2f01cb49aed43bea7337e7055feab5d0d0b5db687aef',
      '9b30e525f4692d98b87a7f1643fd7d4da390ab9ac2c62eb5a475409a9eedc697',
      '225db6802b650091d8315a04e6bdaf92ddf2e6999b623b672fc0753877ff3116'
    ]
  )
})

const cases = fc
  .record({ dataShares: fc.integer({ min: 2, max: 12 }), parityShares: fc.integer({ min: 1, max: 6 }) })
  .chain(({ dataShares, parityShares }) =>
    fc.record({
      object: fc
        .oneof(
          fc.nat(40),
          fc.nat(3 * dataShares * UNIT_BYTES_MIN),
          fc.constantFrom(-1, 0, 1).map(by => dataShares * UNIT_BYTES_MIN + by)
        )
        .map(objectBytes => ({ ...scheme(dataShares, parityShares), objectBytes })),
      order: fc.shuffledSubarray([...Array(dataShares + parityShares).keys()], {
        minLength: dataShares,
        maxLength: dataShares
      }),
      seed: fc.nat()
    })
  )

test('law: shares are those of the naive code, and any k of them give all others and the object', () => {
  fc.assert(
    fc.property(cases, ({ object, order, seed }) => {
      const bytes = spreadNoise(object.objectBytes, seed)
      const shares = encode(object, bytes, tableProduct)
      if (object.objectBytes <= 40)
        assert.equal(firstDifference(shares, naiveShares(object, bytes)), undefined)
      const rebuilt = rebuild(object, shares, order)
      assert.equal(firstDifference([...rebuilt, objectOf(object, rebuilt)], [...shares, bytes]), undefined)
    })
  )
})

test('shares of two stripes and a part are those of the naive code', () => {
  const object = { ...scheme(3, 2), objectBytes: 7 * UNIT_BYTES_MIN + 5 }
  const bytes = spreadNoise(object.objectBytes, 1)
  assert.equal(firstDifference(encode(object, bytes, tableProduct), naiveShares(object, bytes)), undefined)
})

test('any four of six: all fifteen choices, for lengths around nothing and around a unit', () => {
  for (const objectBytes of [0, 1, 3, 4, 5, UNIT_BYTES_MIN, 4 * UNIT_BYTES_MIN + 1]) {
    const object = { ...scheme(4, 2), objectBytes }
    const bytes = spreadNoise(objectBytes, 7)
    const shares = encode(object, bytes, tableProduct)
    for (let first = 0; first < 6; first++)
      for (let second = first + 1; second < 6; second++) {
        const left = [0, 1, 2, 3, 4, 5].filter(share => share !== first && share !== second)
        assert.equal(firstDifference([objectOf(object, rebuild(object, shares, left))], [bytes]), undefined)
      }
  }
})

test('a part of a lost share is made of the same parts of others', () => {
  const object = { ...scheme(5, 3), objectBytes: 11 * UNIT_BYTES_MIN }
  const shares = encode(object, spreadNoise(object.objectBytes, 3), tableProduct)
  const plan = planReconstruction(object, { available: [7, 0, 5, 3, 4], wanted: [1] })
  assert.ok(plan.kind === 'reconstruction')
  const part = (share: number) => (shares[share] as Uint8Array).subarray(1001, 30_000)
  const output = new Uint8Array(30_000 - 1001)
  tableProduct({ coefficients: plan.coefficients, inputs: plan.sources.map(part), outputs: [output] })
  assert.equal(firstDifference([output], [part(1)]), undefined)
})

test('another stripe than was said is our bug', () => {
  const object = { ...scheme(2, 1), objectBytes: 10 }
  const encoder = new StripeEncoder(object, tableProduct)
  const [stripe, room] = [stripeAt(object, 0), new Uint8Array(5)]
  assert.throws(() => encoder.encode(stripe, new Uint8Array(9), [room]), /the bytes of the stripe/)
  assert.throws(() => encoder.encode(stripe, new Uint8Array(10), []), /a buffer for each parity share/)
})
