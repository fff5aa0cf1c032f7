/** Asks every peer that is linked for its figures, this device included, and says who did not answer. */

import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { isMember } from '../../ledger/fold/state.ts'
import type { Identity } from '../home.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Catalogue } from '../swarm/catalogue.ts'
import type { Transport } from '../transport/transport.ts'
import type { Figures, FiguresQuestion } from './figures-messages.ts'
import type { NodePerformance } from './node-performance.ts'
import { type Heard, SILENT_LISTED_MAX } from './performance-terms.ts'

/** Peers that are asked at the same time. */
const ASKED_AT_ONCE = 16
/** What was answered is good for so long, for who asks for the same. */
const KEPT_MS = 5 * SECOND_MS
const NOT_LINKED = 'it is not linked with this device'

/** What of a node this goes through. */
export interface AskingNode {
  readonly keeper: Pick<LedgerKeeper, 'state'>
  readonly identity: Pick<Identity, 'device' | 'site'>
  readonly transport: Pick<Transport, 'peers'>
  readonly catalogue: Pick<Catalogue, 'nameOf'>
  readonly history: { readonly performance: Pick<NodePerformance, 'own' | 'desk'> }
}

export interface Answer {
  readonly device: DeviceId
  readonly site: string
  readonly figures: Figures
}

export interface FleetAnswers {
  readonly atMs: number
  readonly answers: readonly Answer[]
  readonly heard: Heard
}

export class FleetFigures {
  readonly #node: AskingNode
  #last: { readonly key: string; readonly atMs: number; readonly answers: Promise<FleetAnswers> } | undefined

  constructor(node: AskingNode) {
    this.#node = node
  }

  ask(question: FiguresQuestion): Promise<FleetAnswers> {
    const nowMs = Date.now()
    const key = JSON.stringify(question)
    if (this.#last?.key === key && nowMs - this.#last.atMs < KEPT_MS) return this.#last.answers
    const answers = this.#ask(question, nowMs)
    this.#last = { key, atMs: nowMs, answers }
    answers.catch(() => {
      this.#last = undefined
    })
    return answers
  }

  async #ask(question: FiguresQuestion, atMs: number): Promise<FleetAnswers> {
    const { keeper, identity, transport, history, catalogue } = this.#node
    const state = keeper.state()
    const self = identity.device
    const linked = new Set(transport.peers().map(({ device }) => device))
    const members = [...state.devices.keys()].filter(
      device => device !== self && isMember(state, device, atMs)
    )
    const own = await history.performance.own.read(question, { withReceipts: true })
    const answers: Answer[] = [{ device: self, site: identity.site, figures: own }]
    const silent: { device: DeviceId; detail: string }[] = members
      .filter(device => !linked.has(device))
      .map(device => ({ device, detail: NOT_LINKED }))
    const waiting = members.filter(device => linked.has(device))
    const askNext = async (): Promise<void> => {
      for (let device = waiting.shift(); device !== undefined; device = waiting.shift()) {
        const outcome = await history.performance.desk.ask(device, question)
        if (outcome.kind === 'silent') silent.push({ device, detail: outcome.detail })
        else answers.push({ device, site: this.#siteOf(device), figures: outcome.figures })
      }
    }
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askNext))
    return {
      atMs,
      answers,
      heard: {
        devices: answers.length,
        silentCount: silent.length,
        silent: silent
          .slice(0, SILENT_LISTED_MAX)
          .map(({ device, detail }) => ({ ...catalogue.nameOf(device), detail }))
      }
    }
  }

  #siteOf(device: DeviceId): string {
    return this.#node.catalogue.nameOf(device).site ?? ''
  }
}
