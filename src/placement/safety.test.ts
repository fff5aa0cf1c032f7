import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { device, fleet, policy, unit } from './fleet-picture.conformance.ts'
import { type Policy, slotCount, slotsToRead } from './policy.ts'
import { type Holder, safetyOf, safetyText } from './safety.ts'
import { whatIf } from './what-if.ts'

const SHOWN = fleet('paris/eu: A b c~ | oslo/no: D e | rome/eu: F G h | kiel/eu: I')

/** `A` holds a copy, `A3` share 3. */
function holders(picture: string): Holder[] {
  const words = picture.split(' ').filter(word => word !== '')
  return words.map(word => {
    const found = SHOWN.devices.find(({ id }) => id === device(word.slice(0, 1))) ?? assert.fail(word)
    return { device: found, share: word.length === 1 ? null : Number(word.slice(1)) }
  })
}

for (const [text, held, words] of [
  [
    'copies=3,sites=2',
    'A D F',
    'safe: 3 of 3 copies are proved, on 3 sites; survives the loss of any 2 sites or any 2 devices'
  ],
  [
    'copies=3,sites=2',
    'A b F',
    'safe: 3 of 3 copies are proved, on 2 sites; survives the loss of any 1 site or any 2 devices'
  ],
  [
    'copies=3,sites=2',
    'A b',
    'not safe, for want of 1 more site and 1 more copy: 2 of 3 copies are proved, on 1 site; ' +
      'survives the loss of any 1 device'
  ],
  [
    'copies=2,sites=2,region=eu',
    'A D',
    'not safe, for want of 1 more site and 1 more copy: 1 of 2 copies are proved, on 1 site; ' +
      'survives the loss of any 1 site or any 1 device'
  ],
  ['copies=1', 'c', 'safe: 1 of 1 copies are proved, on 1 site; survives no loss'],
  ['copies=2', '', 'not readable: 0 of 2 copies are proved, on 0 sites, and it takes 1 to read it'],
  [
    'shares=4+2,sites=3',
    'A0 b1 D2 e3 F4 G5',
    'safe: 6 of 6 shares are proved, on 3 sites; survives the loss of any 1 site or any 2 devices'
  ],
  [
    'shares=4+2,sites=2',
    'A0 b1 c2 D3 e4 F5',
    'safe: 6 of 6 shares are proved, on 3 sites; survives the loss of any 2 devices'
  ],
  [
    'shares=4+2,sites=3',
    'A0 D2 F4',
    'not readable: 3 of 6 shares are proved, on 3 sites, and it takes 4 to read it'
  ],
  [
    'shares=4+2,sites=3',
    'A0 D2 F4 b e',
    'not safe, for want of 3 more shares: 3 of 6 shares are proved, on 3 sites; ' +
      'survives the loss of any 1 site or any 1 device'
  ],
  [
    'copies=2',
    'A0 D1 F',
    'not safe, for want of 1 more copy: 1 of 2 copies are proved, on 1 site; survives no loss'
  ]
] as const)
  test(`in words: ${text} on ${held === '' ? 'nobody' : held}`, () => {
    assert.equal(safetyText(policy(text), safetyOf(policy(text), holders(held))), words)
  })

test('in words: what nobody keeps yet is where it was published, which is said and does not count', () => {
  const asked = policy('copies=2,sites=2')
  assert.equal(
    safetyText(asked, safetyOf(asked, []), ['build-1']),
    'not safe yet, it is only with build-1: 0 of 2 copies are proved, on 0 sites'
  )
  const kept = safetyOf(asked, holders('A'))
  assert.equal(safetyText(asked, kept, ['build-1']), safetyText(asked, kept))
})

/** By trying all subsets: the most domains of which any may be lost. */
function mostLosses(asked: Policy, held: readonly Holder[], domainOf: (holder: Holder) => string): number {
  const domains = [...new Set(held.map(domainOf))]
  const isReadable = (left: readonly Holder[]): boolean =>
    new Set(left.map(({ device: { id }, share }) => share ?? id)).size >= slotsToRead(asked)
  let fewest = domains.length + 1
  for (let lost = 0; lost < 2 ** domains.length; lost++) {
    const isLost = (holder: Holder): boolean => ((lost >> domains.indexOf(domainOf(holder))) & 1) === 1
    const size = domains.filter((_, at) => ((lost >> at) & 1) === 1).length
    if (!isReadable(held.filter(holder => !isLost(holder)))) fewest = Math.min(fewest, size)
  }
  return fewest - 1
}

const anyHeld = fc.record({
  text: fc.constantFrom('copies=3', 'shares=2+1', 'shares=3+2', 'shares=4+3', 'shares=2+4'),
  slots: fc.array(fc.tuple(fc.nat({ max: 8 }), fc.nat({ max: 6 })), { maxLength: 9 })
})

test('law: what is survived is as trying all subsets says; where shares are held twice at the most that', () => {
  let [exact, lower] = [0, 0]
  fc.assert(
    fc.property(anyHeld, ({ text, slots }) => {
      const asked = policy(text)
      const held = slots.map(([who, share]): Holder => {
        const found = SHOWN.devices[who] ?? assert.fail()
        return { device: found, share: asked.shares === null ? null : share % slotCount(asked) }
      })
      const { survives, isReadable } = safetyOf(asked, held)
      const truth = [
        mostLosses(asked, held, ({ device: { site } }) => site),
        mostLosses(asked, held, ({ device: { id } }) => id)
      ]
      assert.equal(isReadable, (truth[0] ?? 0) >= 0)
      if (survives === undefined) return
      const said = [survives.sites, survives.devices]
      const isTwice = asked.shares !== null && new Set(held.map(({ share }) => share)).size < held.length
      if (isTwice) lower++
      else exact++
      said.forEach((each, at) => {
        if (isTwice) assert.ok(each <= (truth[at] ?? -1), `${each}, but ${truth[at]}`)
        else assert.equal(each, truth[at])
      })
    }),
    { numRuns: 2000, seed: 15 }
  )
  assert.ok(exact > 100 && lower > 100, `${exact} exact, ${lower} lower`)
})

test('what if: a site, a region or a device is lost', () => {
  const stored = [
    { dataset: 'builds', unit: unit(1, 'copies=2,sites=2'), holders: holders('A D') },
    { dataset: 'builds', unit: unit(2, 'copies=2,sites=2'), holders: holders('F I') },
    { dataset: 'films', unit: unit(3, 'shares=2+1,sites=2'), holders: holders('A0 F1 G2') },
    { dataset: 'notes', unit: unit(4, 'copies=2'), holders: holders('A') }
  ]
  const told = (loss: Parameters<typeof whatIf>[1]): string[] =>
    whatIf(stored, loss).map(
      each =>
        `${each.dataset}: ${each.touched} of ${each.units} touched, ${each.belowPolicy} below policy ` +
        `(${each.belowPolicyBefore} before), ${each.unreadable} unreadable`
    )
  assert.deepEqual(told({ sites: new Set(['paris']) }), [
    'notes: 1 of 1 touched, 1 below policy (1 before), 1 unreadable',
    'builds: 1 of 2 touched, 1 below policy (0 before), 0 unreadable',
    'films: 1 of 1 touched, 1 below policy (0 before), 0 unreadable'
  ])
  assert.deepEqual(told({ regions: new Set(['eu']) }), [
    'builds: 2 of 2 touched, 2 below policy (0 before), 1 unreadable',
    'films: 1 of 1 touched, 1 below policy (0 before), 1 unreadable',
    'notes: 1 of 1 touched, 1 below policy (1 before), 1 unreadable'
  ])
  assert.deepEqual(told({ devices: new Set([device('D'), device('b')]) }), [
    'builds: 1 of 2 touched, 1 below policy (0 before), 0 unreadable'
  ])
  assert.deepEqual(told({ sites: new Set(['nowhere']) }), [])
})
