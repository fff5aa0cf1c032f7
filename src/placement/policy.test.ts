import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyPolicy } from './fleet-picture.conformance.ts'
import { DEFAULT_POLICY, formatPolicy, parsePolicy, policyProblem, slotCount, slotsToRead } from './policy.ts'

test('policies as they are written, and as they are printed', () => {
  for (const [text, printed = text] of [
    ['copies=3,sites=2'],
    ['copies=3', 'copies=3,sites=1'],
    ['sites=2, copies=3 , region=us+eu', 'copies=3,sites=2,region=eu+us'],
    ['shares=6+3,sites=3,kind=server'],
    ['copies=2,kind=laptop+server', 'copies=2,sites=1,kind=server+laptop']
  ] as const) {
    const parsed = parsePolicy(text)
    assert.ok('policy' in parsed, JSON.stringify(parsed))
    assert.equal(formatPolicy(parsed.policy), printed)
  }
  assert.equal(formatPolicy(DEFAULT_POLICY), 'copies=3,sites=2')
})

test('what is no policy, and the word that says why', () => {
  for (const [text, why] of [
    ['', /"" is no part of a policy; parts are copies=, shares=, sites=, region=, kind=/],
    ['copies', /"copies" is no part/],
    ['copys=3', /"copys=3" is no part/],
    ['copies=', /copies has no value/],
    ['copies=3,copies=2', /copies is given twice/],
    ['sites=2', /has copies=N or shares=K\+M/],
    ['copies=0', /copies=0 is no whole number/],
    ['copies=17', /copies is from 1 to 16/],
    ['copies=2,sites=3', /sites is from 1 to 2, the number of copies/],
    ['copies=2.5', /copies=2.5 is no whole number/],
    ['copies=1,shares=2+1', /exclude each other/],
    ['shares=6', /shares=6 is not of the form K\+M/],
    ['shares=6+0', /shares=6\+0 is not of the form/],
    ['shares=20+13', /at most 32 in all/],
    ['shares=1+3', /K from 2, M from 1/],
    ['shares=20+12,sites=17', /sites is from 1 to 16/],
    ['shares=4+2,sites=7', /sites is from 1 to 6, the number of shares/],
    ['copies=2,kind=phone', /kind=phone is none of server, desktop, laptop/],
    ['copies=2,kind=server+server', /kind names a kind twice/],
    ['copies=2,region=EU', /region "EU" is no name/],
    ['copies=2,region=eu+eu', /region names a region twice/],
    [`copies=2,region=${'a'.repeat(2000)}`, /at most 1024 characters/]
  ] as const) {
    const parsed = parsePolicy(text)
    assert.ok('error' in parsed, text)
    assert.match(parsed.error, why)
  }
})

test('law: what is printed reads as the same policy', () => {
  fc.assert(
    fc.property(anyPolicy, policy => {
      assert.equal(policyProblem(policy), undefined)
      assert.deepEqual(parsePolicy(formatPolicy(policy)), { policy })
      assert.ok(slotsToRead(policy) <= slotCount(policy))
    })
  )
})

test('law: every text gives a policy that is one, or says why not', () => {
  const word = fc.constantFrom(
    'copies=',
    'shares=',
    'sites=',
    'region=',
    'kind=',
    ',',
    '+',
    '3',
    '6+3',
    'eu',
    'server'
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word).map(words => words.join(''))
      ),
      text => {
        const parsed = parsePolicy(text)
        if ('policy' in parsed) assert.equal(policyProblem(parsed.policy), undefined)
        else assert.notEqual(parsed.error, '')
      }
    ),
    { numRuns: 2000 }
  )
})
