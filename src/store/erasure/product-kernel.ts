/**
 * The source of the kernel that multiplies bytes with a matrix over GF(2^8), in vectors of 16 bytes.
 *
 * A product with a fixed coefficient is linear, so it is the sum of the products of the two halves of the byte: two
 * tables of 16 entries, looked up for 16 bytes at once by a swizzle (Plank, Greenan and Miller, "Screaming Fast Galois
 * Field Arithmetic Using Intel SIMD Instructions", FAST 2013). A function makes several rows in one pass, so that each
 * byte is loaded and split once for all of them, and sums stay in registers until all inputs are added.
 *
 * There is a module for each number of inputs, whose functions are unrolled over them: all addresses but one are
 * constants. Its memory, in this order: tables, inputs, outputs, at a fixed distance each.
 */

import { assert } from '../../base/assert.ts'
import { KIB } from '../../base/units.ts'
import { SHARES_MAX } from '../../content/erasure/share-scheme.ts'
import { assembleModule, Instructions, type Local, WASM_PAGE_BYTES } from './wasm-assembler.ts'

const VECTOR_BYTES = 16
/**
 * Vectors of each input that a round of the loop takes. More do not fit the sixteen registers of x86 beside the sums.
 */
const VECTORS_A_ROUND = 2
/** What is computed at once is a multiple of it. */
export const ROUND_BYTES = VECTORS_A_ROUND * VECTOR_BYTES
/** Rows that one pass makes: their sums fill the registers. */
export const PASS_ROWS_MAX = 4
/**
 * Of each input that is in the memory at once: all inputs and outputs of a code stay in the processor's second cache.
 */
export const BLOCK_BYTES = 16 * KIB
/** Keeps blocks from beginning in the same set of the first cache. */
const BLOCK_SKEW_BYTES = 64
export const BLOCK_STRIDE_BYTES = BLOCK_BYTES + BLOCK_SKEW_BYTES
export const TABLE_BYTES = 16
/** For the lower and for the upper half of a byte. */
export const COEFFICIENT_BYTES = 2 * TABLE_BYTES
const LOWER_HALVES = new Uint8Array(VECTOR_BYTES).fill(0x0f)
const HALF_BITS = 4

export interface KernelShape {
  readonly inputCount: number
  /** Whether swizzles may leave open what they do with indexes that we never use. Not every engine has those. */
  readonly relaxed: boolean
}

export interface PassShape {
  /** From 1 to PASS_ROWS_MAX. */
  readonly rows: number
  /** All coefficients of the first row are 1, and nothing is looked up for them. */
  readonly firstIsSum: boolean
}

/** Where the tables of all coefficients begin: for each pass, for each input, for each row of the pass. */
export const TABLES_OFFSET = 0
export const INPUTS_OFFSET = WASM_PAGE_BYTES

export function outputsOffset(inputCount: number): number {
  return INPUTS_OFFSET + inputCount * BLOCK_STRIDE_BYTES
}

/** Whatever the number of outputs: k of k + m wanted at most, and no more than the limit on both. */
function memoryPages(inputCount: number): number {
  assert(SHARES_MAX * SHARES_MAX * COEFFICIENT_BYTES <= INPUTS_OFFSET, 'the tables fit before the inputs')
  return Math.ceil((outputsOffset(inputCount) + SHARES_MAX * BLOCK_STRIDE_BYTES) / WASM_PAGE_BYTES)
}

export function passName({ rows, firstIsSum }: PassShape): string {
  return firstIsSum ? `sumAndRows${rows}` : `rows${rows}`
}

export function assembleKernel(shape: KernelShape): Uint8Array {
  const passes: PassShape[] = []
  for (let rows = 1; rows <= PASS_ROWS_MAX; rows++)
    passes.push({ rows, firstIsSum: false }, { rows, firstIsSum: true })
  const functions = passes.map(pass => ({
    name: passName(pass),
    parameterCount: PARAMETER_COUNT,
    instructions: new PassSource(shape, pass).instructions
  }))
  return assembleModule(memoryPages(shape.inputCount), functions)
}

/** The function of a pass: `(position, end, tables, outputs)`, with position 0 at first, and end no less than 1. */
const POSITION: Local = 0
const END: Local = 1
const TABLES: Local = 2
const OUTPUTS: Local = 3
const PARAMETER_COUNT = 4

class PassSource {
  readonly instructions = new Instructions(PARAMETER_COUNT)
  readonly #shape: KernelShape
  readonly #pass: PassShape
  readonly #sums: Local[][]
  readonly #lower: Local[]
  readonly #upper: Local[]
  readonly #lowerTable = this.instructions.vector()
  readonly #upperTable = this.instructions.vector()
  readonly #mask = this.instructions.vector()

  constructor(shape: KernelShape, pass: PassShape) {
    this.#shape = shape
    this.#pass = pass
    const vectors = () => Array.from({ length: VECTORS_A_ROUND }, () => this.instructions.vector())
    this.#sums = Array.from({ length: pass.rows }, vectors)
    this.#lower = vectors()
    this.#upper = vectors()
    // A variable, since a constant would be made anew for each use.
    this.instructions.vectorConst(LOWER_HALVES).set(this.#mask)
    this.instructions.repeatWhile(() => this.#round())
  }

  #round(): void {
    for (let input = 0; input < this.#shape.inputCount; input++) {
      for (let vector = 0; vector < VECTORS_A_ROUND; vector++) this.#split(input, vector)
      for (let row = this.#pass.firstIsSum ? 1 : 0; row < this.#pass.rows; row++)
        this.#addProducts(input, row)
    }
    for (const [row, sums] of this.#sums.entries())
      for (const [vector, sum] of sums.entries())
        this.instructions
          .get(POSITION)
          .get(OUTPUTS)
          .i32Add()
          .get(sum)
          .vectorStore(row * BLOCK_STRIDE_BYTES + vector * VECTOR_BYTES)
    this.instructions.get(POSITION).i32Const(ROUND_BYTES).i32Add().tee(POSITION).get(END).i32LessUnsigned()
  }

  /** Loads a vector of an input and leaves its halves in two variables. */
  #split(input: number, vector: number): void {
    const lower = this.#lower[vector] as Local
    const upper = this.#upper[vector] as Local
    const offset = INPUTS_OFFSET + input * BLOCK_STRIDE_BYTES + vector * VECTOR_BYTES
    const code = this.instructions.get(POSITION).vectorLoad(offset).set(lower)
    if (this.#pass.firstIsSum) {
      code.get(lower)
      this.#addTo(this.#sums[0]?.[vector] as Local, input)
      if (this.#pass.rows === 1) return
    }
    // There is no shift of bytes in x86: bits that come over from the next byte are masked away.
    code.get(lower).i32Const(HALF_BITS).i64x2ShiftRightUnsigned().get(this.#mask).vectorAnd().set(upper)
    code.get(lower).get(this.#mask).vectorAnd().set(lower)
  }

  #addProducts(input: number, row: number): void {
    const code = this.instructions
    const offset = (input * this.#pass.rows + row) * COEFFICIENT_BYTES
    code.get(TABLES).vectorLoad(offset).set(this.#lowerTable)
    code
      .get(TABLES)
      .vectorLoad(offset + TABLE_BYTES)
      .set(this.#upperTable)
    for (let vector = 0; vector < VECTORS_A_ROUND; vector++) {
      this.#lookUp(this.#lowerTable, this.#lower[vector] as Local)
      this.#lookUp(this.#upperTable, this.#upper[vector] as Local)
      code.vectorXor()
      this.#addTo(this.#sums[row]?.[vector] as Local, input)
    }
  }

  #lookUp(table: Local, indexes: Local): void {
    this.instructions.get(table).get(indexes)
    if (this.#shape.relaxed) this.instructions.relaxedSwizzle()
    else this.instructions.swizzle()
  }

  /** The vector on the stack, to a sum that the first input begins. */
  #addTo(sum: Local, input: number): void {
    if (input > 0) this.instructions.get(sum).vectorXor()
    this.instructions.set(sum)
  }
}
