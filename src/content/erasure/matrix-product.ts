/**
 * The one operation that encoding and reconstruction consist of: bytes of some shares, multiplied with a matrix over
 * GF(2^8), are bytes of others. It comes into this folder as a function, since it is what costs time; the one here is
 * in plain TypeScript, and what faster ones are compared with.
 */

import { assert } from '../../base/assert.ts'
import { productsOf } from './field.ts'

export interface MatrixProductTask {
  /** Row by row: for each output, a coefficient for each input. */
  readonly coefficients: Uint8Array
  /** None longer than the outputs; a shorter one counts as followed by zeros. */
  readonly inputs: readonly Uint8Array[]
  /** All of one length, overwritten. They share no bytes with the inputs nor with each other. */
  readonly outputs: readonly Uint8Array[]
}

/** Byte i of an output is the sum over the inputs of coefficient times byte i of the input. */
export type MatrixProduct = (task: MatrixProductTask) => void

/** Length of the outputs; asserts what a task promises. */
export function productBytes({ coefficients, inputs, outputs }: MatrixProductTask): number {
  assert(coefficients.length === inputs.length * outputs.length, 'a coefficient for each input and output')
  const bytes = outputs[0]?.length ?? 0
  for (const output of outputs) assert(output.length === bytes, 'outputs are of one length')
  for (const input of inputs) assert(input.length <= bytes || outputs.length === 0, 'inputs fit the outputs')
  return bytes
}

let productTables: readonly Uint8Array[] | undefined

export const tableProduct: MatrixProduct = task => {
  productBytes(task)
  productTables ??= Array.from({ length: 256 }, (_, coefficient) => productsOf(coefficient))
  for (const [row, output] of task.outputs.entries()) {
    output.fill(0)
    for (const [column, input] of task.inputs.entries()) {
      const coefficient = task.coefficients[row * task.inputs.length + column] as number
      addMultiple(output, input, productTables[coefficient] as Uint8Array)
    }
  }
}

function addMultiple(output: Uint8Array, input: Uint8Array, products: Uint8Array): void {
  for (let at = 0; at < input.length; at++)
    output[at] = (output[at] as number) ^ (products[input[at] as number] as number)
}
