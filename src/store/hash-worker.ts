/**
 * A hashing worker: the thread in which bytes are read, hashed, compared and written. It keeps one buffer and no
 * open files, so its memory does not grow with the input. An expected failure is an answer, never an exception;
 * an exception is our bug and ends the process.
 */

import type { BigIntStats } from 'node:fs'
import { closeSync, fchmodSync, fstatSync, ftruncateSync, readSync, writevSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { assert, defined, unreachable } from '../base/assert.ts'
import { concatBytes, equalBytes } from '../base/bytes.ts'
import { AppError, messageOf, systemCodeOf } from '../base/errors.ts'
import { MIB } from '../base/units.ts'
import { CHUNK_HASH_BYTES } from '../content/chunk-index.ts'
import { CHUNK_BYTES_MAX, chunkLength } from '../content/chunking.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { LEAF_BYTES, leafCountOf, leafHashes, pieceLeafWidth, pieceRootOfLeaves } from '../content/merkle.ts'
import { failureOf } from './failure.ts'
import { listFolder } from './folder-listing.ts'
import type {
  BlocksJob,
  BlocksResult,
  ChunksJob,
  ChunksResult,
  HashJob,
  HashRange,
  HashResult,
  LeavesJob,
  LeavesResult,
  PieceJob,
  RangeResult,
  RangesJob,
  ReadJob,
  ReadResult,
  WriteJob,
  WriteResult
} from './hash-jobs.ts'
import { SharedReads } from './read-clock.ts'
import {
  absolute,
  CREATE_FLAGS,
  fingerprintOf,
  modeOf,
  openInside,
  READ_FLAGS,
  WRITE_FLAGS
} from './safe-files.ts'
import { sha256 } from './sha256.ts'

const { reads: readsMemory } = workerData as { readonly reads: SharedArrayBuffer }
const reads = new SharedReads(readsMemory)

const CHUNK_BYTES = MIB
const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
/** What is cut into chunks by content at a time: many of the longest. Made when it is first needed. */
const CUT_BYTES = 8 * MIB
let cutBuffer: Buffer | undefined

function hashLeavesInto(bytes: Uint8Array, hashes: Uint8Array, firstLeaf: number): number {
  let leaf = firstLeaf
  for (let offset = 0; offset < bytes.length; offset += LEAF_BYTES, leaf++)
    hashes.set(sha256(bytes.subarray(offset, offset + LEAF_BYTES)), leaf * HASH_BYTES)
  return leaf
}

/** Fills `into` from `offset` on; returns how much there was before the end of the file. */
function readFully(fd: number, into: Uint8Array, offset: number): number {
  const begunMs = performance.now()
  let filled = 0
  while (filled < into.length) {
    const read = readSync(fd, into, filled, into.length - filled, offset + filled)
    if (read === 0) break
    filled += read
  }
  reads.add(filled, performance.now() - begunMs)
  return filled
}

/** Hashes of the leaves of a range; undefined when the file ends before it. */
function leavesOfRange(fd: number, offset: number, bytes: number): Uint8Array | undefined {
  const hashes = new Uint8Array(leafCountOf(bytes) * HASH_BYTES)
  let leaf = 0
  for (let done = 0; done < bytes; ) {
    const want = chunk.subarray(0, Math.min(CHUNK_BYTES, bytes - done))
    if (readFully(fd, want, offset + done) < want.length) return undefined
    leaf = hashLeavesInto(want, hashes, leaf)
    done += want.length
  }
  return hashes
}

function writeFully(fd: number, blocks: readonly Uint8Array[], offset: number): void {
  let rest = [...blocks]
  let position = offset
  while (rest.length > 0) {
    let written = writevSync(fd, rest, position)
    assert(written > 0, 'a write without an error makes progress')
    position += written
    while (rest[0] !== undefined && written >= rest[0].length) written -= (rest.shift() as Uint8Array).length
    if (written > 0) rest = [defined(rest[0], 'a block').subarray(written), ...rest.slice(1)]
  }
}

/** Hashes of the leaves of a piece; undefined where the blocks are not what its hash says. */
function provenLeaves(job: Pick<PieceJob, 'blocks' | 'expected' | 'leafWidth'>): Uint8Array | undefined {
  let leaves = 0
  for (const block of job.blocks) leaves += leafCountOf(block.length)
  const hashes = new Uint8Array(leaves * HASH_BYTES)
  let leaf = 0
  for (const block of job.blocks) leaf = hashLeavesInto(block, hashes, leaf)
  return equalBytes(pieceRootOfLeaves(hashes, job.leafWidth, sha256), job.expected) ? hashes : undefined
}

function blocks({ bytes, leaves }: BlocksJob): BlocksResult {
  return { kind: 'blocks', matches: equalBytes(leafHashes(bytes, sha256), leaves) }
}

function readBlocks({ fd, offset, into, leaves }: ReadJob): ReadResult {
  try {
    const bytes = readFully(fd, into, offset)
    const matches = bytes === into.length && equalBytes(leafHashes(into, sha256), leaves)
    return { kind: 'read', outcome: 'read', bytes, matches }
  } catch (error) {
    return { kind: 'read', outcome: 'failed', code: systemCodeOf(error), message: messageOf(error) }
  }
}

/** Brings a part file that is not known yet to its length and mode. */
function adoptPart(fd: number, job: WriteJob, stats: BigIntStats): void {
  if (stats.nlink !== 1n)
    throw new AppError(
      'DEST_UNSAFE',
      `${absolute(job.part)} has ${stats.nlink} names (hard links), so writing it would change another file; remove it`
    )
  let bytes = 0
  for (const block of job.blocks) bytes += block.length
  const coversFile = bytes === job.fileBytes && stats.size <= BigInt(job.fileBytes)
  if (!coversFile && stats.size !== BigInt(job.fileBytes)) ftruncateSync(fd, job.fileBytes)
  if (job.executable && (stats.mode & 0o111n) === 0n) fchmodSync(fd, Number(stats.mode & 0o777n) | 0o111)
}

function write(job: WriteJob): WriteResult {
  const leaves = provenLeaves(job)
  if (leaves === undefined) return { kind: 'write', outcome: 'mismatch' }
  const isKnown = job.inode !== undefined
  let fd: number | undefined
  try {
    fd = openInside(job.part, isKnown ? WRITE_FLAGS : CREATE_FLAGS, modeOf(job))
    const stats = fstatSync(fd, { bigint: true })
    const inode = String(stats.ino)
    if (!isKnown) adoptPart(fd, job, stats)
    else if (inode !== job.inode || stats.size !== BigInt(job.fileBytes)) {
      closeSync(fd)
      return { kind: 'write', outcome: 'changed' }
    }
    writeFully(fd, job.blocks, job.offset)
    return { kind: 'write', outcome: 'written', fd, inode, ...(job.givesLeaves === true && { leaves }) }
  } catch (error) {
    if (fd !== undefined) closeSync(fd)
    else if (isKnown && systemCodeOf(error) === 'ENOENT') return { kind: 'write', outcome: 'changed' }
    return { kind: 'write', outcome: 'failed', failure: failureOf('write', absolute(job.part), error) }
  }
}

function isMissing(error: unknown): boolean {
  const code = systemCodeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function leaves(job: LeavesJob): LeavesResult {
  let fd: number | undefined
  try {
    fd = openInside(job.file, READ_FLAGS)
    const hashes = leavesOfRange(fd, job.offset, job.bytes) ?? new Uint8Array(0)
    return { kind: 'leaves', outcome: 'hashed', hashes }
  } catch (error) {
    if (isMissing(error)) return { kind: 'leaves', outcome: 'missing' }
    return { kind: 'leaves', outcome: 'failed', failure: failureOf('read', absolute(job.file), error) }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function chunks(job: ChunksJob): ChunksResult {
  let fd: number | undefined
  try {
    fd = openInside(job.file, READ_FLAGS)
    cutBuffer ??= Buffer.allocUnsafeSlow(CUT_BYTES)
    const bytes = cutBuffer.subarray(0, Math.min(CUT_BYTES, job.fileBytes - job.offset))
    if (readFully(fd, bytes, job.offset) < bytes.length) return { kind: 'chunks', outcome: 'missing' }
    const isEnd = job.offset + bytes.length === job.fileBytes
    const lengths: number[] = []
    const hashes: Uint8Array[] = []
    for (let at = 0; at < bytes.length && (isEnd || bytes.length - at >= CHUNK_BYTES_MAX); ) {
      const length = chunkLength(bytes, at, bytes.length)
      lengths.push(length)
      hashes.push(sha256(bytes.subarray(at, at + length)).subarray(0, CHUNK_HASH_BYTES))
      at += length
    }
    return { kind: 'chunks', outcome: 'cut', lengths: Uint32Array.from(lengths), hashes: concatBytes(hashes) }
  } catch (error) {
    if (isMissing(error)) return { kind: 'chunks', outcome: 'missing' }
    return { kind: 'chunks', outcome: 'failed', failure: failureOf('read', absolute(job.file), error) }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function hashRange(job: RangesJob, range: HashRange): RangeResult {
  const file = { base: job.base, path: range.path }
  let fd: number | undefined
  try {
    fd = openInside(file, READ_FLAGS)
    const before = fingerprintOf(fstatSync(fd, { bigint: true }))
    const width = pieceLeafWidth(range.fileBytes, job.pieceBytes)
    const hashes = new Uint8Array(Math.ceil(range.bytes / job.pieceBytes) * HASH_BYTES)
    let pieces = 0
    for (let done = 0; done < range.bytes; done += job.pieceBytes, pieces++) {
      const pieceLeaves = leavesOfRange(fd, range.offset + done, Math.min(job.pieceBytes, range.bytes - done))
      if (pieceLeaves === undefined) break
      hashes.set(pieceRootOfLeaves(pieceLeaves, width, sha256), pieces * HASH_BYTES)
    }
    const after = fingerprintOf(fstatSync(fd, { bigint: true }))
    return { outcome: 'hashed', hashes: hashes.slice(0, pieces * HASH_BYTES), before, after }
  } catch (error) {
    if (isMissing(error)) return { outcome: 'missing' }
    return { outcome: 'failed', failure: failureOf('read', absolute(file), error) }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function run(job: HashJob): HashResult {
  switch (job.kind) {
    case 'write':
      return write(job)
    case 'leaves':
      return leaves(job)
    case 'ranges':
      return { kind: 'ranges', results: job.ranges.map(range => hashRange(job, range)) }
    case 'chunks':
      return chunks(job)
    case 'piece':
      return { kind: 'piece', leaves: provenLeaves(job) }
    case 'blocks':
      return blocks(job)
    case 'read':
      return readBlocks(job)
    case 'list':
      return listFolder(job)
    default:
      return unreachable(job)
  }
}

const port = defined(parentPort, 'the port of a worker thread')
port.on('message', (jobs: readonly HashJob[]) => port.postMessage(jobs.map(run)))
