import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localMs, localText } from '../../components/local-time.ts'
import { EMPTY_ORDER, followOf, lackOf, transferOf } from './fetch-order.ts'

const ORDER = { ...EMPTY_ORDER, name: 'os/image', destination: ' /srv/os ' }

test('what is missing is said before anything is sent', () => {
  assert.equal(lackOf(EMPTY_ORDER, 0), 'Choose a dataset.')
  assert.equal(lackOf({ ...ORDER, destination: '' }, 0), 'Write a folder.')
  assert.match(lackOf({ ...ORDER, destination: 'srv/os' }, 0) ?? '', /from the root on/)
  assert.equal(lackOf(ORDER, 0), null)
  assert.equal(lackOf({ ...ORDER, destination: 'C:\\images' }, 0), null)
  const late = { ...ORDER, deadline: localText(60_000) }
  assert.equal(lackOf(late, 120_000), 'The deadline is over.')
  assert.equal(lackOf({ ...late, how: 'follow' }, 120_000), null)
})

test('an order is sent as it was written, without the white space around it', () => {
  const deadline = localText(1_800_000_000_000)
  assert.deepEqual(transferOf({ ...ORDER, only: '*.deb\n\n !docs/ ', deadline, purpose: ' ' }), {
    ...{ name: 'os/image', version: null, destination: '/srv/os', priority: 'normal', purpose: null },
    ...{ deadlineAtMs: 1_800_000_000_000, only: ['*.deb', '!docs/'] }
  })
  assert.deepEqual(followOf({ ...ORDER, purpose: 'kiosks' }), {
    ...{ name: 'os/image', destination: '/srv/os', keep: 2, purpose: 'kiosks' }
  })
})

test('an instant is the same after it stood in a field, to the minute', () => {
  assert.equal(localMs(localText(1_800_000_012_345)), 1_800_000_000_000)
  assert.equal(localMs(''), null)
  assert.equal(localMs('soon'), null)
})
