/** Datasets as people ask for them: what the ledger says, joined with what is here and who is known to have it. */

import { AppError } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { magnetLink } from '../../content/magnet.ts'
import { type DatasetReference, parseDatasetReference } from '../../ledger/encoding/names.ts'
import { type ContentFault, contentFault } from '../../ledger/fold/access.ts'
import {
  type DatasetEntry,
  isAvailable,
  isMember,
  type DatasetVersion as LedgerVersion,
  latestVersion,
  resolveDataset
} from '../../ledger/fold/state.ts'
import type { Holding, Store } from '../../store/store.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { PresenceBoard } from '../ledger/presence-board.ts'
import type {
  Dataset,
  DatasetSummary,
  DatasetVersion,
  DeviceName,
  LocalCopy,
  VersionReference
} from '../service.ts'
import { haveBytesOf, selectedSums } from './selection.ts'
import type { SwarmHub } from './swarm-hub.ts'

export interface CatalogueInit {
  readonly keeper: LedgerKeeper
  readonly board: PresenceBoard
  readonly hub: SwarmHub
  readonly store: Store
  readonly self: DeviceName
}

export interface ResolvedVersion {
  readonly dataset: DatasetEntry
  readonly version: LedgerVersion
}

export class Catalogue {
  readonly #init: CatalogueInit

  constructor(init: CatalogueInit) {
    this.#init = init
  }

  /** AppError USAGE or DATASET_UNKNOWN when the reference means nothing that can be had. */
  resolve(reference: VersionReference): ResolvedVersion {
    const text = reference.version === null ? reference.name : `${reference.name}@${reference.version}`
    const parsed = parseDatasetReference(text)
    if (parsed === undefined) {
      throw new AppError(
        'USAGE',
        `${text} names no dataset: write NAME or NAME@VERSION, with a version's number or id`
      )
    }
    return this.#resolveParsed(parsed, text)
  }

  #resolveParsed(parsed: DatasetReference, text: string): ResolvedVersion {
    const resolved = resolveDataset(this.#init.keeper.state(), parsed, Date.now())
    if (resolved.ok) return resolved.value
    throw new AppError(
      'DATASET_UNKNOWN',
      `${text}: ${resolved.detail}; 'peerage datasets' lists what is known here`,
      { details: { dataset: text, reason: resolved.reason } }
    )
  }

  entry(name: string): DatasetEntry {
    const entry = this.#init.keeper.state().datasets.get(name)
    if (entry !== undefined) return entry
    throw new AppError(
      'DATASET_UNKNOWN',
      `no dataset ${name} is known here; 'peerage datasets' lists those that are`,
      {
        details: { dataset: name }
      }
    )
  }

  summaries(): DatasetSummary[] {
    const summaries = [...this.#init.keeper.state().datasets.values()].map(entry => this.#summary(entry))
    return summaries.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  dataset(name: string): Dataset {
    const entry = this.entry(name)
    return { name, versions: entry.versions.map(version => this.#version(entry, version)).reverse() }
  }

  nameOf(device: DeviceId): DeviceName {
    const { self, board, keeper } = this.#init
    const isMemberNow = (each: DeviceId): boolean => isMember(keeper.state(), each, Date.now())
    const name = board.names.shown(device, isMemberNow) ?? null
    const site = device === self.device ? self.site : (board.find(device)?.site ?? null)
    return { device, name, site }
  }

  holdings(version: LedgerVersion): Holding[] {
    return this.#init.store.holdings().filter(holding => holding.version.id === version.version)
  }

  magnet(name: string, version: LedgerVersion): string {
    return magnetLink({ versionId: version.version, name })
  }

  #summary(entry: DatasetEntry): DatasetSummary {
    const nowMs = Date.now()
    const newest = latestVersion(entry, nowMs) ?? entry.versions.at(-1)
    if (newest === undefined) throw new AppError('DATASET_UNKNOWN', `${entry.name} has no version`)
    const states = this.holdings(newest).map(localStateOf)
    const local =
      (['complete', 'partial', 'fetching', 'damaged'] as const).find(state => states.includes(state)) ??
      'none'
    return {
      name: entry.name,
      dataClass: newest.class,
      versions: entry.versions.filter(version => isAvailable(version, nowMs)).length,
      retired: !isAvailable(newest, nowMs),
      closed: this.#closed(newest),
      version: newest.version,
      ordinal: newest.ordinal,
      publisher: this.nameOf(newest.publisher),
      publishedAtMs: newest.timeMs,
      files: newest.files,
      bytes: newest.bytes,
      local
    }
  }

  #version(entry: DatasetEntry, version: LedgerVersion): DatasetVersion {
    const peers = this.#init.hub.status(version.version)?.peers ?? []
    return {
      version: version.version,
      ordinal: version.ordinal,
      dataClass: version.class,
      publisher: this.nameOf(version.publisher),
      publishedAtMs: version.timeMs,
      retired: !isAvailable(version, Date.now()),
      closed: this.#closed(version),
      sealed: version.sealed,
      files: version.files,
      bytes: version.bytes,
      pieceBytes: version.pieceBytes,
      magnet: this.magnet(entry.name, version),
      origin: version.origin ?? null,
      local: this.holdings(version).map(localCopyOf),
      holders: peers
        .filter(peer => peer.haveCount > 0)
        .map(peer => ({ ...this.nameOf(peer.device), complete: peer.isComplete }))
    }
  }

  #closed({ version }: LedgerVersion): ContentFault | null {
    return contentFault(this.#init.keeper.state().content.get(version)) ?? null
  }
}

function localStateOf(holding: Holding): LocalCopy['state'] {
  return holding.state === 'failed' ? 'fetching' : holding.state
}

function localCopyOf(holding: Holding): LocalCopy {
  return {
    state: localStateOf(holding),
    kind: holding.kind,
    path: holding.root,
    selected: selectedSums(holding),
    haveBytes: haveBytesOf(holding),
    problem: holding.problem ?? null
  }
}
