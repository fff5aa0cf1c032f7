import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../../base/bytes.ts'
import type { DeviceId } from '../../base/ids.ts'
import { orgIdFromBytes } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'
import { keyNamed, START_MS, sha256 } from '../fold/org-fixture.conformance.ts'
import { type Beacon, createBeacon } from './beacon.ts'
import { CLOCK_TOLERANCE_MS, type ClassAccess, Freshness, type FreshnessView } from './freshness.ts'
import type { FreshnessTerms } from './freshness-terms.ts'
import { createOverride } from './override.ts'

const SELF = keyNamed('self').id
const admin = keyNamed('admin')
const ORG = orgIdFromBytes(sha256(utf8('org')))
const rootHash = (version: number) => sha256(utf8(`root ${version}`))
const digestNamed = (name: string) => sha256(utf8(`digest ${name}`))
const SIGNERS: readonly DeviceId[] = ['a', 'b', 'c', 'd', 'e'].map(name => keyNamed(`signer ${name}`).id)
const PERIOD_MIN = 5
const LIFE_MIN = 30
const LIMIT_MIN = 15
const TOLERANCE_MIN = CLOCK_TOLERANCE_MS / MINUTE_MS

const at = (minutes: number) => START_MS + minutes * MINUTE_MS

function termsOf(signers: number, quorum: number, changes: Partial<FreshnessTerms> = {}): FreshnessTerms {
  return {
    org: ORG,
    rootHashes: [rootHash(1), rootHash(2)],
    admins: [admin.id],
    beacon: {
      signers: SIGNERS.slice(0, signers),
      quorum,
      periodMs: PERIOD_MIN * MINUTE_MS,
      lifeMs: LIFE_MIN * MINUTE_MS
    },
    stalenessMs: { public: null, internal: null, confidential: LIMIT_MIN * MINUTE_MS, restricted: 0 },
    isMember: () => true,
    ...changes
  }
}

interface Said {
  readonly by: 'a' | 'b' | 'c' | 'd' | 'e'
  readonly atMin: number
  readonly digest?: string
  readonly operations?: number
  readonly root?: number
  readonly rootHash?: Uint8Array
  readonly lifeMin?: number
}

/** Signatures are beacon.ts's business; here they are blank. */
function say(said: Said): Beacon {
  const { by, atMin, digest = 'now', operations = 10, root = 1, lifeMin = LIFE_MIN } = said
  return createBeacon(
    {
      org: ORG,
      device: keyNamed(`signer ${by}`).id,
      rootVersion: root,
      rootHash: said.rootHash ?? rootHash(root),
      digest: digestNamed(digest),
      operations,
      timeMs: at(atMin),
      expiresMs: at(atMin + lifeMin)
    },
    { sign: () => new Uint8Array(64), sha256 }
  )
}

class Scene {
  readonly freshness = new Freshness({ self: SELF })
  terms: FreshnessTerms
  nowMin: number

  constructor(terms: FreshnessTerms, nowMin = 0) {
    this.terms = terms
    this.nowMin = nowMin
  }

  get now() {
    return { terms: this.terms, nowMs: at(this.nowMin) }
  }

  hear(said: Said, { isLive = false } = {}): string {
    return this.freshness.take(say(said), { ...this.now, isLive }).kind
  }

  cover(digest = 'now'): void {
    this.freshness.cover(digestNamed(digest))
  }

  view(): FreshnessView {
    return this.freshness.view(this.now)
  }

  /** Minutes, or null. */
  asOf(): number | null {
    const { asOfMs } = this.view()
    return asOfMs === null ? null : (asOfMs - START_MS) / MINUTE_MS
  }

  access(name: 'public' | 'confidential' | 'restricted' = 'confidential'): ClassAccess {
    return this.freshness.access(name, this.now)
  }

  verdict(name: 'public' | 'confidential' | 'restricted' = 'confidential'): string {
    const access = this.access(name)
    if (!access.allowed) return access.reason
    return access.override === null ? 'allowed' : 'override'
  }
}

describe('the view', () => {
  it('is as of the quorum-th newest beacon that counts', () => {
    // Per signer: minutes of its beacon; + is covered, - is not, . is silent. Then the view with a quorum of 1, 2, 3.
    const pictures: readonly (readonly [string, string, string])[] = [
      ['.      .      .', 'null', 'null null'],
      ['+10    .      .', '10', 'null null'],
      ['+10    +12    .', '12', '10 null'],
      ['+10    +12    +7', '12', '10 7'],
      ['-10    +12    +7', '12', '7 null'],
      ['-10    -12    -7', 'null', 'null null'],
      ['+10    +10    +10', '10', '10 10']
    ]
    for (const [picture, ...expected] of pictures) {
      const views = [1, 2, 3].map(quorum => {
        const scene = new Scene(termsOf(3, quorum), 14)
        scene.cover()
        picture.split(/\s+/).forEach((mark, index) => {
          const by = (['a', 'b', 'c'] as const)[index] ?? 'a'
          if (mark === '.') return
          scene.hear({ by, atMin: Number(mark.slice(1)), digest: mark[0] === '+' ? 'now' : 'later' })
        })
        return scene.asOf()
      })
      assert.equal(views.map(String).join(' '), expected.join(' '), picture)
    }
  })

  it('ends when fewer than a quorum of its beacons live, and the policy bounds their life', () => {
    const scene = new Scene(termsOf(3, 2))
    scene.cover()
    scene.hear({ by: 'a', atMin: 0, lifeMin: 1000 })
    scene.hear({ by: 'b', atMin: 0, lifeMin: 20 })
    scene.hear({ by: 'c', atMin: 0, lifeMin: 5 })
    assert.equal(scene.view().expiresMs, at(20))
    for (const [nowMin, heard, asOf] of [
      [4, 3, 0],
      [5, 2, 0],
      [19, 2, 0],
      [20, 1, null],
      [LIFE_MIN, 0, null]
    ] as const) {
      scene.nowMin = nowMin
      assert.equal(scene.view().heard.length, heard, `heard at ${nowMin}`)
      assert.equal(scene.asOf(), asOf, `as of at ${nowMin}`)
      assert.equal(scene.view().lastAsOfMs, at(0))
    }
  })

  it('counts beacons of members under roots of our chain only', () => {
    const scene = new Scene(termsOf(3, 1))
    scene.cover()
    assert.equal(scene.hear({ by: 'a', atMin: 0, rootHash: rootHash(9) }), 'refused')
    assert.equal(scene.hear({ by: 'e', atMin: 0 }), 'refused', 'no signer')
    assert.equal(scene.hear({ by: 'a', atMin: 0, root: 3 }), 'taken', 'a root that is still to come')
    assert.equal(scene.asOf(), null)
    assert.equal(scene.view().uncovered.length, 1)
    scene.terms = termsOf(3, 1, { rootHashes: [1, 2, 3].map(rootHash) })
    assert.equal(scene.asOf(), 0)
    scene.terms = termsOf(3, 1, { rootHashes: [1, 2, 4].map(rootHash) })
    assert.equal(scene.asOf(), null, 'the chain went another way')
    scene.terms = termsOf(3, 1, { rootHashes: [1, 2, 3].map(rootHash), isMember: id => id !== SIGNERS[0] })
    assert.equal(scene.asOf(), null, 'the signer was revoked')
  })

  it('goes on from the newest covered beacon while a newer one waits for a sync', () => {
    const scene = new Scene(termsOf(1, 1))
    scene.cover('old')
    scene.hear({ by: 'a', atMin: 0, digest: 'old' })
    scene.nowMin = 5
    scene.hear({ by: 'a', atMin: 5, digest: 'new', operations: 11 })
    assert.equal(scene.asOf(), 0)
    assert.equal(scene.view().uncovered.length, 1)
    scene.cover('new')
    assert.equal(scene.asOf(), 5)
    assert.deepEqual(scene.view().uncovered, [])
  })

  it('takes the word of a signer for its own beacon, unless it lost what it had stated', () => {
    const scene = new Scene(termsOf(1, 1))
    const beacon = say({ by: 'a', atMin: 0, operations: 10 })
    scene.freshness.take(beacon, scene.now)
    const [signer] = SIGNERS
    assert.ok(signer)
    const { freshness } = scene
    assert.equal(freshness.coverSigner(signer, { hash: beacon.hash, operations: 9 }), false)
    assert.equal(freshness.coverSigner(signer, { hash: rootHash(1), operations: 10 }), false)
    assert.equal(scene.asOf(), null)
    assert.equal(freshness.coverSigner(signer, { hash: beacon.hash, operations: 10 }), true)
    assert.equal(scene.asOf(), 0)
  })

  it('is the same after a restart', () => {
    const before = new Scene(termsOf(2, 2), 6)
    before.cover('old')
    before.hear({ by: 'a', atMin: 0, digest: 'old' })
    before.hear({ by: 'a', atMin: 5, digest: 'new', operations: 11 })
    before.hear({ by: 'b', atMin: 3, digest: 'old' })
    const after = new Scene(before.terms, before.nowMin)
    for (const device of SIGNERS) {
      const track = before.freshness.find(device)
      if (track !== undefined) after.freshness.restore(track.newest, track.covered)
    }
    assert.deepEqual(after.view(), before.view())
    assert.equal(after.hear({ by: 'a', atMin: 4, digest: 'old' }), 'older')
  })
})

describe('the maximum of a signer', () => {
  const held = { by: 'a', atMin: 10, operations: 10, root: 2 } as const
  const cases: readonly (readonly [string, Partial<Said>, string])[] = [
    ['the same again', {}, 'known'],
    ['later, the same state', { atMin: 11 }, 'taken'],
    ['later, more', { atMin: 11, operations: 12 }, 'taken'],
    ['earlier, less: a replay', { atMin: 9, operations: 8, root: 1 }, 'older'],
    ['later, fewer operations', { atMin: 11, operations: 9 }, 'regressed'],
    ['later, a lower root', { atMin: 11, root: 1 }, 'regressed'],
    ['earlier, more operations', { atMin: 9, operations: 11 }, 'regressed'],
    ['the same time, another state', { digest: 'other' }, 'regressed']
  ]
  for (const [what, changes, expected] of cases) {
    it(`meets ${what}: ${expected}`, () => {
      const scene = new Scene(termsOf(1, 1), 12)
      scene.hear(held)
      assert.equal(scene.hear({ ...held, ...changes }), expected)
      assert.deepEqual(scene.view().regressed, expected === 'regressed' ? SIGNERS.slice(0, 1) : [])
      const newest = scene.freshness.find(say(held).device)?.newest.timeMs
      assert.equal(newest, at(expected === 'taken' ? 11 : 10))
    })
  }
})

describe('access', () => {
  it('follows the limit of the class, and says how old the view is and whom to reach', () => {
    const scene = new Scene(termsOf(2, 1))
    scene.cover()
    assert.equal(scene.verdict('public'), 'allowed', 'no limit')
    assert.equal(scene.verdict(), 'unheard')
    scene.hear({ by: 'a', atMin: 0 })
    assert.equal(scene.verdict(), 'allowed')
    assert.equal(scene.verdict('restricted'), 'allowed')
    scene.nowMin = LIMIT_MIN
    assert.equal(scene.verdict(), 'allowed', 'as old as the limit')
    assert.equal(scene.verdict('restricted'), 'stale')
    scene.nowMin = LIMIT_MIN + 1 / MINUTE_MS
    assert.equal(scene.verdict(), 'stale')
    scene.nowMin = 43
    const access = scene.access()
    assert.ok(!access.allowed)
    assert.match(
      access.detail,
      /43 min 0 s old, class confidential allows 15 min 0 s; reconnect to [0-9a-f]{12}/
    )
    assert.equal(scene.verdict('public'), 'allowed')
  })

  it('is not limited without a beacon policy', () => {
    const none = { public: null, internal: null, confidential: null, restricted: null }
    const scene = new Scene(termsOf(0, 0, { beacon: null, stalenessMs: none }))
    assert.equal(scene.verdict('restricted'), 'allowed')
    assert.equal(scene.hear({ by: 'a', atMin: 0 }), 'refused')
    assert.equal(scene.view().enforced, false)
    assert.equal(scene.freshness.nextChangeMs(scene.now), null)
  })

  it('is opened by an override where it would be denied, and then names it', () => {
    const scene = new Scene(termsOf(1, 1))
    scene.cover()
    const override = createOverride(
      {
        org: ORG,
        rootHash: rootHash(2),
        classes: ['confidential'],
        reason: 'site cut off',
        devices: [SELF],
        timeMs: at(20),
        expiresMs: at(60)
      },
      { signers: [{ key: admin.id, sign: admin.sign }], sha256 }
    )
    scene.hear({ by: 'a', atMin: 20 })
    scene.nowMin = 20
    assert.equal(scene.freshness.overrides.take(override, scene.now), undefined)
    assert.equal(scene.verdict(), 'allowed', 'it is not needed')
    scene.nowMin = 50
    assert.deepEqual(scene.access(), { allowed: true, override: override.id })
    assert.equal(scene.verdict('restricted'), 'stale', 'it does not name the class')
    scene.terms = termsOf(1, 1, { admins: [keyNamed('other').id] })
    assert.equal(scene.verdict(), 'stale', 'its signer is admin no more')
    scene.terms = termsOf(1, 1)
    scene.nowMin = 60
    assert.equal(scene.verdict(), 'stale', 'it has ended')
  })

  it('changes by time alone only where it was foretold', () => {
    const said = fc.record({
      by: fc.constantFrom('a', 'b', 'c'),
      atMin: fc.integer({ min: 0, max: 40 }),
      lifeMin: fc.integer({ min: 1, max: 40 }),
      digest: fc.constantFrom('now', 'later')
    })
    fc.assert(
      fc.property(fc.array(said, { maxLength: 6 }), fc.integer({ min: 1, max: 3 }), (all, quorum) => {
        const scene = new Scene(termsOf(3, quorum))
        scene.cover()
        for (const each of all) scene.hear(each as Said)
        scene.freshness.settle(scene.now)
        const shown = () =>
          ['public', 'confidential', 'restricted'].map(name => scene.verdict(name as 'public'))
        let next = scene.freshness.nextChangeMs(scene.now)
        let before = shown()
        for (let minute = 1; minute <= 100; minute++) {
          scene.nowMin = minute
          const settled = scene.freshness.settle(scene.now)
          const foretold = next !== null && next <= at(minute)
          if (!foretold) {
            assert.deepEqual(settled, [], `nothing comes near at ${minute}`)
            assert.deepEqual(shown(), before, `the same at ${minute}`)
          }
          before = shown()
          next = scene.freshness.nextChangeMs(scene.now)
        }
      })
    )
  })
})

describe('the clock', () => {
  it('that is behind a quorum by more than the tolerance is reported, and opens nothing', () => {
    for (const behindMin of [TOLERANCE_MIN, TOLERANCE_MIN + 1, 24 * 60]) {
      const scene = new Scene(termsOf(3, 2), 1000 - behindMin)
      scene.cover()
      for (const by of ['a', 'b', 'c'] as const) scene.hear({ by, atMin: 1000 })
      scene.freshness.settle(scene.now)
      const { clock, nowMs } = scene.view()
      assert.equal(nowMs, at(1000), 'what a quorum states is the least that now can be')
      if (behindMin <= TOLERANCE_MIN) {
        assert.deepEqual(clock, { kind: 'ok' })
        assert.equal(scene.verdict(), 'allowed')
      } else {
        assert.deepEqual(clock, { kind: 'behind', offsetMs: behindMin * MINUTE_MS })
        assert.equal(scene.verdict(), 'clock-skew')
        const access = scene.access()
        assert.match(access.allowed ? '' : access.detail, /clock of this device is about .* behind/)
        assert.equal(scene.verdict('public'), 'allowed')
        scene.nowMin = 1000
        assert.equal(scene.verdict(), 'allowed', 'the clock was set right')
      }
    }
  })

  it('that is set back does not take the time behind what a quorum has stated', () => {
    const scene = new Scene(termsOf(2, 1), 100)
    scene.cover()
    scene.hear({ by: 'a', atMin: 80 })
    scene.hear({ by: 'b', atMin: 100, digest: 'later', operations: 11 })
    assert.equal(scene.verdict(), 'stale')
    scene.nowMin = 100 - TOLERANCE_MIN
    assert.equal(scene.verdict(), 'stale', 'by this clock it would be 10 min old')
    scene.nowMin = 80
    assert.equal(scene.verdict(), 'clock-skew')
  })

  it('that is ahead makes all that signers say look old, and is told from being cut off', () => {
    const aheadMin = 3 * 60
    const [live, relayed] = [true, false].map(isLive => {
      const scene = new Scene(termsOf(2, 1), 1000 + aheadMin)
      scene.cover()
      scene.hear({ by: 'a', atMin: 998 }, { isLive })
      return scene
    })
    assert.ok(live && relayed)
    assert.deepEqual(live.view().clock, { kind: 'ahead', offsetMs: -(aheadMin + 2) * MINUTE_MS })
    assert.equal(live.verdict(), 'clock-skew')
    assert.equal(relayed.verdict(), 'stale', 'an old beacon from a third device tells no time')
  })

  it('is not moved by one signer whose clock is wrong, and that signer is heard again once it is right', () => {
    const scene = new Scene(termsOf(3, 2), 100)
    scene.cover()
    assert.equal(scene.hear({ by: 'a', atMin: 5000 }), 'ahead')
    assert.equal(scene.hear({ by: 'a', atMin: 5000 }), 'known')
    scene.hear({ by: 'b', atMin: 99 })
    scene.hear({ by: 'c', atMin: 98 })
    assert.deepEqual(scene.view().clock, { kind: 'ok' })
    assert.equal(scene.view().nowMs, at(100))
    assert.equal(scene.asOf(), 98)
    assert.equal(scene.hear({ by: 'a', atMin: 100 }, { isLive: true }), 'taken')
    assert.equal(scene.asOf(), 99)
    scene.nowMin = 6000
    assert.deepEqual(scene.freshness.settle(scene.now), [], 'what it stated wrongly is gone')
  })

  it('a beacon from ahead counts once the clock comes near it', () => {
    const scene = new Scene(termsOf(2, 2), 0)
    scene.cover()
    scene.hear({ by: 'a', atMin: 0 })
    scene.hear({ by: 'b', atMin: TOLERANCE_MIN + 1 })
    assert.equal(scene.asOf(), null)
    scene.nowMin = 1
    assert.equal(scene.freshness.settle(scene.now).length, 1)
    assert.equal(scene.asOf(), 0)
  })
})

/** Beacons of signers that only ever grow: minute by minute, each with what all held then. */
const honestHistory = fc
  .array(
    fc.record({
      by: fc.constantFrom('a' as const, 'b' as const, 'c' as const),
      stepMin: fc.integer({ min: 1, max: 6 }),
      grew: fc.boolean()
    }),
    { maxLength: 12 }
  )
  .map(steps => {
    let atMin = 0
    let operations = 1
    return steps.map(({ by, stepMin, grew }): Said => {
      atMin += stepMin
      operations += grew ? 1 : 0
      return { by, atMin, operations, digest: `${operations}` }
    })
  })
const lastMinute = (history: readonly Said[]) => history.at(-1)?.atMin ?? 0

describe('laws', () => {
  it('the order of arrival, repetitions and replays do not matter', () => {
    fc.assert(
      fc.property(
        honestHistory,
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        fc.array(fc.nat(12), { maxLength: 6 }),
        (history, quorum, picks, covered) => {
          const scenes = [0, 1].map(() => new Scene(termsOf(3, quorum), lastMinute(history)))
          const [straight, mixed] = scenes
          assert.ok(straight && mixed)
          for (const said of history) straight.hear(said)
          for (const pick of picks) if (history.length > 0) mixed.hear(history[pick % history.length] as Said)
          for (const said of history.toReversed()) mixed.hear(said)
          for (const digest of covered) straight.cover(`${digest}`)
          for (const digest of covered.toReversed()) mixed.cover(`${digest}`)
          assert.deepEqual(mixed.view(), straight.view())
        }
      )
    )
  })

  it('no event makes an honest view older, and no replay changes it', () => {
    const event = fc.oneof(
      fc.record({ hear: fc.nat(11) }),
      fc.record({ cover: fc.integer({ min: 1, max: 12 }) })
    )
    fc.assert(
      fc.property(
        honestHistory,
        fc.integer({ min: 1, max: 3 }),
        fc.array(event),
        (history, quorum, events) => {
          const scene = new Scene(termsOf(3, quorum), lastMinute(history))
          const heard: Said[] = []
          for (const each of events) {
            const before = scene.asOf() ?? -1
            if ('cover' in each) scene.cover(`${each.cover}`)
            else {
              const said = history[each.hear]
              if (said === undefined) continue
              scene.hear(said)
              heard.push(said)
            }
            assert.ok((scene.asOf() ?? -1) >= before)
            const view = scene.view()
            for (const said of heard) scene.hear(said)
            assert.deepEqual(scene.view(), view)
          }
        }
      )
    )
  })

  it('fewer liars than the quorum can neither freshen the view, nor move the clock, nor be taken for it', () => {
    const lie = fc.record({
      by: fc.constantFrom('d' as const, 'e' as const),
      atMin: fc.integer({ min: -100, max: 10_000 }),
      operations: fc.nat(1_000_000),
      digest: fc.constantFrom('1', '2', '3', 'nothing'),
      root: fc.integer({ min: 1, max: 3 })
    })
    fc.assert(
      fc.property(honestHistory, fc.array(lie), fc.array(fc.nat()), (history, lies, shuffle) => {
        const nowMin = lastMinute(history)
        const scene = new Scene(termsOf(5, 3), nowMin)
        for (let digest = 1; digest <= 6; digest++) scene.cover(`${digest}`)
        const all = [...history, ...lies]
        for (const pick of shuffle) if (all.length > 0) scene.hear(all[pick % all.length] as Said)
        scene.freshness.settle(scene.now)
        const covered = history.filter(said => Number(said.digest) <= 6).map(said => said.atMin)
        assert.ok((scene.asOf() ?? -1) <= Math.max(-1, ...covered))
        assert.equal(scene.view().clock.kind, 'ok')
        assert.equal(scene.view().nowMs, at(nowMin))
      })
    )
  })

  it('a view that is fed nothing new is denied at its limit, and stays so', () => {
    fc.assert(
      fc.property(honestHistory, fc.integer({ min: 1, max: 3 }), (history, quorum) => {
        const scene = new Scene(termsOf(3, quorum), lastMinute(history))
        for (let digest = 1; digest <= 20; digest++) scene.cover(`${digest}`)
        for (const said of history) scene.hear(said)
        const asOf = scene.asOf()
        let denied = false
        for (let minute = scene.nowMin; minute <= lastMinute(history) + 60; minute++) {
          scene.nowMin = minute
          for (const said of history) scene.hear(said)
          const isAllowed = scene.verdict() === 'allowed'
          assert.equal(isAllowed, asOf !== null && minute - asOf <= LIMIT_MIN)
          assert.ok(!(denied && isAllowed))
          denied = !isAllowed
        }
        assert.ok(denied)
      })
    )
  })
})
