import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '../../base/bytes.ts'
import { MemoryStore } from '../../store/memory.ts'
import {
  fetchAll,
  isAppError,
  type Sample,
  sampleBytes,
  sampleVersion
} from '../../store/samples.conformance.ts'
import type { Holding } from '../../store/store.ts'
import { heldContent, Pace } from './held-content.ts'

const PIECE = 16384
const NEVER = new AbortController().signal

function sampleOf(...lengths: readonly number[]): Sample {
  return sampleVersion(
    lengths.map((length, at) => ({ path: ['folder', `file-${at}`], bytes: sampleBytes(length, at) }))
  )
}

async function held(sample: Sample): Promise<Holding> {
  const holding = await new MemoryStore().create({
    ...{ version: sample.version, destination: '/held', layers: sample.layers }
  })
  await fetchAll(holding, sample)
  return holding
}

async function contentOf(holding: Holding, pace?: Pace): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  for await (const { path, bytes, stream } of heldContent(holding, pace).read(NEVER)) {
    const parts: Uint8Array[] = []
    for await (const part of stream(NEVER)) parts.push(part.slice())
    const content = concatBytes(parts)
    assert.equal(content.length, bytes)
    found.set(path, content)
  }
  return found
}

test('all bytes of all files are given, in pieces of every length', async () => {
  const lengths = [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 7]
  const sample = sampleOf(...lengths)
  const holding = await held(sample)
  const { files, bytes } = heldContent(holding, undefined)
  assert.deepEqual([files, bytes], [lengths.length, lengths.reduce((sum, length) => sum + length)])
  const content = await contentOf(holding, new Pace(1e12))
  assert.deepEqual(
    [...content],
    lengths.map((length, at) => [`folder/file-${at}`, sampleBytes(length, at)])
  )
})

test('what is not the version’s any more, in its first piece or its last, is not given', async () => {
  for (const lengths of [[100], [3 * PIECE + 5]]) {
    const holding = await held(sampleOf(...lengths))
    for (const damaged of new Set([0, holding.version.pieceCount - 1])) {
      const changed = new Proxy(holding, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name, target)
          if (name !== 'read') return typeof value === 'function' ? value.bind(target) : value
          return async (range: Parameters<Holding['read']>[0]) => {
            const bytes = (await target.read(range)).slice()
            if (range.piece === damaged) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
            return bytes
          }
        }
      })
      await assert.rejects(contentOf(changed), isAppError('CONTENT_CHANGED'))
    }
  }
})

test('a pace ends with the signal', async () => {
  const pace = new Pace(1)
  await pace.pass(1_000_000, NEVER)
  const abort = new AbortController()
  const waiting = pace.pass(1, abort.signal)
  abort.abort()
  await assert.rejects(waiting, { name: 'AbortError' })
})
