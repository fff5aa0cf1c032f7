import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moneyText, priceText, sourcesOf } from './savings-words.ts'

test('currencies stand beside each other and are not converted', () => {
  assert.equal(
    moneyText([
      { currency: 'EUR', saved: 3.206 },
      { currency: 'USD', saved: 0 }
    ]),
    '3.21 EUR + 0.00 USD'
  )
  assert.equal(moneyText([{ currency: 'EUR', saved: 0.0016 }]), '< 0.01 EUR')
  assert.equal(priceText({ currency: 'EUR', perGb: 0.08 }), '0.08 EUR')
})

test('sources of which nothing came are left out', () => {
  assert.deepEqual(
    sourcesOf({ siteBytes: 5, wanBytes: 0, originBytes: 7 }).map(({ label, bytes }) => [label, bytes]),
    [
      ['from devices of the same site', 5],
      ['from origins', 7]
    ]
  )
})
