import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Scope, scopeNames } from '../../base/scopes.ts'
import { type Caller, requireGivable, requireScope } from './caller.ts'

const having = (...scopes: readonly Scope[]): Caller => ({
  ...{ kind: 'token', id: 'token hall (0123456789ab)', scopes: new Set(scopes), expiresAtMs: null }
})

test('who may read may watch, and who may watch may nothing else', () => {
  requireScope(having('read'), 'watch')
  requireScope(having('watch'), 'watch')
  for (const scope of scopeNames)
    if (scope !== 'watch')
      assert.throws(() => requireScope(having('watch'), scope), { code: 'SCOPE_MISSING' }, scope)
  for (const scope of scopeNames)
    if (scope !== 'watch' && scope !== 'read')
      assert.throws(() => requireScope(having(scope), 'watch'), { code: 'SCOPE_MISSING' }, scope)
})

test('who may read gives others to watch, and no more', () => {
  requireGivable(having('read'), ['read', 'watch'])
  assert.throws(() => requireGivable(having('watch'), ['watch', 'read']), { code: 'SCOPE_MISSING' })
})
