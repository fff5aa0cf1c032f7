import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PathTree } from './path-rules.ts'
import { LINK_HOPS_MAX, LinkResolver, linkText, storedLinkFault } from './symlinks.ts'

const split = (path: string) => path.split('/')

function resolveIn(files: string[], links: Record<string, string>, link: string): string {
  const onDisk = Object.entries(links).map(([path, text]) => ({ path: split(path), text }))
  const resolver = new LinkResolver(files.map(split), onDisk)
  const found = resolver.resolve({ path: split(link), text: links[link] ?? '' })
  return found.fault ?? found.target.join('/')
}

test('a link resolves inside the tree, or is refused with its reason', () => {
  const files = ['top', 'lib/a.so.1.2', 'lib/deep/x', 'bin/tool']
  const cases: [string, Record<string, string>, string][] = [
    ['bin/l', { 'bin/l': 'tool' }, 'bin/tool'],
    ['bin/l', { 'bin/l': './/tool' }, 'bin/tool'],
    ['bin/l', { 'bin/l': '../lib/deep/x' }, 'lib/deep/x'],
    ['bin/l', { 'bin/l': '../lib' }, 'lib'],
    ['bin/l', { 'bin/l': '../lib/' }, 'lib'],
    ['lib/a.so', { 'lib/a.so': 'a.so.1', 'lib/a.so.1': 'a.so.1.2' }, 'lib/a.so.1.2'],
    ['bin/l', { 'bin/l': '../cur/deep/x', cur: 'lib' }, 'lib/deep/x'],
    // POSIX: `..` after a link is the parent of where the link leads.
    ['l', { l: 'bin/d/../a.so.1.2', 'bin/d': '../lib/deep' }, 'lib/a.so.1.2'],
    ['l', { l: '/etc/passwd' }, 'absolute'],
    ['l', { l: 'm', m: '/etc' }, 'absolute'],
    ['l', { l: '../x' }, 'escape'],
    ['bin/l', { 'bin/l': '../../bin/tool' }, 'escape'],
    ['bin/l', { 'bin/l': 'm', 'bin/m': '../../x' }, 'escape'],
    ['l', { l: 'nothing' }, 'missing'],
    ['l', { l: 'top/x' }, 'missing'],
    ['l', { l: 'top/..' }, 'missing'],
    ['l', { l: 'l' }, 'loop'],
    ['l', { l: 'm', m: 'l' }, 'loop'],
    ['l', { l: '' }, 'loop'],
    ['l', { l: '.' }, 'loop'],
    ['bin/l', { 'bin/l': '..' }, 'loop'],
    ['bin/l', { 'bin/l': '../bin' }, 'loop']
  ]
  for (const [link, links, expected] of cases) {
    assert.equal(resolveIn(files, links, link), expected, JSON.stringify(links))
  }
})

test('chains are followed up to the limit', () => {
  const chain = (hops: number) =>
    Object.fromEntries(
      Array.from({ length: hops }, (_, i) => [`l${i}`, i === hops - 1 ? 'top' : `l${i + 1}`])
    )
  assert.equal(resolveIn(['top'], chain(LINK_HOPS_MAX), 'l0'), 'top')
  assert.equal(resolveIn(['top'], chain(LINK_HOPS_MAX + 1), 'l0'), 'loop')
})

test('many links that multiply each other still end', () => {
  const links = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [
      `l${i}`,
      Array(8)
        .fill(`l${i + 1}`)
        .join('/')
    ])
  )
  assert.equal(resolveIn(['top'], links, 'l0'), 'loop')
})

test('the text of a link leads back to its target', () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(path, path, (folder, target) => {
      const link = [...folder, 'link']
      const text = linkText(link, target)
      fc.pre(!target.every((component, i) => component === link[i]))
      // Folders exist when a file lies beneath, so both the folder and the file case are seen.
      const resolver = new LinkResolver(
        [
          [...target, 'file'],
          [...folder, 'other']
        ],
        [{ path: link, text }]
      )
      assert.deepEqual(resolver.resolve({ path: link, text }), { target })
    })
  )
})

test('a stored link leads to an entry that is no link', () => {
  const tree = new PathTree()
  for (const path of ['bin/l', 'bin/tool', 'lib/x', 'm']) assert.equal(tree.add(split(path)), undefined)
  const isLink = (path: readonly string[]) => ['bin/l', 'm'].includes(path.join('/'))
  const fault = (target: string) =>
    storedLinkFault({ path: ['bin', 'l'], target: target === '' ? [] : split(target) }, tree, isLink)
  assert.equal(fault('bin/tool'), undefined)
  assert.equal(fault('lib'), undefined)
  assert.equal(fault('lib/x'), undefined)
  assert.equal(fault('lib/y'), 'missing')
  assert.equal(fault('LIB/x'), 'missing')
  assert.equal(fault('../x'), 'missing')
  assert.equal(fault('m/x'), 'missing')
  assert.equal(fault('m'), 'loop')
  assert.equal(fault('bin/l'), 'loop')
  assert.equal(fault('bin'), 'loop')
  assert.equal(fault(''), 'loop')
})
