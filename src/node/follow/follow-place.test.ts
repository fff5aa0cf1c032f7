import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import { AppError } from '../../base/errors.ts'
import type { Version } from '../../content/version.ts'
import { sampleVersion } from '../../store/samples.conformance.ts'
import { FollowPlace, followDestination } from './follow-place.ts'
import { removeTree } from './version-tree.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'peerage-place-')))
after(() => rmSync(root, { recursive: true }))

const OWNER = { org: 'ab', dataset: 'data' }
const folderOf = (n: number) => `${n}-${String(n).repeat(16)}`
let base: string
let rounds = 0
beforeEach(() => {
  base = join(root, String(rounds++))
  mkdirSync(base)
})

/** A place whose versions 1 and 2 are there, at version 1. */
async function placeAtOne(mode: 'symlink' | 'rename') {
  const place = new FollowPlace({ destination: join(base, 'dest'), mode })
  await place.claim(OWNER)
  const versions = [1, 2].map(n => {
    const text = (name: string) => ({ path: ['deep', name], bytes: Buffer.from(`${name} ${n}`) })
    const link = { path: ['link'], bytes: new Uint8Array(0), symlink: ['deep', 'a'] }
    const sample = sampleVersion([text('a'), text('b'), { path: ['empty'], bytes: new Uint8Array(0) }, link])
    const folder = place.path(folderOf(n))
    mkdirSync(join(folder, 'deep'), { recursive: true })
    for (const name of ['a', 'b']) writeFileSync(join(folder, 'deep', name), `${name} ${n}`)
    writeFileSync(join(folder, 'empty'), '')
    symlinkSync('deep/a', join(folder, 'link'))
    return sample.version
  })
  const [one, two] = versions as [Version, Version]
  const tree = await place.build(one, folderOf(1))
  assert.ok(await place.commit({ folder: folderOf(1), tree, from: null }))
  const versionOf = (folder: string) => (folder === folderOf(1) ? one : two)
  return { place, two, tree, versionOf }
}

const read = (place: FollowPlace) => readFileSync(join(place.destination, 'deep', 'a'), 'utf8')

async function rejects(pattern: RegExp, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, error => {
    assert.ok(error instanceof AppError)
    assert.equal(error.code, 'DEST_EXISTS')
    assert.match(error.message, pattern)
    return true
  })
}

describe('a destination that is a link', () => {
  it('leads to a version by a relative path, so that all of it can be moved', async () => {
    const { place, two } = await placeAtOne('symlink')
    assert.equal(readlinkSync(place.destination), `dest.versions/${folderOf(1)}`)
    assert.equal(read(place), 'a 1')
    await place.build(two, folderOf(2))
    assert.ok(await place.commit({ folder: folderOf(2), tree: null, from: null }))
    assert.ok(await place.commit({ folder: folderOf(2), tree: null, from: null }), 'and once more')
    assert.equal(read(place), 'a 2')
    assert.ok(await place.isAt(folderOf(2), null))
    renameSync(base, `${base}-moved`)
    assert.equal(readFileSync(join(`${base}-moved`, 'dest', 'deep', 'a'), 'utf8'), 'a 2')
  })

  it('is switched although a crash left the next link behind', async () => {
    const { place } = await placeAtOne('symlink')
    symlinkSync('nowhere', place.path('.next'))
    assert.ok(await place.commit({ folder: folderOf(2), tree: null, from: null }))
    assert.equal(read(place), 'a 2')
  })

  it('is not touched when it leads elsewhere, or is no link any more', async () => {
    const { place } = await placeAtOne('symlink')
    rmSync(place.destination)
    symlinkSync('/nowhere', place.destination)
    await rejects(/link to somewhere else/, place.commit({ folder: folderOf(2), tree: null, from: null }))
    rmSync(place.destination)
    writeFileSync(place.destination, 'mine')
    await rejects(/something else/, place.commit({ folder: folderOf(2), tree: null, from: null }))
    assert.equal(readFileSync(place.destination, 'utf8'), 'mine')
  })
})

describe('a destination that is a folder', () => {
  it('shares its files with the version, and is another folder', async () => {
    const { place } = await placeAtOne('rename')
    const [here, there] = [join(place.destination, 'deep', 'a'), join(place.path(folderOf(1)), 'deep', 'a')]
    assert.equal(statSync(here).ino, statSync(there).ino)
    assert.ok(lstatSync(place.destination).isDirectory())
    assert.equal(readlinkSync(join(place.destination, 'link')), 'deep/a')
    assert.equal(readFileSync(join(place.destination, 'empty'), 'utf8'), '')
  })

  // What a crash can leave, by the step that it came after.
  const STEPS: readonly (readonly [string, (place: FollowPlace) => void])[] = [
    ['the tree was made', () => undefined],
    [
      'the destination was renamed away',
      place => renameSync(place.destination, place.path(`.last-${folderOf(1)}`))
    ],
    [
      'the tree was renamed to it',
      place => {
        renameSync(place.destination, place.path(`.last-${folderOf(1)}`))
        renameSync(place.path('.next'), place.destination)
      }
    ]
  ]
  for (const [step, leave] of STEPS)
    it(`is completed after a crash when ${step}`, async () => {
      const { place, two, tree: from, versionOf } = await placeAtOne('rename')
      const tree = await place.build(two, folderOf(2))
      leave(place)
      const terms = { folder: folderOf(2), tree, from: { folder: folderOf(1), tree: String(from) } }
      assert.ok(await place.commit(terms))
      assert.equal(read(place), 'a 2')
      assert.deepEqual(await place.sweep(versionOf), [])
      assert.ok(await place.commit(terms), 'and once more')
      assert.deepEqual(readdirSync(place.versions).sort(), ['.peerage-follow', folderOf(1), folderOf(2)])
      assert.equal(readFileSync(join(place.path(folderOf(1)), 'deep', 'a'), 'utf8'), 'a 1')
    })

  it('is built again when what was built is gone', async () => {
    const { place, two, tree: from } = await placeAtOne('rename')
    const tree = await place.build(two, folderOf(2))
    rmSync(place.path('.next'), { recursive: true })
    const terms = { folder: folderOf(2), tree, from: { folder: folderOf(1), tree: String(from) } }
    assert.equal(await place.commit(terms), false)
    assert.equal(read(place), 'a 1')
  })

  it('is not touched when it is not the one that was made', async () => {
    const { place, two, tree: from } = await placeAtOne('rename')
    const tree = await place.build(two, folderOf(2))
    rmSync(place.destination, { recursive: true })
    mkdirSync(place.destination)
    writeFileSync(join(place.destination, 'precious'), 'mine')
    const terms = { folder: folderOf(2), tree, from: { folder: folderOf(1), tree: String(from) } }
    await rejects(/precious/, place.commit(terms))
    assert.deepEqual(readdirSync(place.destination), ['precious'])
  })

  it('of before is taken away but for what is not of the version: changed files too', async () => {
    const { place, two, tree: from, versionOf } = await placeAtOne('rename')
    rmSync(join(place.destination, 'deep', 'a'))
    writeFileSync(join(place.destination, 'deep', 'a'), 'edited')
    writeFileSync(join(place.destination, 'mine'), 'mine')
    const tree = await place.build(two, folderOf(2))
    await place.commit({ folder: folderOf(2), tree, from: { folder: folderOf(1), tree: String(from) } })
    const [aside = ''] = await place.sweep(versionOf)
    assert.deepEqual(readdirSync(aside, { recursive: true }).sort(), ['deep', 'deep/a', 'mine'])
    assert.equal(readFileSync(join(aside, 'deep', 'a'), 'utf8'), 'edited')
  })
})

describe('a tree that is removed', () => {
  it('removes nothing through a link that somebody planted', async () => {
    const { place, two } = await placeAtOne('symlink')
    const folder = place.path(folderOf(2))
    const outside = join(base, 'outside')
    renameSync(join(folder, 'deep'), outside)
    symlinkSync(outside, join(folder, 'deep'))
    assert.equal(await removeTree(two, folder), false)
    assert.deepEqual(readdirSync(outside).sort(), ['a', 'b'])
    assert.ok(!existsSync(join(folder, 'empty')))
  })
})

describe('the folder of versions', () => {
  it('is claimed for one dataset and mode', async () => {
    const { place } = await placeAtOne('symlink')
    await place.claim(OWNER)
    await rejects(/versions of data/, place.claim({ ...OWNER, dataset: 'other' }))
    await rejects(
      /--mode symlink/,
      new FollowPlace({ destination: place.destination, mode: 'rename' }).claim(OWNER)
    )
    for (const text of ['{"v":2}', 'null', '', '[1]', '{"v":1}']) {
      writeFileSync(place.path('.peerage-follow'), text)
      await rejects(/folder that holds other files/, place.claim(OWNER))
    }
  })

  it('belongs to a path whose links above it are resolved', () => {
    mkdirSync(join(base, 'real'))
    symlinkSync('real', join(base, 'link'))
    assert.equal(followDestination(join(base, 'link', 'new', 'dest')), join(base, 'real', 'new', 'dest'))
    symlinkSync('real', join(base, 'dest'))
    assert.equal(followDestination(`${join(base, 'dest')}/`), join(base, 'dest'))
  })
})
