import assert from 'node:assert/strict'
import { test } from 'node:test'
import { didYouMean, nearNames } from './near-names.ts'

test('what differs by few letters is near, the nearest first', () => {
  assert.deepEqual(nearNames('nas-l', ['nas-1', 'nas-10', 'lab-7', 'NAS-2']), ['NAS-2', 'nas-1'])
  assert.deepEqual(nearNames('berlni', ['paris', 'berlin']), ['berlin'], 'two letters that changed places')
  assert.deepEqual(nearNames('render', ['renderers', 'lab']), ['renderers'], 'what it is a part of')
  assert.deepEqual(nearNames('x', ['renderers', 'lab-7']), [])
  assert.deepEqual(nearNames('abc', ['xbc', 'ayc', 'abz', 'abcd']), ['abcd', 'abz', 'ayc'], 'few of many')
})

test('nothing is asked where nothing is near', () => {
  assert.equal(didYouMean('lab-8', ['lab-7', 'lab-9']), '; did you mean lab-7 or lab-9?')
  assert.equal(didYouMean('paris', ['tokyo']), '')
})
