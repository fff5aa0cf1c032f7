/**
 * What needs a person, from what the node says of itself: the worst first. Nothing is judged here that the node has not
 * said; this only gathers it and says where to look.
 */

import type { Answer } from '../../api/routes.ts'
import { counted, deviceText } from '../../components/words.ts'

export interface Attention {
  readonly tone: 'bad' | 'warn'
  readonly title: string
  readonly detail: string
  /** The page that has more. */
  readonly to?: string
}

type Status = Answer<'status'>
type Transfers = Answer<'activity'>['transfers']
export type Stored = Pick<Answer<'storage'>, 'unsafe' | 'unsafeCount' | 'problems' | 'unplacedBytes'>

export interface Said {
  readonly status: Status
  readonly transfers: Transfers
  /** Null while it is not known. */
  readonly storage: Stored | null
}

export function attention({ status, transfers, storage }: Said): Attention[] {
  const found = [
    ...status.problems.map(({ code, message }): Attention => ({ tone: 'bad', title: message, detail: code })),
    ...ofLinks(status),
    ...ofFreshness(status),
    ...ofTransfers(transfers),
    ...(storage === null ? [] : ofStorage(storage)),
    ...ofPeers(status)
  ]
  return found.sort((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad'))
}

function ofLinks({ peersConnected, peersKnown }: Status): Attention[] {
  if (peersKnown === 0 || peersConnected > 0) return []
  const title = 'This node is linked with nobody'
  const detail = `It knows ${counted(peersKnown, 'other device')} of the org; peerage doctor looks for the reason.`
  return [{ tone: 'bad', title, detail, to: '/console/network' }]
}

function ofFreshness({ freshness }: Status): Attention[] {
  const closed = freshness.classes.filter(({ allowed }) => !allowed)
  const found = closed.map(
    ({ dataClass, reason }): Attention => ({
      tone: 'bad',
      title: `What is ${dataClass} may not be read here now`,
      detail: reason ?? 'The view of the ledger is too old for it.'
    })
  )
  if (freshness.clock === 'ok') return found
  const title = `The clock of this device is ${freshness.clock}`
  return [...found, { tone: 'bad', title, detail: 'By the beacons of the org; it signs nothing that gives.' }]
}

function ofTransfers(transfers: Transfers): Attention[] {
  return transfers.flatMap(({ name, ordinal, version, state, problem, outlook }): Attention[] => {
    const what = name === null ? version.slice(0, 8) : `${name}@${ordinal ?? '?'}`
    if (problem !== null && state !== 'stopped')
      return [
        { tone: state === 'failed' ? 'bad' : 'warn', title: `${what} is held up`, detail: problem.message }
      ]
    if (outlook === 'late')
      return [
        { tone: 'warn', title: `${what} will be late`, detail: 'At its present rate it misses its deadline.' }
      ]
    return []
  })
}

function ofStorage({ unsafe, unsafeCount, problems }: Stored): Attention[] {
  const found = problems.map(
    ({ version, problem }): Attention => ({
      ...{ tone: 'bad', title: `A copy of ${version.slice(0, 8)} could not be stored here`, detail: problem }
    })
  )
  if (unsafeCount === 0) return found
  const [first] = unsafe
  const title = `${counted(unsafeCount, 'version')} ${unsafeCount === 1 ? 'is' : 'are'} not as safe as asked for`
  const detail = first === undefined ? '' : `${first.name}@${first.ordinal}: ${first.says}`
  return [...found, { tone: 'bad', title, detail, to: '/console/datasets' }]
}

function ofPeers({ misbehaved }: Status): Attention[] {
  return misbehaved.map(
    ({ reason, detail, count, bannedUntilMs, ...peer }): Attention => ({
      ...{ tone: bannedUntilMs === null ? 'warn' : 'bad', to: `/console/network/devices/${peer.device}` },
      title: `${deviceText(peer)} ${bannedUntilMs === null ? 'misbehaved' : 'was cut off'}: ${reason}`,
      detail: `${detail} (${counted(count, 'time')})`
    })
  )
}
