import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { FreshnessStatus } from '../service.ts'
import type { Check } from './checkup-terms.ts'
import {
  judgeBeacons,
  judgeClock,
  judgeInbound,
  judgeLedger,
  judgePeers,
  judgeSites
} from './network-checks.ts'
import type { Reached } from './reach-messages.ts'

const NOW = 1_800_000_000_000
const RIGHT = { clock: 'ok', clockOffsetMs: null } as const

const said = ({ outcome, found }: Check): string => `${outcome}: ${found}`

describe('the clock', () => {
  for (const [aheadMs, expected] of [
    [[], /^unknown/],
    [[200], /^good: agrees with the one/],
    [[-400, 300, 900], /^good: agrees with the 3 peers/],
    // One peer that is wrong is outvoted.
    [[HOUR_MS, 100, -100], /^good/],
    [[30 * SECOND_MS], /^attention: the clock is 30 s behind/],
    [[-30 * SECOND_MS], /^attention: the clock is 30 s ahead/],
    [[-HOUR_MS, -HOUR_MS, 0], /^bad: the clock is 1 h 0 min ahead.*not be believed/]
  ] as const)
    it(`of peers that are ${aheadMs.join(', ')} ms ahead`, () =>
      assert.match(said(judgeClock(aheadMs, RIGHT)), expected))

  it('is what beacons prove, whatever peers say', () => {
    const check = judgeClock([0], { clock: 'behind', clockOffsetMs: 20 * MINUTE_MS })
    assert.match(said(check), /^bad: the clock is behind by 20 min/)
    assert.match(check.remedy ?? '', /NTP/)
  })
})

const FRESH: FreshnessStatus = {
  enforced: true,
  asOfAtMs: NOW - MINUTE_MS,
  ageMs: MINUTE_MS,
  expiresAtMs: NOW + 20 * MINUTE_MS,
  signersHeard: 2,
  signersTotal: 3,
  quorum: 2,
  signersUncovered: 0,
  signersRegressed: [],
  clock: 'ok',
  clockOffsetMs: null,
  classes: [],
  overrides: []
}

describe('beacons', () => {
  it('good, none, and too old for a class', () => {
    assert.match(said(judgeBeacons(FRESH, NOW)), /^good: the view is 1 min .*old and counts for 20 min/)
    assert.match(said(judgeBeacons({ ...FRESH, enforced: false }, NOW)), /^good: the org has no beacons/)
    const dataClass = { limitMs: MINUTE_MS, allowed: false, reason: 'stale', override: null }
    const check = judgeBeacons({ ...FRESH, classes: [{ dataClass: 'restricted', ...dataClass }] }, NOW)
    assert.match(said(check), /^bad: 2 of 3 signers heard, 2 needed: restricted data can not be used now/)
  })
})

describe('the ledger', () => {
  const WELL = { isWhole: true, operations: 7, isFrozen: false, rootExpiresMs: null, isMember: true }
  for (const [facts, expected] of [
    [{}, /^good: 7 operations/],
    [{ isWhole: false }, /^attention/],
    [{ rootExpiresMs: NOW + 24 * HOUR_MS }, /^attention: the root of the org ends in/],
    [{ rootExpiresMs: NOW - 1 }, /^bad: the root of the org has ended/],
    [{ isFrozen: true }, /^bad: admins signed two roots/],
    [{ isMember: false }, /^bad: this device is no member/]
  ] as const)
    it(JSON.stringify(facts), () => assert.match(said(judgeLedger({ ...WELL, ...facts }, NOW)), expected))
})

describe('connections to this device', () => {
  const HERE = '/ip4/10.0.0.7/tcp/4701'
  const answer = (
    site: string,
    reached: Reached,
    seenAddress: string | null = '/ip4/10.0.0.7/tcp/50000'
  ) => ({
    site,
    tried: [{ address: HERE, reached }],
    seenAddress
  })
  const judged = (...answers: ReturnType<typeof answer>[]): Check => judgeInbound({ stated: [HERE], answers })

  it('reach it', () =>
    assert.match(said(judged(answer('rome', 'open'))), /^good: reached by 1 of 1 .* of rome/))
  it('of some sites', () =>
    assert.match(
      said(judged(answer('rome', 'open'), answer('oslo', 'silent'))),
      /^attention: not reached by 1 of 2 .* of oslo: nothing answered, as where a firewall drops/
    ))
  it('are refused', () => assert.match(said(judged(answer('oslo', 'refused'))), /^bad: .*refused/))
  it('end at a NAT', () => {
    const check = judged(answer('oslo', 'silent', '/ip4/203.0.113.9/tcp/999'))
    assert.match(check.found, /behind another address \(NAT\)/)
    assert.match(check.remedy ?? '', /forward that port/)
  })
  it('nobody was asked', () => assert.match(said(judged()), /^unknown/))
  it('loopback alone', () =>
    assert.match(
      said(judgeInbound({ stated: ['/ip4/127.0.0.1/tcp/4701'], answers: [answer('oslo', 'open')] })),
      /^attention: it states addresses of this machine alone/
    ))
})

describe('peers and sites', () => {
  const other = (reached: Reached) => ({
    name: 'lab-7',
    site: 'rome',
    address: '/ip4/10.0.0.9/tcp/4701/p2p/12D3',
    reached
  })

  const peers = { refusals: [] }

  it('who is refused by all is told why', () => {
    const why = "4 of the org's devices refuse this one: this device was revoked in acme: stolen from a car"
    const alone = { linked: 0, others: [], known: 4, refusals: [why] }
    assert.match(
      said(judgePeers(alone)),
      /^bad: no peer is linked: 4 of .* revoked in acme: stolen from a car$/
    )
    assert.match(judgePeers(alone).remedy ?? '', /peerage join/)
    assert.match(said(judgePeers({ ...alone, linked: 2 })), /^good: 2 linked/, 'others let it in')
  })

  it('are linked, can be reached or not', () => {
    assert.match(
      said(judgePeers({ ...peers, linked: 0, others: [], known: 0 })),
      /^good: this device is the only one/
    )
    assert.match(
      said(judgePeers({ ...peers, linked: 0, others: [], known: 3 })),
      /^attention: no peer is linked/
    )
    assert.match(
      said(judgePeers({ ...peers, linked: 2, others: [other('open')], known: 3 })),
      /^good: 2 linked, 1 more/
    )
    assert.match(
      said(judgePeers({ ...peers, linked: 2, others: [other('silent')], known: 3 })),
      /^attention: 2 linked; not reached: lab-7 of rome at \/ip4\/10.0.0.9\/tcp\/4701 \(no answer\)$/
    )
    assert.match(said(judgePeers({ ...peers, linked: 0, others: [other('refused')], known: 3 })), /^bad/)
    const many = Array.from({ length: 9 }, () => other('silent'))
    assert.match(said(judgePeers({ ...peers, linked: 1, others: many, known: 9 })), / and 4 more$/)
  })

  it('each site with devices that are present has a link', () => {
    assert.match(said(judgeSites(new Map())), /^good: there is no other site/)
    const sites = new Map([
      ['rome', { present: 3, linked: 1 }],
      ['oslo', { present: 2, linked: 0 }]
    ])
    assert.match(said(judgeSites(sites)), /^attention: no link to any device of oslo/)
    assert.match(said(judgeSites(new Map([['rome', { present: 3, linked: 1 }]]))), /^good: linked to rome/)
  })
})
