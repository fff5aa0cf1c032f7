/**
 * How V8 keeps house in a process that moves content. Payload lies outside its heap, in thousands of short-lived
 * buffers a second. With a young generation that grows, they outlive it, count as old, and have the whole heap marked
 * for every few dozen megabytes that pass; kept at its first size, it is swept often and cheaply, and they go at once
 * (measured: docs/BENCHMARKS.md).
 *
 * It has to be said before the node's modules are loaded, since what has grown does not shrink.
 */

import { setFlagsFromString } from 'node:v8'

export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
