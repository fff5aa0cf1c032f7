import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FileGlob, GLOB_CHARACTERS_MAX, matchesGlob, parseGlob } from './file-globs.ts'

function globOf(text: string): FileGlob {
  const glob = parseGlob(text)
  assert.ok(typeof glob === 'object', `${text}: ${String(glob)}`)
  return glob
}

const PATHS = [
  'a.deb',
  'A.deb',
  '.hidden',
  'docs/a.txt',
  'docs/b/c.txt',
  'docs/b/c.deb',
  'docs2/a.txt',
  'x/docs/a.txt',
  'wörld/ä',
  'a[1].txt',
  'a1.txt',
  '𝒳.txt'
]

const MATCHES: readonly (readonly [string, readonly string[]])[] = [
  ['*', ['a.deb', 'A.deb', '.hidden', 'a[1].txt', 'a1.txt', '𝒳.txt']],
  ['**', PATHS],
  ['*.deb', ['a.deb', 'A.deb']],
  ['**/*.deb', ['a.deb', 'A.deb', 'docs/b/c.deb']],
  ['**.deb', ['a.deb', 'A.deb', 'docs/b/c.deb']],
  ['a.deb', ['a.deb']],
  ['docs', []],
  ['docs/', ['docs/a.txt', 'docs/b/c.txt', 'docs/b/c.deb']],
  ['docs/**', ['docs/a.txt', 'docs/b/c.txt', 'docs/b/c.deb']],
  ['docs/*', ['docs/a.txt']],
  ['docs/**/*.txt', ['docs/a.txt', 'docs/b/c.txt']],
  ['docs*/**', ['docs/a.txt', 'docs/b/c.txt', 'docs/b/c.deb', 'docs2/a.txt']],
  ['**/docs/**', ['docs/a.txt', 'docs/b/c.txt', 'docs/b/c.deb', 'x/docs/a.txt']],
  ['*/*/*', ['docs/b/c.txt', 'docs/b/c.deb', 'x/docs/a.txt']],
  ['?.txt', ['𝒳.txt']],
  ['docs?a.txt', []],
  ['docs[/]a.txt', []],
  ['docs[!x]a.txt', []],
  ['docs?/a.txt', ['docs2/a.txt']],
  ['a[0-9].txt', ['a1.txt']],
  ['a[[]1].txt', ['a[1].txt']],
  ['a\\[1].txt', ['a[1].txt']],
  ['[!a.]*.deb', ['A.deb']],
  ['[^a.]*.deb', ['A.deb']],
  ['[]a]*.deb', ['a.deb']],
  ['[a-]1.txt', ['a1.txt']],
  ['w?rld/[ä]', ['wörld/ä']]
]

for (const [text, paths] of MATCHES) {
  test(`${text} names ${paths.length} of the paths`, () => {
    const glob = globOf(text)
    assert.deepEqual(
      PATHS.filter(path => matchesGlob(glob, path)),
      PATHS.filter(path => paths.includes(path))
    )
  })
}

test('what is no glob is refused with a reason', () => {
  assert.equal(parseGlob(''), 'empty')
  assert.equal(parseGlob('!'), 'empty')
  assert.equal(parseGlob('/'), 'empty')
  assert.equal(parseGlob('a[b'), 'a set without its ]')
  assert.equal(parseGlob('a[]'), 'a set without its ]')
  assert.equal(parseGlob('[z-a]'), 'a range that runs backwards')
  assert.equal(parseGlob('a\\'), 'ends in \\')
  assert.equal(parseGlob('a'.repeat(GLOB_CHARACTERS_MAX + 1)), 'too long')
})

/** As the definition says it, one choice after the other. */
function naive(glob: string, path: string): boolean {
  if (glob === '') return path === ''
  if (glob.startsWith('**')) {
    const rest = glob.replace(/^\*+/, '')
    for (let end = 0; end <= path.length; end++) if (naive(rest, path.slice(end))) return true
    return false
  }
  if (glob.startsWith('*')) {
    for (let end = 0; end <= path.length; end++) {
      if (naive(glob.slice(1), path.slice(end))) return true
      if (path[end] === '/') return false
    }
    return false
  }
  const isOne = path !== '' && (glob[0] === '?' ? path[0] !== '/' : glob[0] === path[0])
  return isOne && naive(glob.slice(1), path.slice(1))
}

test('as a naive matcher decides, for globs without sets and folders', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', '/', '*', '**', '?'), { minLength: 1, maxLength: 6 })
  const paths = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 7 })
  fc.assert(
    fc.property(letters, paths, (parts, path) => {
      const text = parts.join('')
      fc.pre(!/(^|\/)\*\*+\/|\/$/.test(text))
      assert.equal(matchesGlob(globOf(text), path.join('')), naive(text, path.join('')))
    }),
    { numRuns: 2000 }
  )
})

test('no glob is slow', () => {
  const glob = globOf(`${'*a'.repeat(400)}b`)
  assert.equal(matchesGlob(glob, 'a'.repeat(800)), false)
})
