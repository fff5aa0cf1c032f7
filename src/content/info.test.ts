import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, concatBytes, toHex, utf8 } from '../base/bytes.ts'
import type { ErrorCode } from '../base/error-codes.ts'
import { AppError } from '../base/errors.ts'
import { piecesRootFromBytes } from '../base/ids.ts'
import { GIB, KIB, MIB } from '../base/units.ts'
import { byteString, bytesOfByteString, encodeBencode } from './bencode.ts'
import { comparePaths, FILE_COUNT_MAX, type FileEntry } from './file-entries.ts'
import type { Sha256 } from './hash.ts'
import { fuzz, seeds } from './info.fuzz.ts'
import { decodeInfo, encodeInfo, INFO_BYTES_MAX } from './info.ts'
import { LEAF_BYTES, leafHashes, nextPowerOfTwo, pieceRootOfLeaves } from './merkle.ts'

const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())

interface Vector {
  readonly what: string
  readonly name: string
  readonly isSingleFile: boolean
  readonly pieceBytes: number
  readonly files: readonly {
    readonly path: string
    readonly bytes?: number
    readonly fill?: number
    readonly executable?: boolean
    readonly symlink?: string
  }[]
  readonly infoHex: string
  readonly id: string
}

function entryOf(path: string, bytes: number, fill = 1): FileEntry {
  const content = new Uint8Array(bytes).fill(fill)
  const leaves = leafHashes(content, sha256)
  const width = nextPowerOfTwo(leaves.length / 32)
  const root = bytes === 0 ? undefined : piecesRootFromBytes(pieceRootOfLeaves(leaves, width, sha256))
  return { path: path.split('/'), bytes, root, executable: false, symlink: undefined }
}

function linkOf(path: string, target: string): FileEntry {
  return { path: path.split('/'), bytes: 0, root: undefined, executable: false, symlink: target.split('/') }
}

const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL('../../test/vectors/content/info.json', import.meta.url), 'utf8')
)

for (const vector of vectors) {
  test(`golden: ${vector.what}`, () => {
    const files = vector.files.map(file =>
      file.symlink !== undefined
        ? linkOf(file.path, file.symlink)
        : { ...entryOf(file.path, file.bytes ?? 0, file.fill), executable: file.executable ?? false }
    )
    const { name, isSingleFile, pieceBytes } = vector
    // Given backwards, to see that the order of the input does not matter.
    const version = encodeInfo({ name, isSingleFile, pieceBytes, files: files.toReversed() }, sha256)
    assert.equal(toHex(version.infoBytes), vector.infoHex)
    assert.equal(version.id, vector.id)
    assert.deepEqual(decodeInfo(version.infoBytes, sha256), version)
    assert.equal(version.isSingleFile, isSingleFile)
    fuzz(version.infoBytes)
  })
}

test('files are in the order of the file tree, and pieces are numbered through them', () => {
  const paths: [string, number][] = [
    ['a/z', 20_000],
    ['a.txt', 0],
    ['a', 0],
    ['b', 1],
    ['B', 50_000]
  ]
  const files = paths
    .filter(([path]) => path !== 'a' && path !== 'B')
    .map(([path, bytes]) => entryOf(path, bytes))
  const version = encodeInfo({ name: 'tree', isSingleFile: false, pieceBytes: 16 * KIB, files }, sha256)
  assert.deepEqual(
    version.files.map(file => [file.path.join('/'), file.firstPiece, file.pieceCount]),
    [
      ['a/z', 0, 2],
      ['a.txt', 2, 0],
      ['b', 2, 1]
    ]
  )
  assert.equal(version.pieceCount, 3)
  assert.equal(version.totalBytes, 20_001)
})

test('paths are ordered as their bytes in UTF-8', () => {
  const component = fc.string({ unit: 'binary', minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(component, component, (a, b) => {
      assert.equal(Math.sign(comparePaths([a], [b])), Math.sign(compareBytes(utf8(a), utf8(b))))
      assert.equal(Math.sign(comparePaths([a, 'x'], [a])), 1)
    })
  )
  assert.ok(comparePaths(['\u{1f9ea}'], ['\uffee']) > 0)
})

test('any tree of safe names survives', () => {
  const name = fc.stringMatching(/^[a-c\u00e0-\u00ef\u3041-\u3096]{1,3}$/)
  const file = fc.tuple(fc.array(name, { minLength: 1, maxLength: 4 }), fc.nat(200_000), fc.boolean())
  fc.assert(
    fc.property(
      fc.array(file, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(16, 64, 1024),
      (list, kib) => {
        const files = list.map(([path, bytes, executable]) => ({
          ...entryOf('x', bytes === 0 ? 0 : 1),
          path,
          bytes,
          executable
        }))
        const input = { name: 'tree', isSingleFile: false, pieceBytes: kib * KIB, files }
        let version: ReturnType<typeof encodeInfo>
        try {
          version = encodeInfo(input, sha256)
        } catch (error) {
          assert.ok(error instanceof AppError && error.code === 'PATH_UNSAFE')
          return
        }
        assert.deepEqual(decodeInfo(version.infoBytes, sha256), version)
        assert.equal(version.files.length, list.length)
        fuzz(version.infoBytes)
      }
    )
  )
})

const ROOT = `11:pieces root32:${'r'.repeat(32)}`
const FILE = `d0:d6:lengthi5e${ROOT}ee`

/** An info dictionary from the text of its parts; `undefined` leaves the key out. */
function info(
  parts: Partial<Record<'tree' | 'meta' | 'name' | 'piece' | 'extra', string | undefined>>
): Uint8Array {
  const { tree, meta, name, piece, extra } = {
    tree: `d1:a${FILE}e`,
    meta: 'i2e',
    name: '4:tree',
    piece: 'i16384e',
    extra: '',
    ...parts
  }
  const entry = (key: string, text: string | undefined) =>
    text === undefined ? '' : `${key.length}:${key}${text}`
  const body = [entry('file tree', tree), entry('meta version', meta), entry('name', name)]
  return bytesOfByteString(`d${body.join('')}${entry('piece length', piece)}${extra}e`)
}

test('what BEP 52 or this project forbids is refused with the reason', () => {
  const file = (path: string, text: string) => `d${path.length}:${path}${text}e`
  const cases: [ErrorCode, RegExp, Uint8Array][] = [
    ['INFO_INVALID', /BitTorrent v1/, info({ meta: undefined })],
    ['INFO_INVALID', /meta version 3/, info({ meta: 'i3e', tree: 'le', piece: undefined })],
    ['INFO_INVALID', /meta version is no integer/, info({ meta: '1:2' })],
    ['INFO_INVALID', /no "file tree"/, info({ tree: undefined })],
    ['INFO_INVALID', /no "name"/, info({ name: undefined })],
    ['INFO_INVALID', /no "piece length"/, info({ piece: undefined })],
    ['INFO_INVALID', /piece length 8192/, info({ piece: 'i8192e' })],
    ['INFO_INVALID', /piece length 49152/, info({ piece: 'i49152e' })],
    ['INFO_INVALID', /piece length 33554432/, info({ piece: 'i33554432e' })],
    ['INFO_INVALID', /piece length -16384/, info({ piece: 'i-16384e' })],
    ['INFO_INVALID', /name is not valid UTF-8/, info({ name: '1:\xff' })],
    ['PATH_UNSAFE', /separator|slash/, info({ name: '3:a/b' })],
    ['PATH_UNSAFE', /empty/, info({ name: '0:' })],
    ['INFO_INVALID', /file tree is an empty folder/, info({ tree: 'de' })],
    ['INFO_INVALID', /file tree is no dictionary/, info({ tree: 'le' })],
    ['INFO_INVALID', /root of its file tree is a file/, info({ tree: FILE })],
    ['INFO_INVALID', /"d" is an empty folder/, info({ tree: file('d', 'de') })],
    ['INFO_INVALID', /"a" is no dictionary/, info({ tree: file('a', 'i1e') })],
    ['INFO_INVALID', /both a file and a folder/, info({ tree: file('a', `d0:d6:lengthi0ee1:b${FILE}e`) })],
    ['INFO_INVALID', /properties but no length/, info({ tree: file('a', 'd0:dee') })],
    ['INFO_INVALID', /properties that are no dictionary/, info({ tree: file('a', 'd0:i1ee') })],
    ['INFO_INVALID', /impossible size -1/, info({ tree: file('a', `d0:d6:lengthi-1e${ROOT}ee`) })],
    ['INFO_INVALID', /no pieces root/, info({ tree: file('a', 'd0:d6:lengthi5eee') })],
    ['INFO_INVALID', /empty and has a pieces root/, info({ tree: file('a', `d0:d6:lengthi0e${ROOT}ee`) })],
    [
      'INFO_INVALID',
      /pieces root of "a" has 3 B/,
      info({ tree: file('a', 'd0:d6:lengthi5e11:pieces root3:abcee') })
    ],
    [
      'INFO_INVALID',
      /all zeros/,
      info({ tree: file('a', `d0:d6:lengthi5e11:pieces root32:${'\0'.repeat(32)}ee`) })
    ],
    ['INFO_INVALID', /padding file/, info({ tree: file('a', 'd0:d4:attr1:p6:lengthi0eee') })],
    [
      'INFO_INVALID',
      /more than \d+ pieces/,
      info({ tree: file('a', `d0:d6:lengthi${2 ** 53 - 1}e${ROOT}ee`) })
    ],
    ['INFO_INVALID', /not valid UTF-8: ff/, info({ tree: file('\xff', FILE) })],
    ['PATH_UNSAFE', /"\.\."/, info({ tree: file('..', FILE) })],
    ['PATH_UNSAFE', /slash/, info({ tree: file('/etc/passwd', FILE) })],
    ['PATH_UNSAFE', /slash/, info({ tree: file('..\\x', FILE) })],
    ['PATH_UNSAFE', /same one/, info({ tree: `d1:A${FILE}1:a${FILE}e` })],
    ['INFO_INVALID', /link without a target/, info({ tree: file('l', 'd0:d4:attr1:lee') })],
    [
      'INFO_INVALID',
      /target of "l" is no list/,
      info({ tree: file('l', 'd0:d4:attr1:l12:symlink path1:aee') })
    ],
    [
      'PATH_UNSAFE',
      /not in the published tree/,
      info({ tree: file('l', 'd0:d4:attr1:l12:symlink pathl1:xeee') })
    ],
    [
      'PATH_UNSAFE',
      /not in the published tree/,
      info({ tree: `d1:a${FILE}1:ld0:d4:attr1:l12:symlink pathl2:..1:aeeee` })
    ],
    ['PATH_UNSAFE', /leads back/, info({ tree: file('l', 'd0:d4:attr1:l12:symlink pathleee') })],
    [
      'INFO_INVALID',
      /link and has bytes/,
      info({ tree: `d1:a${FILE}1:ld0:d4:attr1:l6:lengthi1e12:symlink pathl1:aeeee` })
    ],
    ['BENCODE_INVALID', /out of order/, info({ extra: '1:ai1e' })],
    ['BENCODE_INVALID', /after the end/, concatBytes([info({}), utf8('x')])],
    ['BENCODE_INVALID', /nested deeper/, info({ extra: `1:z${'l'.repeat(200)}${'e'.repeat(200)}` })],
    ['BENCODE_INVALID', /expected a dictionary/, utf8('le')]
  ]
  for (const [code, reason, bytes] of cases) {
    const refused = (error: unknown) =>
      error instanceof AppError && error.code === code && reason.test(error.message)
    assert.throws(() => decodeInfo(bytes, sha256), refused, byteString(bytes))
  }
})

test('unknown keys, unknown attributes and the v1 half of a hybrid are read over', () => {
  const plain = decodeInfo(info({}), sha256)
  const rich = info({
    tree: `d1:ad0:d4:attr3:hqx6:lengthi5e5:mtimei99e${ROOT}eee`,
    extra: '6:pieces20:aaaaaaaaaaaaaaaaaaaa7:privatei1e6:source1:s'
  })
  const version = decodeInfo(rich, sha256)
  assert.deepEqual(
    version.files.map(({ executable: _, ...file }) => file),
    plain.files.map(({ executable: _, ...file }) => file)
  )
  assert.equal(version.files[0]?.executable, true)
  assert.equal(version.id, toHex(sha256(rich)))
  assert.notEqual(version.id, plain.id)
})

test('a length beside a link and attributes in any order are fine', () => {
  const target = 'd0:d4:attr2:lx6:lengthi0e12:symlink pathl1:aeee'
  const version = decodeInfo(info({ tree: `d1:a${FILE}1:l${target}e` }), sha256)
  assert.deepEqual(version.files[1]?.symlink, ['a'])
  assert.equal(version.files[1]?.executable, false)
})

test('a lone file named as its version is a single file, any other is in a folder', () => {
  const single = (name: string, path: string) =>
    encodeInfo({ name, isSingleFile: false, pieceBytes: 16 * KIB, files: [entryOf(path, 5)] }, sha256)
      .isSingleFile
  assert.equal(single('a', 'a'), true)
  assert.equal(single('tree', 'a'), false)
  assert.equal(single('a', 'a/a'), false)
})

test('publishing refuses what get would refuse', () => {
  const publish = (files: FileEntry[]) => () =>
    encodeInfo({ name: 'tree', isSingleFile: false, pieceBytes: 16 * KIB, files }, sha256)
  assert.throws(publish([]), { code: 'SOURCE_EMPTY' })
  assert.throws(publish([entryOf('a', 1), entryOf('a', 1)]), { code: 'PATH_UNSAFE' })
  assert.throws(publish([entryOf('a', 1), entryOf('a/b', 1)]), { code: 'PATH_UNSAFE' })
  assert.throws(publish([entryOf('a', 1), linkOf('l', '../a')]), { code: 'PATH_UNSAFE' })
  assert.throws(publish([entryOf('a', 1), linkOf('l', 'm'), linkOf('m', 'a')]), { code: 'PATH_UNSAFE' })
  assert.throws(publish([{ ...entryOf('a', 1), root: undefined }]), { code: 'INFO_INVALID' })
  const many = Array.from({ length: FILE_COUNT_MAX + 1 }, (_, i) => ({ ...entryOf('a', 0), path: [`${i}`] }))
  assert.throws(publish(many), { code: 'INFO_INVALID' })
  assert.throws(() => decodeInfo(new Uint8Array(INFO_BYTES_MAX + 1), sha256), { code: 'INFO_INVALID' })
})

test('a hundred thousand files', () => {
  const root = entryOf('a', 1).root
  const files = Array.from({ length: 100_000 }, (_, i): FileEntry => {
    const path = [`folder-${i % 100}`, `${Math.floor(i / 100) % 10}`, `file-${i}.bin`]
    return { path, bytes: 5000, root, executable: i % 7 === 0, symlink: undefined }
  })
  const version = encodeInfo({ name: 'many', isSingleFile: false, pieceBytes: 512 * KIB, files }, sha256)
  const decoded = decodeInfo(version.infoBytes, sha256)
  assert.equal(decoded.id, version.id)
  assert.equal(decoded.files.length, files.length)
  assert.equal(decoded.pieceCount, files.length)
  assert.deepEqual(decoded.files.at(-1), version.files.at(-1))
})

test('the largest files fit', () => {
  const files = [{ ...entryOf('a', 1), bytes: 100_000 * GIB }]
  const version = encodeInfo({ name: 't', isSingleFile: false, pieceBytes: 16 * MIB, files }, sha256)
  assert.equal(decodeInfo(version.infoBytes, sha256).totalBytes, 100_000 * GIB)
  assert.throws(() => encodeInfo({ name: 't', isSingleFile: false, pieceBytes: LEAF_BYTES, files }, sha256), {
    code: 'INFO_INVALID'
  })
})

test('any bytes keep the rules of the fuzz target', () => {
  for (const seed of seeds) {
    fuzz(seed)
    for (let i = 0; i < seed.length; i++) {
      for (const byte of [0, 0x30, 0x31, 0x64, 0x65, 0x69, 0x6c, 0x2e, 0x2f, 0xff]) {
        const mutated = Uint8Array.from(seed)
        mutated[i] = byte
        fuzz(mutated)
      }
    }
  }
  assert.ok(seeds.every(seed => decodeInfo(seed, sha256).files.length > 0))
  fuzz(encodeBencode(new Map()))
})
