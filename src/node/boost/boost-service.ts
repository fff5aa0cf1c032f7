/** The part of the admin API about copies in passing. */

import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { isSteady, lackingHolders } from '../../placement/boost.ts'
import { byName } from '../keys/device-name.ts'
import { originOf } from '../ledger/origin-words.ts'
import type { Node } from '../node.ts'
import type { VaultCopy } from '../storage/vault.ts'
import { BOOST_LIMITS } from './boost-settings.ts'
import type {
  Boost,
  BoostChange,
  BoostReport,
  BoostService,
  Demand,
  Passing,
  WantedBySite
} from './boost-terms.ts'
import { openVersion, type Wanted } from './wanted-versions.ts'

/** What of a node this goes through. */
export interface BoostingNode extends Pick<Node, 'keeper' | 'storage'> {
  readonly catalogue: Pick<Node['catalogue'], 'nameOf'>
  readonly transport: Pick<Node['transport'], 'peers'>
}

/** Versions that are told of, the most wanted first. */
const DEMAND_MAX = 200

export class LocalBoostService implements BoostService {
  readonly #node: BoostingNode

  constructor(node: BoostingNode) {
    this.#node = node
  }

  async boosts(): Promise<BoostReport> {
    const { boosts: desk } = this.#node.storage
    const roomBytes = await desk.roomBytes()
    return { atMs: desk.last.atMs, settings: desk.settings, roomBytes, ...passingHere(this.#node) }
  }

  async setBoosts(change: BoostChange): Promise<BoostReport> {
    for (const [name, [least, most]] of Object.entries(BOOST_LIMITS)) {
      const value = change[name as keyof typeof BOOST_LIMITS]
      if (value === undefined || (value >= least && value <= most)) continue
      throw new AppError('USAGE', `${name} is from ${least} to ${most}, not ${value}`, {
        details: { [name]: value }
      })
    }
    const { boosts: desk } = this.#node.storage
    const said = Object.entries(change).filter(([, value]) => value !== undefined)
    await desk.set({ ...desk.settings, ...Object.fromEntries(said) })
    return await this.boosts()
  }
}

/** What is here in passing, and what is wanted as this device hears. */
export function passingHere(node: BoostingNode): Passing {
  const { keeper, storage, transport } = node
  const { boosts: desk } = storage
  const demand = desk.last.wanted.map(each => demandOf(node, each))
  return {
    barred: desk.barred(keeper.state(), Date.now()) ?? null,
    boosts: [...desk.copies()]
      .map(([version, copy]) => boostRecord(node, version, copy))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    demand: demand.sort((a, b) => sumOf(b) - sumOf(a) || (a.name < b.name ? -1 : 1)).slice(0, DEMAND_MAX),
    heardFrom: transport.peers().length
  }
}

/** The copy of a version that is here in passing, if one is. */
export function boostOf(node: BoostingNode, version: VersionId): Boost | undefined {
  const copy = node.storage.boosts.copies().get(version)
  return copy && boostRecord(node, version, copy)
}

function boostRecord(
  { keeper, storage: { boosts: desk } }: BoostingNode,
  version: VersionId,
  { transfer, holding }: VaultCopy
): Boost {
  const open = openVersion(keeper.state(), version, Date.now())
  const wantedAtMs = desk.wantedMs(version)
  const bytes = open?.published.bytes ?? transfer?.totalBytes ?? 0
  return {
    ...{ name: open?.name ?? transfer?.name ?? '', version, bytes },
    ordinal: open?.published.ordinal ?? transfer?.ordinal ?? 1,
    haveBytes: transfer?.haveBytes ?? (holding?.state === 'complete' ? bytes : 0),
    sinceAtMs: transfer?.startedAtMs ?? wantedAtMs,
    ...{ wantedAtMs, endsAtMs: wantedAtMs + desk.settings.lingerMs }
  }
}

/** What is wanted of one version; undefined when nobody that this device hears of wants it. */
export function demandFor(node: BoostingNode, version: VersionId): Demand | undefined {
  const found = node.storage.boosts.last.wanted.find(({ unit }) => unit.version === version)
  return found && demandOf(node, found)
}

function demandOf({ keeper, catalogue, storage }: BoostingNode, wanted: Wanted): Demand {
  const { stored, holders } = wanted
  const { version, ordinal, bytes } = stored.published
  return {
    ...{ name: stored.name, version, ordinal, bytes },
    wanted: bySite(wanted),
    steady: holders
      .filter(isSteady)
      .map(({ id }) => catalogue.nameOf(id))
      .sort(byName),
    lacking: lackingHolders(wanted, storage.boosts.settings),
    hasOrigin: originOf(keeper.state(), version, Date.now()) !== undefined
  }
}

function bySite({ wanted }: Wanted): WantedBySite[] {
  return [...wanted]
    .map(([site, devices]) => ({ site, devices }))
    .sort((a, b) => b.devices - a.devices || (a.site < b.site ? -1 : 1))
}

function sumOf({ wanted }: Demand): number {
  return wanted.reduce((sum, { devices }) => sum + devices, 0)
}
