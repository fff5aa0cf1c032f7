import assert from 'node:assert/strict'
import { it } from 'node:test'
import { savingsOf } from './savings.ts'

it('what comes from this site is what a server elsewhere would have sent over the WAN besides', () => {
  const savings = savingsOf({ siteBytes: 700, wanBytes: 200, originBytes: 100 })
  assert.equal(savings.centralBytes, 1000)
  assert.equal(savings.wanAvoidedBytes, 700)
})

it('a device that brought everything over the WAN itself has saved nothing', () => {
  assert.equal(savingsOf({ siteBytes: 0, wanBytes: 500, originBytes: 500 }).wanAvoidedBytes, 0)
})
