/** The history of one node: its file, who fills it, and who tells others of it. */

import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { MACHINE_CLOCK } from '../clock.ts'
import type { Log } from '../log.ts'
import { GivingRates } from '../performance/giving-rates.ts'
import { MachineSignals } from '../performance/machine-signals.ts'
import type { MeasuredNode } from '../performance/measured-node.ts'
import { NodePerformance } from '../performance/node-performance.ts'
import { isActive } from '../swarm/transfer-orders.ts'
import { HistoryFile } from './history-file.ts'
import { HistorySampler, type Reading } from './history-sampler.ts'
import { LocalHistoryService } from './history-service.ts'

const HISTORY_FILE = 'history.db'
/** How often the event loop is asked whether it is late; what the monitor measures has this in it. */
const LOOP_INTERVAL_MS = 20
const MS_NS = 1e6

export class NodeHistory {
  readonly service: LocalHistoryService
  readonly performance: NodePerformance
  readonly #file: HistoryFile
  readonly #node: MeasuredNode
  readonly #sampler: HistorySampler
  readonly #machine: MachineSignals
  readonly #rates = new GivingRates()
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_INTERVAL_MS })

  constructor(node: MeasuredNode, log: Log) {
    this.#node = node
    this.#file = new HistoryFile(join(node.home, HISTORY_FILE))
    this.#machine = new MachineSignals(() => node.store.stats())
    this.#sampler = new HistorySampler({
      ...{ file: this.#file, clock: MACHINE_CLOCK, ownSite: node.identity.site, log },
      read: () => this.#read()
    })
    this.service = new LocalHistoryService({
      file: this.#file,
      ownDevice: () => node.ownDevice(),
      pending: () => this.#sampler.pending(node.hub.totals())
    })
    this.performance = new NodePerformance(node, {
      ...{ file: this.#file, history: this.service, log },
      rates: nowMs => this.#rates.rates(nowMs)
    })
  }

  start(): void {
    this.#loop.enable()
    this.#sampler.start()
    this.performance.start()
  }

  /** Measures no more; what was measured can still be asked for. */
  close(): void {
    this.performance.close()
    this.#sampler.close()
    this.#loop.disable()
  }

  /** Nobody asks any more. */
  release(): void {
    this.#file.close()
  }

  #read(): Reading {
    const { hub, transport, desk } = this.#node
    const longestMs = this.#loop.count === 0 ? 0 : this.#loop.max / MS_NS - LOOP_INTERVAL_MS
    this.#loop.reset()
    this.#rates.sample(
      hub
        .statuses()
        .flatMap(({ versionId, status }) =>
          status.peers.map(peer => ({ ...peer, stream: `${versionId}.${peer.peer}` }))
        ),
      Date.now()
    )
    this.performance.sample(Date.now())
    return {
      totals: hub.totals(),
      peers: transport.peers().length,
      transfers: desk.views().filter(({ state }) => isActive(state)).length,
      eventLoopDelayMs: Math.max(0, longestMs),
      machine: this.#machine.read()
    }
  }
}
