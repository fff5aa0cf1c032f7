import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fileKeys } from './named-files.ts'
import { ROUTE_NOTES } from './route-notes.ts'
import { ROUTES, type RouteName } from './routes.ts'

/** They name a follow by where it is, and open nothing there. */
const OF_A_FOLLOW: readonly RouteName[] = [
  ...(['followed', 'stopFollow', 'rollbackFollow', 'resumeFollow', 'retryFollow'] as const)
]
/** Refused to all but the owner on the local socket. */
const OF_THE_OWNER: readonly RouteName[] = ['setSignIn']

const named = (Object.keys(ROUTES) as RouteName[]).filter(name => fileKeys(name).length > 0)

it('finds inputs that are paths, left out or not', () => {
  assert.deepEqual(fileKeys('publish'), ['path'])
  assert.deepEqual(fileKeys('setSink'), ['tokenFile', 'caFile'])
  assert.deepEqual(fileKeys('status'), [])
})

it('who sends events somewhere is who ends that: nobody else blinds those who watch', () => {
  assert.equal(ROUTE_NOTES.removeSink[0], ROUTE_NOTES.setSink[0])
})

it('whatever names a file of the machine takes the scope host', () => {
  const free = named.filter(name => ROUTE_NOTES[name][0] !== 'host')
  assert.deepEqual(new Set(free), new Set([...OF_A_FOLLOW, ...OF_THE_OWNER]))
})
