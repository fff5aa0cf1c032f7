import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  budgetBytes,
  type LimitFields,
  limitProblems,
  limitRequest,
  limitText,
  NEW_LIMIT
} from './limit-words.ts'

const fields = (changes: Partial<LimitFields>): LimitFields => ({ ...NEW_LIMIT, rate: '5MB/s', ...changes })

test('what can not be sent is said by the field', () => {
  assert.deepEqual(limitProblems(fields({})), {})
  assert.match(limitProblems(fields({ rate: '5' })).rate ?? '', /5MB\/s/)
  assert.match(limitProblems(fields({ rate: '' })).rate ?? '', /write a rate/)
  assert.deepEqual(limitProblems(fields({ rate: '', kind: 'background' })), {})
  const within = { isAlways: false, zone: 'Nowhere/Else', from: '8:00', until: '24:00' }
  assert.deepEqual(Object.keys(limitProblems(fields(within))).sort(), ['from', 'until', 'zone'])
  assert.match(limitProblems(fields({ isAlways: false, until: '08:00' })).until ?? '', /another time/)
  assert.deepEqual(limitProblems(fields({ isAlways: false, from: '22:00', until: '06:00' })), {})
})

test('a limit is sent as the command line writes it', () => {
  assert.deepEqual(limitRequest(fields({ rate: '0' })), {
    ...{ direction: 'down', link: 'wan', dataClass: 'all', hours: null, bytesPerSecond: 0 }
  })
  assert.equal(
    limitRequest(fields({ isAlways: false, zone: 'Europe/Berlin' })).hours,
    'mon-fri 08:00-18:00 Europe/Berlin'
  )
  assert.equal(limitRequest(fields({ isAlways: false, days: '' })).hours, '08:00-18:00')
  assert.equal(limitRequest(fields({ kind: 'background' })).bytesPerSecond, null)
})

test('what it would do is said in words', () => {
  assert.equal(
    limitText(fields({})),
    'what this node asks for to and from other sites takes no more than 5MB/s, at all times.'
  )
  assert.equal(
    limitText(fields({ direction: 'up', rate: '0', link: 'all', isAlways: false, days: '' })),
    'nothing goes of what this node sends over every link, daily 08:00 to 18:00.'
  )
})

test('a budget is a size, nothing for none, or no size', () => {
  assert.deepEqual([budgetBytes('20GB'), budgetBytes(' '), budgetBytes('many')], [20e9, null, undefined])
})
