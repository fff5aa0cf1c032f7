import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isShared } from './unit-tests.ts'

const WITHIN = "describe('x', () => {\n  beforeEach(() => {})\n  it('y', () => {})\n})\n"

describe('a file of unit tests', () => {
  it('shares a process when its layer is pure', () => {
    assert.equal(isShared('src/ledger/state.test.ts', WITHIN), true)
    assert.equal(isShared('src/node/state.test.ts', WITHIN), false)
    assert.equal(isShared('scripts/state.test.ts', WITHIN), false)
  })

  it('has one of its own when its hooks would be hooks of all', () => {
    assert.equal(isShared('src/ledger/state.test.ts', "after(() => close())\n\ntest('x', () => {})\n"), false)
  })
})
