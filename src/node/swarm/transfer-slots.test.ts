/**
 * Pictures of slots: one transfer each, `h`, `n` or `l` for its priority, the oldest first. Upper case holds a slot.
 * After it `-` for no source, `z` for resting, `*` for busy with blocks in memory, a digit for a deadline, `!` for one
 * that will miss it.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TRANSFER_LIMITS } from '../../swarm/transfer-limits.ts'
import {
  BESIDE_HIGH_BYTES,
  type Contender,
  decideSlots,
  OPEN_BYTES_MAX,
  SLOTS_MAX,
  STALLED_MS
} from './transfer-slots.ts'

const NOW = 100_000
const PRIORITIES = { h: 'high', n: 'normal', l: 'low' } as const

function contendersOf(picture: string): Contender[] {
  return picture.split(' ').map((mark, at) => {
    const letter = (mark[0] ?? '').toLowerCase() as keyof typeof PRIORITIES
    return {
      id: String(at),
      priority: PRIORITIES[letter],
      startedAtMs: at,
      deadlineAtMs: /\d/.test(mark) ? Number(mark.replace(/\D/g, '')) : null,
      isLate: mark.includes('!'),
      hasSource: !mark.includes('-'),
      holdsSlot: mark[0] !== letter,
      isBusy: mark.includes('*'),
      movedAtMs: NOW,
      restsUntilMs: mark.includes('z') ? NOW + 1 : 0
    }
  })
}

/** `#` for those that may fetch. */
function granted(picture: string, slotsMax = 2): string {
  const contenders = contendersOf(picture)
  const { grants } = decideSlots(contenders, { nowMs: NOW, slotsMax })
  return contenders.map(({ id }) => (grants.has(id) ? '#' : '.')).join('')
}

const PICTURES: readonly (readonly [string, string, string])[] = [
  ['n n n', '##.', 'the oldest first'],
  ['n n h', '#.#', 'high before normal'],
  ['N N h', '#.#', 'and takes the slot of the youngest'],
  ['N N* h', '#..', 'once that has nothing in memory any more'],
  ['N* N* h', '#..', 'while those that keep theirs fetch on'],
  ['H H n h', '##..', 'the older of two equal ones keeps its slot'],
  ['l l n', '..#', 'low ones yield to any other, also where a slot is free'],
  ['L* n', '.#', 'one that has a slot gives it up'],
  ['L* L* n', '...', 'and while both are in memory nobody begins'],
  ['l l l', '##.', 'among themselves they fetch'],
  ['l n-', '##', 'and beside one without a source'],
  ['n- n- n n', '..##', 'those with a source before those without'],
  ['n- n', '##', 'who looks for a source may begin at once when it finds one'],
  ['nz n n', '.##', 'who rests comes last'],
  ['nz n', '##', 'and still before nobody'],
  ['l hz', '##', 'low ones do not yield to who rests'],
  ['n n n9 n5', '..##', 'the earliest deadlines before those without one'],
  ['n9 n5 n7', '.##', 'and the earlier before the later'],
  ['n1 h h9', '.##', 'priority goes before a deadline'],
  ['N N n5', '#.#', 'one with a deadline takes the slot of the youngest without']
]

for (const [picture, expected, name] of PICTURES) {
  test(`${picture}: ${name}`, () => assert.equal(granted(picture), expected))
}

test('who lets a slot lie while another waits for one rests', () => {
  const [first, second, third] = contendersOf('N N n')
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  const idle = { ...first, movedAtMs: NOW - STALLED_MS }
  const busy = decideSlots([idle, second, third], { nowMs: NOW, slotsMax: 2 })
  assert.deepEqual([...busy.resting], ['0'])
  assert.deepEqual([...busy.grants.keys()].sort(), ['1', '2'])
  const alone = decideSlots([idle, second], { nowMs: NOW, slotsMax: 2 })
  assert.deepEqual([...alone.resting], [], 'while nobody waits it keeps it')
})

test('beside a high one the others have less on their way', () => {
  const shares = (picture: string) =>
    [...decideSlots(contendersOf(picture), { nowMs: NOW }).grants.values()].map(each => each.inFlightBytesMax)
  const { inFlightBytesMax } = TRANSFER_LIMITS
  assert.deepEqual(shares('h n n'), [inFlightBytesMax, BESIDE_HIGH_BYTES, BESIDE_HIGH_BYTES])
  assert.deepEqual(shares('n n'), [inFlightBytesMax, inFlightBytesMax])
  assert.deepEqual(shares('h- n'), [inFlightBytesMax, inFlightBytesMax], 'not beside one without a source')
})

test('beside one that will be late the others that are no more urgent have less on their way', () => {
  const shares = (picture: string) => {
    const { grants } = decideSlots(contendersOf(picture), { nowMs: NOW })
    return contendersOf(picture)
      .map(({ id }) => (grants.get(id)?.inFlightBytesMax === BESIDE_HIGH_BYTES ? '-' : '#'))
      .join('')
  }
  assert.equal(shares('n n5! n'), '-#-')
  assert.equal(shares('n n5 n'), '###', 'who is on time leaves them theirs')
  assert.equal(shares('n5! n3! n'), '-#-', 'of two the earlier deadline')
  assert.equal(shares('h n5! n'), '#--', 'but not a more urgent one')
})

const contender = fc.record({
  deadlineAtMs: fc.constantFrom(null, 1, 2),
  isLate: fc.boolean(),
  priority: fc.constantFrom('high', 'normal', 'low'),
  startedAtMs: fc.nat(9),
  hasSource: fc.boolean(),
  holdsSlot: fc.boolean(),
  isBusy: fc.boolean(),
  restsUntilMs: fc.constantFrom(0, NOW + 1)
})

test('laws: memory is bounded, nobody is passed over by one behind it, and a free slot is used', () => {
  fc.assert(
    fc.property(fc.array(contender, { maxLength: 8 }), drawn => {
      // As the desk makes it so: at most so many hold a slot or have blocks in memory.
      let used = 0
      const all = drawn.map((each, at) => {
        const isIn = (each.holdsSlot || each.isBusy) && used < SLOTS_MAX
        if (isIn) used++
        return {
          ...each,
          id: String(at),
          holdsSlot: isIn && each.holdsSlot,
          isBusy: isIn && each.isBusy,
          movedAtMs: NOW
        }
      })
      const { grants } = decideSlots(all, { nowMs: NOW })
      const inMemory = all.filter(each => grants.has(each.id) || each.isBusy)
      assert.ok(inMemory.length * TRANSFER_LIMITS.openBytesMax <= OPEN_BYTES_MAX)
      const able = all.filter(each => each.hasSource && each.restsUntilMs === 0)
      const urgent = able.filter(each => each.priority !== 'low')
      for (const each of all)
        if (each.priority === 'low' && grants.has(each.id)) assert.equal(urgent.length, 0)
      for (const each of able)
        for (const other of able) {
          const rank = ['high', 'normal', 'low']
          const before =
            rank.indexOf(each.priority) - rank.indexOf(other.priority) ||
            (each.deadlineAtMs ?? 9) - (other.deadlineAtMs ?? 9) ||
            each.startedAtMs - other.startedAtMs
          if (before < 0 && grants.has(other.id) && !other.holdsSlot && !other.isBusy)
            assert.ok(grants.has(each.id))
        }
      if (all.every(each => !each.isBusy) && able.length > 0) {
        const best = urgent.length > 0 ? urgent : able
        assert.ok(best.filter(each => grants.has(each.id)).length >= Math.min(SLOTS_MAX, best.length))
      }
    }),
    { numRuns: 2000 }
  )
})
