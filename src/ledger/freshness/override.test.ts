import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AssertionFailure } from '../../base/assert.ts'
import { ADMINS_MAX, orgIdOf } from '../chain/root.ts'
import {
  foundOrg,
  keyNamed,
  START_MS,
  sha256,
  type TestKey,
  verify
} from '../fold/org-fixture.conformance.ts'
import type { FreshnessTerms } from './freshness-terms.ts'
import { freshnessTermsOf } from './freshness-terms.ts'
import {
  createOverride,
  decodeOverride,
  isOverrideReason,
  OVERRIDE_DEVICES_MAX,
  OVERRIDE_LIFE_MAX_MS,
  OVERRIDE_REASON_CHARACTERS_MAX,
  type Override,
  type OverrideTerms
} from './override.ts'
import { judgeOverride, OVERRIDE_SKEW_MAX_MS, OVERRIDES_MAX, OverrideShelf } from './override-shelf.ts'

const admin = keyNamed('admin')
const second = keyNamed('second')
const laptop = keyNamed('laptop')
const head = foundOrg([admin, second])
const org = orgIdOf(head)
const terms: FreshnessTerms = freshnessTermsOf({ org, roots: [head], isMember: () => true })

const base: OverrideTerms = {
  org,
  rootHash: head.hash,
  classes: ['confidential'],
  reason: 'the line of the Lyon site is cut, ticket 4711',
  devices: [laptop.id],
  timeMs: START_MS,
  expiresMs: START_MS + 1000
}
function signed(changes: Partial<OverrideTerms> = {}, keys: readonly TestKey[] = [admin]): Override {
  const signers = keys.map(key => ({ key: key.id, sign: key.sign }))
  return createOverride({ ...base, ...changes }, { signers, sha256 })
}
function verdict(override: Override, changes: Partial<FreshnessTerms> = {}, nowMs = START_MS): string {
  return judgeOverride(override, { terms: { ...terms, ...changes }, nowMs })?.reason ?? 'holds'
}

test('an override round-trips, and no changed byte of it is accepted', () => {
  const override = signed({}, [second, admin])
  assert.deepEqual(decodeOverride(override.record, { verify, sha256 }), { ok: true, value: override })
  const { record } = override
  fc.assert(
    fc.property(fc.nat({ max: record.length - 1 }), fc.integer({ min: 1, max: 255 }), (index, change) => {
      const changed = record.slice()
      changed[index] = (changed[index] ?? 0) ^ change
      assert.equal(decodeOverride(changed, { verify, sha256 }).ok, false)
    }),
    { numRuns: 300 }
  )
})

test('the largest override fits its limits, and what exceeds them can not be made', () => {
  const devices = Array.from({ length: OVERRIDE_DEVICES_MAX }, (_, index) => keyNamed(`device ${index}`).id)
  const signers = Array.from({ length: ADMINS_MAX }, (_, index) => keyNamed(`admin ${index}`))
  const reason = '漢'.repeat(OVERRIDE_REASON_CHARACTERS_MAX)
  const classes = ['public', 'internal', 'confidential', 'restricted'] as const
  const largest = signed({ devices, reason, classes, expiresMs: START_MS + OVERRIDE_LIFE_MAX_MS }, signers)
  assert.equal(decodeOverride(largest.record, { verify, sha256 }).ok, true)
  const wrong: Partial<OverrideTerms>[] = [
    { devices: [...devices, laptop.id] },
    { devices: [] },
    { classes: [] },
    { reason: '' },
    { reason: 'two\nlines' },
    { reason: `${reason}漢` },
    { expiresMs: START_MS },
    { expiresMs: START_MS + OVERRIDE_LIFE_MAX_MS + 1 }
  ]
  for (const changes of wrong) assert.throws(() => signed(changes), AssertionFailure, JSON.stringify(changes))
  assert.equal(isOverrideReason('hidden\u202etext'), false)
})

test('an override holds while it lives and while an admin of the newest root stands behind it', () => {
  assert.equal(verdict(signed()), 'holds')
  assert.equal(verdict(signed(), {}, START_MS + 999), 'holds')
  assert.equal(verdict(signed(), {}, START_MS + 1000), 'expired')
  assert.equal(verdict(signed(), {}, START_MS - OVERRIDE_SKEW_MAX_MS), 'holds')
  assert.equal(verdict(signed(), {}, START_MS - OVERRIDE_SKEW_MAX_MS - 1), 'from-the-future')
  assert.equal(verdict(signed({}, [laptop])), 'not-an-admin')
  assert.equal(verdict(signed({}, [laptop, second])), 'holds', 'one admin is enough')
  assert.equal(verdict(signed(), { admins: [second.id] }), 'not-an-admin', 'removed since')
  assert.equal(verdict(signed({ rootHash: sha256(head.hash) })), 'unknown-root')
  const elsewhere = orgIdOf(foundOrg([laptop]))
  assert.equal(verdict(signed({ org: elsewhere })), 'foreign-org')
})

test('it opens the classes that it names to the devices that it names', () => {
  const shelf = new OverrideShelf()
  const now = { terms, nowMs: START_MS }
  const narrow = signed()
  const wide = signed({ classes: ['internal'], devices: null })
  for (const override of [narrow, wide]) assert.equal(shelf.take(override, now), undefined)
  const opening = (name: 'public' | 'internal' | 'confidential', key: TestKey) =>
    shelf.opening({ class: name, device: key.id }, now)?.id
  assert.equal(opening('confidential', laptop), narrow.id)
  assert.equal(opening('confidential', second), undefined)
  assert.equal(opening('internal', second), wide.id)
  assert.equal(opening('public', laptop), undefined)
  const later = { terms: { ...terms, admins: [second.id] }, nowMs: START_MS }
  assert.equal(shelf.opening({ class: 'internal', device: laptop.id }, later), undefined)
})

test('of the same override, a copy that an admin signed replaces one whose signer is admin no more', () => {
  const shelf = new OverrideShelf()
  const [first, again] = [signed({}, [admin]), signed({}, [second])]
  assert.equal(first.id, again.id)
  assert.equal(shelf.take(first, { terms, nowMs: START_MS }), undefined)
  assert.equal(shelf.take(again, { terms, nowMs: START_MS })?.reason, 'known')
  const later = { terms: { ...terms, admins: [second.id] }, nowMs: START_MS }
  assert.deepEqual(shelf.active(later), [])
  assert.equal(shelf.take(again, later), undefined)
  assert.deepEqual(shelf.active(later), [again])
})

test('a full shelf keeps those that end last, and drops what has ended', () => {
  const shelf = new OverrideShelf()
  const now = { terms, nowMs: START_MS }
  const ending = (inMs: number) => signed({ expiresMs: START_MS + inMs })
  for (let inMs = 1; inMs <= OVERRIDES_MAX; inMs++)
    assert.equal(shelf.take(ending(10 * inMs), now), undefined)
  assert.equal(shelf.take(ending(5), now)?.reason, 'shelf-full')
  assert.equal(shelf.take(ending(15), now), undefined)
  assert.equal(shelf.active(now).length, OVERRIDES_MAX)
  assert.equal(shelf.active(now).at(-1)?.expiresMs, START_MS + 15)
  assert.deepEqual(
    shelf.sweep(START_MS + 20).map(override => override.expiresMs - START_MS),
    [20, 15]
  )
  assert.equal([...shelf.all()].length, OVERRIDES_MAX - 2)
})
