import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Grant, reaches, scopeText } from './grants.ts'

const of = (scope: Grant['scope']) => ({ scope })
const policy = { name: 'team/a', owner: null, labels: ['films'], access: 'granted' } as const

test('a grant reaches a dataset by its name, its beginning, a label, or all', () => {
  for (const [scope, is] of [
    [{ kind: 'name', name: 'team/a' }, true],
    [{ kind: 'name', name: 'team/ab' }, false],
    [{ kind: 'prefix', prefix: 'team/' }, true],
    [{ kind: 'prefix', prefix: 'teams/' }, false],
    [{ kind: 'label', label: 'films' }, true],
    [{ kind: 'label', label: 'film' }, false],
    [{ kind: 'all' }, true]
  ] as const)
    assert.equal(reaches(of(scope), 'team/a', policy), is, scopeText(scope))
  assert.equal(reaches(of({ kind: 'label', label: 'films' }), 'team/a', undefined), false)
})
