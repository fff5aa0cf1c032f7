import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kindOf } from './unit-tests.ts'

const WITHIN = "describe('x', () => {\n  beforeEach(() => {})\n  it('y', () => {})\n})\n"

const DRAWN = "import fc from 'fast-check'\n"
const DRAWN_IN_A_SUITE = "import { storeConformance } from './store.conformance.ts'\n"

describe('a file of unit tests', () => {
  it('shares a process when its layer is pure', () => {
    assert.equal(kindOf('src/ledger/state.test.ts', WITHIN), 'shared')
    assert.equal(kindOf('src/node/state.test.ts', WITHIN), 'other')
    assert.equal(kindOf('scripts/state.test.ts', WITHIN), 'other')
  })

  it('has one of its own when its hooks would be hooks of all', () => {
    assert.equal(kindOf('src/ledger/state.test.ts', "after(() => close())\n\ntest('x', () => {})\n"), 'other')
  })

  it('has the seed of the run when it draws, or runs a suite that does', () => {
    for (const text of [DRAWN, DRAWN_IN_A_SUITE])
      assert.equal(kindOf('src/node/state.test.ts', text), 'drawing')
  })
})
