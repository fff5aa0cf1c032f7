/**
 * Our content format against libtorrent (Debian's python3-libtorrent), over trees on disk: both programs make a
 * torrent of the same tree with the same piece length, and ids, roots and piece layers must agree; libtorrent
 * loads ours, and we read its.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { env } from 'node:process'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { concatBytes, toHex } from '../src/base/bytes.ts'
import { piecesRootFromBytes } from '../src/base/ids.ts'
import { KIB } from '../src/base/units.ts'
import type { FileEntry } from '../src/content/file-entries.ts'
import type { Sha256 } from '../src/content/hash.ts'
import { encodeInfo } from '../src/content/info.ts'
import { fileRootOfPieceLayer, leafHashes, pieceLeafWidth, pieceRootOfLeaves } from '../src/content/merkle.ts'
import { PATH_COMPONENTS_MAX } from '../src/content/path-rules.ts'
import { decodeTorrent, encodeTorrent } from '../src/content/torrent-file.ts'
import type { Version } from '../src/content/version.ts'

const PYTHON = '/usr/bin/python3'
const SCRIPT = fileURLToPath(new URL('interop/libtorrent-content.py', import.meta.url))
const VECTORS = new URL('vectors/content/info.json', import.meta.url)

const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())

interface SourceFile {
  readonly path: string
  readonly bytes?: number
  /** The byte that the file is full of; otherwise each leaf differs. */
  readonly fill?: number
  readonly executable?: boolean
  readonly symlink?: string
}

interface Tree {
  readonly what: string
  readonly name: string
  readonly pieceBytes: number
  readonly isSingleFile: boolean
  readonly files: readonly SourceFile[]
  /** The id that is written down for it. */
  readonly id?: string
}

interface Created {
  readonly id: string
  readonly torrent: string
  readonly error?: string
}

interface Loaded {
  readonly id: string
  readonly name: string
  readonly pieceBytes: number
  readonly pieceCount: number
  readonly files: readonly {
    readonly path: string
    readonly bytes: number
    readonly root: string
    readonly executable: boolean
    readonly symlink: string | null
  }[]
  readonly error?: string
}

function contentOf(file: SourceFile): Uint8Array {
  const bytes = file.bytes ?? 0
  if (file.fill !== undefined) return new Uint8Array(bytes).fill(file.fill)
  return Uint8Array.from({ length: bytes }, (_, i) => (i + (i >>> 14) * 11 + file.path.length) & 0xff)
}

function folder(what: string, pieceKib: number, files: readonly SourceFile[]): Tree {
  return { what, name: what.replaceAll(' ', '-'), pieceBytes: pieceKib * KIB, isSingleFile: false, files }
}

function single(bytes: number, pieceKib: number): Tree {
  const what = `a lone file of ${bytes} B in pieces of ${pieceKib} KiB`
  const name = `file-${bytes}`
  return { what, name, pieceBytes: pieceKib * KIB, isSingleFile: true, files: [{ path: name, bytes }] }
}

const LEAF = 16 * KIB
const PIECE = 64 * KIB
const SIZES = [1, LEAF - 1, LEAF, LEAF + 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 5 * PIECE - 1, 1_000_000]

/** Random trees, the same in each run; names differ in more than case, as ours must. */
function randomTrees(): Tree[] {
  const component = fc.stringMatching(/^[a-z0-9_\u00e0-\u00f6\u3041-\u3096\u{1f400}-\u{1f43f}]{1,8}$/u)
  const size = fc.oneof(fc.constant(0), fc.nat(40_000), fc.constantFrom(...SIZES))
  const file = fc.record({
    path: fc.array(component, { minLength: 1, maxLength: 4 }).map(parts => parts.join('/')),
    bytes: size,
    executable: fc.boolean()
  })
  const files = fc.uniqueArray(file, {
    minLength: 1,
    maxLength: 25,
    // A path that begins another would be both file and folder.
    selector: entry => entry.path.split('/')[0]?.normalize('NFC')
  })
  const trees = fc.tuple(files, fc.constantFrom(16, 32, 128, 1024))
  return fc
    .sample(trees, { seed: 52, numRuns: 12 })
    .map(([list, pieceKib], i) =>
      folder(`random tree ${i}`, pieceKib, [...list, { path: 'Always/one', bytes: 17 }])
    )
}

const deepPath = Array.from({ length: PATH_COMPONENTS_MAX - 1 }, (_, i) => `${i % 10}`).join('/')

const TREES: readonly Tree[] = [
  ...SIZES.map(bytes => single(bytes, 64)),
  ...SIZES.map(bytes => single(bytes, 16)),
  folder(
    'all sizes',
    64,
    [0, ...SIZES].map(bytes => ({ path: `f${bytes}`, bytes }))
  ),
  folder('empty files around one', 32, [
    { path: 'a' },
    { path: 'b/c' },
    { path: 'b/d', bytes: 70_000 },
    { path: 'z' }
  ]),
  folder('equal files', 16, [
    { path: 'one', bytes: 50_000, fill: 9 },
    { path: 'two', bytes: 50_000, fill: 9 }
  ]),
  folder('order', 16, [
    ...['a.txt', 'a/z', 'a-b/x', 'a b', 'Z', '~', '%41', 'b/a/c', 'b/a.c', '-', '_'].map(path => ({
      path,
      bytes: 30_000
    }))
  ]),
  folder('as deep as allowed', 16, [
    { path: `${deepPath}/file`, bytes: 20_000 },
    { path: 'side', bytes: 1 }
  ]),
  folder('names in Unicode', 16, [
    ...['é', 'nfd/e\u0301', 'ａ.txt', '🧪/データ', 'مرحبا', 'ﬀ', '\u{10ffff}', 'Ωμ', '\uffee'].map(
      (path, i) => ({
        path,
        bytes: 100 * i + 1
      })
    )
  ]),
  folder('executable files', 16, [
    { path: 'run', bytes: 10, executable: true },
    { path: 'bin/empty', executable: true },
    { path: 'data', bytes: 10 }
  ]),
  folder('links', 16, [
    { path: 'target', bytes: 20_000, executable: true },
    { path: 'dir/file', bytes: 3 },
    { path: 'to-file', symlink: 'target' },
    { path: 'to-folder', symlink: 'dir' },
    { path: 'to-deep', symlink: 'dir/file' }
  ]),
  folder(
    'many files',
    16,
    Array.from({ length: 3000 }, (_, i) => ({
      path: `${i % 7}/${i % 31}/${i}`,
      bytes: i % 5 === 0 ? 0 : (i * 37) % 9000
    }))
  ),
  folder('largest pieces', 16 * KIB, [
    { path: 'long', bytes: 16 * KIB * KIB + 1 },
    { path: 'short', bytes: 5 }
  ]),
  ...randomTrees(),
  ...(JSON.parse(readFileSync(VECTORS, 'utf8')) as Tree[]).map(tree => ({
    ...tree,
    what: `golden: ${tree.what}`
  }))
]

function writeTree(base: string, tree: Tree): string {
  const root = join(base, tree.name)
  for (const file of tree.files) {
    const path = tree.isSingleFile ? root : join(root, file.path)
    mkdirSync(dirname(path), { recursive: true })
    if (file.symlink !== undefined) symlinkSync(file.symlink, path)
    else writeFileSync(path, contentOf(file))
    if (file.executable === true) chmodSync(path, 0o755)
  }
  return root
}

/** Our torrent of a tree, hashed with node:crypto. */
function ourTorrent(tree: Tree): { version: Version; layers: Map<number, Uint8Array>; torrent: Uint8Array } {
  const { pieceBytes } = tree
  const layerByPath = new Map<string, Uint8Array>()
  const files = tree.files.map((file): FileEntry => {
    const path = file.path.split('/')
    const symlink = file.symlink?.split('/')
    const bytes = file.bytes ?? 0
    const executable = file.executable ?? false
    if (bytes === 0) return { path, bytes, root: undefined, executable, symlink }
    const content = contentOf(file)
    const width = pieceLeafWidth(bytes, pieceBytes)
    const pieces: Uint8Array[] = []
    for (let offset = 0; offset < bytes; offset += pieceBytes) {
      const leaves = leafHashes(content.subarray(offset, offset + pieceBytes), sha256)
      pieces.push(pieceRootOfLeaves(leaves, width, sha256))
    }
    const layer = concatBytes(pieces)
    layerByPath.set(file.path, layer)
    const root = fileRootOfPieceLayer(layer, { fileBytes: bytes, pieceBytes, sha256 })
    return { path, bytes, root: piecesRootFromBytes(root), executable, symlink }
  })
  const version = encodeInfo({ name: tree.name, isSingleFile: tree.isSingleFile, pieceBytes, files }, sha256)
  const layers = new Map<number, Uint8Array>()
  for (const [index, file] of version.files.entries()) {
    const layer = layerByPath.get(file.path.join('/'))
    if (file.pieceCount > 1 && layer !== undefined) layers.set(index, layer)
  }
  return { version, layers, torrent: encodeTorrent(version, layers) }
}

function isInstalled(): boolean {
  return spawnSync(PYTHON, ['-c', 'import libtorrent']).status === 0
}

const missing = !isInstalled()
const skip =
  missing && env.CI !== 'true' ? `skipped: ${PYTHON} has no libtorrent; install python3-libtorrent` : false

suite('libtorrent and we agree on', { skip }, () => {
  let base = ''
  const ours = TREES.map(ourTorrent)
  let created: readonly Created[] = []
  let loaded: readonly Loaded[] = []

  before(() => {
    assert.ok(!missing, `${PYTHON} has no libtorrent: install python3-libtorrent`)
    base = mkdtempSync(join(tmpdir(), 'peerage-interop-'))
    const create = TREES.map((tree, index) => {
      const place = join(base, String(index))
      mkdirSync(place)
      return { path: writeTree(place, tree), pieceBytes: tree.pieceBytes }
    })
    const load = ours.map(({ torrent }) => Buffer.from(torrent).toString('base64'))
    const input = JSON.stringify({ create, load })
    const run = spawnSync(PYTHON, [SCRIPT], { input, encoding: 'utf8', maxBuffer: 256 * KIB * KIB })
    assert.equal(run.status, 0, run.stderr)
    ;({ created, loaded } = JSON.parse(run.stdout))
  })

  after(() => {
    if (base !== '') rmSync(base, { recursive: true, force: true })
  })

  for (const [index, tree] of TREES.entries()) {
    test(tree.what, () => {
      const { version, layers, torrent } = ours[index] ?? assert.fail('not made')
      const theirs = created[index] ?? assert.fail('not created')
      assert.equal(theirs.error, undefined)
      assert.equal(version.id, theirs.id)
      if (tree.id !== undefined) assert.equal(version.id, tree.id)

      // We read theirs, and find what we made: files, roots and piece layers.
      const read = decodeTorrent(new Uint8Array(Buffer.from(theirs.torrent, 'base64')), sha256)
      assert.deepEqual(read.version, version)
      assert.deepEqual(read.pieceLayers, layers)
      assert.equal(toHex(encodeTorrent(read.version, read.pieceLayers)), toHex(torrent))

      // It loads ours and finds the same files. (Layers were compared byte for byte above.)
      const back = loaded[index] ?? assert.fail('not loaded')
      assert.equal(back.error, undefined)
      assert.equal(back.id, version.id)
      assert.equal(back.name, version.name)
      assert.equal(back.pieceBytes, version.pieceBytes)
      const prefix = version.isSingleFile ? [] : [version.name]
      assert.deepEqual(
        back.files,
        version.files.map(file => ({
          path: [...prefix, ...file.path].join('/'),
          bytes: file.bytes,
          root: file.root ?? '0'.repeat(64),
          executable: file.executable || file.symlink !== undefined,
          symlink: file.symlink === undefined ? null : [...prefix, ...file.symlink].join('/')
        }))
      )
      if (version.pieceCount > 0) assert.equal(back.pieceCount, version.pieceCount)
    })
  }
})
