/**
 * A small mutation fuzzer for the decoders. Each `*.fuzz.ts` under src/ exports `seeds`, inputs worth mutating,
 * and `fuzz`, which feeds one input to a decoder and throws when an invariant breaks. Deterministic by seed.
 *
 *   npm run fuzz                      every target for a short while
 *   npm run fuzz -- wire-decoder        one target
 *   npm run fuzz -- wire-decoder --seconds 600 --seed 7
 */

import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { exit } from 'node:process'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { toHex } from '../src/base/bytes.ts'

export interface FuzzTarget {
  readonly seeds: readonly Uint8Array[]
  readonly fuzz: (input: Uint8Array) => void
}

export interface FuzzFinding {
  readonly inputHex: string
  readonly thrown: unknown
}

const INPUT_BYTES_MAX = 64 * 1024
const CORPUS_MAX = 4096

/** mulberry32: small, seeded, good enough to choose mutations. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** Bytes that decoders treat specially: limits of integer types, delimiters of bencode and CBOR heads. */
const SPECIAL_BYTES = [
  0, 1, 0x7f, 0x80, 0xff, 0x30, 0x39, 0x3a, 0x64, 0x65, 0x69, 0x6c, 0x40, 0x58, 0x9f, 0xbf, 0xfb
]

export function mutate(input: Uint8Array, other: Uint8Array, random: (below: number) => number): Uint8Array {
  const at = random(input.length + 1)
  const span = random(16) + 1
  switch (random(6)) {
    case 0: {
      const flipped = input.slice()
      if (flipped.length > 0) flipped[at % flipped.length] = random(256)
      return flipped
    }
    case 1: {
      const placed = input.slice()
      if (placed.length > 0)
        placed[at % placed.length] = SPECIAL_BYTES[random(SPECIAL_BYTES.length)] as number
      return placed
    }
    case 2:
      return Buffer.concat([input.subarray(0, at), input.subarray(Math.min(input.length, at + span))])
    case 3:
      return Buffer.concat([input.subarray(0, at), Buffer.alloc(span, random(256)), input.subarray(at)])
    case 4:
      return Buffer.concat([input.subarray(0, at), other.subarray(random(other.length + 1))])
    default:
      return Buffer.concat([input, input.subarray(at)])
  }
}

/** Runs one target until the budget is spent; stops at the first finding. */
export function runTarget(
  target: FuzzTarget,
  budget: { readonly iterationsMax: number; readonly untilMs: number; readonly seed: number }
): { readonly iterations: number; readonly finding?: FuzzFinding } {
  const random = seededRandom(budget.seed)
  const corpus: Uint8Array[] = [new Uint8Array(0), ...target.seeds]
  const attempt = (input: Uint8Array): FuzzFinding | undefined => {
    try {
      target.fuzz(new Uint8Array(input)) // a Buffer is not all that a Uint8Array is
      return undefined
    } catch (thrown) {
      return { inputHex: toHex(input), thrown }
    }
  }
  for (const seed of corpus) {
    const finding = attempt(seed)
    if (finding !== undefined) return { iterations: 0, finding }
  }
  let iterations = 0
  while (iterations < budget.iterationsMax && (iterations % 64 !== 0 || Date.now() < budget.untilMs)) {
    iterations++
    let input = corpus[random(corpus.length)] as Uint8Array
    for (let round = random(4); round >= 0; round--) {
      input = mutate(input, corpus[random(corpus.length)] as Uint8Array, random).subarray(0, INPUT_BYTES_MAX)
    }
    const finding = attempt(input)
    if (finding !== undefined) return { iterations, finding }
    // Keeping some mutants lets changes pile up across rounds, without a coverage guide.
    if (random(50) === 0) {
      if (corpus.length < CORPUS_MAX) corpus.push(input)
      else corpus[target.seeds.length + 1 + random(corpus.length - target.seeds.length - 1)] = input
    }
  }
  return { iterations }
}

export function fuzzTargetFiles(): Map<string, string> {
  const files = globSync('src/**/*.fuzz.ts').sort()
  return new Map(files.map(file => [basename(file, '.fuzz.ts'), file]))
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '5' }, seed: { type: 'string', default: '1' } }
  })
  const files = fuzzTargetFiles()
  const names = positionals.length > 0 ? positionals : [...files.keys()]
  for (const name of names) {
    const file = files.get(name)
    if (file === undefined) {
      console.error(`no fuzz target ${name}; there are: ${[...files.keys()].join(', ')}`)
      exit(64)
    }
    const target = (await import(pathToFileURL(file).href)) as FuzzTarget
    const untilMs = Date.now() + Number(values.seconds) * 1000
    const { iterations, finding } = runTarget(target, {
      iterationsMax: Infinity,
      untilMs,
      seed: Number(values.seed)
    })
    if (finding !== undefined) {
      console.error(`${name}: after ${iterations} inputs, seed ${values.seed}: ${finding.inputHex}`)
      console.error(finding.thrown)
      exit(1)
    }
    console.log(`${name}: ${iterations} inputs, nothing found`)
  }
}

if (import.meta.main) await main()
