/** Assertions state what our own code guarantees. A failing one is our bug: it crashes and is never caught. */

export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure'
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(`assertion failed: ${message}`)
}

/** Narrows away `undefined` where our own bookkeeping guarantees a value. */
export function defined<T>(value: T | undefined | null, what: string): T {
  assert(value !== undefined && value !== null, `${what} is missing`)
  return value
}

/** Makes the compiler prove that a switch covers every case. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable value: ${JSON.stringify(value)}`)
}
