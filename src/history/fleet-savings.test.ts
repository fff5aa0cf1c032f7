import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { contributionsOf, fleetSavings, pairReceipts } from './fleet-savings.ts'

const GB = 1e9

describe('savings of several devices', () => {
  it('are those of their sites, each at its own price', () => {
    const prices = new Map([
      ['lyon', { currency: 'EUR', microsPerGb: 80_000 }],
      ['oslo', { currency: 'NOK', microsPerGb: 1_000_000 }]
    ])
    const { sites, money, unpricedBytes, ...sums } = fleetSavings(
      [
        { device: 'a', site: 'lyon', siteBytes: 8 * GB, wanBytes: GB, originBytes: 0 },
        { device: 'b', site: 'lyon', siteBytes: 2 * GB, wanBytes: 0, originBytes: GB },
        { device: 'c', site: 'oslo', siteBytes: 3 * GB, wanBytes: GB, originBytes: 0 },
        { device: 'd', site: 'rome', siteBytes: GB, wanBytes: 5, originBytes: 0 }
      ],
      site => prices.get(site)
    )
    assert.deepEqual(sums, {
      ...{ siteBytes: 14 * GB, wanBytes: 2 * GB + 5, originBytes: GB },
      ...{ centralBytes: 17 * GB + 5, wanAvoidedBytes: 14 * GB }
    })
    assert.deepEqual(
      sites.map(({ site, devices, wanAvoidedBytes, saved }) => [site, devices, wanAvoidedBytes, saved]),
      [
        ['lyon', 2, 10 * GB, 0.8],
        ['oslo', 1, 3 * GB, 3],
        ['rome', 1, GB, null]
      ]
    )
    assert.deepEqual(money, [
      { currency: 'EUR', saved: 0.8 },
      { currency: 'NOK', saved: 3 }
    ])
    assert.equal(unpricedBytes, GB)
  })

  it('add up, however devices lie in sites', () => {
    const bytes = fc.nat(1e6)
    const device = fc.record({
      ...{ device: fc.string(), site: fc.constantFrom('a', 'b', 'c') },
      ...{ siteBytes: bytes, wanBytes: bytes, originBytes: bytes }
    })
    fc.assert(
      fc.property(fc.array(device), devices => {
        const { sites, ...sums } = fleetSavings(devices, () => undefined)
        for (const name of [
          'centralBytes',
          'wanAvoidedBytes',
          'siteBytes',
          'wanBytes',
          'originBytes'
        ] as const)
          assert.equal(
            sites.reduce((sum, each) => sum + each[name], 0),
            sums[name]
          )
        assert.equal(sums.centralBytes, sums.wanAvoidedBytes + sums.wanBytes + sums.originBytes)
        assert.equal(sums.unpricedBytes, sums.wanAvoidedBytes)
      })
    )
  })
})

describe('contributions', () => {
  const of = (entries: Record<string, number>) => new Map(Object.entries(entries))

  it('are what giver and reader both say; a reader that did not answer leaves its receipts unconfirmed', () => {
    const receipts = pairReceipts([
      { device: 'a', given: of({ b: 100, gone: 40 }), taken: of({}) },
      { device: 'b', given: of({}), taken: of({ a: 90, gone: 7 }) }
    ])
    assert.deepEqual(
      receipts.find(({ giver }) => giver === 'gone'),
      { giver: 'gone', reader: 'b', givenBytes: null, takenBytes: 7 }
    )
    assert.deepEqual(
      contributionsOf(receipts),
      new Map([['a', { confirmedBytes: 90, unconfirmedBytes: 40 }]])
    )
  })

  it('never count more than readers say', () => {
    const side = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(1000))
    fc.assert(
      fc.property(fc.array(fc.record({ given: side, taken: side }), { maxLength: 4 }), said => {
        const devices = said.map(({ given, taken }, at) => ({
          ...{ device: 'abcd'[at] ?? '', given: of(given), taken: of(taken) }
        }))
        const confirmed = [...contributionsOf(pairReceipts(devices)).values()]
        const taken = devices.flatMap(each => [...each.taken.values()]).reduce((sum, bytes) => sum + bytes, 0)
        assert.ok(confirmed.reduce((sum, each) => sum + each.confirmedBytes, 0) <= taken)
      })
    )
  })
})
