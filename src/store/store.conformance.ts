/** What every Store must do, run on each implementation. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import { pieceIndex } from '../base/ids.ts'
import { leafHashes } from '../content/merkle.ts'
import { pieceSpan } from '../content/version.ts'
import {
  blocksOf,
  fetchAll,
  isAppError,
  piecesOf,
  type Sample,
  sampleBytes,
  sampleVersion,
  untilState,
  variedSample
} from './samples.conformance.ts'
import { sha256 } from './sha256.ts'
import type { Holding, Store } from './store.ts'
import type { StoreHarness } from './store-harness.conformance.ts'
import { runRemovalConformance } from './store-removal.conformance.ts'

export function runStoreConformance(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} keeps the promises of a Store`, () => {
    let harness: StoreHarness
    let store: Store
    beforeEach(async () => {
      harness = await open()
      store = harness.store
    })
    afterEach(() => harness.dispose())

    const create = (sample: Sample, place = 'dest') =>
      store.create({ version: sample.version, destination: harness.place(place), layers: sample.layers })

    const assertOnDisk = (sample: Sample, root: string) => {
      for (const [index, file] of sample.version.files.entries())
        if (file.bytes > 0)
          assert.deepEqual(
            harness.bytesAt([root, ...file.path].join('/')),
            Uint8Array.from(sample.fileBytes(index)),
            file.path.join('/')
          )
    }

    test('pieces in any order and block size become the files, byte for byte', async () => {
      const sample = variedSample()
      await fc.assert(
        fc.asyncProperty(
          fc.shuffledSubarray(piecesOf(sample), { minLength: sample.version.pieceCount }),
          fc.nat(1_000_000),
          async (order, seed) => {
            const holding = await create(sample, `dest-${seed}-${order.join('-')}`)
            for (const [done, piece] of order.entries()) {
              assert.equal(holding.have.size, done)
              assert.equal(holding.state, 'fetching')
              const result = await holding.writePiece(
                piece,
                blocksOf(sample.bytesOf(piece), 16384 << (seed % 2))
              )
              assert.deepEqual(result, { outcome: 'durable' })
              assert(holding.have.has(piece))
            }
            await untilState(store, holding, 'complete')
            assertOnDisk(sample, holding.root)
            await store.forget(holding)
            assertOnDisk(sample, holding.root)
          }
        ),
        { numRuns: 8 }
      )
    })

    test('a piece that does not hash is a mismatch, and nothing of it is kept', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      for (const piece of piecesOf(sample)) {
        const bad = Uint8Array.from(sample.bytesOf(piece))
        bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1
        assert.deepEqual(await holding.writePiece(piece, blocksOf(bad)), { outcome: 'mismatch' })
      }
      assert.equal(holding.have.size, 0)
      await fetchAll(holding, sample)
      await untilState(store, holding, 'complete')
      assertOnDisk(sample, holding.root)
    })

    test("blocks that were written are the caller's again, and what becomes of them changes nothing", async () => {
      const sample = variedSample()
      const holding = await create(sample)
      let written = 0
      for (const piece of piecesOf(sample)) {
        const blocks = blocksOf(sample.bytesOf(piece))
        const outcome = await holding.writePiece(piece, blocks, () => {
          written++
          for (const block of blocks) block.fill(0xff)
        })
        assert.deepEqual(outcome, { outcome: 'durable' })
        const bad = blocksOf(sample.bytesOf(piece))
        await holding.writePiece(piece, bad, () => assert.fail('a piece that is here is not written'))
      }
      assert.equal(written, piecesOf(sample).length)
      await untilState(store, holding, 'complete')
      assertOnDisk(sample, holding.root)
    })

    describe('with some of the files selected', () => {
      const sample = variedSample()
      const { files } = sample.version
      const isPlain = (index: number) => (files[index]?.bytes ?? 0) > 0
      const plain = [...files.keys()].filter(isPlain)
      const pathIn = (root: string, index: number) => [root, ...(files[index]?.path ?? [])].join('/')
      const select = (selected: readonly number[] | undefined) =>
        store.create({
          version: sample.version,
          destination: harness.place('dest'),
          layers: sample.layers,
          ...(selected === undefined ? {} : { selected: new Set(selected) })
        })
      const fetchFiles = async (holding: Holding, indexes: readonly number[]) => {
        for (const piece of piecesOf(sample))
          if (indexes.includes(pieceSpan(sample.version, piece).fileIndex) && !holding.have.has(piece))
            await holding.writePiece(piece, blocksOf(sample.bytesOf(piece)))
      }

      test('it is partial once they are whole, and of the others there is nothing', async () => {
        const [first = 0, second = 0, ...others] = plain
        const holding = await select([first, second])
        assert.equal(holding.state, 'fetching')
        await fetchFiles(holding, [first, second])
        await untilState(store, holding, 'partial')
        assert.deepEqual(holding.selected, new Set([first, second]))
        for (const index of others) assert.equal(harness.bytesAt(pathIn(holding.root, index)), undefined)
        const report = await holding.verify()
        assert.deepEqual([report.badPieces, report.badFiles, report.missingFiles], [[], [], []])
        assert.equal(report.checkedBytes, (files[first]?.bytes ?? 0) + (files[second]?.bytes ?? 0))
        assert.equal(holding.state, 'partial')
      })

      test('other files, then all: what is whole stays, and is not fetched again', async () => {
        const [first = 0, second = 0] = plain
        await fetchFiles(await select([first]), [first])
        const widened = await select([second])
        await fetchFiles(widened, [second])
        await untilState(store, widened, 'partial')
        assert.deepEqual(widened.selected, new Set([first, second]))
        const all = await select(undefined)
        assert.equal(all, widened, 'it is the same holding')
        assert.equal(all.state, 'fetching')
        const had = all.have.size
        assert.ok(had > 0)
        await fetchFiles(all, plain)
        await untilState(store, all, 'complete')
        assert.equal(all.selected, undefined)
        assertOnDisk(sample, all.root)
      })

      test('every file selected is no selection', async () => {
        const holding = await select([...files.keys()])
        await fetchAll(holding, sample)
        await untilState(store, holding, 'complete')
        const again = await select([plain[0] ?? 0])
        assert.equal(again.state, 'complete', 'and what is complete stays so')
      })

      test('what stands where no selected file goes is not in the way, until that file is asked for', async () => {
        const [first = 0, second = 0] = plain
        const root = harness.place('dest')
        harness.plant(pathIn(root, second), new Uint8Array(3))
        const holding = await select([first])
        await fetchFiles(holding, [first])
        await untilState(store, holding, 'partial')
        await assert.rejects(select([first, second]), isAppError('DEST_EXISTS'))
        assert.equal(holding.state, 'partial')
      })

      test('a selected file that is damaged is found, one that is gone is fetched again or dropped', async () => {
        const [first = 0, second = 0] = plain
        const holding = await select([first, second])
        await fetchFiles(holding, [first, second])
        await untilState(store, holding, 'partial')
        harness.remove(pathIn(holding.root, first))
        const report = await holding.verify()
        assert.deepEqual(report.missingFiles, [files[first]?.path.join('/')])
        assert.equal(holding.state, 'damaged')
        const again = await select([second])
        await untilState(store, again, 'partial')
        assert.deepEqual(again.selected, new Set([second]))
        const both = await select([first])
        assert.equal(both.state, 'fetching')
        await fetchFiles(both, [first])
        await untilState(store, both, 'partial')
      })
    })

    test('copies of one piece that arrive together are judged one by one', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      const piece = pieceIndex(0)
      const bad = new Uint8Array(sample.bytesOf(piece).length)
      const outcomes = await Promise.all([
        holding.writePiece(piece, blocksOf(bad)),
        holding.writePiece(piece, blocksOf(sample.bytesOf(piece))),
        holding.writePiece(piece, blocksOf(sample.bytesOf(piece)))
      ])
      assert.deepEqual(
        outcomes.map(({ outcome }) => outcome),
        ['mismatch', 'durable', 'durable']
      )
      assert.equal(holding.have.size, 1)
    })

    test('reads give any range of any piece, also while the rest is still to come', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      const held = piecesOf(sample).filter(piece => piece % 2 === 0)
      await fetchAll(holding, sample, held)
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...held),
          fc.nat(),
          fc.nat(),
          fc.boolean(),
          async (piece, a, b, own) => {
            const expected = sample.bytesOf(piece)
            const begin = a % expected.length
            const length = 1 + (b % (expected.length - begin))
            const into = own ? new Uint8Array(length + 3) : undefined
            const read = await holding.read({ piece, begin, length }, into)
            assert.deepEqual(Uint8Array.from(read), expected.slice(begin, begin + length))
            if (into !== undefined) assert.equal(read.buffer, into.buffer)
          }
        ),
        { numRuns: 60 }
      )
    })

    test('leaf hashes are those of the bytes', async () => {
      const sample = sampleVersion([{ path: ['a'], bytes: sampleBytes(200_000, 4) }], { pieceBytes: 65536 })
      const holding = await create(sample)
      await fetchAll(holding, sample)
      for (const piece of piecesOf(sample))
        assert.deepEqual(
          Uint8Array.from(await holding.leafHashes(piece)),
          leafHashes(sample.bytesOf(piece), sha256)
        )
    })

    test('layers may come later, and hashes of pieces come from them', async () => {
      const sample = variedSample()
      const target = { version: sample.version, destination: harness.place('dest'), layers: new Map() }
      const holding = await store.create(target)
      for (const [fileIndex, layer] of sample.layers) {
        assert.equal(holding.layer(fileIndex), undefined)
        assert.equal(
          holding.pieceHash(sample.version.files[fileIndex]?.firstPiece ?? pieceIndex(0)),
          undefined
        )
        await holding.setLayer(fileIndex, layer)
        assert.deepEqual(holding.layer(fileIndex), layer)
      }
      for (const piece of piecesOf(sample)) assert.equal(holding.pieceHash(piece)?.length, 32)
      await fetchAll(holding, sample)
      await untilState(store, holding, 'complete')
    })

    test('a place is one holding, however often it is asked for', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      await fetchAll(holding, sample, piecesOf(sample).slice(0, 3))
      const again = await create(sample)
      assert.equal(again, holding)
      assert.equal(again.have.size, 3)
      assert.deepEqual(store.holdings(), [holding])
    })

    test("files that are the version's own are taken over; the rest is fetched", async () => {
      const sample = variedSample()
      const long = sample.version.files.findIndex(file => file.path.at(-1) === 'long')
      harness.plant(`${harness.place('dest')}/data/long`, sample.fileBytes(long))
      const holding = await create(sample)
      assert.equal(holding.have.size, sample.version.files[long]?.pieceCount)
      await fetchAll(holding, sample)
      await untilState(store, holding, 'complete')
      assertOnDisk(sample, holding.root)
    })

    test('anything else in the way is refused before a thing is written', async () => {
      const sample = variedSample()
      const short = `${harness.place('dest')}/short`
      for (const bytes of [sampleBytes(100, 99), sampleBytes(7, 99)]) {
        harness.plant(short, bytes)
        await assert.rejects(create(sample), isAppError('DEST_EXISTS', short))
        assert.deepEqual(harness.bytesAt(short), bytes)
        assert.equal(harness.bytesAt(`${harness.place('dest')}/data/long`), undefined)
        assert.deepEqual(store.holdings(), [])
      }
    })

    test('a file that changes behind our back is not served, is reported, and can be restored', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      await fetchAll(holding, sample)
      await untilState(store, holding, 'complete')
      const path = `${holding.root}/short`
      const index = sample.version.files.findIndex(file => file.path[0] === 'short')
      const piece = sample.version.files[index]?.firstPiece ?? pieceIndex(0)
      harness.plant(path, sampleBytes(50, 9))
      harness.passTime()
      const damaged = untilState(store, holding, 'damaged')
      await assert.rejects(holding.read({ piece, begin: 0, length: 10 }), isAppError('CONTENT_CHANGED', path))
      await damaged
      assert.equal(holding.problem?.code, 'CONTENT_CHANGED')
      assert.equal(holding.problem?.path, path)
      assert(!holding.have.has(piece))
      assert.equal(holding.have.size, sample.version.pieceCount - 1)
      const other = pieceIndex(piece === 0 ? 1 : 0)
      assert.equal((await holding.read({ piece: other, begin: 0, length: 10 })).length, 10)
      harness.plant(path, sample.fileBytes(index))
      assert.deepEqual((await holding.verify()).badPieces, [])
      assert.equal(holding.state, 'complete')
      assert.equal((await holding.read({ piece, begin: 0, length: 10 })).length, 10)
    })

    test('a check finds what is bad and what is gone, and forgets both', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      await fetchAll(holding, sample)
      await untilState(store, holding, 'complete')
      const exact = sample.version.files.findIndex(file => file.path.at(-1) === 'exact')
      const changed = Uint8Array.from(sample.fileBytes(exact))
      changed[20_000] = (changed[20_000] ?? 0) ^ 1
      harness.plant(`${holding.root}/data/exact`, changed)
      harness.remove(`${holding.root}/short`)
      const seen: number[] = []
      const report = await holding.verify({ onProgress: ({ checkedBytes }) => seen.push(checkedBytes) })
      const { firstPiece } = sample.version.files[exact] ?? { firstPiece: pieceIndex(0) }
      const short = sample.version.files.find(file => file.path[0] === 'short')?.firstPiece
      assert.deepEqual(report.badPieces, [firstPiece + 1, short])
      assert.deepEqual(report.badFiles, ['data/exact'])
      assert.deepEqual(report.missingFiles, ['short'])
      assert.equal(seen.at(-1), report.checkedBytes)
      assert.equal(holding.state, 'damaged')
      assert.equal(holding.have.size, sample.version.pieceCount - 3)
    })

    test('of a file that was given up, what is good is claimed again, and only the rest is fetched', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      await fetchAll(holding, sample)
      await untilState(store, holding, 'complete')
      const long = sample.version.files.findIndex(file => file.path.at(-1) === 'long')
      const { firstPiece = 0 } = sample.version.files[long] ?? {}
      const bad = [1, 3].map(at => pieceIndex(firstPiece + at))
      const changed = Uint8Array.from(sample.fileBytes(long))
      for (const piece of bad) {
        const { offset } = pieceSpan(sample.version, piece)
        changed[offset + 5] = (changed[offset + 5] ?? 0) ^ 4
      }
      harness.plant(`${holding.root}/data/long`, changed)
      holding.disclaim(bad[0] ?? assert.fail())
      assert.equal(holding.state, 'damaged')
      const { keptPieces, stuckFiles } = await holding.salvage()
      assert.deepEqual([keptPieces, stuckFiles], [4, []])
      assert.equal(holding.state, 'damaged')
      for (const piece of piecesOf(sample)) assert.equal(holding.have.has(piece), !bad.includes(piece))
      const first = pieceIndex(firstPiece)
      assert.deepEqual(
        await holding.leafHashes(first),
        leafHashes(sample.bytesOf(first), sha256),
        'what is good is served meanwhile'
      )
      const again = await create(sample)
      await fetchAll(again, sample, bad)
      await untilState(store, again, 'complete')
      assertOnDisk(sample, again.root)
      assert.deepEqual((await again.verify()).badPieces, [])
    })

    test('a file that was given up and is good after all, or of another length, is claimed as far as it goes', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      await fetchAll(holding, sample)
      await untilState(store, holding, 'complete')
      const long = sample.version.files.findIndex(file => file.path.at(-1) === 'long')
      const { firstPiece = 0 } = sample.version.files[long] ?? {}
      holding.disclaim(pieceIndex(firstPiece))
      assert.equal(holding.state, 'damaged')
      assert.equal((await holding.salvage()).keptPieces, sample.version.files[long]?.pieceCount)
      await untilState(store, holding, 'complete')
      assertOnDisk(sample, holding.root)
      holding.disclaim(pieceIndex(firstPiece))
      harness.plant(`${holding.root}/data/long`, sample.fileBytes(long).slice(0, 2 * 16384 + 9))
      assert.equal((await holding.salvage()).keptPieces, 2)
      const again = await create(sample)
      await fetchAll(again, sample)
      await untilState(store, again, 'complete')
      assertOnDisk(sample, again.root)
    })

    test('an aborted check rejects with the reason and changes nothing', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      await fetchAll(holding, sample)
      const reason = new Error('enough')
      await assert.rejects(holding.verify({ signal: AbortSignal.abort(reason) }), reason)
      assert.equal(holding.have.size, sample.version.pieceCount)
    })

    test('a hashed tree is served from where it is, and forgotten without a trace on it', async () => {
      const sample = variedSample()
      const source = harness.place('source')
      const fingerprints = new Map<number, string>()
      for (const [index, file] of sample.version.files.entries()) {
        if (file.bytes === 0) continue
        const path = [source, ...file.path].join('/')
        harness.plant(path, sample.fileBytes(index))
        fingerprints.set(index, harness.fingerprintAt(path))
      }
      const { version, layers } = sample
      const holding = await store.adopt({ version, source, layers, fingerprints })
      assert.equal(holding.kind, 'source')
      assert.equal(holding.state, 'complete')
      for (const piece of piecesOf(sample)) {
        const expected = sample.bytesOf(piece)
        const read = await holding.read({ piece, begin: 0, length: expected.length })
        assert.deepEqual(Uint8Array.from(read), Uint8Array.from(expected))
      }
      assert.equal(await store.adopt({ version, source, layers, fingerprints }), holding)
      await store.forget(holding)
      assert.deepEqual(store.holdings(), [])
      assertOnDisk(sample, source)
    })

    test('listeners hear of changes until they end', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      let heard = 0
      const end = store.onChange(changed => {
        assert.equal(changed, holding)
        heard++
      })
      await fetchAll(holding, sample, [pieceIndex(0)])
      await new Promise(resolve => setImmediate(resolve))
      assert(heard > 0)
      end()
      heard = 0
      await fetchAll(holding, sample, [pieceIndex(1)])
      await new Promise(resolve => setImmediate(resolve))
      assert.equal(heard, 0)
    })
  })
  runRemovalConformance(name, open)
}
