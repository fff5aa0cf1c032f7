import assert from 'node:assert/strict'
import { test } from 'node:test'
import { objectOf } from './route-objects.ts'
import { pathKeys, ROUTES, type RouteInput, type RouteName } from './routes.ts'

const names = Object.keys(ROUTES) as RouteName[]

/** An input with a value of its own at each key. */
function inputOf(name: RouteName, markOf: (key: string) => unknown): RouteInput<RouteName> {
  const keys = Object.keys(ROUTES[name].input.shape)
  return Object.fromEntries(keys.map(key => [key, markOf(key)])) as RouteInput<RouteName>
}

const SCOPE = { kind: 'dataset', name: 'name' }
const plainly = (key: string): unknown => (key === 'scope' ? SCOPE : key)

test('a call of a route that names one thing in its address is about that', () => {
  for (const name of names) {
    const [key] = pathKeys(ROUTES[name].path)
    if (key === undefined) continue
    const id = objectOf(name, inputOf(name, plainly))?.id
    assert.ok(id === key || id === `${key}@version`, `${name} is about ${id}`)
  }
})

test('a call is about no person, secret, path, address or free text', () => {
  const nameable = /^(?:name|version|device|id|who|site|place|proposal|dataClass|scope|dataset)$/
  for (const name of names) {
    const mark = (key: string): unknown =>
      nameable.test(key) && !isOfPerson(name, key) ? plainly(key) : 'SECRET'
    assert.doesNotMatch(objectOf(name, inputOf(name, mark))?.id ?? '', /SECRET/, name)
  }
})

/** Where a key that is harmless elsewhere is the id of a person, or the name that somebody gives a token. */
function isOfPerson(name: RouteName, key: string): boolean {
  const { path } = ROUTES[name]
  return (path.startsWith('/v1/subjects') && key === 'id') || (name === 'createToken' && key === 'name')
}

test('what is about everything, or a person, is about nothing that a log should name', () => {
  const version = null
  assert.equal(objectOf('status', {}), null)
  assert.equal(objectOf('subject', { id: 'ada@example.org' }), null)
  assert.equal(objectOf('forgetSubject', { id: 'ada@example.org', force: false }), null)
  const erasure = {
    version,
    allVersions: false,
    reason: null,
    basis: 'consent withdrawn',
    deleteSource: false
  }
  assert.equal(objectOf('erase', { ...erasure, name: null, subject: 'ada@example.org' }), null)
  assert.deepEqual(objectOf('erase', { ...erasure, name: 'os', subject: null }), {
    kind: 'dataset',
    id: 'os'
  })
})

test('a grant is about the device or the group that gets it', () => {
  const grant = (who: string) => objectOf('revokeAccess', { who, scope: null })
  assert.deepEqual(grant('lab-7'), { kind: 'device', id: 'lab-7' })
  assert.deepEqual(grant('group:lab'), { kind: 'group', id: 'lab' })
})
