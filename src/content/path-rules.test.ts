import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../base/bytes.ts'
import {
  COMPONENT_BYTES_MAX,
  collisionKey,
  componentFault,
  PATH_BYTES_MAX,
  PATH_COMPONENTS_MAX,
  type PathFault,
  PathTree,
  pathError,
  pathFault
} from './path-rules.ts'

test('names that people use are kept', () => {
  const names = [
    'a',
    '.bashrc',
    '...a',
    'read me.txt',
    'a..b',
    'Größe',
    '日本語.txt',
    'مرحبا',
    '🧪',
    'e\u0301',
    '\u00e9',
    'console.log',
    'nullable',
    'com10',
    'comma',
    'aux-1',
    '-rf',
    '~',
    '$HOME',
    'a%2e%2e',
    "it's",
    'peerage-part',
    'x.peerage-part.txt'
  ]
  for (const name of names) assert.equal(componentFault(name), undefined, name)
})

test('each unsafe component is refused for its reason', () => {
  const cases: [PathFault, string[]][] = [
    ['empty-component', ['']],
    ['dot-component', ['.', '..']],
    ['separator', ['/', 'a/b', '/etc', '..\\x', 'C:\\', '\\\\server', 'a/../../b']],
    ['not-unicode', ['\ud800', 'a\udc00b', '\udfff\ud800']],
    ['control-character', ['\0', 'a\0b', '\n', 'a\rb', '\x1b[2J', '\x7f', '\x85']],
    ['windows-character', ['C:', 'a:b', 'what?', '*', '<a>', '"a"', 'a|b']],
    [
      'windows-device',
      ['CON', 'nul', 'Aux.txt', 'com1', 'LPT9.tar.gz', 'COM\u00b9', 'conin$', 'NUL .txt', 'prn.']
    ],
    ['trailing-dot-or-space', ['a.', 'a ', '... ', '...']],
    ['part-file', ['.peerage-part', 'a.peerage-part', 'a.PEERAGE-Part']],
    ['component-too-long', ['a'.repeat(COMPONENT_BYTES_MAX + 1), '語'.repeat(COMPONENT_BYTES_MAX / 3 + 1)]]
  ]
  for (const [fault, components] of cases) {
    for (const component of components) {
      const expected = component === 'prn.' ? 'trailing-dot-or-space' : fault
      assert.equal(componentFault(component), expected, JSON.stringify(component))
      assert.equal(pathFault(['ok', component]), expected)
      assert.equal(new PathTree().add([component, 'ok'])?.fault, expected)
    }
  }
  assert.equal(componentFault('a'.repeat(COMPONENT_BYTES_MAX)), undefined)
})

test('whole paths have limits, too', () => {
  const deep = Array.from({ length: PATH_COMPONENTS_MAX }, () => 'd')
  assert.equal(pathFault(deep), undefined)
  assert.equal(pathFault([...deep, 'd']), 'too-deep')
  assert.equal(pathFault([]), 'no-components')
  const long = (bytes: number) => [
    'a'.repeat(200),
    'b'.repeat(200),
    'c'.repeat(200),
    'd'.repeat(200),
    'e'.repeat(bytes - 804)
  ]
  assert.equal(utf8(long(PATH_BYTES_MAX).join('/')).length, PATH_BYTES_MAX)
  assert.equal(pathFault(long(PATH_BYTES_MAX)), undefined)
  assert.equal(pathFault(long(PATH_BYTES_MAX + 1)), 'path-too-long')
})

function lastProblem(paths: readonly string[]): { fault: PathFault; other: string | undefined } | undefined {
  const tree = new PathTree()
  for (const [index, path] of paths.entries()) {
    const problem = tree.add(path.split('/'))
    if (index < paths.length - 1) assert.equal(problem, undefined, path)
    else if (problem !== undefined) return { fault: problem.fault, other: problem.other }
  }
  return undefined
}

test('paths that some system takes for one collide', () => {
  const cases: [string[], PathFault | undefined, string?][] = [
    [['a', 'b', 'ab', 'a.txt', 'c/a', 'c/b'], undefined],
    [['a', 'a'], 'duplicate', 'a'],
    [['a', 'A'], 'collision', 'a'],
    [['d/x', 'D/y'], 'collision', 'd'],
    [['d/e/x', 'd/E/y'], 'collision', 'd/e'],
    [['d/x', 'd'], 'duplicate', 'd'],
    [['d', 'd/x'], 'duplicate', 'd'],
    [['d', 'D/x'], 'collision', 'd'],
    [['d/x', 'D'], 'collision', 'd'],
    [['caf\u00e9', 'cafe\u0301'], 'collision', 'caf\u00e9'],
    [['\u00c9', 'e\u0301'], 'collision', '\u00c9'],
    [['straße', 'STRASSE'], 'collision', 'straße'],
    [['Ωmega', 'ωmega'], 'collision', 'Ωmega'],
    [['ΟΔΟΣ', 'οδος'], 'collision', 'ΟΔΟΣ'],
    [['οδος', 'οδοσ'], 'collision', 'οδος'],
    [['\u212a', 'k'], 'collision', '\u212a'],
    [['ﬁle', 'file'], 'collision', 'ﬁle'],
    [['ab/c', 'a/bc'], undefined]
  ]
  for (const [paths, fault, other] of cases) {
    assert.deepEqual(lastProblem(paths), fault && { fault, other }, paths.join(' '))
  }
})

test('collision keys ignore case and normalisation of every character', () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const character = String.fromCodePoint(code)
    const key = collisionKey(character)
    for (const other of [
      character.toLowerCase(),
      character.toUpperCase(),
      character.normalize('NFC'),
      character.normalize('NFD'),
      key
    ]) {
      if (collisionKey(other) !== key) assert.fail(`U+${code.toString(16)} and ${other} differ`)
    }
  }
})

test('a tree of random paths agrees with comparing each with each', () => {
  const path = fc.array(fc.constantFrom('a', 'A', 'b', 'é', 'e\u0301'), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(fc.array(path, { maxLength: 8 }), paths => {
      const tree = new PathTree()
      const problem = paths.map(entry => tree.add(entry)).find(found => found !== undefined)
      const folded = (p: readonly string[]) => p.map(c => c.normalize('NFC').toLowerCase()).join('/')
      const prefixes = (p: readonly string[]) => p.map((_, i) => p.slice(0, i + 1))
      const clash = paths.some((a, i) =>
        paths.some((b, j) => {
          if (i === j) return false
          if (folded(a) === folded(b)) return true
          return prefixes(a).some((x, depth) => {
            const y = b.slice(0, depth + 1)
            if (folded(x) !== folded(y)) return false
            return x.join('/') !== y.join('/') || depth === a.length - 1
          })
        })
      )
      assert.equal(problem !== undefined, clash)
      if (clash) return
      for (const entry of paths) {
        assert.equal(tree.kindOf(entry), 'entry')
        for (const folder of prefixes(entry).slice(0, -1)) assert.equal(tree.kindOf(folder), 'folder')
        assert.equal(tree.kindOf([...entry, 'none']), undefined)
      }
    })
  )
})

test('the error says what, why and what to do', () => {
  const problem = new PathTree().add(['docs', 'nul.txt'])
  assert.ok(problem)
  const error = pathError(problem, 'publish')
  assert.equal(error.code, 'PATH_UNSAFE')
  assert.match(error.message, /can not publish: the path "docs\/nul.txt" .* Windows device; rename it/)
})
