/**
 * `npm run bench:erasure`: how fast shares are made and made again, on one core. MB/s are of payload: the bytes of the
 * object that k units hold. Beside the kernel, in the same run and over the same bytes, what bounds it (a copy of the
 * payload, and an exclusive or of its units by 32-bit words in TypeScript) and the plain codec.
 *
 * The payload is long enough to lie in no cache, and each round goes through all of it; of several rounds the fastest
 * counts.
 */

import { parseArgs } from 'node:util'
import { assert } from '../src/base/assert.ts'
import { equalBytes } from '../src/base/bytes.ts'
import { MIB } from '../src/base/units.ts'
import { parityCoefficients, planReconstruction } from '../src/content/erasure/coding-matrix.ts'
import { type MatrixProduct, tableProduct } from '../src/content/erasure/matrix-product.ts'
import { UNIT_BYTES_DEFAULT } from '../src/content/erasure/share-scheme.ts'
import { VectorProduct } from '../src/store/erasure/vector-product.ts'
import { seededRandom } from './fuzz.ts'

const CODES = [
  [4, 2],
  [6, 3],
  [10, 4]
] as const
/** What the plain codec goes through, as it takes long. */
const PLAIN_PART = 1 / 16
const ROUNDS = 7

interface Code {
  readonly dataShares: number
  readonly parityShares: number
}

/** Shares as one buffer each, and the code applied to them unit by unit, as a node does it. */
class Shares {
  readonly all: readonly Uint8Array[]
  readonly #code: Code
  readonly #shareBytes: number

  constructor(code: Code, payloadBytes: number) {
    this.#code = code
    this.#shareBytes = Math.floor(payloadBytes / code.dataShares / UNIT_BYTES_DEFAULT) * UNIT_BYTES_DEFAULT
    const random = seededRandom(1)
    this.all = Array.from(
      { length: code.dataShares + code.parityShares },
      () => new Uint8Array(this.#shareBytes)
    )
    for (const share of this.all.slice(0, code.dataShares)) {
      const words = new Uint32Array(share.buffer)
      for (let at = 0; at < words.length; at++) words[at] = random(2 ** 32)
    }
  }

  /** Goes through a part of each share, and returns the bytes of payload in it. */
  eachUnit(part: number, unit: (from: number, to: number) => void): number {
    const end = Math.ceil((this.#shareBytes * part) / UNIT_BYTES_DEFAULT) * UNIT_BYTES_DEFAULT
    for (let from = 0; from < end; from += UNIT_BYTES_DEFAULT) unit(from, from + UNIT_BYTES_DEFAULT)
    return end * this.#code.dataShares
  }

  encode(product: MatrixProduct, part: number): number {
    const coefficients = parityCoefficients(this.#code)
    const data = this.all.slice(0, this.#code.dataShares)
    const parity = this.all.slice(this.#code.dataShares)
    return this.eachUnit(part, (from, to) =>
      product({
        coefficients,
        inputs: data.map(share => share.subarray(from, to)),
        outputs: parity.map(share => share.subarray(from, to))
      })
    )
  }

  /** The first data shares of the object, `lost` of them, into `rebuilt`. */
  reconstruct(product: MatrixProduct, rebuilt: readonly Uint8Array[], part: number): number {
    const wanted = [...rebuilt.keys()]
    const available = [...this.all.keys()].slice(wanted.length)
    const plan = planReconstruction(this.#code, { available, wanted })
    assert(plan.kind === 'reconstruction', 'no more is lost than there is parity')
    const sources = plan.sources.map(share => this.all[share] as Uint8Array)
    return this.eachUnit(part, (from, to) =>
      product({
        coefficients: plan.coefficients,
        inputs: sources.map(share => share.subarray(from, to)),
        outputs: rebuilt.map(share => share.subarray(from, to))
      })
    )
  }
}

/** MB/s of the fastest round. */
function fastest(rounds: number, round: () => number): number {
  let best = 0
  for (let count = 0; count < rounds; count++) {
    const startMs = performance.now()
    const bytes = round()
    best = Math.max(best, bytes / (performance.now() - startMs) / 1000)
  }
  return best
}

function xorUnits(units: readonly Uint32Array[], into: Uint32Array): void {
  into.set(units[0] as Uint32Array)
  for (const unit of units.slice(1))
    for (let at = 0; at < into.length; at++) into[at] = (into[at] as number) ^ (unit[at] as number)
}

function measure(code: Code, payloadBytes: number): Record<string, number> {
  const shares = new Shares(code, payloadBytes)
  const data = shares.all.slice(0, code.dataShares)
  const words = data.map(share => new Uint32Array(share.buffer))
  const into = new Uint8Array(UNIT_BYTES_DEFAULT)
  const rebuilt = (lost: number) => data.slice(0, lost).map(share => new Uint8Array(share.length))
  const lost = rebuilt(code.parityShares)
  const { product } = new VectorProduct()
  const strict = new VectorProduct({ relaxed: false }).product
  const copy = () =>
    shares.eachUnit(1, (from, to) => {
      for (const share of data) into.set(share.subarray(from, to))
    })
  const xor = () =>
    shares.eachUnit(1, (from, to) =>
      xorUnits(
        words.map(share => share.subarray(from / 4, to / 4)),
        new Uint32Array(into.buffer)
      )
    )
  const figures = {
    copy: fastest(ROUNDS, copy),
    'xor, plain': fastest(ROUNDS, xor),
    encode: fastest(ROUNDS, () => shares.encode(product, 1)),
    'encode, strict': fastest(ROUNDS, () => shares.encode(strict, 1)),
    'encode, plain': fastest(2, () => shares.encode(tableProduct, PLAIN_PART)),
    'rebuild m': fastest(ROUNDS, () => shares.reconstruct(product, lost, 1)),
    'rebuild 1': fastest(ROUNDS, () => shares.reconstruct(product, lost.slice(0, 1), 1)),
    'rebuild m, plain': fastest(2, () => shares.reconstruct(tableProduct, rebuilt(lost.length), PLAIN_PART))
  }
  for (const [share, content] of lost.entries())
    assert(equalBytes(content, shares.all[share] as Uint8Array), 'what was lost is there again')
  return figures
}

function main(): void {
  const { values } = parseArgs({ options: { mib: { type: 'string', default: '256' } } })
  const rows: Record<string, Record<string, number>> = {}
  for (const [dataShares, parityShares] of CODES) {
    const figures = measure({ dataShares, parityShares }, Number(values.mib) * MIB)
    for (const [what, rate] of Object.entries(figures)) {
      rows[what] ??= {}
      rows[what][`${dataShares}+${parityShares}`] = Math.round(rate)
    }
  }
  console.log('MB/s of payload, one core')
  console.table(rows)
}

main()
