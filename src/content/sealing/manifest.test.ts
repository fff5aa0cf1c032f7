import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import {
  decodeManifest,
  encodeManifest,
  MANIFEST_BYTES_MAX,
  MANIFEST_FILES_MAX,
  type Manifest,
  type ManifestEntry
} from './manifest.ts'
import { objectBytesOf, payloadBytesOf, plaintextBytesOf } from './payload-layout.ts'
import { reusedObjects } from './reuse.ts'
import { SAMPLE, sampleFile, sampleObject, sampleRoot } from './samples.conformance.ts'

function refused(code: string, reason: RegExp) {
  return (thrown: unknown) =>
    thrown instanceof AppError && thrown.code === code && reason.test(thrown.message)
}

function withEntries(...entries: ManifestEntry[]): Manifest {
  return { name: 'tree', isSingleFile: false, entries }
}

/** A dictionary as a writer of another program might make it, with the zeros that belong behind it. */
function filled(dictionary: string): Uint8Array {
  const bytes = Buffer.from(dictionary, 'latin1')
  const plaintext = new Uint8Array(plaintextBytesOf(objectBytesOf(bytes.length)) ?? 0)
  plaintext.set(bytes)
  return plaintext
}

const KEY = 'k'.repeat(16)
const OBJECT = 'o'.repeat(16)
const ROOT = 'r'.repeat(32)
const entry = (path: string, size = 1, object = OBJECT, key = KEY) =>
  `d3:key16:${key}6:object16:${object}4:path${path.length}:${path}4:root32:${ROOT}4:sizei${size}ee`
const dictionary = (entries: string, rest = '6:formati1e4:name1:n') => `d7:entriesl${entries}e${rest}e`

describe('a manifest', () => {
  test('comes back as it was', () => {
    assert.deepEqual(decodeManifest(encodeManifest(SAMPLE)), SAMPLE)
    const single = { name: 'a', isSingleFile: true, entries: [sampleFile('a', 3)] }
    assert.deepEqual(decodeManifest(encodeManifest(single)), single)
  })

  test('written down', () => {
    const encoded = encodeManifest(SAMPLE)
    assert.equal(encoded.length, 4064)
    assert.equal(
      createHash('sha256').update(encoded).digest('hex'),
      '822736189f4dd64d08134b4928841fc63f143398bbf4f2371db199fc8781500b'
    )
    const letters = { name: '0f'.repeat(16), fileKey: utf8('YELLOW SUBMARINE') }
    const file = { ...sampleFile('x', 0), executable: true, object: letters }
    assert.equal(
      Buffer.from(encodeManifest(withEntries(linkTo('l', 'x'), file)))
        .toString('latin1')
        .replace(/\0+$/, ''),
      'd7:entriesld4:link1:x4:path1:led3:key16:YELLOW SUBMARINE6:object16:' +
        `${'\x0f'.repeat(16)}4:path1:x4:sizei0e1:xi1eee6:formati1e4:name4:treee`
    )
  })

  test('fills its object, so that its length needs no record', () => {
    const sizes = fc.integer({ min: 1, max: 400 })
    fc.assert(
      fc.property(sizes, count => {
        const entries = Array.from({ length: count }, (_, at) => sampleFile(`f${1000 + at}`, at + 1))
        const { length } = encodeManifest(withEntries(...entries))
        assert.equal(payloadBytesOf(length), objectBytesOf(length))
      }),
      { numRuns: 20 }
    )
  })

  test('up to the limit every padded size is that of a payload', () => {
    for (let bytes = 1; bytes <= MANIFEST_BYTES_MAX; bytes = objectBytesOf(bytes) + 1)
      assert.notEqual(plaintextBytesOf(objectBytesOf(bytes)), undefined)
  })
})

function linkTo(path: string, target: string): ManifestEntry {
  const symlink = target.split('/')
  return { path: path.split('/'), bytes: 0, root: undefined, executable: false, symlink, object: undefined }
}

describe('refused, by who writes it and by who reads it', () => {
  test('unsafe, equal or colliding paths', () => {
    for (const paths of [['../a'], ['a//b'], ['nul'], ['A', 'a'], ['a', 'a'], ['a', 'a/b']]) {
      const manifest = withEntries(
        ...paths.map((path, at) => ({ ...sampleFile(path, 1), object: sampleObject(`${at}`) }))
      )
      assert.throws(() => encodeManifest(manifest), refused('PATH_UNSAFE', /not safe/), paths.join())
    }
    assert.throws(() => decodeManifest(filled(dictionary(entry('../a')))), refused('PATH_UNSAFE', /not safe/))
  })

  test('links that dangle, and links or files that are half of each', () => {
    assert.throws(() => encodeManifest(withEntries(linkTo('l', 'nowhere'))), refused('PATH_UNSAFE', /target/))
    const both = { ...linkTo('l', 'x'), object: sampleObject('o') }
    assert.throws(
      () => encodeManifest(withEntries(both, sampleFile('x', 1))),
      refused('SEALED_INVALID', /neither/)
    )
    const none = { ...sampleFile('x', 1), object: undefined }
    assert.throws(() => encodeManifest(withEntries(none)), refused('SEALED_INVALID', /neither/))
    const half = 'd3:key16:kkkkkkkkkkkkkkkk4:path1:a4:sizei0ee'
    assert.throws(() => decodeManifest(filled(dictionary(half))), refused('SEALED_INVALID', /neither/))
  })

  test('an order other than that of the file tree', () => {
    const entries = [sampleFile('b', 1), sampleFile('a', 1)]
    assert.throws(() => encodeManifest(withEntries(...entries)), refused('SEALED_INVALID', /out of order/))
  })

  test('one object, or one key, for two files', () => {
    const a = sampleFile('a', 1)
    const sameName = { ...sampleFile('b', 1), object: { ...sampleObject('b'), name: a.object?.name ?? '' } }
    assert.throws(() => encodeManifest(withEntries(a, sameName)), refused('SEALED_INVALID', /also that of/))
    const sameKey = entry('a') + entry('b', 1, 'p'.repeat(16))
    assert.throws(
      () => decodeManifest(filled(dictionary(sameKey))),
      refused('SEALED_INVALID', /also that of/)
    )
  })

  test('another format, missing and unknown keys, wrong lengths', () => {
    const good = dictionary(entry('a'))
    assert.equal(decodeManifest(filled(good)).entries.length, 1)
    const bad: [string, RegExp][] = [
      [good.replace('formati1e', 'formati2e'), /format is 2/],
      [good.replace('6:formati1e', ''), /expected the key format/],
      [good.replace('4:name1:n', '4:name1:n3:newi1e'), /does not belong/],
      [good.replace('4:name1:n', '4:name1:n6:singlei0e'), /does not belong/],
      [good.replace('4:name1:n', '4:name1:n6:singlei1e'), /single file/],
      [good.replace('4:sizei1e', ''), /no size/],
      [good.replace('4:sizei1e', '4:sizei1e1:xi2e'), /does not belong/],
      [good.replace('4:sizei1e', '4:sizei1e1:xi1e1:yi1e'), /does not belong/],
      [good.replace('4:path1:a', ''), /no path/],
      [good.replace('6:object16:', '6:object17:x'), /proper length/],
      [good.replace('3:key16:', '3:key17:x'), /proper name and key/],
      [good.replace('root32:', 'root33:x'), /proper length/],
      [good.replace(`4:root32:${ROOT}`, ''), /no pieces root/],
      [good.replace('sizei1e', 'sizei-1e'), /impossible size/],
      [good.replace('sizei1e', `sizei${2 ** 51}e`), /too long/],
      [good.replace('path1:a', 'path1:\xff'), /not UTF-8/],
      [dictionary(''), /no file/]
    ]
    for (const [text, reason] of bad)
      assert.throws(() => decodeManifest(filled(text)), refused('SEALED_INVALID', reason), text)
  })

  test('anything but the zeros that belong behind it', () => {
    const encoded = encodeManifest(SAMPLE)
    const reason = refused('SEALED_INVALID', /zeros/)
    assert.throws(() => decodeManifest(encoded.subarray(0, -1)), reason)
    assert.throws(() => decodeManifest(Buffer.concat([encoded, Buffer.alloc(1)])), reason)
    const altered = encoded.slice()
    altered[altered.length - 1] = 1
    assert.throws(() => decodeManifest(altered), reason)
  })

  test('more files and bytes than the limits', () => {
    const links = Array.from({ length: MANIFEST_FILES_MAX + 1 }, (_, at) => linkTo(`l${1_000_000 + at}`, 'x'))
    assert.throws(() => encodeManifest({ ...SAMPLE, entries: links }), refused('SEALED_INVALID', /more than/))
    const many = filled(dictionary('d4:link1:x4:path1:ae'.repeat(MANIFEST_FILES_MAX + 1)))
    assert.throws(() => decodeManifest(many), refused('SEALED_INVALID', /more than 262143 entries/))
    assert.throws(
      () => decodeManifest(new Uint8Array(MANIFEST_BYTES_MAX + 1)),
      refused('SEALED_INVALID', /fewer files/)
    )
    const long = manyFiles(80_000, 800)
    assert.throws(
      () => encodeManifest({ ...SAMPLE, entries: long }),
      refused('SEALED_INVALID', /fewer files/)
    )
  })
})

/** Files in one folder, in order. */
function manyFiles(count: number, pathBytes: number): readonly ManifestEntry[] {
  const root = sampleRoot('same')
  const folders = Array.from({ length: Math.floor(pathBytes / 256) }, () => 'd'.repeat(250))
  const rest = pathBytes - 251 * folders.length - '1000000'.length
  return Array.from({ length: count }, (_, at) => {
    const name = at.toString(16).padStart(32, '0')
    const object = { name, fileKey: new Uint8Array(Buffer.from(name, 'hex')) }
    const path = [...folders, `${'x'.repeat(rest)}${1_000_000 + at}`]
    return { path, bytes: at + 1, root, executable: false, symlink: undefined, object }
  })
}

test('a hundred thousand files fit, and the most files with paths of 120 bytes', () => {
  for (const [count, pathBytes] of [
    [100_000, 400],
    [MANIFEST_FILES_MAX, 120]
  ] as const) {
    const entries = manyFiles(count, pathBytes)
    assert.equal(new Set(entries.map(({ path }) => path.join('/').length)).values().next().value, pathBytes)
    const encoded = encodeManifest({ ...SAMPLE, entries })
    assert.equal(decodeManifest(encoded).entries.length, count)
  }
})

describe('objects that a new version takes over', () => {
  const previous = withEntries(
    sampleFile('a', 5),
    sampleFile('b', 6),
    sampleFile('c', 6, 'b'),
    sampleFile('empty', 0)
  )
  const object = (path: string) => previous.entries.find(file => file.path[0] === path)?.object

  test('those of what did not change, also when it was moved', () => {
    const files = [
      sampleFile('a', 5),
      sampleFile('b', 6, 'new'),
      sampleFile('moved', 6, 'b'),
      sampleFile('empty', 0)
    ]
    const taken = reusedObjects(previous, files)
    assert.equal(taken[0], object('a'))
    assert.equal(taken[1], undefined)
    assert.ok(taken[2] === object('b') || taken[2] === object('c'))
    assert.equal(taken[3], object('empty'))
  })

  test('none twice, and the own one of a path before that of another', () => {
    const same = ['0', '1', 'b', 'c'].map(path => sampleFile(path, 6, 'b'))
    assert.deepEqual(reusedObjects(previous, same), [undefined, undefined, object('b'), object('c')])
    const other = { ...sampleFile('a', 7, 'a'), root: sampleRoot('a') }
    assert.deepEqual(reusedObjects(previous, [other]), [undefined])
  })

  test('none for links', () => {
    assert.deepEqual(reusedObjects(previous, [linkTo('l', 'a')]), [undefined])
  })
})

test('utf-8 names are kept byte for byte', () => {
  const decomposed = sampleFile('A\u0308', 1)
  const [back] = decodeManifest(encodeManifest(withEntries(decomposed))).entries
  assert.deepEqual(utf8(back?.path[0] ?? ''), utf8('A\u0308'))
})
