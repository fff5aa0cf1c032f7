import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OperationContent } from '../operation/operation-content.ts'
import { copiesOf, copyOf, versionsKept } from './copies.ts'
import { cast, meet, TABLE } from './governance-fixture.conformance.ts'
import { START_MS, versionNamed } from './org-fixture.conformance.ts'

const [ONE, TWO] = [versionNamed('one'), versionNamed('two')].sort() as [
  ReturnType<typeof versionNamed>,
  ReturnType<typeof versionNamed>
]
const HOUR_MS = 3_600_000

function holder() {
  const { admin, laptop } = cast(TABLE)
  const device = laptop.key.id
  const keeps = (untilMs: number | null, ...versions: (typeof ONE)[]): OperationContent => ({
    ...{ type: 'copy.state', device, untilMs },
    copies: versions.map(version => ({ version, share: null }))
  })
  const renews = (untilMs: number): OperationContent => ({ type: 'copy.renew', device, untilMs })
  const untilOf = (version: typeof ONE) => copyOf(laptop.ledger.state(), device, version)?.untilMs
  return { admin, laptop, device, keeps, renews, untilOf }
}

test('what is kept for as long as the device renews is kept until the last it said, and what has an end ends then', () => {
  const { laptop, device, keeps, renews, untilOf } = holder()
  laptop.write(keeps(null, ONE))
  laptop.write(keeps(START_MS + HOUR_MS, TWO))
  assert.deepEqual([untilOf(ONE), untilOf(TWO)], [0, START_MS + HOUR_MS])
  laptop.write(renews(START_MS + 5 * HOUR_MS))
  assert.deepEqual([untilOf(ONE), untilOf(TWO)], [START_MS + 5 * HOUR_MS, START_MS + HOUR_MS])
  const said = laptop.write(renews(START_MS + 9 * HOUR_MS))
  const [copy] = copiesOf(laptop.ledger.state(), ONE)
  assert.deepEqual([copy?.untilMs, copy?.timeMs], [START_MS + 9 * HOUR_MS, said.timeMs])
  laptop.write(keeps(0, ONE))
  assert.equal(untilOf(ONE), undefined)
  assert.deepEqual(versionsKept(laptop.ledger.state(), device), [TWO])
})

test('a renewal answers no dispute: only who says of the version that it has it does', () => {
  const { admin, laptop, device, keeps, renews, untilOf } = holder()
  laptop.write(keeps(null, ONE, TWO))
  laptop.write(renews(START_MS + HOUR_MS))
  meet(admin, laptop)
  admin.write({ type: 'copy.dispute', device, copies: [{ version: ONE, share: null }], reason: null })
  meet(admin, laptop)
  laptop.write(renews(START_MS + 2 * HOUR_MS))
  assert.deepEqual([untilOf(ONE), untilOf(TWO)], [undefined, START_MS + 2 * HOUR_MS])
  laptop.write(keeps(null, ONE))
  assert.equal(untilOf(ONE), START_MS + 2 * HOUR_MS)
})

test('only a device itself renews what it keeps', () => {
  const { admin, laptop, renews, keeps, untilOf } = holder()
  laptop.write(keeps(null, ONE))
  meet(admin, laptop)
  const said = admin.write(renews(START_MS + HOUR_MS))
  meet(admin, laptop)
  assert.equal(laptop.ledger.state().inert.get(said.id)?.reason, 'not-owner')
  assert.equal(untilOf(ONE), 0)
})
