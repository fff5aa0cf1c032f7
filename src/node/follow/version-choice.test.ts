import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseVersionId, type VersionId } from '../../base/ids.ts'
import { type Candidate, chooseVersion, type Situation, type Verdict } from './version-choice.ts'

function idOf(letter: string): VersionId {
  const id = parseVersionId(Buffer.from(letter).toString('hex').padStart(64, '0'))
  assert.ok(id !== undefined)
  return id
}

const VERDICTS: Record<string, Verdict> = {
  '+': { kind: 'good' },
  '!': { kind: 'withdrawn', detail: 'the version was recalled' },
  '?': { kind: 'denied', detail: 'read with a grant only' },
  // Good, but its hook failed.
  x: { kind: 'good' }
}

/**
 * Versions oldest first, each an id and its verdict; the one in brackets is current; `^` after one pins to it:
 * "a+ [b!] c?" is at a recalled second version of three, and may not read the third.
 */
function picture(text: string): Situation {
  const words = text.split(' ').filter(Boolean)
  let current: Situation['current'] = null
  let pinned: number | null = null
  const failed = new Set<VersionId>()
  const candidates = words.map((word, index): Candidate => {
    const [letter = '', mark = ''] = word.replace(/[[\]^]/g, '')
    const verdict = VERDICTS[mark]
    assert.ok(verdict !== undefined, word)
    const entry = { version: idOf(letter), ordinal: index + 1 }
    if (word.startsWith('[')) current = entry
    if (word.endsWith('^')) pinned = entry.ordinal
    if (mark === 'x') failed.add(entry.version)
    return { ...entry, verdict }
  })
  return { candidates, current, failed, pinned }
}

function chosen(text: string): string {
  const choice = chooseVersion(picture(text))
  if (choice.kind === 'go') return `${choice.reason} ${choice.to.ordinal}`
  return choice.kind === 'stuck' ? `stuck${choice.isWithdrawn ? ' withdrawn' : ''}` : 'stay'
}

describe('the version that a followed destination should be at', () => {
  const PICTURES: readonly (readonly [string, string])[] = [
    ['', 'stuck'],
    ['a+', 'new 1'],
    ['[a+]', 'stay'],
    ['[a+] b+', 'new 2'],
    ['[a+] b+ c+', 'new 3'],
    ['a? b?', 'stuck'],
    // What may not be had, or is withdrawn, is passed over.
    ['[a+] b+ c?', 'new 2'],
    ['[a+] b!', 'stay'],
    ['a+ b!', 'new 1'],
    // The current one is withdrawn.
    ['a+ [b!]', 'withdrawn 1'],
    ['a+ [b!] c+', 'withdrawn 3'],
    ['a! [b!]', 'stuck withdrawn'],
    ['[a!]', 'stuck withdrawn'],
    // That it may not be read any more moves nothing back.
    ['a+ [b?]', 'stay'],
    ['a+ [b?] c+', 'new 3'],
    ['[a?]', 'stay'],
    // A hook failed.
    ['a+ [bx]', 'hook-failed 1'],
    ['[a+] bx', 'stay'],
    ['[a+] bx c+', 'new 3'],
    ['[ax]', 'stay'],
    ['a! [bx]', 'stay'],
    // Pinned.
    ['a+^ [b+]', 'rollback 1'],
    ['[a+]^ b+', 'stay'],
    ['[a!]^ b+', 'stuck withdrawn'],
    ['a+ [b!]^ c+', 'withdrawn 1'],
    ['a+^ b+', 'rollback 1'],
    // The same content published again is the same version.
    ['[a+] b! a+', 'stay'],
    ['[a!] b+ a+', 'stay'],
    ['b+ [a+] a!', 'stay']
  ]

  for (const [text, expected] of PICTURES)
    it(`${text || 'nothing'} -> ${expected}`, () => assert.equal(chosen(text), expected))

  it('says of each newer version why it is passed over', () => {
    const { passedOver } = chooseVersion(picture('[a+] b! c? dx'))
    assert.deepEqual(passedOver, [
      { ordinal: 2, detail: 'the version was recalled' },
      { ordinal: 3, detail: 'read with a grant only' },
      { ordinal: 4, detail: 'its hook failed' }
    ])
  })

  it('never goes to what is withdrawn, denied, failed or newer than the pin, and settles at once', () => {
    const word = fc
      .tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('+', '!', '?', 'x'))
      .map(([letter, mark]) => letter + mark)
    const place = fc.option(fc.nat(7), { nil: undefined })
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), place, place, (words, at, pin) => {
        const text = words.map(
          (each, index) => (index === at ? `[${each}]` : each) + (index === pin ? '^' : '')
        )
        const situation = picture(text.join(' '))
        const choice = chooseVersion(situation)
        if (choice.kind !== 'go') return
        assert.equal(choice.to.verdict.kind, 'good')
        assert.ok(!situation.failed.has(choice.to.version))
        assert.ok(choice.to.ordinal <= (situation.pinned ?? Number.POSITIVE_INFINITY))
        const settled = chooseVersion({ ...situation, current: choice.to })
        assert.equal(settled.kind, 'stay')
      })
    )
  })
})
