/** The history of one node: its file, and who fills it. */

import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { MACHINE_CLOCK } from '../clock.ts'
import type { Identity } from '../home.ts'
import type { Log } from '../log.ts'
import type { OwnDevice } from '../service-words.ts'
import type { SwarmHub } from '../swarm/swarm-hub.ts'
import type { TransferDesk } from '../swarm/transfer-desk.ts'
import { isActive } from '../swarm/transfer-orders.ts'
import type { Transport } from '../transport/transport.ts'
import { HistoryFile } from './history-file.ts'
import { HistorySampler, type Reading } from './history-sampler.ts'
import { LocalHistoryService } from './history-service.ts'
import type { HistoryService } from './history-terms.ts'

const HISTORY_FILE = 'history.db'
/** How often the event loop is asked whether it is late; what the monitor measures has this in it. */
const LOOP_INTERVAL_MS = 20
const MS_NS = 1e6

export interface NodeHistoryInit {
  readonly home: string
  readonly identity: Identity
  readonly hub: SwarmHub
  readonly transport: Transport
  readonly desk: TransferDesk
  readonly ownDevice: () => OwnDevice
  readonly log: Log
}

export class NodeHistory {
  readonly service: HistoryService
  readonly #file: HistoryFile
  readonly #init: NodeHistoryInit
  readonly #sampler: HistorySampler
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_INTERVAL_MS })

  constructor(init: NodeHistoryInit) {
    this.#init = init
    this.#file = new HistoryFile(join(init.home, HISTORY_FILE))
    this.service = new LocalHistoryService({ file: this.#file, ownDevice: init.ownDevice })
    this.#sampler = new HistorySampler({
      ...{ file: this.#file, clock: MACHINE_CLOCK, ownSite: init.identity.site, log: init.log },
      read: () => this.#read()
    })
  }

  start(): void {
    this.#loop.enable()
    this.#sampler.start()
  }

  close(): void {
    this.#sampler.close()
    this.#loop.disable()
    this.#file.close()
  }

  #read(): Reading {
    const { hub, transport, desk } = this.#init
    const longestMs = this.#loop.count === 0 ? 0 : this.#loop.max / MS_NS - LOOP_INTERVAL_MS
    this.#loop.reset()
    return {
      totals: hub.totals(),
      peers: transport.peers().length,
      transfers: desk.views().filter(({ state }) => isActive(state)).length,
      eventLoopDelayMs: Math.max(0, longestMs)
    }
  }
}
