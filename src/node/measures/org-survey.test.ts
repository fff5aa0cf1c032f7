import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OrgSurvey } from './measures-terms.ts'
import { OrgSurveyor } from './org-survey.ts'

const SURVEY: OrgSurvey = {
  units: { kept: 1, below: 0, 'at-risk': 0, unreadable: 0 },
  ...{ unplacedBytes: 0, cases: { waiting: 0, held: 0, confirmed: 0 } },
  ...{ casesOverdue: 0, confirmationsMissing: 0 }
}

function surveyor() {
  const state = { nowMs: 0, made: 0, isWhole: true }
  const asked = new OrgSurveyor({
    steps: async () => {
      if (!state.isWhole) return undefined
      state.made++
      return (function* () {
        yield
        state.nowMs += 1000
        return SURVEY
      })()
    },
    nowMs: () => state.nowMs
  })
  return { state, asked }
}

test('a survey is made when it is asked for, and again when it has aged by what it took', async () => {
  const { state, asked } = surveyor()
  assert.deepEqual(await asked.read(), { ...SURVEY, ageMs: 0, tookMs: 1000 })
  state.nowMs += 15_000
  assert.equal((await asked.read())?.ageMs, 15_000)
  assert.equal(state.made, 1)
  state.nowMs += 5000
  assert.equal((await asked.read())?.ageMs, 0)
  assert.equal(state.made, 2)
})

test('who asks at once gets the same survey, and nothing while the ledger is read', async () => {
  const { state, asked } = surveyor()
  state.isWhole = false
  assert.equal(await asked.read(), null)
  state.isWhole = true
  await Promise.all([asked.read(), asked.read()])
  assert.equal(state.made, 1)
})
