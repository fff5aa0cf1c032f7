import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCallObject } from './caller-name.ts'

test('a call was about what has a name that the log can keep, and a dataset one that a dataset can have', () => {
  for (const object of [
    { kind: 'dataset', id: 'os/image' },
    { kind: 'dataset', id: `os/image@${'a'.repeat(64)}` },
    { kind: 'group', id: 'Ada\u2019s lab' }
  ])
    assert.equal(isCallObject(object), true, object.id)
  for (const object of [
    { kind: 'dataset', id: 'Ada Lovelace' },
    { kind: 'dataset', id: 'os@Ada' },
    { kind: 'group', id: 'two\nlines' },
    { kind: 'group', id: '' },
    { kind: 'group', id: 'g'.repeat(201) },
    { kind: 'A kind', id: 'x' }
  ])
    assert.equal(isCallObject(object), false, object.id)
})
