/**
 * How V8 keeps house in a process that moves content. Payload lies outside its heap; what is inside is small and
 * short-lived, and by default it is let grow a long way before anybody looks (measured: docs/BENCHMARKS.md).
 *
 * - The young generation stays at its first size: it is swept often and cheaply, and the buffers of TLS records that
 *   links receive go at once, where a larger one would let them grow old and have the whole heap marked for them.
 * - The old generation is looked at after it has grown by a quarter: many small files leave much behind that is dead.
 *
 * It has to be said before the node's modules are loaded, since what has grown does not shrink.
 */

import { setFlagsFromString } from 'node:v8'

const OLD_GROWTH_PERCENT = 25

export const HEAP_FLAGS: readonly string[] = [
  '--semi-space-growth-factor=1',
  `--heap-growing-percent=${OLD_GROWTH_PERCENT}`
]

export function keepHeapSmall(): void {
  for (const flag of HEAP_FLAGS) setFlagsFromString(flag)
}
