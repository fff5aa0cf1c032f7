import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS } from '../../../../src/base/units.ts'
import { approvalText, type ClassRules, changeTexts, classChanges, classFields } from './class-words.ts'

const RULES: ClassRules = {
  ...{ dataClass: 'internal', sealed: false, holders: 'members', stalenessMs: null, stalenessLimitMs: null },
  ...{ leaves: false, scan: false, copies: 1, sites: 1, retentionMs: 365 * DAY_MS, set: null }
}

test('only what differs is sent, and each change is a sentence', () => {
  const fields = classFields(RULES)
  assert.deepEqual(classChanges(RULES, fields), {})
  const changes = classChanges(RULES, { ...fields, copies: 2, scan: true, retentionDays: null })
  assert.deepEqual(changes, { copies: 2, scan: true, retentionMs: null })
  assert.deepEqual(changeTexts(changes), [
    'A version is read once a scan has found it clean.',
    'At least 2 copies are kept of each version.',
    'It is kept until somebody deletes it.'
  ])
  assert.deepEqual(classChanges(RULES, { ...fields, retentionDays: 30 }), { retentionMs: 30 * DAY_MS })
})

test('who has to agree is said before', () => {
  assert.equal(approvalText({ needed: 1, admins: 1 }), 'It takes an admin, of whom there is 1.')
  assert.match(approvalText({ needed: 2, admins: 3 }), /takes 2 of 3 admins: it waits/)
})
