/**
 * Assembles WebAssembly modules: as much of the binary format (WebAssembly Core Specification 2.0, section 5, and of
 * the relaxed SIMD proposal one instruction) as the kernels beside it need. So the repository has their source, no
 * binary, and nothing has to be compiled beforehand.
 *
 * A function takes 32-bit integers and returns nothing; all that it does it does to the memory of the module. What is
 * put together wrongly is refused by the engine, which validates every module.
 */

import { concatBytes, utf8 } from '../../base/bytes.ts'

const MAGIC_AND_VERSION = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
const SECTION = { type: 1, function: 3, memory: 5, export: 7, code: 10 } as const
const TYPE = { i32: 0x7f, v128: 0x7b, function: 0x60, none: 0x40 } as const
const EXPORT = { function: 0x00, memory: 0x02 } as const
const LIMITS_WITH_MAX = 0x01
const VECTOR_PREFIX = 0xfd
/** Exponent of the alignment that loads and stores of vectors promise: theirs by nature. */
const VECTOR_ALIGNMENT_LOG2 = 4

export const WASM_PAGE_BYTES = 64 * 1024
/** What a module exports its memory as. */
export const MEMORY_NAME = 'memory'

/** LEB128, as sizes, indexes and offsets are written. */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return [...bytes, rest]
}

/** Signed LEB128, as constants are written. */
function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest < -0x40 || rest >= 0x40) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>= 7
  }
  return [...bytes, rest & 0x7f]
}

/** The index of a local variable: parameters first, in the order of their declaration. */
export type Local = number

/** The instructions of one function, in order; operands come from the stack as the specification says. */
export class Instructions {
  readonly #code: number[] = []
  readonly #parameterCount: number
  #vectorCount = 0

  constructor(parameterCount: number) {
    this.#parameterCount = parameterCount
  }

  /** Declares a local variable of 16 bytes. */
  vector(): Local {
    return this.#parameterCount + this.#vectorCount++
  }

  get(local: Local): this {
    return this.#put(0x20, ...unsigned(local))
  }

  set(local: Local): this {
    return this.#put(0x21, ...unsigned(local))
  }

  tee(local: Local): this {
    return this.#put(0x22, ...unsigned(local))
  }

  i32Const(value: number): this {
    return this.#put(0x41, ...signed(value))
  }

  i32Add(): this {
    return this.#put(0x6a)
  }

  i32LessUnsigned(): this {
    return this.#put(0x49)
  }

  /** A body that is run again as long as its last value is not zero. */
  repeatWhile(body: () => void): this {
    this.#put(0x03, TYPE.none)
    body()
    return this.#put(0x0d, ...unsigned(0), 0x0b)
  }

  vectorLoad(offset: number): this {
    return this.#putVector(0x00, VECTOR_ALIGNMENT_LOG2, ...unsigned(offset))
  }

  vectorStore(offset: number): this {
    return this.#putVector(0x0b, VECTOR_ALIGNMENT_LOG2, ...unsigned(offset))
  }

  vectorConst(bytes: Uint8Array): this {
    return this.#putVector(0x0c, ...bytes)
  }

  /** Bytes of the first operand, chosen by those of the second; 0 where that is 16 or more. */
  swizzle(): this {
    return this.#putVector(0x0e)
  }

  /** The same for indexes below 16, and what the processor likes for others. */
  relaxedSwizzle(): this {
    return this.#putVector(0x100)
  }

  vectorAnd(): this {
    return this.#putVector(0x4e)
  }

  vectorXor(): this {
    return this.#putVector(0x51)
  }

  i64x2ShiftRightUnsigned(): this {
    return this.#putVector(0xcd)
  }

  /** Of the code section: declarations of locals, instructions, and the end. */
  encode(): number[] {
    const locals = this.#vectorCount === 0 ? [0] : [1, ...unsigned(this.#vectorCount), TYPE.v128]
    const body = [...locals, ...this.#code, 0x0b]
    return [...unsigned(body.length), ...body]
  }

  #put(...bytes: number[]): this {
    this.#code.push(...bytes)
    return this
  }

  #putVector(opcode: number, ...rest: number[]): this {
    return this.#put(VECTOR_PREFIX, ...unsigned(opcode), ...rest)
  }
}

export interface AssembledFunction {
  readonly name: string
  readonly parameterCount: number
  readonly instructions: Instructions
}

function name(text: string): number[] {
  const bytes = utf8(text)
  return [...unsigned(bytes.length), ...bytes]
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

function section(id: number, content: readonly number[]): Uint8Array {
  return Uint8Array.from([id, ...unsigned(content.length), ...content])
}

/** The bytes of a module that exports these functions and a memory that never grows. */
export function assembleModule(pages: number, functions: readonly AssembledFunction[]): Uint8Array {
  const types = functions.map(({ parameterCount }) => {
    const parameters = Array.from({ length: parameterCount }, () => [TYPE.i32])
    return [TYPE.function, ...list(parameters), ...list([])]
  })
  const exported = functions.map((fn, at) => [...name(fn.name), EXPORT.function, ...unsigned(at)])
  const memory = [LIMITS_WITH_MAX, ...unsigned(pages), ...unsigned(pages)]
  return concatBytes([
    MAGIC_AND_VERSION,
    section(SECTION.type, list(types)),
    section(SECTION.function, list(functions.map((_, at) => unsigned(at)))),
    section(SECTION.memory, list([memory])),
    section(SECTION.export, list([[...name(MEMORY_NAME), EXPORT.memory, 0], ...exported])),
    section(SECTION.code, list(functions.map(({ instructions }) => instructions.encode())))
  ])
}
