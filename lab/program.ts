/**
 * What processes of tests and benchmarks run. PEERAGE_PROGRAM names another program than the sources for all that is
 * run; PEERAGE_BUILT the sources' own build for what runs in a process of its own, which is there in a third of the
 * time, while commands go on to run in the process that asks for them.
 */

import { fileURLToPath } from 'node:url'

export const OTHER = process.env.PEERAGE_PROGRAM
export const BUILT = process.env.PEERAGE_BUILT
export const MAIN = OTHER ?? BUILT ?? fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
