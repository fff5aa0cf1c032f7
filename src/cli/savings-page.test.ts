import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FleetSavings, fleetSavings } from '../api/performance.ts'
import { savingsCsv, savingsPage } from '../report/savings-page.ts'
import { fleetSavingsText } from './savings-text.ts'

const HOSTILE = '<script>alert(1)</script>"&'
const GB = 1e9
const id = (digit: string) => digit.repeat(64) as FleetSavings['devices'][number]['device']
const sums = {
  ...{ siteBytes: 3 * GB, wanBytes: GB, originBytes: 0, centralBytes: 4 * GB, wanAvoidedBytes: 3 * GB },
  ...{ sentSiteBytes: 5, sentWanBytes: 6, confirmedBytes: 10, unconfirmedBytes: 1 }
}
const { confirmedBytes: _, unconfirmedBytes: __, ...all } = sums
const { sentSiteBytes: ___, sentWanBytes: ____, ...received } = all
const REPORT: FleetSavings = {
  ...{ org: HOSTILE, atMs: 1_800_000_000_000, fromMs: 1_797_000_000_000, toMs: 1_800_000_000_000 },
  heard: {
    ...{ devices: 1, silentCount: 3 },
    silent: [{ device: id('e'), name: '=HYPERLINK("x")', site: HOSTILE, detail: HOSTILE }]
  },
  ...all,
  ...{ money: [{ currency: 'EUR', saved: 0.24 }], unpricedBytes: 7, receiptsCut: true },
  sites: [{ ...received, site: HOSTILE, devices: 1, price: { currency: 'EUR', perGb: 0.08 }, saved: 0.24 }],
  devices: [
    {
      ...sums,
      ...{ device: id('d'), name: HOSTILE, site: HOSTILE, kind: 'server', firstAtMs: 1, hasReceipts: true }
    }
  ],
  groups: [
    { ...sums, group: HOSTILE, devices: 1 },
    { ...sums, group: null, devices: 0 }
  ]
}

describe('savings as a page', () => {
  it('have what was measured, who is silent, and nothing that runs or loads', () => {
    fleetSavings.parse(REPORT)
    const page = savingsPage(REPORT)
    assert.ok(!page.includes(HOSTILE) && !/<script|<img|<link|src=|href=/.test(page))
    assert.match(page, /default-src 'none'/)
    for (const text of [
      '0.24 EUR',
      '3 members did not answer',
      'and 2 more',
      'in no group',
      'at least these'
    ])
      assert.ok(page.includes(text), text)
  })
})

describe('savings as CSV', () => {
  it('are a line for each device, quoted, and no formula', () => {
    const [head, device, silent, end] = savingsCsv(REPORT).split('\r\n')
    assert.match(head ?? '', /^device,name,site,.*,saved$/)
    assert.ok(device?.startsWith(`${id('d')},"<script>alert(1)</script>""&",`))
    assert.match(device ?? '', /,3000000000,1000000000,0,4000000000,3000000000,5,6,10,1,0\.08,EUR,0\.240000$/)
    assert.ok(silent?.startsWith(`${id('e')},"'=HYPERLINK(""x"")",`))
    assert.match(silent ?? '', /,{14}$/)
    assert.equal(end, '')
  })
})

it('savings in a terminal show what adds up to them', () => {
  const text = fleetSavingsText(REPORT, (_, words) => words).join('\n')
  assert.match(text, /3.00 GB \+ 1.00 GB \+ 0 B = 4.00 GB/)
  assert.match(text, /3 devices did not answer/)
})
