import assert from 'node:assert/strict'
import { appendFileSync, closeSync, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { HASH_BYTES } from '../content/hash.ts'
import { LEAF_BYTES, leafHashes, pieceLeafWidth, pieceRootOfLeaves } from '../content/merkle.ts'
import { HashPool } from './hash-pool.ts'
import { type HashedFile, hashFiles, hashRanges } from './range-hashing.ts'
import { sampleBytes, scratchFolder } from './samples.conformance.ts'
import { sha256 } from './sha256.ts'

const PIECE_BYTES = 32_768

let folder: string
let pool: HashPool
before(() => {
  folder = scratchFolder()
  pool = new HashPool({ size: 2 })
})
after(async () => {
  await pool.close()
  rmSync(folder, { recursive: true })
})

function expectedHashes(bytes: Uint8Array): Buffer {
  const width = pieceLeafWidth(bytes.length, PIECE_BYTES)
  const hashes: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; offset += PIECE_BYTES)
    hashes.push(
      pieceRootOfLeaves(leafHashes(bytes.subarray(offset, offset + PIECE_BYTES), sha256), width, sha256)
    )
  return Buffer.concat(hashes)
}

async function hashAll(base: string, files: ReadonlyMap<string, number>): Promise<Map<string, HashedFile>> {
  const found = new Map<string, HashedFile>()
  const list = [...files].map(([path, bytes], key) => ({ key, path, bytes }))
  await hashFiles({ pool, base, pieceBytes: PIECE_BYTES }, list, (file, hashed) =>
    found.set(file.path, hashed)
  )
  return found
}

test('files of any length hash to what hashing them in memory gives', async () => {
  let round = 0
  const length = fc.oneof(
    fc.integer({ min: 1, max: 200_000 }),
    fc.constantFrom(16_384, 32_768, 32_769, 65_536)
  )
  await fc.assert(
    fc.asyncProperty(fc.array(length, { minLength: 1, maxLength: 20 }), async lengths => {
      const base = join(folder, `tree-${round++}`)
      mkdirSync(base)
      const contents = new Map(
        lengths.map((bytes, index) => [`file-${index}`, sampleBytes(bytes, bytes + index)])
      )
      for (const [path, bytes] of contents) writeFileSync(join(base, path), bytes)
      const found = await hashAll(base, new Map([...contents].map(([path, bytes]) => [path, bytes.length])))
      assert.equal(found.size, contents.size)
      for (const [path, bytes] of contents) {
        const hashed = found.get(path)
        assert(hashed?.outcome === 'hashed')
        assert(expectedHashes(bytes).equals(hashed.pieceHashes), path)
      }
    }),
    { numRuns: 12 }
  )
})

test('a file longer than a range is cut, hashed by several workers and put together again', async () => {
  const bytes = sampleBytes(40_000_000, 3)
  writeFileSync(join(folder, 'long'), bytes)
  const hashed = (await hashAll(folder, new Map([['long', bytes.length]]))).get('long')
  assert(hashed?.outcome === 'hashed')
  assert(expectedHashes(bytes).equals(hashed.pieceHashes))
})

test('what is missing, of another length, or reached through a link is told apart', async () => {
  writeFileSync(join(folder, 'grown'), sampleBytes(50_000, 1))
  writeFileSync(join(folder, 'target'), sampleBytes(100, 1))
  symlinkSync(join(folder, 'target'), join(folder, 'link'))
  const found = await hashAll(
    folder,
    new Map([
      ['missing', 10],
      ['grown', 40_000],
      ['grown-not', 1],
      ['link', 100]
    ])
  )
  assert.equal(found.get('missing')?.outcome, 'missing')
  assert.equal(found.get('grown')?.outcome, 'changed')
  appendFileSync(join(folder, 'grown'), 'x')
  assert.equal((await hashAll(folder, new Map([['grown', 60_000]]))).get('grown')?.outcome, 'changed')
  const link = found.get('link')
  assert(link?.outcome === 'failed')
  assert.equal(link.failure.code, 'DEST_UNSAFE')
})

test('a piece in memory is held against its hash, and blocks of it against their leaves', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.integer({ min: 1, max: 5 * LEAF_BYTES }), fc.constantFrom(LEAF_BYTES, 2 * LEAF_BYTES)),
      fc.nat({ max: 5 * LEAF_BYTES }),
      async (length, place) => {
        const bytes = new Uint8Array(new SharedArrayBuffer(length))
        bytes.set(sampleBytes(length, 1))
        const leaves = leafHashes(bytes, sha256)
        const leafWidth = pieceLeafWidth(length, 8 * LEAF_BYTES)
        const expected = pieceRootOfLeaves(leaves, leafWidth, sha256)
        const piece = { kind: 'piece', blocks: [bytes], expected, leafWidth } as const
        const first = Math.floor((place % length) / LEAF_BYTES)
        const blocks = { kind: 'blocks', bytes: bytes.subarray(first * LEAF_BYTES) } as const
        const own = leaves.subarray(first * HASH_BYTES)
        assert.deepEqual(await pool.provenLeaves(piece), leaves)
        assert.equal(await pool.matches({ ...blocks, leaves: own }), true)
        assert.equal(await pool.matches({ ...blocks, leaves: own.subarray(HASH_BYTES) }), false)
        bytes[place % length] = (bytes[place % length] ?? 0) ^ 1
        assert.equal(await pool.provenLeaves(piece), undefined)
        assert.equal(await pool.matches({ ...blocks, leaves: own }), false)
      }
    ),
    { numRuns: 30 }
  )
})

test('what is read and hashed in one go is what lies in the file, and matches only its own leaves', async () => {
  const bytes = sampleBytes(3 * LEAF_BYTES + 5, 1)
  writeFileSync(join(folder, 'read'), bytes)
  const fd = openSync(join(folder, 'read'), 'r')
  const read = async (offset: number, length: number, leaves: Uint8Array) => {
    const into = new Uint8Array(new SharedArrayBuffer(length))
    return { ...(await pool.read({ kind: 'read', fd, offset, into, leaves })), into }
  }
  const leaves = leafHashes(bytes, sha256)
  const rest = await read(LEAF_BYTES, 2 * LEAF_BYTES + 5, leaves.subarray(HASH_BYTES))
  assert.deepEqual([rest.bytes, rest.matches], [2 * LEAF_BYTES + 5, true])
  assert.deepEqual(Uint8Array.from(rest.into), bytes.subarray(LEAF_BYTES))
  assert.equal((await read(0, LEAF_BYTES, leaves.subarray(HASH_BYTES, 2 * HASH_BYTES))).matches, false)
  const beyond = await read(2 * LEAF_BYTES, 2 * LEAF_BYTES, leaves.subarray(2 * HASH_BYTES))
  assert.deepEqual([beyond.bytes, beyond.matches], [LEAF_BYTES + 5, false])
  closeSync(fd)
  await assert.rejects(read(0, 1, leaves), { code: 'EBADF' })
})

test('hashing ends with the reason of the signal, or with what the caller throws, and nothing is left under way', async () => {
  writeFileSync(join(folder, 'some'), sampleBytes(100, 1))
  const range = { path: 'some', offset: 0, bytes: 100, fileBytes: 100 }
  let yielded = 0
  function* endless() {
    for (;;) {
      yielded++
      yield range
    }
  }
  const hashing = { pool, base: folder, pieceBytes: PIECE_BYTES }
  const reason = new Error('stop')
  const controller = new AbortController()
  const aborted = hashRanges({ ...hashing, signal: controller.signal }, endless(), () =>
    controller.abort(reason)
  )
  await assert.rejects(aborted, reason)
  const fault = new Error('fault')
  await assert.rejects(
    hashRanges(hashing, endless(), () => {
      throw fault
    }),
    fault
  )
  const before = yielded
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.equal(yielded, before)
})

test('a pool that is closed does what its threads have, and refuses the rest instead of leaving it waiting', async () => {
  const closed = new HashPool({ size: 1 })
  const job = { kind: 'list', base: folder, path: '' } as const
  const begun = closed.list(job)
  await new Promise(resolve => setImmediate(resolve))
  const waiting = Array.from({ length: 2000 }, () => closed.list(job))
  const outcomes = Promise.allSettled(waiting)
  await closed.close()
  assert.equal((await begun).outcome, 'listed')
  const refused = (await outcomes).filter(outcome => outcome.status === 'rejected')
  assert(refused.length > 0)
  for (const { reason } of refused) assert.equal(reason.code, 'TRANSFER_STOPPED')
  await assert.rejects(closed.list(job), { code: 'TRANSFER_STOPPED' })
})
