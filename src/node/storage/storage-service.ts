/** The storage part of the admin API: where copies are and should be, how safe that is, where there is room. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { defined } from '../../base/assert.ts'
import { AppError } from '../../base/errors.ts'
import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import { named } from '../../base/words.ts'
import { isLabel } from '../../ledger/encoding/names.ts'
import { type Copy, versionsKept } from '../../ledger/fold/copies.ts'
import type { State } from '../../ledger/fold/state.ts'
import { capacityOf, unplacedBytes } from '../../placement/capacity.ts'
import type { Device } from '../../placement/fleet.ts'
import { standingOf, type Terms } from '../../placement/holding.ts'
import { formatPolicy, isRegionName, type Policy, parsePolicy } from '../../placement/policy.ts'
import { type Holder, type Safety, safetyOf, safetyText } from '../../placement/safety.ts'
import { isLost, type Loss, whatIf } from '../../placement/what-if.ts'
import { isWhole } from '../../store/store.ts'
import { boostOf, demandFor } from '../boost/boost-service.ts'
import { byName } from '../keys/device-name.ts'
import { type SigningNode, signAsked } from '../ledger/asked-operation.ts'
import type { Acted } from '../ledger/governance-terms.ts'
import { LedgerNames } from '../ledger/ledger-names.ts'
import { findPublication } from '../ledger/publication-reference.ts'
import type { Node } from '../node.ts'
import { previewPolicy } from './policy-preview.ts'
import { countedParts, provedHolders } from './proved-holders.ts'
import type { ScrubOrder, ScrubReport } from './scrub-terms.ts'
import { knownCopy } from './storage-keeper.ts'
import type { StoragePlaces } from './storage-map.ts'
import { copiesOfParts, type Part, partsOf } from './storage-parts.ts'
import {
  type CopyRecord,
  type CopyState,
  type OwnRoom,
  type PolicyPreview,
  type StorageReport,
  type StorageService,
  UNSAFE_MAX,
  type VersionStorage,
  type WhatIfReport
} from './storage-terms.ts'
import { policyOf } from './storage-units.ts'

/** What of a node this goes through. */
export interface StoringNode extends SigningNode {
  readonly identity: Pick<Node['identity'], 'device' | 'site'>
  readonly catalogue: Pick<Node['catalogue'], 'nameOf' | 'entry'>
  readonly board: Pick<Node['board'], 'find' | 'lastHeardMs' | 'statements'>
  readonly hub: Pick<Node['hub'], 'status'>
  readonly store: Pick<Node['store'], 'holdings'>
  readonly storage: Node['storage']
}

const LOSS_KINDS = ['site', 'region', 'device', 'group'] as const

export class LocalStorageService implements StorageService {
  readonly #node: StoringNode
  readonly #names: LedgerNames

  constructor(node: StoringNode) {
    this.#node = node
    this.#names = new LedgerNames(node.keeper, device => node.catalogue.nameOf(device))
  }

  async storage(): Promise<StorageReport> {
    const places = await this.#node.storage.places()
    const { assigner, fleet } = places
    const { devices, sites } = capacityOf(fleet, assigner, usedBytes(this.#state, places))
    const unsafe = places.stored.flatMap(stored => {
      const safety = safetyOf(stored.unit.policy, this.#holders(places, countedParts(stored)))
      return safety.isKept ? [] : [{ ...stored, safety }]
    })
    const wholes = this.#wholesHere()
    const contactOf = this.#contacts()
    const { problems } = this.#node.storage
    return {
      own: this.#own(),
      sites: [...sites]
        .map(([site, room]) => ({
          ...{ site, region: this.#state.sites.get(site)?.region ?? null, ...room },
          devices: fleet.devices.filter(device => device.site === site).length
        }))
        .sort((a, b) => (a.site < b.site ? -1 : 1)),
      devices: fleet.devices
        .map(({ id, kind, state }) => ({
          ...{ ...this.#names.nameOf(id), kind, state: state.kind },
          ...contactOf(id),
          ...(devices.get(id) ?? NO_ROOM)
        }))
        .sort(byName),
      versions: places.stored.length,
      unsafe: unsafe.slice(0, UNSAFE_MAX).map(({ unit, name, published, safety }) => ({
        ...{ name, ordinal: published.ordinal, version: unit.version },
        says: safetyText(unit.policy, safety, safety.isReadable ? [] : this.#elsewhere(unit.version, wholes))
      })),
      unsafeCount: unsafe.length,
      unplacedBytes: [...places.assignments.values()].reduce((sum, each) => sum + unplacedBytes(each), 0),
      problems: [...problems()].map(([version, problem]) => ({ version, problem })),
      scrub: this.#node.storage.scrub.report()
    }
  }

  async checkPolicy(policy: string): Promise<string> {
    return formatPolicy(readPolicy(policy))
  }

  async setCapacity(offer: { capacityBytes: number; keepFreeShare: number | null }): Promise<OwnRoom> {
    const { room } = this.#node.storage
    const { capacityBytes, keepFreeShare = null } = offer
    const { totalBytes } = room.disk
    if (capacityBytes > totalBytes)
      throw new AppError(
        'USAGE',
        `the disk of this device has ${totalBytes} bytes in all: it can not offer ${capacityBytes}`,
        { details: { capacityBytes, totalBytes } }
      )
    room.set({ capacityBytes, keepFreeShare: keepFreeShare ?? room.offer.keepFreeShare })
    this.#node.storage.look()
    return this.#own()
  }

  async scrub(): Promise<ScrubReport> {
    return this.#node.storage.scrub.report()
  }

  async setScrub({ action, bytesPerSecond }: ScrubOrder): Promise<ScrubReport> {
    const { scrub } = this.#node.storage
    if (bytesPerSecond !== undefined) scrub.setRate(bytesPerSecond)
    if (action === 'start') scrub.resume()
    else if (action === 'pause') scrub.pause()
    return scrub.report()
  }

  async setStoragePolicy({ name, policy: text }: { name: string; policy: string }): Promise<Acted> {
    const policy = readPolicy(text)
    this.#node.catalogue.entry(name)
    const { copies, sites, regions, kinds, shares } = policy
    const before = this.#state.datasets.get(name)?.storage
    const known = new Set([...this.#state.sites.values()].map(({ region }) => region))
    const warnings = regions
      .filter(region => !known.has(region))
      .map(region => `no site lies in the region ${region} yet: peerage storage region SITE ${region}`)
    return this.#sign(
      {
        ...{ type: 'dataset.storage', name, copies, sites, regions, kinds },
        shares: shares && { data: shares.k, parity: shares.m },
        retentionMs: before?.retentionMs ?? null
      },
      warnings
    )
  }

  async previewStoragePolicy({ name, policy }: { name: string; policy: string }): Promise<PolicyPreview> {
    const read = readPolicy(policy)
    this.#node.catalogue.entry(name)
    const { storage } = this.#node
    return await previewPolicy({
      ...{ state: this.#state, name, policy: read, terms: this.#terms(), places: await storage.places() },
      placesUnder: state => storage.placesUnder(state),
      nameOf: device => this.#names.nameOf(device)
    })
  }

  async setRegion({ site, region }: { site: string; region: string }): Promise<Acted> {
    for (const word of [site, region])
      if (!isLabel(word))
        throw new AppError('USAGE', `${JSON.stringify(word)} can not be the name of a site or region`)
    if (!isRegionName(region))
      throw new AppError(
        'USAGE',
        `no policy can name the region ${JSON.stringify(region)}: write small letters, digits and hyphens, such as eu`
      )
    const isKnown =
      site === this.#node.identity.site || [...this.#node.board.statements()].some(each => each.site === site)
    const warnings = isKnown ? [] : [`no device has said yet that it is in ${site}`]
    return this.#sign({ type: 'site.region', site, region }, warnings)
  }

  async versionStorage(of: { name: string; version: string | null }): Promise<VersionStorage> {
    const entry = this.#node.catalogue.entry(of.name)
    const published = findPublication(entry, of.version, Date.now())
    const { version, ordinal, bytes } = published
    const places = await this.#node.storage.places()
    const assignment = places.assignments.get(version)
    const policy = assignment?.unit.policy ?? policyOf(this.#state, entry, published)
    const stored = places.stored.find(({ unit }) => unit.version === version)
    const parts = stored === undefined ? [{ version, share: null }] : countedParts(stored)
    const holders = this.#holders(places, parts)
    const safety = policy === undefined ? undefined : safetyOf(policy, holders)
    const devices = this.#copies(places, parts, assignment?.devices ?? [])
    const isUncut = stored !== undefined && stored.unit.policy.shares !== null && stored.shares === undefined
    return {
      ...{ name: of.name, version, ordinal, bytes },
      policy: policy === undefined ? null : formatPolicy(policy),
      isSafe: safety?.isKept ?? false,
      says: this.#says(policy, safety, {
        ...{ unmet: assignment?.unmet ?? [], devices, isUncut },
        elsewhere: safety?.isReadable === false ? this.#elsewhere(version, this.#wholesHere()) : []
      }),
      copies: holders.length,
      sites: new Set(holders.map(({ device }) => device.site)).size,
      survives: safety?.survives ?? null,
      missing: safety?.missing ?? [],
      devices,
      demand: demandFor(this.#node, version) ?? null,
      passing: boostOf(this.#node, version) ?? null
    }
  }

  async whatIf({ lose }: { lose: readonly string[] }): Promise<WhatIfReport> {
    return defined((await this.whatIfEach([lose]))[0], 'a report for the loss')
  }

  async whatIfEach(losses: readonly (readonly string[])[]): Promise<readonly WhatIfReport[]> {
    const places = await this.#node.storage.places()
    const all = losses.map(lose => this.#lossOf(lose, places))
    const stored = places.stored.map(each => ({
      ...{ dataset: each.name, unit: each.unit },
      holders: this.#holders(places, countedParts(each))
    }))
    const reports: WhatIfReport[] = []
    for (const loss of all) {
      const lost = [...places.devices.values()].filter(device => isLost(device, loss))
      reports.push({
        lost: lost.map(({ id }) => this.#names.nameOf(id)).sort(byName),
        datasets: whatIf(stored, loss).map(({ units, ...rest }) => ({ ...rest, versions: units }))
      })
      await nextTurn()
    }
    return reports
  }

  #lossOf(lose: readonly string[], { devices }: StoragePlaces): Required<Loss> {
    const sites = new Set<string>()
    const regions = new Set<string>()
    const lost = new Set<DeviceId>()
    const known = [...devices.values()]
    for (const text of lose) {
      const at = text.indexOf(':')
      const kind = LOSS_KINDS.find(each => each === text.slice(0, Math.max(0, at)))
      const name = text.slice(at + 1)
      const require = (isKnown: boolean): void => {
        if (!isKnown)
          throw new AppError('USAGE', `no device that offers room is in ${kind} ${name}; see peerage storage`)
      }
      if (kind === 'site') {
        require(known.some(({ site }) => site === name))
        sites.add(name)
      } else if (kind === 'region') {
        require(known.some(({ region }) => region === name))
        regions.add(name)
      } else if (kind === 'device') lost.add(this.#names.findDevice(name))
      else if (kind === 'group') for (const device of this.#members(name)) lost.add(device)
      else
        throw new AppError(
          'USAGE',
          `${JSON.stringify(text)} is nothing that can be lost: write site:NAME, region:NAME, device:NAME or group:NAME`
        )
    }
    return { sites, regions, devices: lost }
  }

  #members(name: string): Iterable<DeviceId> {
    const group: OperationId = this.#names.findGroup(name)
    return this.#state.groups.get(group)?.devices.keys() ?? []
  }

  #own(): OwnRoom {
    const { room, vault, boosts } = this.#node.storage
    const { capacityBytes, keepFreeShare } = room.offer
    const { totalBytes, freeBytes } = room.disk
    return {
      ...{ capacityBytes, keepFreeShare, toldBytes: room.toldBytes ?? 0, keptBytes: vault.bytes() },
      passingBytes: boosts.bytes(),
      ...{ diskFreeBytes: freeBytes, diskTotalBytes: totalBytes }
    }
  }

  /** Whose copies count. */
  #holders(places: StoragePlaces, parts: readonly Part[]): Holder[] {
    return provedHolders(parts, { state: this.#state, devices: places.devices, terms: this.#terms() })
  }

  #copies(places: StoragePlaces, parts: readonly Part[], owing: readonly DeviceId[]): CopyRecord[] {
    const terms = this.#terms()
    const said = copiesOfParts(this.#state, parts)
    const unsaid = owing.filter(id => !said.some(({ device }) => device === id))
    const all = [
      ...said.map(copy => ({ id: copy.device, copy })),
      ...unsaid.map(id => ({ id, copy: undefined }))
    ]
    const contactOf = this.#contacts()
    const records = all.map(({ id, copy }) => {
      const device = places.devices.get(id)
      return {
        ...this.#names.nameOf(id),
        kind: device?.kind ?? 'server',
        region: device?.region === '' ? null : (device?.region ?? null),
        share: copy?.share ?? null,
        state: stateOf({ copy, device, isOwing: owing.includes(id), terms }),
        isPresent: device?.state.kind === 'present',
        ...contactOf(id),
        saidAtMs: copy?.timeMs ?? null,
        untilMs: copy?.untilMs ?? null
      }
    })
    return records.sort(byName)
  }

  #contacts(): (device: DeviceId) => { isLinked: boolean; heardAtMs: number | null } {
    const { identity, transport, board } = this.#node
    const linked = new Set([identity.device, ...transport.peers().map(({ device }) => device)])
    return device => ({ isLinked: linked.has(device), heardAtMs: board.lastHeardMs(device) })
  }

  /** What this device has all of beside the copies that it keeps: where it was published or fetched. */
  #wholesHere(): Set<VersionId> {
    const { store, storage } = this.#node
    const wholes = store.holdings().filter(({ state, root }) => isWhole(state) && !storage.keeps(root))
    return new Set(wholes.map(({ version }) => version.id))
  }

  /** Who has all of a version beside its copies, as far as it is seen from here. */
  #elsewhere(version: VersionId, wholesHere: ReadonlySet<VersionId>): string[] {
    const { identity, hub } = this.#node
    const peers = hub.status(version)?.peers.filter(({ isComplete }) => isComplete) ?? []
    const devices = [
      ...(wholesHere.has(version) ? [identity.device] : []),
      ...peers.map(({ device }) => device)
    ]
    return devices.map(device => named(this.#names.nameOf(device)))
  }

  #says(
    policy: Policy | undefined,
    safety: Safety | undefined,
    {
      unmet,
      devices,
      isUncut,
      elsewhere
    }: {
      readonly elsewhere: readonly string[]
      readonly unmet: readonly { readonly because: 'no-room' | 'no-device' }[]
      readonly devices: readonly CopyRecord[]
      readonly isUncut: boolean
    }
  ): string {
    if (policy === undefined || safety === undefined)
      return 'no copies are asked for: it is where it was published and fetched, and nowhere else for sure'
    const onTheWay = devices.filter(({ state }) => state === 'owed').map(named)
    const away = devices.filter(({ state }) => state === 'away').map(named)
    return [
      safetyText(policy, safety, elsewhere),
      ...(isUncut ? ['who published it has not cut it into shares yet'] : []),
      ...(onTheWay.length > 0 ? [`on its way to ${onTheWay.join(', ')}`] : []),
      ...(away.length > 0 ? [`waits for ${away.join(', ')}`] : []),
      ...(unmet.some(({ because }) => because === 'no-room') ? ['who could hold more is full'] : []),
      ...(unmet.some(({ because }) => because === 'no-device')
        ? ['no other device that may hold it offers room (peerage capacity set)']
        : [])
    ].join('; ')
  }

  #terms(): Terms {
    return { ...this.#node.storage.times, nowMs: Date.now() }
  }

  #sign(content: Parameters<typeof signAsked>[1], warnings: readonly string[]): Acted {
    return signAsked(this.#node, content, { names: this.#names, warnings })
  }

  get #state(): State {
    return this.#node.keeper.state()
  }
}

const NO_ROOM = { offeredBytes: 0, keptFreeBytes: 0, owedBytes: 0, usedBytes: 0, freeBytes: 0 }

export function readPolicy(text: string): Policy {
  const read = parsePolicy(text)
  if ('error' in read) throw new AppError('USAGE', `--policy ${JSON.stringify(text)}: ${read.error}`)
  return read.policy
}

function stateOf({
  copy,
  device,
  isOwing,
  terms
}: {
  readonly copy: Copy | undefined
  readonly device: Device | undefined
  readonly isOwing: boolean
  readonly terms: Terms
}): CopyState {
  if (copy === undefined) return device?.state.kind === 'present' ? 'owed' : 'away'
  if (standingOf(knownCopy(copy), device, terms) !== 'proved') return 'doubtful'
  return isOwing ? 'kept' : 'surplus'
}

/** What each device says that it keeps. */
function usedBytes(state: State, { stored, devices }: StoragePlaces): Map<DeviceId, number> {
  const bytesOf = new Map(stored.map(({ unit }) => [unit.version, unit.bytes]))
  for (const each of stored)
    for (const { version, share } of partsOf(each))
      bytesOf.set(version, share === null ? each.unit.bytes : (each.shares?.bytes ?? 0))
  const used = new Map<DeviceId, number>()
  for (const id of devices.keys()) {
    let bytes = 0
    for (const version of versionsKept(state, id)) bytes += bytesOf.get(version) ?? 0
    used.set(id, bytes)
  }
  return used
}
