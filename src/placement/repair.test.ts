import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS, HOUR_MS } from '../base/units.ts'
import { Assigner } from './assignment.ts'
import { countedFleet, DEFAULT_GRACE, DEFAULT_PATIENCE, devicesById, type Fleet } from './fleet.ts'
import { device, fleet, letter, unit } from './fleet-picture.conformance.ts'
import { DEFAULT_PROOF_AGE_MAX_MS, DEFAULT_SKEW_MS, type Holding, type Terms } from './holding.ts'
import { planRepair, type UnitPlan } from './repair.ts'

function terms(nowMs: number): Terms {
  return {
    ...{ nowMs, grace: DEFAULT_GRACE, patience: DEFAULT_PATIENCE },
    ...{ proofAgeMaxMs: DEFAULT_PROOF_AGE_MAX_MS, skewMs: DEFAULT_SKEW_MS }
  }
}

/** `A` proved and promised, `A-` without a promise, `A?` without a proof, `A~` proved too long ago; `A3` share 3. */
function holdings(picture: string, nowMs: number): Holding[] {
  const words = picture.split(' ').filter(word => word !== '')
  return words.map(word => {
    const [, name = '', share, mark = ''] = /^([A-Za-z])(\d*)([-?~]?)$/.exec(word) ?? assert.fail(word)
    return {
      device: device(name),
      share: share === '' ? null : Number(share),
      provedMs: mark === '?' ? undefined : mark === '~' ? nowMs - DEFAULT_PROOF_AGE_MAX_MS - 1 : nowMs,
      promisedUntilMs: mark === '' ? nowMs + DAY_MS : 0
    }
  })
}

function slots(
  all: readonly { readonly device: Holding['device']; readonly share: number | null }[]
): string {
  return all
    .map(({ device: id, share }) => `${letter(id)}${share ?? ''}`)
    .sort()
    .join(' ')
}

function drawn(plan: UnitPlan): string {
  const fetched = plan.fetch.map(each => {
    const sources = each.from.map(letter).join('')
    return `${slots([each])}${each.standsIn ? '!' : ''}${each.how === 'rebuild' ? '<=' : '<'}${sources}`
  })
  const parts = {
    fetch: fetched.sort().join(' '),
    prove: slots(plan.prove),
    keep: slots(plan.keep),
    drop: slots(plan.drop),
    wait: plan.waiting.map(each => `${slots([each])}:${each.because}`).join(' '),
    blocked: slots(plan.blocked)
  }
  const said = Object.entries(parts).flatMap(([name, text]) => (text === '' ? [] : [`${name} ${text}`]))
  return (plan.isUrgent ? ['urgent', ...said] : said).join('; ')
}

function plan(shown: Fleet, text: string, held: string, nowMs = HOUR_MS): UnitPlan {
  const assigner = new Assigner(countedFleet(shown, DEFAULT_GRACE, nowMs), 0)
  return planRepair({
    assignment: assigner.assign(unit(1, text)),
    holdings: holdings(held, nowMs),
    devices: devicesById(shown),
    terms: terms(nowMs),
    standIns: (...of) => assigner.standIns(...of)
  })
}

const THREE = 'paris: A x- | oslo: B y- | rome: C z-'
const PICTURES: readonly (readonly [string, string, string, string, string])[] = [
  ['all in place', THREE, 'copies=3,sites=2', 'A B C', 'keep A B C'],
  ['one is missing', THREE, 'copies=3,sites=2', 'A B', 'fetch C<AB; keep A B'],
  ['one has it without proof', THREE, 'copies=3,sites=2', 'A B C?', 'prove C; keep A B C'],
  ['an old proof is no proof', THREE, 'copies=3,sites=2', 'A B C~', 'prove C; keep A B C'],
  ['who proved is asked first', THREE, 'copies=3,sites=2', 'A? B', 'urgent; fetch C<BA; prove A; keep A B'],
  ['nobody has it', THREE, 'copies=3,sites=2', '', 'urgent; blocked A B C'],
  ['a copy in the wrong place may go', THREE, 'copies=3,sites=2', 'A B C x-', 'keep A B C; drop x'],
  [
    'it is a source until the others proved theirs',
    THREE,
    'copies=3,sites=2',
    'A x- y-',
    'fetch B<Axy C<Axy; keep A; wait x:owed-not-proved y:owed-not-proved'
  ],
  [
    'and until they promised to keep them',
    THREE,
    'copies=3,sites=2',
    'A B C- x-',
    'keep A B C; wait x:owed-not-promised'
  ],
  ['and until its own promise is over', THREE, 'copies=3,sites=2', 'A B C x', 'keep A B C; wait x:promised'],
  [
    'nothing is dropped where the policy can not be kept',
    'paris: A | oslo: B x-',
    'copies=3,sites=2',
    'A B x-',
    'keep A B; wait x:policy-not-kept'
  ],
  ['shares in place', THREE, 'shares=2+1,sites=3', 'A0 B1 C2', 'keep A0 B1 C2'],
  ['each keeps the share that it has', THREE, 'shares=2+1,sites=3', 'A2 B0 C1', 'keep A2 B0 C1'],
  [
    'a lost share is made of the others',
    THREE,
    'shares=2+1,sites=3',
    'A2 B0',
    'urgent; fetch C1<=AB; keep A2 B0'
  ],
  [
    'or copied from where it does not belong',
    THREE,
    'shares=2+1,sites=3',
    'A2 B0 x1-',
    'fetch C1<x; keep A2 B0; wait x1:owed-not-proved'
  ],
  [
    'too few shares to make anything of',
    THREE,
    'shares=3+1,sites=3',
    'A0 B1',
    'urgent; keep A0 B1; blocked C2'
  ]
]

for (const [name, picture, text, held, expected] of PICTURES)
  test(`picture: ${name}`, () => {
    assert.equal(drawn(plan(fleet(picture), text, held)), expected)
  })

test('picture: a reboot moves nothing, a longer absence what few hold, and a missed deadline gives the place away', () => {
  // Who is marked with ? is away since hour 0; until then it had proved what it holds, and promised nothing.
  const later = (picture: string, text: string, held: string, nowMs: number): string => {
    const shown = fleet(picture)
    const assigner = new Assigner(countedFleet(shown, DEFAULT_GRACE, nowMs), 0)
    return drawn(
      planRepair({
        assignment: assigner.assign(unit(1, text)),
        holdings: holdings(held, 0).map(each => ({ ...each, promisedUntilMs: 0 })),
        devices: devicesById(shown),
        terms: terms(nowMs),
        standIns: (...of) => assigner.standIns(...of)
      })
    )
  }
  const servers = 'paris: A | oslo: B? | rome: c~*0'
  const two = 'copies=2,sites=2'
  assert.equal(later(servers, two, 'A B', DEFAULT_PATIENCE.server), 'keep A B')
  const spare = 'paris: A*1000000 | oslo: B*1000000? | rome: c*1'
  assert.equal(later(spare, two, 'A B', DEFAULT_PATIENCE.server), 'keep A B')
  assert.equal(later(spare, two, 'A B', DEFAULT_PATIENCE.server + 1), 'urgent; fetch c!<A; keep A B')
  assert.equal(later(spare, two, 'A B c-', DEFAULT_PATIENCE.server + 1), 'keep A B; wait c:owed-not-promised')
  assert.equal(later(spare, two, 'A B', DEFAULT_GRACE.server), 'urgent; fetch c!<A; keep A B')
  assert.equal(later(spare, two, 'A B', DEFAULT_GRACE.server + 1), 'urgent; fetch c<A; keep A')
  // Three copies, of which two are at hand: nobody hurries.
  const many = 'paris: A | oslo: B | rome: C? | kiel: d*1-'
  assert.equal(later(many, 'copies=3,sites=2', 'A B C', DEFAULT_PATIENCE.server + 1), 'keep A B C')
  const laptops = 'paris: a~ | oslo: b~? | rome: c*1-'
  assert.equal(later(laptops, two, 'a b', DEFAULT_PATIENCE.laptop), 'keep a b')
})

test('picture: who returns after its deadline proves anew, and what replaced it goes once it has promised', () => {
  const shown = fleet('paris: A*1000000 | oslo: B*1000000 | rome: c*1')
  const nowMs = DAY_MS
  const back = {
    ...shown,
    devices: shown.devices.map(each =>
      each.id === device('B') ? { ...each, emptySinceMs: nowMs - 1 } : each
    )
  }
  const assigner = new Assigner(back, 0)
  const plans = (held: readonly Holding[]): string =>
    drawn(
      planRepair({
        assignment: assigner.assign({ ...unit(1, 'copies=2,sites=2'), seniority: seniority++ }),
        ...{ holdings: held, devices: devicesById(back), terms: terms(nowMs) },
        standIns: (...of) => assigner.standIns(...of)
      })
    )
  let seniority = 0
  const [a, b, c] = holdings('A B c-', nowMs - 2)
  assert.ok(a && b && c)
  assert.equal(plans([a, b, c]), 'prove B; keep A B; wait c:owed-not-proved')
  assert.equal(plans([a, { ...b, provedMs: nowMs }, c]), 'keep A B; drop c')
})

test('the same inputs give the same plan', () => {
  const shown = fleet('paris: A b c | oslo: D e | rome: F? g')
  const draw = (): UnitPlan => plan(shown, 'shares=3+2,sites=2', 'A2 b2 D0 g4- e1?')
  assert.deepEqual(draw(), draw())
})
