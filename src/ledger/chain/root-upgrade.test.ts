import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foundOrg, keyNamed } from '../fold/org-fixture.conformance.ts'
import { OPERATION_TYPES } from '../operation/operation-types.ts'
import { DEFAULT_RANKS, DEFAULT_ROLES } from './default-roles.ts'
import { describeChanges, successorTerms } from './root-changes.ts'
import { RANK_MAX } from './root-terms.ts'
import { rolelessTypes, rolesLacking } from './root-upgrade.ts'

const admin = keyNamed('admin')
/** What orgs began with before anything was sealed, stored for others or erased. */
const EARLIER = {
  roles: new Map([
    ['admin', ['approve', 'dataset.policy', 'dataset.publish', 'note', 'root.propose', 'root.vote']],
    ['night-shift', ['device.suspend', 'note']],
    ['publisher', ['content.quarantine', 'dataset.publish', 'note']],
    ['device', ['dataset.publish', 'note', 'root.propose', 'root.vote']]
  ]),
  ranks: new Map([
    ['admin', 1],
    ['night-shift', 2],
    ['publisher', 7],
    ['device', 9]
  ])
}

test('adds what the defaults have, and takes or moves nothing that there is', () => {
  const before = foundOrg([admin], EARLIER)
  const successor = successorTerms(
    before,
    { roles: rolesLacking(before) },
    { timeMs: before.timeMs + 1, frontier: [] }
  )
  assert.ok(successor.ok)
  const { roles, ranks } = successor.terms
  for (const [name, types] of EARLIER.roles)
    for (const type of types) assert.ok(roles.get(name)?.includes(type), `${name} keeps ${type}`)
  for (const [name, types] of DEFAULT_ROLES)
    for (const type of types) assert.ok(roles.get(name)?.includes(type), `${name} has ${type}`)
  assert.deepEqual(
    OPERATION_TYPES.filter(type => roles.get('admin')?.includes(type) !== true),
    []
  )
  assert.deepEqual(roles.get('night-shift'), ['device.suspend', 'note'])
  for (const [name, rank] of EARLIER.ranks) assert.equal(ranks.get(name), rank, name)
  assert.equal(ranks.get('privacy'), DEFAULT_RANKS.get('privacy'))
  const said = describeChanges(before, successor.terms)
  assert.ok(said.includes('adds role scanner of rank 3: content.scan, note'), said.join('\n'))
  assert.ok(said.some(line => /^role device may also .*dataset\.retire.*device\.sealing/.test(line)))
  assert.ok(said.every(line => !/no longer|rank of/.test(line)))
})

test('there is nothing to add to what a new org has, and of some roles only theirs is added', () => {
  assert.equal(rolesLacking(foundOrg([admin])).size, 0)
  const before = foundOrg([admin], EARLIER)
  assert.deepEqual([...rolesLacking(before, ['scanner', 'device']).keys()], ['scanner', 'device'])
  assert.deepEqual([...rolesLacking(before, ['night-shift', 'nobody']).keys()], [])
})

test('what no role may sign is told, and not what the org took from one of them', () => {
  assert.deepEqual(rolelessTypes(foundOrg([admin])), [])
  const lacking = rolelessTypes(foundOrg([admin], EARLIER))
  assert.ok(lacking.includes('copy.renew') && !lacking.includes('note'), lacking.join())
  const roles = new Map([...DEFAULT_ROLES, ['device', ['note']]])
  assert.deepEqual(rolelessTypes({ roles: new Map([...roles, ['all', [...OPERATION_TYPES]]]) }), [])
})

test('a role that is added ranks below admins, and not below every member where there is room', () => {
  const ranks = (admins: number, members: number) =>
    rolesLacking({
      roles: EARLIER.roles,
      ranks: new Map([
        ['admin', admins],
        ['device', members]
      ])
    }).get('privacy')?.rank
  assert.equal(ranks(1, 2), 2)
  assert.equal(ranks(4, 9), 5)
  assert.equal(ranks(4, 4), 5)
  assert.equal(ranks(1, 5), 3)
  assert.ok((ranks(RANK_MAX - 1, RANK_MAX) ?? 0) <= RANK_MAX)
})
