import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { isSharedNameOf, SharedNames } from './shared-names.ts'

const id = (start: string) => start.padEnd(64, '0') as DeviceId
const [A, B, C] = [id('aaaaaaaa1'), id('bbbbbbbb2'), id('cccccccc3')] as const

function shownOf(
  named: readonly (readonly [DeviceId, string])[],
  members: readonly DeviceId[] = named.map(([device]) => device)
): string {
  const names = new SharedNames()
  for (const [device, name] of named) names.set(device, name)
  return named.map(([device]) => names.shown(device, each => members.includes(each))).join(' ')
}

test('a name alone says who it is while nobody shares it, in whatever letters', () => {
  assert.equal(shownOf([[A, 'build-1']]), 'build-1')
  assert.equal(
    shownOf([
      [A, 'build-1'],
      [B, 'build-2']
    ]),
    'build-1 build-2'
  )
  assert.equal(
    shownOf([
      [A, 'build-1'],
      [B, 'Build-1']
    ]),
    'build-1~aaaaaaaa Build-1~bbbbbbbb'
  )
})

test('who is a member keeps the name of one that is none any more', () => {
  const both: [DeviceId, string][] = [
    [A, 'build-1'],
    [B, 'build-1']
  ]
  assert.equal(shownOf(both, [B]), 'build-1~aaaaaaaa build-1')
  assert.equal(shownOf(both, []), 'build-1~aaaaaaaa build-1~bbbbbbbb')
})

test('a name that looks as if it had an id is told from the one that it would look like', () => {
  const named: [DeviceId, string][] = [
    [A, 'build-1'],
    [B, 'build-1'],
    [C, 'build-1~aaaaaaaa']
  ]
  assert.equal(shownOf(named), 'build-1~aaaaaaaa build-1~bbbbbbbb build-1~aaaaaaaa~cccccccc')
})

test('as much of the id is shown as tells those that share the name apart', () => {
  const near = id('aaaaaaaa2')
  assert.equal(
    shownOf([
      [A, 'build-1'],
      [near, 'build-1']
    ]),
    'build-1~aaaaaaaa1000 build-1~aaaaaaaa2000'
  )
})

test('a device that is called otherwise now shares its old name no more', () => {
  const names = new SharedNames()
  names.set(A, 'build-1')
  names.set(B, 'build-1')
  names.set(A, 'build-2')
  const shown = [A, B].map(device => names.shown(device, () => true))
  assert.deepEqual(shown, ['build-2', 'build-1'])
  assert.deepEqual([...names.devicesOf('BUILD-1')], [B])
  assert.equal(
    names.shown(C, () => true),
    undefined
  )
})

test('what is shown is known again as the name that is shared', () => {
  assert.ok(isSharedNameOf(A, 'build-1~aaaaaaaa', 'build-1'))
  assert.ok(!isSharedNameOf(B, 'build-1~aaaaaaaa', 'build-1'))
  assert.ok(!isSharedNameOf(A, 'build-1~aa', 'build-1'))
  assert.ok(!isSharedNameOf(A, 'build-1', 'build-1'))
})
