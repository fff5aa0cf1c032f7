/**
 * What needs a person, from what the node says of itself: the worst first. Nothing is judged here that the node has not
 * said; this only gathers it and says where to look.
 */

import type { Answer } from '../../api/routes.ts'
import { meaningOf } from '../../components/error-meaning.ts'
import { counted, deviceText, durationText, saidByNode } from '../../components/words.ts'
import { isHigh, type Risk, standingAcceptance } from '../risk/risk-words.ts'

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
  /** Operations that wait for approvals of admins; 0 while it is not known. */
  readonly waiting: number
  /** Absent while they are not known, and for who may not see them. */
  readonly risks?: readonly SaidRisk[] | undefined
}

type SaidRisk = Pick<Risk, 'title' | 'residual' | 'acceptances'>

export function attention({ status, transfers, storage, waiting, risks = [] }: Said): Attention[] {
  const told = new Set(status.problems.map(({ message }) => message))
  const found = [
    ...status.problems.map(ofProblem),
    ...ofLinks(status),
    ...ofFreshness(status),
    // What holds a transfer up is a problem of the node as well, and is said once.
    ...ofTransfers(transfers.filter(({ problem }) => problem === null || !told.has(problem.message))),
    ...(storage === null ? [] : ofStorage(storage)),
    ...ofPeers(status),
    ...ofApprovals(waiting),
    ...ofRisks(risks)
  ]
  return found.sort((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad'))
}

/** Where more is of what a code names. */
const PAGES: Readonly<Record<string, string>> = {
  CASE_OVERDUE: '/console/privacy',
  ERASURE_UNFINISHED: '/console/privacy/erasures',
  AUTHORITY_FROZEN: '/console/ledger/authority',
  AUDIT_BROKEN: '/console/audit'
}

/** With how many of its peers a node is linked, where nothing needs a person. */
export function linkedText({
  peersConnected,
  peersKnown
}: Pick<Status, 'peersConnected' | 'peersKnown'>): string {
  if (peersKnown === 0) return 'This node is the only device of the org'
  if (peersConnected >= peersKnown)
    return `This node is linked with ${peersKnown === 1 ? 'its one peer' : 'all of its peers'}`
  return `This node is linked with ${peersConnected.toLocaleString('en')} of ${counted(peersKnown, 'peer')}`
}

/** How safe what is stored is, where nothing needs a person. */
export function storedText(storage: Pick<Answer<'storage'>, 'versions'> | undefined): string {
  if (storage === undefined) return 'What is stored is still being looked at.'
  const { versions } = storage
  if (versions === 0) return 'No policy asks for copies of a version yet.'
  if (versions === 1) return 'The one version that is stored by a policy is as safe as that asks for.'
  return `All ${versions.toLocaleString('en')} versions that are stored by a policy are as safe as it asks for.`
}

function ofProblem({ code, message }: Status['problems'][number]): Attention {
  const meaning = meaningOf(code)
  const detail = saidByNode(message)
  const to = PAGES[code]
  return {
    ...(meaning === null ? { title: detail, detail: code } : { title: meaning.replace(/\.$/, ''), detail }),
    ...{ tone: 'bad', ...(to === undefined ? {} : { to }) }
  }
}

function ofApprovals(waiting: number): Attention[] {
  if (waiting === 0) return []
  const title = `${counted(waiting, 'operation')} ${waiting === 1 ? 'waits' : 'wait'} for approvals of admins`
  const detail = 'Nothing comes of it before enough of them approve.'
  return [{ tone: 'warn', title, detail, to: '/console/ledger' }]
}

/** What is accepted, has an end and somebody who signed for it, and waits for nobody. */
function ofRisks(risks: readonly SaidRisk[]): Attention[] {
  const open = risks.filter(
    risk => isHigh(risk) && standingAcceptance(risk.acceptances)?.state !== 'in-force'
  )
  const [worst] = open.toSorted((a, b) => b.residual.score - a.residual.score)
  if (worst === undefined) return []
  const are = open.length === 1 ? 'is' : 'are'
  const title = `${counted(open.length, 'risk')} ${are} high or very high, and accepted by nobody`
  const detail = `The worst is "${worst.title}", ${worst.residual.score} of 25.`
  return [{ tone: 'warn', title, detail, to: '/console/risk' }]
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
  return transfers.flatMap(({ id, name, ordinal, version, state, problem, outlook, etaMs }): Attention[] => {
    const what = name === null ? version.slice(0, 8) : `${name}@${ordinal ?? '?'}`
    const to = id === null ? '/console/transfers' : `/console/transfers/${id}`
    if (problem !== null && state !== 'stopped') {
      const tone = state === 'failed' ? 'bad' : 'warn'
      return [{ tone, title: `${what} is held up`, detail: saidByNode(problem.message), to }]
    }
    if (outlook !== 'late') return []
    const left = etaMs === null ? '' : `, which takes it ${durationText(etaMs)} more`
    return [
      {
        tone: 'warn',
        title: `${what} will be late`,
        detail: `It misses its deadline at its present rate${left}.`,
        to
      }
    ]
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
