/**
 * The pieces of a version, read from k of its shares: from the data share that has them, and where that is not here,
 * from k others. What is read is not verified here: whoever takes a piece holds it against the hash of the piece.
 */

import { defined } from '../../base/assert.ts'
import { planReconstruction } from '../../content/erasure/coding-matrix.ts'
import type { MatrixProduct } from '../../content/erasure/matrix-product.ts'
import { shareRuns, stripeAt } from '../../content/erasure/share-layout.ts'
import type { ShareScheme } from '../../content/erasure/share-scheme.ts'
import { type Cut, CutMap, cutsOf } from '../../content/erasure/shared-version.ts'
import { pieceSpan, type Version } from '../../content/version.ts'
import type { Holding, ReadRange } from '../../store/store.ts'
import { readFile } from './share-files.ts'

/** Stripes that were made anew and are kept for the pieces that follow. */
const STRIPES_MAX = 8

export class SharedPieces {
  readonly #version: Version
  readonly #scheme: ShareScheme
  readonly #shares: ReadonlyMap<number, Pick<Holding, 'version' | 'read'>>
  readonly #product: MatrixProduct
  readonly #cuts: readonly Cut[]
  readonly #map: CutMap
  /** By cut and stripe: the units of the data shares that are not here. */
  readonly #stripes = new Map<string, Promise<ReadonlyMap<number, Uint8Array>>>()
  /** All of them. */
  readonly have = { has: (): boolean => true }

  constructor(
    version: Version,
    from: {
      readonly scheme: ShareScheme
      readonly shares: ReadonlyMap<number, Pick<Holding, 'version' | 'read'>>
      readonly product: MatrixProduct
    }
  ) {
    this.#version = version
    this.#scheme = from.scheme
    this.#shares = from.shares
    this.#product = from.product
    this.#cuts = cutsOf(version, from.scheme)
    this.#map = new CutMap(version.files, this.#cuts)
  }

  async read({ piece, begin, length }: ReadRange): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    const span = pieceSpan(this.#version, piece)
    const { cut, offset } = this.#map.of(span.fileIndex)
    const { object } = defined(this.#cuts[cut], 'a cut')
    const objectOffset = offset + span.offset + begin
    for (const run of shareRuns(object, { objectOffset, bytes: length })) {
      const into = bytes.subarray(run.objectOffset - objectOffset).subarray(0, run.bytes)
      const share = this.#shares.get(run.share)
      if (share !== undefined) {
        await readFile(share, cut, { offset: run.shareOffset, into })
        continue
      }
      const stripe = Math.floor(run.shareOffset / this.#scheme.unitBytes)
      const units = await this.#stripe(cut, stripe)
      const inUnit = run.shareOffset - stripeAt(object, stripe).shareOffset
      into.set(defined(units.get(run.share), 'a unit').subarray(inUnit, inUnit + run.bytes))
    }
    return bytes
  }

  #stripe(cut: number, stripe: number): Promise<ReadonlyMap<number, Uint8Array>> {
    const key = `${cut} ${stripe}`
    let units = this.#stripes.get(key)
    if (units === undefined) {
      units = this.#make(cut, stripe)
      units.catch(() => this.#stripes.delete(key))
      this.#stripes.set(key, units)
      for (const old of this.#stripes.keys()) {
        if (this.#stripes.size <= STRIPES_MAX) break
        this.#stripes.delete(old)
      }
    }
    return units
  }

  async #make(cut: number, index: number): Promise<ReadonlyMap<number, Uint8Array>> {
    const { object } = defined(this.#cuts[cut], 'a cut')
    const { shareOffset: offset, unitBytes } = stripeAt(object, index)
    const wanted = Array.from({ length: object.dataShares }, (_, share) => share).filter(
      share => !this.#shares.has(share)
    )
    const plan = planReconstruction(object, { available: [...this.#shares.keys()], wanted })
    if (plan.kind !== 'reconstruction') throw new RangeError(`${plan.lacking} more shares are needed`)
    const inputs = await Promise.all(
      plan.sources.map(async share => {
        const into = new Uint8Array(unitBytes)
        await readFile(defined(this.#shares.get(share), 'a share'), cut, { offset, into })
        return into
      })
    )
    const outputs = wanted.map(() => new Uint8Array(unitBytes))
    this.#product({ coefficients: plan.coefficients, inputs, outputs })
    return new Map(wanted.map((share, at) => [share, defined(outputs[at], 'a unit')]))
  }
}
