/** What the facts of a node's network mean: each function judges one of them, and says what to do. */

import { formatDuration, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { FreshnessStatus } from '../service.ts'
import { type Check, check } from './checkup-terms.ts'
import type { Reached } from './reach-messages.ts'

const OFFSET_LOW_MS = 10 * SECOND_MS
const OFFSET_BAD_MS = 2 * MINUTE_MS
const NAMED_MAX = 5

const SET_CLOCK = 'set the clock by NTP: timedatectl set-ntp true'

/** How far the clocks of peers are ahead of ours. */
export function judgeClock(
  aheadMs: readonly number[],
  freshness: Pick<FreshnessStatus, 'clock' | 'clockOffsetMs'>
): Check {
  if (freshness.clock !== 'ok')
    return check(
      'clock',
      'bad',
      `the clock is ${freshness.clock} by ${formatDuration(Math.abs(freshness.clockOffsetMs ?? 0))}, by the beacons of the org`,
      SET_CLOCK
    )
  const sorted = aheadMs.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)]
  if (median === undefined) return check('clock', 'unknown', 'no peer answered with its time')
  const by = `${formatDuration(Math.abs(median))} ${median > 0 ? 'behind' : 'ahead of'} ${peersText(sorted.length)}`
  if (Math.abs(median) >= OFFSET_BAD_MS)
    return check(
      'clock',
      'bad',
      `the clock is ${by}: statements of this device may not be believed`,
      SET_CLOCK
    )
  if (Math.abs(median) >= OFFSET_LOW_MS) return check('clock', 'attention', `the clock is ${by}`, SET_CLOCK)
  return check('clock', 'good', `agrees with ${peersText(sorted.length)}`)
}

function peersText(count: number): string {
  return count === 1 ? 'the one peer that answered' : `the ${count} peers that answered`
}

export function judgeBeacons(freshness: FreshnessStatus, nowMs: number): Check {
  const { enforced, signersHeard, signersTotal, quorum, ageMs, expiresAtMs } = freshness
  if (!enforced) return check('beacons', 'good', 'the org has no beacons, so no class depends on them')
  const heard = `${signersHeard} of ${signersTotal} signers heard, ${quorum} needed`
  const denied = freshness.classes.filter(({ allowed }) => !allowed).map(({ dataClass }) => dataClass)
  const remedy =
    'let this device reach signers (peerage admin status names them), or have an admin lift the limit for a while: ' +
    'peerage admin override'
  if (denied.length > 0)
    return check('beacons', 'bad', `${heard}: ${denied.join(', ')} data can not be used now`, remedy)
  if (ageMs === null || expiresAtMs === null) return check('beacons', 'attention', heard, remedy)
  const age = `the view is ${formatDuration(ageMs)} old and counts for ${formatDuration(Math.max(0, expiresAtMs - nowMs))}`
  return check('beacons', 'good', `${age}; ${heard}`)
}

export interface LedgerFacts {
  readonly isWhole: boolean
  readonly operations: number
  readonly isFrozen: boolean
  /** Null for never. */
  readonly rootExpiresMs: number | null
  readonly isMember: boolean
}

const ROOT_ENDS_SOON_MS = 30 * 24 * 60 * MINUTE_MS

export function judgeLedger(
  { isWhole, operations, isFrozen, rootExpiresMs, isMember }: LedgerFacts,
  nowMs: number
): Check {
  if (!isMember)
    return check(
      'ledger',
      'bad',
      'this device is no member of the org now',
      'ask an admin: peerage device list'
    )
  if (isFrozen)
    return check(
      'ledger',
      'bad',
      'admins signed two roots of one version: authority changes are frozen',
      'see peerage admin status; a root by the recovery keys settles it'
    )
  const leftMs = rootExpiresMs === null ? Number.POSITIVE_INFINITY : rootExpiresMs - nowMs
  const renew = 'admins sign a new one: peerage admin propose expires 365d'
  if (leftMs <= 0)
    return check('ledger', 'bad', 'the root of the org has ended: nothing is given any more', renew)
  if (leftMs < ROOT_ENDS_SOON_MS)
    return check('ledger', 'attention', `the root of the org ends in ${formatDuration(leftMs)}`, renew)
  if (!isWhole) return check('ledger', 'attention', 'operations are still being loaded')
  return check('ledger', 'good', `${operations} operations, all here`)
}

/** What peers found when they connected to the addresses that this device states. */
export interface InboundFacts {
  readonly stated: readonly string[]
  /** Of each peer that answered: what it reached, and from where it sees us. */
  readonly answers: readonly {
    readonly site: string
    readonly tried: readonly { readonly address: string; readonly reached: Reached }[]
    readonly seenAddress: string | null
  }[]
}

const LOOPBACK = /^\/ip4\/127\.|^\/ip6\/::1\//

export function judgeInbound({ stated, answers }: InboundFacts): Check {
  const reachable = stated.filter(address => !LOOPBACK.test(address))
  if (reachable.length === 0)
    return check(
      'inbound',
      'attention',
      'it states addresses of this machine alone, which no other machine can reach',
      'listen on an address of the network: peerage up --listen /ip4/0.0.0.0/tcp/4701'
    )
  if (answers.length === 0)
    return check('inbound', 'unknown', 'no linked peer could be asked to connect to this device')
  const open = answers.filter(({ tried }) => tried.some(({ reached }) => reached === 'open'))
  const sites = [...new Set(answers.map(({ site }) => site))].sort().join(', ')
  if (open.length === answers.length)
    return check(
      'inbound',
      'good',
      `reached by ${open.length} of ${answers.length} peers that were asked, of ${sites}`
    )
  const failed = answers.filter(each => !open.includes(each))
  const ways = [...new Set(failed.flatMap(({ tried }) => tried.map(({ reached }) => reached)))]
  const why = ways.includes('silent')
    ? 'nothing answered, as where a firewall drops connections'
    : ways.includes('refused')
      ? 'connections are refused, as where a firewall rejects them or another machine has the address'
      : 'there is no way to the addresses'
  const natted = failed.some(({ seenAddress }) => seenAddress !== null && isElsewhere(seenAddress, stated))
  const from = [...new Set(failed.map(({ site }) => site))].sort().join(', ')
  const where = reachable.slice(0, 2).map(withoutKey).join(' and ')
  const seen = natted ? '; they see it behind another address (NAT)' : ''
  const forward = natted ? ', or forward that port at the NAT and state the outer address' : ''
  return check(
    'inbound',
    open.length === 0 ? 'bad' : 'attention',
    `not reached by ${failed.length} of ${answers.length} peers that were asked, of ${from}: ${why}${seen}`,
    `let in TCP at ${where} in the firewall of this machine and of its site${forward}; ` +
      'of two devices one has to reach the other'
  )
}

/** Whether a peer sees us at an address that is none of ours. */
function isElsewhere(seenAddress: string, stated: readonly string[]): boolean {
  const hostOf = (address: string): string => address.split('/').slice(0, 3).join('/')
  return !LOOPBACK.test(seenAddress) && !stated.some(address => hostOf(address) === hostOf(seenAddress))
}

export interface PeersFacts {
  readonly linked: number
  /** Members that said lately where they are, without those linked: what became of a connection to each. */
  readonly others: readonly {
    readonly name: string
    readonly site: string
    readonly reached: Reached
    readonly address: string
  }[]
  /** Enrolled devices beside this one. */
  readonly known: number
  /** What those said that do not admit this device, in words. */
  readonly refusals: readonly string[]
}

export function judgePeers({ linked, others, known, refusals }: PeersFacts): Check {
  if (known === 0)
    return check('peers', 'good', 'this device is the only one of the org', 'let others join: peerage invite')
  if (refusals.length > 0 && linked === 0)
    return check(
      'peers',
      'bad',
      `no peer is linked: ${refusals.join('; ')}`,
      'ask an admin of the org whether that is meant; who was revoked can only join anew, as another device: peerage join'
    )
  const failed = others.filter(({ reached }) => reached !== 'open')
  const more = others.length - failed.length
  const found = `${linked} linked${more === 0 ? '' : `, ${more} more can be reached`}`
  if (failed.length === 0 && linked > 0)
    return check('peers', 'good', `${found}; enrolled beside this one: ${known}`)
  if (failed.length === 0)
    return check(
      'peers',
      'attention',
      `no peer is linked, and none has said lately where it is; ${known} are enrolled`,
      'start the node of another device; when one runs, see inbound, and peerage peers'
    )
  const named = failed
    .slice(0, NAMED_MAX)
    .map(
      ({ name, site, address, reached }) => `${name} of ${site} at ${withoutKey(address)} (${WORDS[reached]})`
    )
  const rest = failed.length > NAMED_MAX ? ` and ${failed.length - NAMED_MAX} more` : ''
  return check(
    'peers',
    linked === 0 ? 'bad' : 'attention',
    `${found}; not reached: ${named.join(', ')}${rest}`,
    'see whether they run, and whether firewalls let TCP through to these addresses'
  )
}

function withoutKey(address: string): string {
  return address.replace(/\/p2p\/[^/]*$/, '')
}

const WORDS: Readonly<Record<Reached, string>> = {
  open: 'it answers',
  refused: 'refused',
  silent: 'no answer',
  'no-route': 'no way there'
}

/** Of each other site with devices that said lately where they are: how many of them are linked. */
export function judgeSites(
  sites: ReadonlyMap<string, { readonly present: number; readonly linked: number }>
): Check {
  const apart = [...sites]
    .filter(([, { present, linked }]) => present > 0 && linked === 0)
    .map(([site]) => site)
  if (apart.length === 0)
    return sites.size === 0
      ? check('sites', 'good', 'there is no other site')
      : check('sites', 'good', `linked to ${[...sites.keys()].sort().join(', ')}`)
  return check(
    'sites',
    'attention',
    `no link to any device of ${apart.sort().join(', ')}, though some have said lately where they are`,
    'let TCP through between the sites in one direction at least; what comes from there goes by others meanwhile'
  )
}
