/**
 * Encoding, a stripe at a time: what a caller reads of the object becomes the units that it writes to the shares.
 * Reconstruction needs no stripes: see `planReconstruction`.
 */

import { assert } from '../../base/assert.ts'
import { parityCoefficients } from './coding-matrix.ts'
import type { MatrixProduct } from './matrix-product.ts'
import type { Stripe } from './share-layout.ts'
import type { SharedObject } from './share-scheme.ts'

export class StripeEncoder {
  readonly #object: SharedObject
  readonly #coefficients: Uint8Array
  readonly #product: MatrixProduct

  constructor(object: SharedObject, product: MatrixProduct) {
    this.#object = object
    this.#coefficients = parityCoefficients(object)
    this.#product = product
  }

  /**
   * Makes the parity units of a stripe, given its bytes of the object, into `parity`: m buffers that have room for a
   * unit. Returns the data units, as views of `bytes`: where one is shorter than the unit, zeros are to follow.
   */
  encode(stripe: Stripe, bytes: Uint8Array, parity: readonly Uint8Array[]): Uint8Array[] {
    assert(bytes.length === stripe.bytes, 'these are the bytes of the stripe')
    assert(parity.length === this.#object.parityShares, 'a buffer for each parity share')
    const { unitBytes } = stripe
    const inputs = Array.from({ length: this.#object.dataShares }, (_, share) =>
      bytes.subarray(share * unitBytes, (share + 1) * unitBytes)
    )
    const outputs = parity.map(buffer => buffer.subarray(0, unitBytes))
    this.#product({ coefficients: this.#coefficients, inputs, outputs })
    return inputs
  }
}
