/** Sealing and opening of files, compared with the pure payload, and against files that are not what they were. */

import assert from 'node:assert/strict'
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, equalBytes, utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { openObject, sealObject } from '../../content/sealing/payload.ts'
import {
  CHUNK_BYTES,
  objectBytesOf,
  objectRangeOf,
  payloadBytesOf,
  SEALED_CHUNK_BYTES
} from '../../content/sealing/payload-layout.ts'
import type { OpenedFile } from './file-parts.ts'
import { fileSink, type Opening, openFile } from './object-opening.ts'
import { PART_CHUNKS, type Sealing, sealFile } from './object-sealing.ts'
import { aead, hkdf, randomBytes } from './openssl-ciphers.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-sealing-'))
const fileKey = utf8('YELLOW SUBMARINE')
const opened: number[] = []
let names = 0

after(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  for (const fd of opened.splice(0)) closeSync(fd)
})

function fileWith(content: Uint8Array): OpenedFile {
  const name = join(folder, `${names++}`)
  writeFileSync(name, content)
  const fd = openSync(name, 'r+')
  opened.push(fd)
  return { fd, name }
}

/** Each byte depends on where it is, each chunk differs. */
function contentOf(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (at * 31 + (at >>> 16) * 7) & 0xff)
}

async function seal(content: Uint8Array, more: Partial<Sealing> = {}): Promise<Uint8Array> {
  const object = fileWith(new Uint8Array(0))
  const source = fileWith(content)
  await sealFile({ source, plaintextBytes: content.length, fileKey, object, ...more })
  return new Uint8Array(readFileSync(object.name))
}

/** The plaintext of the range, put together of what the sink was given. */
async function open(
  object: Uint8Array,
  plaintextBytes: number,
  more: Partial<Opening> = {}
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let next = more.range?.offset ?? 0
  await openFile({
    object: fileWith(object),
    plaintextBytes,
    fileKey,
    sink: async (given, offset) => {
      assert.equal(offset, next, 'parts follow each other')
      for (const part of given) {
        parts.push(part)
        next += part.length
      }
    },
    ...more
  })
  return concatBytes(parts)
}

function refused(code: string, reason: RegExp, chunk?: number) {
  return (thrown: unknown) =>
    thrown instanceof AppError &&
    thrown.code === code &&
    reason.test(thrown.message) &&
    (chunk === undefined || thrown.details.chunk === chunk)
}

const SIZES = [
  0,
  1,
  CHUNK_BYTES - 1,
  CHUNK_BYTES,
  CHUNK_BYTES + 1,
  PART_CHUNKS * CHUNK_BYTES,
  PART_CHUNKS * CHUNK_BYTES + 1,
  3 * PART_CHUNKS * CHUNK_BYTES - 7
]

describe('an object', () => {
  for (const bytes of SIZES) {
    test(`of ${bytes} B is one that the pure payload opens, and opens one that it made`, async () => {
      const content = contentOf(bytes)
      const object = await seal(content)
      assert.equal(object.length, objectBytesOf(bytes))
      assert.ok(equalBytes(openObject(object, bytes, { hkdf, aead, fileKey }).plaintext ?? object, content))
      const pure = sealObject(content, fileKey, { hkdf, aead, randomBytes })
      assert.ok(equalBytes(await open(pure, bytes), content))
    })
  }

  test('is another each time, padding included', async () => {
    const [one, other] = [await seal(utf8('same')), await seal(utf8('same'))]
    assert.ok(!equalBytes(one.subarray(0, 36), other.subarray(0, 36)))
    assert.ok(!equalBytes(one.subarray(36), other.subarray(36)))
    assert.ok(one.subarray(36).some(byte => byte !== 0))
  })

  test('shows progress, and what it seals, in order', async () => {
    const content = contentOf(SIZES[7] ?? 0)
    const progress: number[] = []
    const seen: Uint8Array[] = []
    await seal(content, {
      onProgress: bytes => progress.push(bytes),
      onPlaintext: part => seen.push(part.slice())
    })
    assert.deepEqual(
      progress,
      [PART_CHUNKS, 2 * PART_CHUNKS].map(chunks => chunks * CHUNK_BYTES).concat(content.length)
    )
    assert.ok(equalBytes(concatBytes(seen), content))
  })

  test('goes to a file where it lies in the plaintext', async () => {
    const content = contentOf(5 * CHUNK_BYTES + 3)
    const into = fileWith(new Uint8Array(0))
    const object = fileWith(await seal(content))
    await openFile({ object, plaintextBytes: content.length, fileKey, sink: fileSink(into) })
    assert.ok(equalBytes(readFileSync(into.name), content))
    const range = { offset: CHUNK_BYTES + 5, bytes: 2 * CHUNK_BYTES }
    const part = fileWith(new Uint8Array(content.length))
    await openFile({ object, plaintextBytes: content.length, fileKey, sink: fileSink(part), range })
    const expected = new Uint8Array(content.length)
    expected.set(content.subarray(range.offset, range.offset + range.bytes), range.offset)
    assert.ok(equalBytes(readFileSync(part.name), expected))
  })
})

test('a range needs the nonce and the chunks that it lies in, and nothing else', async () => {
  const content = contentOf(11 * CHUNK_BYTES + 100)
  const object = await seal(content)
  const ranges = fc
    .tuple(fc.integer({ min: 0, max: content.length }), fc.integer({ min: 0, max: content.length }))
    .map(([a, b]) => ({ offset: Math.min(a, b), bytes: Math.abs(a - b) }))
  await fc.assert(
    fc.asyncProperty(ranges, async range => {
      const there = objectRangeOf(content.length, range)
      if (range.bytes === 0) assert.equal(there.bytes, 0)
      const partial = new Uint8Array(Math.max(16, there.offset + there.bytes))
      partial.set(object.subarray(0, 16))
      partial.set(object.subarray(there.offset, there.offset + there.bytes), there.offset)
      const plain = await open(partial, content.length, { range })
      assert.ok(equalBytes(plain, content.subarray(range.offset, range.offset + range.bytes)))
    }),
    { numRuns: 40 }
  )
})

describe('refused when it is opened', () => {
  const bytes = 6 * CHUNK_BYTES + 9
  const content = contentOf(bytes)
  const chunk = (index: number): [number, number] => {
    const start = 16 + index * SEALED_CHUNK_BYTES
    return [start, Math.min(start + SEALED_CHUNK_BYTES, payloadBytesOf(bytes))]
  }

  test('a bit that is not as it was', async () => {
    for (const index of [0, 3, 5, 6]) {
      const object = await seal(content)
      const at = chunk(index)[0] + 4
      object[at] = (object[at] ?? 0) ^ 0x80
      await assert.rejects(open(object, bytes), refused('SEALED_INVALID', /fetch it again/, index))
    }
  })

  test('chunks that changed places, or one in the place of the last', async () => {
    const object = await seal(content)
    const swapped = object.slice()
    swapped.set(object.subarray(...chunk(2)), chunk(4)[0])
    swapped.set(object.subarray(...chunk(4)), chunk(2)[0])
    await assert.rejects(open(swapped, bytes), refused('SEALED_INVALID', /chunk 2 of 7/, 2))
    const shorter = 6 * CHUNK_BYTES
    const cut = object.slice(0, objectBytesOf(shorter))
    await assert.rejects(open(cut, shorter), refused('SEALED_INVALID', /chunk 5 of 6/, 5))
    const longer = 7 * CHUNK_BYTES
    const twice = new Uint8Array(objectBytesOf(longer))
    twice.set(object.subarray(0, chunk(5)[1]))
    twice.set(object.subarray(...chunk(5)), chunk(6)[0])
    await assert.rejects(open(twice, longer), refused('SEALED_INVALID', /chunk 6 of 7/, 6))
  })

  test('a file that is cut off, or goes on', async () => {
    const object = await seal(content)
    const reason = refused('SEALED_INVALID', /instead of/)
    await assert.rejects(open(object.slice(0, -1), bytes), reason)
    await assert.rejects(open(concatBytes([object, Uint8Array.of(0)]), bytes), reason)
    const range = { offset: 0, bytes }
    await assert.rejects(open(concatBytes([object, Uint8Array.of(0)]), bytes, { range }), reason)
    const short = object.slice(0, chunk(6)[0] + 3)
    await assert.rejects(open(short, bytes, { range }), refused('SEALED_INVALID', /ends early/, 6))
    await assert.rejects(open(new Uint8Array(9), bytes, { range }), refused('SEALED_INVALID', /nonce/))
  })

  test('another key, another size', async () => {
    const object = await seal(content)
    const key = utf8('GREEN SUBMARINES')
    await assert.rejects(open(object, bytes, { fileKey: key }), refused('SEALED_INVALID', /its key/, 0))
    await assert.rejects(open(object, bytes - 1), refused('SEALED_INVALID', /chunk 6/, 6))
    const empty = await seal(new Uint8Array(0))
    await assert.rejects(open(empty, 0, { fileKey: key }), refused('SEALED_INVALID', /its key/, 0))
  })
})

describe('files that change or fail', () => {
  test('a source that became shorter or longer', async () => {
    const content = contentOf(9 * CHUNK_BYTES)
    for (const bytes of [content.length - 1, content.length + 1])
      await assert.rejects(seal(content, { plaintextBytes: bytes }), refused('CONTENT_CHANGED', /meanwhile/))
    await assert.rejects(seal(utf8('x'), { plaintextBytes: 0 }), refused('CONTENT_CHANGED', /longer/))
  })

  test('a file that can not be written or read', async () => {
    const content = contentOf(9 * CHUNK_BYTES)
    const source = fileWith(content)
    const fd = openSync(source.name, 'r')
    opened.push(fd)
    await assert.rejects(
      seal(content, { object: { fd, name: 'obj' } }),
      refused('STORAGE_FAILED', /can not write obj/)
    )
    const into = { fd: openSync(folder, 'r'), name: 'dir' }
    opened.push(into.fd)
    await assert.rejects(seal(content, { source: into }), refused('STORAGE_FAILED', /can not read dir/))
  })

  test('what the sink throws comes out', async () => {
    const sink = () => Promise.reject(new Error('no more'))
    await assert.rejects(open(await seal(contentOf(9 * CHUNK_BYTES)), 9 * CHUNK_BYTES, { sink }), /no more/)
  })
})

describe('an abort', () => {
  test('ends sealing with its reason, and nothing is written any more', async () => {
    const content = contentOf(40 * CHUNK_BYTES)
    const object = fileWith(new Uint8Array(0))
    const abort = new AbortController()
    const onProgress = (bytes: number) => {
      if (bytes > 10 * CHUNK_BYTES) abort.abort(new Error('enough'))
    }
    await assert.rejects(seal(content, { object, signal: abort.signal, onProgress }), /enough/)
    assert.ok(fstatSync(object.fd).size < 20 * CHUNK_BYTES)
    ftruncateSync(object.fd, 0)
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(fstatSync(object.fd).size, 0)
  })

  test('ends opening with its reason', async () => {
    const bytes = 40 * CHUNK_BYTES
    const object = await seal(contentOf(bytes))
    const abort = new AbortController()
    let done = 0
    const onProgress = (now: number) => {
      done = now
      abort.abort(new Error('enough'))
    }
    await assert.rejects(open(object, bytes, { signal: abort.signal, onProgress }), /enough/)
    assert.equal(done, PART_CHUNKS * CHUNK_BYTES)
  })
})
