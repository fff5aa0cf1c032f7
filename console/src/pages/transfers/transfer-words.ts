/** Transfers in words: how each is, why it waits, where its bytes came from. Nothing is judged that was not said. */

import type { Activity } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import type { Tone } from '../../components/dot.tsx'
import { agoText, dateText, durationText, formatRate } from '../../components/words.ts'
import { colourVariable } from '../../palette.ts'

export type Transfer = Answer<'transfers'>['transfers'][number]
export type LiveTransfer = Activity['transfers'][number]
export type TransferSource = Transfer['sources'][number]
type Restraint = Transfer['restraints'][number]

const SETTLED: readonly Transfer['state'][] = ['complete', 'stopped', 'failed']

export function isSettled({ state }: Pick<Transfer, 'state'>): boolean {
  return SETTLED.includes(state)
}

/** The list as it was asked for, brought up to now by what the node says live. */
export function withLive(transfers: readonly Transfer[], live: readonly LiveTransfer[]): readonly Transfer[] {
  const now = new Map(live.flatMap(each => (each.id === null ? [] : [[each.id, each] as const])))
  return transfers.map(transfer => {
    const moved = now.get(transfer.id)
    if (moved === undefined || moved.state === 'serving') return transfer
    const { state, haveBytes, totalBytes, receiveBytesPerSecond, etaMs, outlook, restraints } = moved
    return {
      ...transfer,
      ...{ state, haveBytes, totalBytes, etaMs, outlook, restraints, bytesPerSecond: receiveBytesPerSecond },
      problem: moved.problem ?? transfer.problem
    }
  })
}

/** What needs somebody comes first, then what moves. */
const STATES: Readonly<Record<Transfer['state'], readonly [Tone, string]>> = {
  failed: ['bad', 'failed'],
  fetching: ['good', 'fetching'],
  waiting: ['warn', 'waiting'],
  queued: ['quiet', 'queued'],
  paused: ['quiet', 'paused'],
  stopped: ['quiet', 'cancelled'],
  complete: ['good', 'complete']
}
const ORDER = Object.keys(STATES)

export function stateOf({ state, ofVersion }: Pick<Transfer, 'state' | 'ofVersion'>): {
  readonly tone: Tone
  readonly says: string
  readonly order: number
} {
  const [tone, says] = STATES[state]
  const isPart = state === 'complete' && ofVersion !== null
  return { tone, says: isPart ? 'complete, in part' : says, order: ORDER.indexOf(state) }
}

export function restraintText(restraint: Restraint): string {
  const { kind, direction, rule, bytesPerSecond, untilMs, zone } = restraint
  const until = untilMs === null ? '' : ` until ${dateText(untilMs)}${zone === null ? '' : ` (${zone})`}`
  switch (kind) {
    case 'budget':
      return `the WAN budget of the day is used up (${direction})${until}`
    case 'background':
      return `it gives way to other traffic (limit ${rule}, ${direction})`
    case 'peers':
      return `peers limit what they send to ${formatRate(bytesPerSecond ?? 0)}`
    case 'cap':
      return bytesPerSecond === 0
        ? `limit ${rule} lets nothing go ${direction}${until}`
        : `limit ${rule}: ${direction} at most ${formatRate(bytesPerSecond ?? 0)}${until}`
  }
}

/** Why it does not go on, or goes on slowly; empty when nothing is known to hold it up. */
export function whyText(transfer: Transfer): string {
  const { state, problem, restraints, sourcesConnected, origin } = transfer
  if (problem !== null) return problem.message
  if (state === 'paused') return 'somebody paused it; it goes on when it is resumed'
  if (state === 'queued') return 'others go first: of this node three fetch at once'
  if (state === 'waiting' && sourcesConnected === 0)
    return 'no device that has it is linked with this node; it goes on by itself when one is'
  const held = restraints.map(restraintText)
  if (origin?.problem != null && !isSettled(transfer)) held.push(`its origin: ${origin.problem}`)
  return held.join('; ')
}

/** By when it should be done, and whether it will. */
export function deadlineText(transfer: Transfer, nowMs: number): string {
  const { deadlineAtMs, outlook, lateByMs } = transfer
  if (deadlineAtMs === null) return ''
  const when = agoText(deadlineAtMs, nowMs)
  if (outlook !== 'late') return isSettled(transfer) ? (outlook ?? '') : `${when}: ${outlook ?? 'not known'}`
  const late = lateByMs === null ? 'late' : `late by ${durationText(lateByMs)}`
  return isSettled(transfer) ? late : `${when}: ${late} at this rate`
}

export const ORIGIN_NEEDS: Readonly<Record<NonNullable<NonNullable<Transfer['origin']>['need']>, string>> = {
  unheld: 'no peer has it',
  late: 'peers alone would miss the deadline',
  stalled: 'peers have it and give nothing'
}

/** Where a source is, seen from this node: what it costs. */
export function kindOf(source: Pick<TransferSource, 'site'>, ownSite: string | null): string {
  if (source.site === null || ownSite === null) return 'site not known'
  return source.site === ownSite ? 'same site' : 'over the WAN'
}

export interface Part {
  readonly label: string
  readonly bytes: number
  readonly colour: string
}

/**
 * Where what is here came from. What peers gave is said of this run of the transfer; what is here and was not said to
 * have come by any way is left over, and is shown so.
 */
export function partsOf(transfer: Transfer, ownSite: string | null): readonly Part[] {
  const { haveBytes, totalBytes, resumedBytes, reusedBytes, receivedBytes, origin, sources } = transfer
  const given = (kind: string): number =>
    sources
      .filter(source => kindOf(source, ownSite) === kind)
      .reduce((sum, source) => sum + source.receivedBytes, 0)
  const [near, far] = [given('same site'), given('over the WAN')]
  const others = Math.max(0, receivedBytes - near - far)
  const parts = [
    { label: 'was here before', bytes: resumedBytes, colour: 'gray.6' },
    { label: 'from other files of this device', bytes: reusedBytes, colour: colourVariable('reused') },
    { label: 'from peers of the same site', bytes: near, colour: colourVariable('near') },
    { label: 'from peers over the WAN', bytes: far, colour: colourVariable('far') },
    { label: 'from an origin', bytes: origin?.receivedBytes ?? 0, colour: colourVariable('origin') },
    { label: 'from peers whose site is not known', bytes: others, colour: 'indigo.5' }
  ]
  const said = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  parts.push({
    ...{ label: 'here, and not known from where', colour: 'gray.5' },
    bytes: Math.max(0, Math.min(haveBytes, totalBytes) - said)
  })
  return parts.filter(({ bytes }) => bytes > 0)
}

/** What can be done with it now. */
export function choicesOf({ state }: Pick<Transfer, 'state'>): {
  readonly pause: boolean
  /** Goes on with one that rests, or begins one again that ended. */
  readonly resume: 'Resume' | 'Retry' | null
  readonly steer: boolean
} {
  const resume = state === 'paused' ? 'Resume' : state === 'stopped' || state === 'failed' ? 'Retry' : null
  return { pause: !isSettled({ state }) && state !== 'paused', resume, steer: !isSettled({ state }) }
}
