/**
 * Hashes runs of pieces of many files on the pool, with bounded memory: large files are cut into ranges for all
 * workers, small files share messages, and only a few messages are under way whatever the size of the tree.
 */

import { defined } from '../base/assert.ts'
import { MIB } from '../base/units.ts'
import { HASH_BYTES } from '../content/hash.ts'
import type { Failure } from './failure.ts'
import type { HashRange, RangeResult } from './hash-jobs.ts'
import type { HashPool } from './hash-pool.ts'
import type { Fingerprint } from './store.ts'

const RANGE_BYTES = 16 * MIB
const MESSAGE_BYTES = 8 * MIB
const MESSAGE_RANGES_MAX = 64

export interface RangeHashing {
  readonly pool: HashPool
  readonly base: string
  readonly pieceBytes: number
  readonly signal?: AbortSignal | undefined
}

/** Cuts a run of pieces of a file into ranges that one worker hashes at a time. */
export function* cutRange<R extends HashRange>(run: R, pieceBytes: number): Generator<R> {
  const step = Math.max(RANGE_BYTES, pieceBytes)
  for (let done = 0; done < run.bytes; done += step)
    yield { ...run, offset: run.offset + done, bytes: Math.min(step, run.bytes - done) }
}

function* messagesOf<R extends HashRange>(ranges: Iterable<R>): Generator<R[]> {
  let message: R[] = []
  let bytes = 0
  for (const range of ranges) {
    message.push(range)
    bytes += range.bytes
    if (bytes < MESSAGE_BYTES && message.length < MESSAGE_RANGES_MAX) continue
    yield message
    message = []
    bytes = 0
  }
  if (message.length > 0) yield message
}

/**
 * Hashes all ranges and hands each result over, in no particular order. Rejects with the signal's reason once
 * it is aborted, or with what `onResult` throws; nothing is under way any more then.
 */
export async function hashRanges<R extends HashRange>(
  hashing: RangeHashing,
  ranges: Iterable<R>,
  onResult: (range: R, result: RangeResult) => void
): Promise<void> {
  const { pool, base, pieceBytes, signal } = hashing
  const messages = messagesOf(ranges)
  const work = async (): Promise<void> => {
    // Whoever leaves this loop early closes the generator, and with it the loops of the others.
    for (const message of messages) {
      signal?.throwIfAborted()
      const { results } = await pool.ranges({
        kind: 'ranges',
        base,
        pieceBytes,
        ranges: message.map(({ path, offset, bytes, fileBytes }) => ({ path, offset, bytes, fileBytes }))
      })
      message.forEach((range, index) => {
        onResult(range, defined(results[index], 'a result per range'))
      })
    }
  }
  // Two messages for each worker: one in work, one waiting.
  const outcomes = await Promise.allSettled(Array.from({ length: 2 * pool.size }, work))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  signal?.throwIfAborted()
}

export interface FileToHash {
  readonly key: number
  readonly path: string
  readonly bytes: number
}

export type HashedFile =
  | { readonly outcome: 'hashed'; readonly pieceHashes: Uint8Array; readonly fingerprint: Fingerprint }
  /** Something wrote to it while it was read. */
  | { readonly outcome: 'changed' }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'failed'; readonly failure: Failure }

interface FileTally {
  readonly pieceHashes: Uint8Array
  remainingBytes: number
  fingerprint: Fingerprint | undefined
  bad: Exclude<HashedFile, { outcome: 'hashed' }> | undefined
}

function tallyRange(tally: FileTally, range: HashRange, result: RangeResult, pieceBytes: number): void {
  if (result.outcome !== 'hashed') {
    tally.bad ??= result
    return
  }
  tally.fingerprint ??= result.before
  const isAsLong = tally.fingerprint.startsWith(`${range.fileBytes}.`)
  const isWhole = isAsLong && result.hashes.length === Math.ceil(range.bytes / pieceBytes) * HASH_BYTES
  if (!isWhole || result.before !== tally.fingerprint || result.after !== tally.fingerprint)
    tally.bad ??= { outcome: 'changed' }
  else tally.pieceHashes.set(result.hashes, (range.offset / pieceBytes) * HASH_BYTES)
}

/** Hashes whole, non-empty files; hands over each as soon as it is done. */
export async function hashFiles(
  hashing: RangeHashing,
  files: Iterable<FileToHash>,
  onFile: (file: FileToHash, hashed: HashedFile) => void,
  onBytes?: (bytes: number) => void
): Promise<void> {
  const { pieceBytes } = hashing
  const tallies = new Map<number, FileTally>()
  function* ranges(): Generator<HashRange & { readonly file: FileToHash }> {
    for (const file of files) {
      tallies.set(file.key, {
        pieceHashes: new Uint8Array(Math.ceil(file.bytes / pieceBytes) * HASH_BYTES),
        remainingBytes: file.bytes,
        fingerprint: undefined,
        bad: undefined
      })
      yield* cutRange(
        { path: file.path, offset: 0, bytes: file.bytes, fileBytes: file.bytes, file },
        pieceBytes
      )
    }
  }
  await hashRanges(hashing, ranges(), (range, result) => {
    const tally = defined(tallies.get(range.file.key), 'the tally of a file')
    tallyRange(tally, range, result, pieceBytes)
    tally.remainingBytes -= range.bytes
    onBytes?.(range.bytes)
    if (tally.remainingBytes > 0) return
    tallies.delete(range.file.key)
    const { pieceHashes, fingerprint, bad } = tally
    onFile(
      range.file,
      bad ?? { outcome: 'hashed', pieceHashes, fingerprint: defined(fingerprint, 'a fingerprint') }
    )
  })
}
