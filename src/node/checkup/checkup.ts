/** Gathers the facts that `doctor` judges, from the machine, from peers and from what the node knows. */

import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { isMember } from '../../ledger/fold/state.ts'
import type { Presence } from '../../ledger/sync/presence.ts'
import { freshnessStatus } from '../ledger/freshness-status.ts'
import type { Node } from '../node.ts'
import { refusals } from '../standing.ts'
import type { Task } from '../task.ts'
import { type Check, type CheckupService, check } from './checkup-terms.ts'
import { machineChecks } from './machine-checks.ts'
import {
  judgeBeacons,
  judgeClock,
  judgeInbound,
  judgeLedger,
  judgePeers,
  judgeSites
} from './network-checks.ts'
import { probe } from './tcp-probe.ts'

/** Peers that are asked to connect to us: of as many sites as there are. */
const ASKED_MAX = 6
/** Devices that are not linked and are connected to. */
const PROBED_MAX = 32
const PROBE_TIMEOUT_MS = 2 * SECOND_MS

export class Checkup implements CheckupService {
  readonly #node: Node

  constructor(node: Node) {
    this.#node = node
  }

  async checkup({ signal, onProgress }: Task<Check>): Promise<readonly Check[]> {
    const checks: Check[] = []
    for (const some of [machineChecks(this.#node.home), this.#networkChecks()])
      for await (const made of some) {
        signal.throwIfAborted()
        checks.push(made)
        onProgress(made)
      }
    return checks
  }

  async *#networkChecks(): AsyncGenerator<Check> {
    const { beacons, keeper, transport, identity } = this.#node
    const nowMs = Date.now()
    const freshness = freshnessStatus(beacons)
    yield check('node', 'good', `runs as ${identity.name} of ${identity.site}`)
    yield judgeBeacons(freshness, nowMs)
    const { roots, freeze } = keeper.chain
    yield judgeLedger(
      {
        isWhole: keeper.isWhole,
        operations: keeper.size,
        isFrozen: freeze !== undefined,
        rootExpiresMs: roots.at(-1)?.expiresMs ?? null,
        isMember: isMember(keeper.state(), identity.device, nowMs)
      },
      nowMs
    )
    const answers = await this.#ask()
    yield judgeClock(
      answers.map(({ aheadMs }) => aheadMs),
      freshness
    )
    yield judgeInbound({ stated: transport.addresses(), answers })
    const linked = new Set(transport.peers().map(({ device }) => device))
    const others = this.#others(nowMs)
    const apart = await this.#probed(others.filter(({ device }) => !linked.has(device)).slice(0, PROBED_MAX))
    const refused = refusals(this.#node.connector).map(({ message }) => message)
    yield judgePeers({
      ...{ linked: linked.size, others: apart, known: this.#known(nowMs), refusals: refused }
    })
    // Whom all refuse has no firewall to look at.
    if (linked.size > 0 || refused.length === 0) yield judgeSites(this.#sites(others, linked))
  }

  async #ask() {
    const linked = this.#node.transport.peers().map(({ device }) => device)
    const asked = await Promise.all(
      this.#ofManySites(linked).map(async device => ({ device, outcome: await this.#node.reach.ask(device) }))
    )
    return asked.flatMap(({ device, outcome }) =>
      outcome.kind === 'answered'
        ? [{ site: this.#siteOf(device), aheadMs: outcome.aheadMs, ...outcome.answer }]
        : []
    )
  }

  /** One of each site in turn: what one site lets through another may not. */
  #ofManySites(devices: readonly DeviceId[]): DeviceId[] {
    const ofSite = Map.groupBy(devices, device => this.#siteOf(device))
    const chosen: DeviceId[] = []
    for (let turn = 0; chosen.length < Math.min(ASKED_MAX, devices.length); turn++)
      for (const some of ofSite.values()) {
        const device = some[turn]
        if (device !== undefined && chosen.length < ASKED_MAX) chosen.push(device)
      }
    return chosen
  }

  #siteOf(device: DeviceId): string {
    return this.#node.board.find(device)?.site ?? 'a site that is not known'
  }

  /** Members that said lately where they are. */
  #others(nowMs: number): Presence[] {
    const { board, keeper, identity } = this.#node
    const state = keeper.state()
    return [...board.statements()].filter(
      ({ device, expiresMs }) =>
        device !== identity.device && expiresMs > nowMs && isMember(state, device, nowMs)
    )
  }

  /** What becomes of a connection to each. */
  async #probed(devices: readonly Presence[]) {
    return await Promise.all(
      devices.map(async ({ name, site, addresses }) => {
        const results = await Promise.all(
          addresses.map(async address => ({ address, reached: await probe(address, PROBE_TIMEOUT_MS) }))
        )
        const open = results.find(({ reached }) => reached === 'open')
        const shown = open ?? results[0] ?? { address: 'no address', reached: 'no-route' as const }
        return { name, site, ...shown }
      })
    )
  }

  /** Members beside this device. */
  #known(nowMs: number): number {
    const { keeper, identity } = this.#node
    const state = keeper.state()
    const members = [...state.devices.keys()].filter(device => isMember(state, device, nowMs))
    return members.filter(device => device !== identity.device).length
  }

  #sites(
    others: readonly Presence[],
    linked: ReadonlySet<DeviceId>
  ): Map<string, { present: number; linked: number }> {
    const { identity } = this.#node
    const sites = new Map<string, { present: number; linked: number }>()
    for (const { device, site } of others) {
      if (site === identity.site) continue
      const { present, linked: known } = sites.get(site) ?? { present: 0, linked: 0 }
      sites.set(site, { present: present + 1, linked: known + Number(linked.has(device)) })
    }
    return sites
  }
}
