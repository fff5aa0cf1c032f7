/** Operations, feeds and roots in words. */

import { DAY_MS } from '../../../../src/base/units.ts'
import type { Answer } from '../../api/routes.ts'
import type { Line } from '../../components/approval-words.ts'
import type { Tone } from '../../components/dot.tsx'
import { dateText, shortId } from '../../components/words.ts'

export type Feeds = Answer<'feeds'>
export type Feed = Feeds['feeds'][number]
export type Authority = Answer<'authority'>
export type Freshness = Answer<'status'>['freshness']

/** Whether it counts, and why not. */
export function effectOf({ inForce, role, reason, detail }: Line): {
  readonly tone: Tone
  readonly says: string
  readonly why: string
  readonly order: number
} {
  if (inForce) return { tone: 'good', says: 'in force', why: role === null ? '' : `as ${role}`, order: 2 }
  if (reason === 'needs-approval')
    return { tone: 'warn', says: 'waiting', why: detail ?? 'more admins must approve it', order: 0 }
  const why = [reason, detail].filter(part => part !== null).join(': ')
  return { tone: 'quiet', says: 'no effect', why, order: 1 }
}

const INSTANT = /Ms$/
const SPAN_MAX_MS = 400 * DAY_MS

/** A signed field as it stands in the operation; what is an instant is also said as one. */
export function fieldText(key: string, value: unknown): string {
  if (value === null) return 'none'
  if (typeof value === 'number' && INSTANT.test(key) && value > SPAN_MAX_MS)
    return `${value} (${dateText(value)})`
  if (Array.isArray(value) && value.length === 0) return 'none'
  return typeof value === 'object' ? JSON.stringify(value, null, 1) : String(value)
}

/** How recent the ledger is that this node knows. */
export function freshnessText(freshness: Freshness): { readonly tone: Tone; readonly says: string } {
  const { enforced, signersHeard, signersTotal, quorum, classes } = freshness
  if (!enforced) return { tone: 'quiet', says: 'the org asks for no beacons' }
  const closed = classes.filter(({ allowed }) => !allowed).map(({ dataClass }) => dataClass)
  const heard = `${signersHeard} of ${signersTotal} signers heard, ${quorum} needed`
  if (closed.length > 0) return { tone: 'bad', says: `too old for what is ${closed.join(', ')}; ${heard}` }
  return { tone: signersHeard < quorum ? 'warn' : 'good', says: heard }
}

/** The commands that export the ledger and prove it on any machine. */
export function proofCommands(org: string): { readonly write: string; readonly verify: string } {
  return {
    write: 'peerage ledger export ./ledger',
    verify: `peerage ledger verify ./ledger --org ${org}`
  }
}

/** What stands against authors: proofs that they signed two histories. */
export function proofsOf(
  feeds: readonly Feed[]
): readonly { readonly feed: Feed; readonly seq: number; readonly operations: readonly string[] }[] {
  return feeds.flatMap(feed => (feed.fork === null ? [] : [{ feed, ...feed.fork }]))
}

const KEY = /\b[0-9a-f]{64}\b/g

/** What a root changes, with the names of the devices that are known: it names them by their keys. */
export function changeText(
  change: string,
  devices: readonly { readonly device: string; readonly name: string | null }[]
): string {
  return change.replace(KEY, key => {
    const name = devices.find(({ device }) => device === key)?.name ?? null
    return name === null ? key : `${name} (${shortId(key)})`
  })
}
