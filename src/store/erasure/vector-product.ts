/**
 * Products of bytes and matrices over GF(2^8) by WebAssembly with vectors: what `tableProduct` does, many times faster.
 *
 * A block of each input is copied into the memory of the kernel, multiplied there while it is in the processor's cache,
 * and the results are copied out; bytes that a short input lacks are zeros there. A `VectorProduct` belongs to one
 * thread.
 */

import { assert } from '../../base/assert.ts'
import { multiply } from '../../content/erasure/field.ts'
import { type MatrixProductTask, productBytes } from '../../content/erasure/matrix-product.ts'
import { SHARES_MAX } from '../../content/erasure/share-scheme.ts'
import {
  assembleKernel,
  BLOCK_BYTES,
  BLOCK_STRIDE_BYTES,
  COEFFICIENT_BYTES,
  INPUTS_OFFSET,
  type KernelShape,
  outputsOffset,
  PASS_ROWS_MAX,
  type PassShape,
  passName,
  ROUND_BYTES,
  TABLE_BYTES,
  TABLES_OFFSET
} from './product-kernel.ts'
import { MEMORY_NAME } from './wasm-assembler.ts'

/** What we use of the engine's interface; the types of Node have none of it. */
interface WebAssemblyEngine {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> }
  validate(bytes: Uint8Array): boolean
}
const { WebAssembly: engine } = globalThis as unknown as { readonly WebAssembly: WebAssemblyEngine }

type PassFunction = (position: number, end: number, tables: number, outputs: number) => void

interface Kernel {
  readonly memory: Uint8Array
  readonly passes: ReadonlyMap<string, PassFunction>
}

function instantiate(shape: KernelShape): Kernel {
  const { exports } = new engine.Instance(new engine.Module(assembleKernel(shape)))
  const { [MEMORY_NAME]: memory, ...functions } = exports
  return {
    memory: new Uint8Array((memory as { readonly buffer: ArrayBuffer }).buffer),
    passes: new Map(Object.entries(functions) as [string, PassFunction][])
  }
}

/** One run of a function of the kernel: some rows of the matrix. */
interface Pass {
  readonly run: PassFunction
  readonly tablesOffset: number
  readonly outputsOffset: number
}

/** How many rows each pass makes: as equal as can be, since a pass costs the splitting of the inputs. */
function passRows(rowCount: number): number[] {
  const passCount = Math.ceil(rowCount / PASS_ROWS_MAX)
  return Array.from({ length: passCount }, (_, pass) => {
    return Math.floor(((pass + 1) * rowCount) / passCount) - Math.floor((pass * rowCount) / passCount)
  })
}

export class VectorProduct {
  readonly #relaxed: boolean
  /** By the number of inputs. */
  readonly #kernels = new Map<number, Kernel>()

  /** Relaxed swizzles are used where the engine has them, unless told not to. */
  constructor({ relaxed = true }: { readonly relaxed?: boolean } = {}) {
    this.#relaxed = relaxed && engine.validate(assembleKernel({ inputCount: 1, relaxed: true }))
  }

  /** A `MatrixProduct`. At most SHARES_MAX inputs and as many outputs. */
  readonly product = (task: MatrixProductTask): void => {
    const bytes = productBytes(task)
    const { inputs, outputs } = task
    assert(
      inputs.length <= SHARES_MAX && outputs.length <= SHARES_MAX,
      'no more inputs and outputs than shares'
    )
    if (bytes === 0) return
    if (inputs.length === 0) for (const output of outputs) output.fill(0)
    else this.#multiply(task, bytes)
  }

  #multiply(task: MatrixProductTask, bytes: number): void {
    const kernel = this.#kernel(task.inputs.length)
    const passes = preparePasses(kernel, task)
    for (let offset = 0; offset < bytes; offset += BLOCK_BYTES) {
      const end = Math.min(offset + BLOCK_BYTES, bytes)
      copyIn(kernel.memory, task.inputs, { offset, end })
      for (const { run, tablesOffset, outputsOffset } of passes)
        run(0, end - offset, tablesOffset, outputsOffset)
      copyOut(kernel.memory, task, { offset, end })
    }
  }

  #kernel(inputCount: number): Kernel {
    let kernel = this.#kernels.get(inputCount)
    if (kernel === undefined) {
      kernel = instantiate({ inputCount, relaxed: this.#relaxed })
      this.#kernels.set(inputCount, kernel)
    }
    return kernel
  }
}

/** Writes the tables of all coefficients, pass by pass. */
function preparePasses(kernel: Kernel, { coefficients, inputs, outputs }: MatrixProductTask): Pass[] {
  const columns = inputs.length
  const firstOutput = outputsOffset(columns)
  const passes: Pass[] = []
  let firstRow = 0
  let at = TABLES_OFFSET
  for (const rows of passRows(outputs.length)) {
    const firstIsSum = coefficients
      .subarray(firstRow * columns, (firstRow + 1) * columns)
      .every(coefficient => coefficient === 1)
    const shape: PassShape = { rows, firstIsSum }
    const run = kernel.passes.get(passName(shape))
    assert(run !== undefined, 'the kernel has a function for each shape of a pass')
    passes.push({ run, tablesOffset: at, outputsOffset: firstOutput + firstRow * BLOCK_STRIDE_BYTES })
    for (let column = 0; column < columns; column++) {
      for (let row = firstRow; row < firstRow + rows; row++, at += COEFFICIENT_BYTES)
        writeTables(kernel.memory, at, coefficients[row * columns + column] as number)
    }
    firstRow += rows
  }
  return passes
}

function writeTables(memory: Uint8Array, at: number, coefficient: number): void {
  for (let half = 0; half < TABLE_BYTES; half++) {
    memory[at + half] = multiply(coefficient, half)
    memory[at + TABLE_BYTES + half] = multiply(coefficient, half << 4)
  }
}

interface Block {
  readonly offset: number
  readonly end: number
}

function copyIn(memory: Uint8Array, inputs: readonly Uint8Array[], { offset, end }: Block): void {
  const roundedBytes = Math.ceil((end - offset) / ROUND_BYTES) * ROUND_BYTES
  for (const [column, input] of inputs.entries()) {
    const at = INPUTS_OFFSET + column * BLOCK_STRIDE_BYTES
    const block = input.subarray(offset, end)
    memory.set(block, at)
    if (block.length < roundedBytes) memory.fill(0, at + block.length, at + roundedBytes)
  }
}

function copyOut(memory: Uint8Array, { inputs, outputs }: MatrixProductTask, { offset, end }: Block): void {
  const firstOutput = outputsOffset(inputs.length)
  for (const [row, output] of outputs.entries()) {
    const at = firstOutput + row * BLOCK_STRIDE_BYTES
    output.set(memory.subarray(at, at + end - offset), offset)
  }
}
