import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  paintFor,
  plural,
  printable,
  relativeTime,
  renderFields,
  renderTable,
  shellWord,
  widthOf
} from './text.ts'

const plain = paintFor({ isTty: false, env: {} })

describe('paintFor', () => {
  it('colours a terminal, unless the user or the terminal says no', () => {
    assert.equal(paintFor({ isTty: true, env: {} })('red', 'x'), '\u001b[31mx\u001b[0m')
    assert.equal(paintFor({ isTty: true, env: { NO_COLOR: '' } })('red', 'x'), '\u001b[31mx\u001b[0m')
    for (const options of [
      { isTty: false, env: {} },
      { isTty: true, env: { NO_COLOR: '1' } },
      { isTty: true, env: { TERM: 'dumb' } }
    ])
      assert.equal(paintFor(options)('red', 'x'), 'x')
  })
})

describe('printable', () => {
  it('leaves no character that steers a terminal', () => {
    assert.equal(printable('a\u001b[31m\nb\u202ec'), 'a\ufffd[31m\ufffdb\ufffdc')
    assert.equal(printable('Zürich 東京 🚀'), 'Zürich 東京 🚀')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        for (const character of printable(text)) {
          const code = character.codePointAt(0) ?? 0
          assert.ok(code >= 0x20 && (code < 0x7f || code > 0x9f))
        }
      })
    )
  })
})

describe('tables', () => {
  it('align by what the terminal shows', () => {
    const rows = [
      { name: 'a', size: '1 B' },
      { name: '東京', size: '12.5 MB' },
      { name: 'e\u0301t\u00e9\u001b', size: '-' }
    ]
    const lines = renderTable(
      rows,
      [
        { title: 'NAME', value: row => row.name },
        { title: 'SIZE', align: 'right', value: row => row.size }
      ],
      plain
    )
    assert.deepEqual(lines, [
      'NAME     SIZE',
      'a         1 B',
      '東京  12.5 MB',
      'e\u0301t\u00e9\ufffd        -'
    ])
    for (const line of lines) assert.equal(widthOf(line), 13)
  })

  it('have a heading only when there is nothing', () => {
    assert.deepEqual(renderTable([], [{ title: 'A', value: String }], plain), ['A'])
  })

  it('of fields align their values', () => {
    assert.deepEqual(
      renderFields(
        [
          ['a', '1'],
          ['long', '2'],
          ['b', '']
        ],
        plain
      ),
      ['a     1', 'long  2', 'b']
    )
  })
})

describe('wording', () => {
  it('counts and tells times', () => {
    assert.equal(plural(1, 'file'), '1 file')
    assert.equal(plural(0, 'file'), '0 files')
    assert.equal(plural(20000, 'file'), '20,000 files')
    assert.equal(relativeTime(1000, 6000), '5.0 s ago')
    assert.equal(relativeTime(6000, 1000), 'in 5.0 s')
  })

  it('quotes for the shell only what needs it', () => {
    assert.equal(shellWord('/srv/a-b_1.2'), '/srv/a-b_1.2')
    assert.equal(shellWord("it's $HOME"), `'it'\\''s $HOME'`)
    assert.equal(shellWord(''), "''")
  })
})
