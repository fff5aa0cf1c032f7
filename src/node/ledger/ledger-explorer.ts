/** The ledger, operation by operation: what was said, whether it is in force, and why not. */

import { defined } from '../../base/assert.ts'
import { toHex } from '../../base/bytes.ts'
import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import { type FeedKey, feedKey } from '../../ledger/fold/feed.ts'
import { CLOCK_TOLERANCE_MS } from '../../ledger/freshness/freshness.ts'
import { isSigned, type Operation, parseOperation } from '../../ledger/operation/operation.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Task } from '../task.ts'
import { writeLedgerFolder } from './ledger-folder.ts'
import { type LedgerKeeper, verify } from './ledger-keeper.ts'
import { isIdPrefix, LedgerNames } from './ledger-names.ts'
import type {
  LedgerConcerns,
  LedgerEffect,
  LedgerEntry,
  LedgerExplorer,
  LedgerExported,
  LedgerFeed,
  LedgerFeeds,
  LedgerLine,
  LedgerLines,
  LedgerLink,
  LedgerProgress,
  LedgerRequest
} from './ledger-terms.ts'
import { datasetNamedBy, mentionsOf } from './operation-mentions.ts'

export class LocalLedgerExplorer implements LedgerExplorer {
  readonly #keeper: LedgerKeeper
  readonly #names: LedgerNames

  constructor(keeper: LedgerKeeper, nameOf: (device: DeviceName['device']) => DeviceName) {
    this.#keeper = keeper
    this.#names = new LedgerNames(keeper, nameOf)
  }

  async operations(request: LedgerRequest): Promise<LedgerLines> {
    const { type, author, about, effect, sinceMs, untilMs, limit } = request
    const device = author === null ? null : this.#names.findDevice(author)
    const isMeant = about === null ? null : this.#namesOf(about)
    const wanted: Operation[] = []
    for (const operation of this.#keeper.ledger.operations()) {
      if (type !== null && operation.type !== type) continue
      if (device !== null && operation.author !== device) continue
      if (sinceMs !== null && operation.timeMs < sinceMs) continue
      if (untilMs !== null && operation.timeMs >= untilMs) continue
      if (effect !== null && this.#effect(operation) !== effect) continue
      if (isMeant?.(operation) === false) continue
      wanted.push(operation)
    }
    const operations = wanted
      .sort((a, b) => b.timeMs - a.timeMs || b.seq - a.seq || (a.id < b.id ? -1 : 1))
      .slice(0, limit)
      .map(operation => this.#line(operation))
    return { operations, matched: wanted.length }
  }

  async operation(id: string): Promise<LedgerEntry> {
    const operation = this.#names.findOperation(id)
    const { ledger, chain } = this.#keeper
    const root = chain.find(operation.root)
    const fork = this.#keeper.state().forks.get(feedKey(operation))
    return {
      ...this.#line(operation),
      expiresAtMs: operation.expiresMs,
      signature: isRecordSigned(operation) ? 'good' : 'bad',
      root: {
        version: root?.root.version ?? null,
        hash: toHex(operation.root),
        contested: root?.contested ?? false
      },
      incarnation: operation.incarnation,
      seq: operation.seq,
      prev: operation.prev === null ? null : this.#linkTo(operation.prev),
      next: this.#after(operation.id),
      deps: operation.deps.map(dep => this.#linkTo(dep)),
      forkedAtSeq: fork?.seq ?? null,
      approvalsNeeded: root?.root.approvals.get(operation.type) ?? 1,
      approvals: ledger.approvals(operation.id).map(approval => this.#link(approval)),
      concerns: this.#concerns(operation),
      fields: operation.content === undefined ? null : plainFields(operation.content),
      recordBytes: operation.record.length
    }
  }

  async feeds(): Promise<LedgerFeeds> {
    const { ledger } = this.#keeper
    const types = new Map<string, number>()
    const sizes = new Map<FeedKey, number>()
    let inForce = 0
    for (const operation of ledger.operations()) {
      add(types, operation.type)
      add(sizes, feedKey(operation))
      if (this.#effect(operation) === 'in-force') inForce += 1
    }
    const reasons = new Map<string, number>()
    for (const { reason } of this.#keeper.state().inert.values()) add(reasons, reason)
    return {
      ...{ atMs: Date.now(), org: ledger.org, operations: ledger.size, inForce },
      inert: mostFirst(reasons).map(([reason, operations]) => ({ reason, operations })),
      types: mostFirst(types).map(([type, operations]) => ({ type, operations })),
      feeds: this.#feeds(sizes)
    }
  }

  async exportTo(path: string, task: Task<LedgerProgress>): Promise<LedgerExported> {
    const { chain, ledger } = this.#keeper
    return await writeLedgerFolder(path, {
      org: ledger.org,
      roots: chain.records().map(root => root.record),
      operations: [...ledger.operations()].map(operation => operation.record),
      atMs: Date.now(),
      task
    })
  }

  #feeds(sizes: ReadonlyMap<FeedKey, number>): LedgerFeed[] {
    const { forks } = this.#keeper.state()
    const heads = [...this.#keeper.ledger.tips()].map(({ id }) => this.#operation(id))
    return [...Map.groupBy(heads, feedKey)]
      .map(([key, ends]): LedgerFeed => {
        const [newest] = ends.sort((a, b) => b.timeMs - a.timeMs)
        const { author, incarnation } = defined(newest, 'a feed that ends in something')
        const fork = forks.get(key)
        return {
          ...{ author: this.#names.nameOf(author), incarnation, operations: sizes.get(key) ?? 0 },
          heads: ends.map(({ id, type, seq, timeMs }) => ({ operation: id, type, seq, atMs: timeMs })),
          fork: fork === undefined ? null : { seq: fork.seq, operations: fork.operations }
        }
      })
      .sort((a, b) => (b.heads[0]?.atMs ?? 0) - (a.heads[0]?.atMs ?? 0))
  }

  /** Whether an operation names what somebody wrote. */
  #namesOf(about: string): (operation: Operation) => boolean {
    const { datasets, devices, groups } = this.#keeper.state()
    const wanted = new Set([about])
    for (const { version } of datasets.get(about)?.versions ?? []) wanted.add(version)
    for (const device of devices.keys()) if (this.#names.nameOf(device).name === about) wanted.add(device)
    for (const { name, operation } of groups.values()) if (name === about) wanted.add(operation)
    const isPrefix = isIdPrefix(about)
    return ({ id, content }) => {
      if (isPrefix && id.startsWith(about)) return true
      for (const text of mentionsOf(content))
        if (wanted.has(text) || (isPrefix && text.startsWith(about))) return true
      return false
    }
  }

  #concerns({ content }: Operation): LedgerConcerns {
    const { datasets, devices, publishedAs } = this.#keeper.state()
    const concerns = {
      devices: [] as DeviceName[],
      datasets: [] as LedgerConcerns['datasets'][number][],
      operations: [] as LedgerLink[]
    }
    const named = datasetNamedBy(content)
    if (named !== null && datasets.has(named))
      concerns.datasets.push({ name: named, version: null, ordinal: null })
    for (const text of mentionsOf(content)) {
      if (devices.has(text as DeviceId)) concerns.devices.push(this.#names.nameOf(text as DeviceId))
      const operation = this.#keeper.ledger.get(text as OperationId)
      if (operation !== undefined) concerns.operations.push(this.#link(operation))
      for (const name of publishedAs.get(text as VersionId) ?? []) {
        const entry = datasets.get(name)?.versions.find(({ version }) => version === text)
        if (entry !== undefined)
          concerns.datasets.push({ name, version: entry.version, ordinal: entry.ordinal })
      }
    }
    return concerns
  }

  /** What a dataset's name makes of an operation comes after the verdict on it. */
  #effect({ id }: Operation): LedgerEffect {
    const inert = this.#keeper.state().inert.get(id)
    if (inert === undefined && this.#keeper.ledger.verdict(id)?.inForce === true) return 'in-force'
    return inert?.reason === 'needs-approval' ? 'waiting' : 'none'
  }

  #line(operation: Operation): LedgerLine {
    const { ledger } = this.#keeper
    const inert = this.#keeper.state().inert.get(operation.id)
    const verdict = ledger.verdict(operation.id)
    const aheadMs = operation.timeMs - Date.now()
    const force = verdict?.inForce === true && this.#effect(operation) === 'in-force' ? verdict : undefined
    return {
      ...this.#link(operation),
      atMs: operation.timeMs,
      aheadMs: aheadMs > CLOCK_TOLERANCE_MS ? aheadMs : null,
      says: this.#names.says(operation),
      inForce: force !== undefined,
      role: force?.role ?? null,
      rank: force?.rank ?? null,
      reason: inert?.reason ?? null,
      detail: inert?.detail ?? null
    }
  }

  #link({ id, type, author }: Operation): LedgerLink {
    return { operation: id, type, author: this.#names.nameOf(author) }
  }

  #linkTo(id: OperationId): LedgerLink {
    return this.#link(this.#operation(id))
  }

  #operation(id: OperationId): Operation {
    return defined(this.#keeper.ledger.get(id), 'what a placed operation names')
  }

  #after(id: OperationId): LedgerLink[] {
    const after: LedgerLink[] = []
    for (const operation of this.#keeper.ledger.operations())
      if (operation.prev === id) after.push(this.#link(operation))
    return after
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function mostFirst(counts: ReadonlyMap<string, number>): (readonly [string, number])[] {
  return [...counts].sort(([a, most], [b, next]) => next - most || (a < b ? -1 : 1))
}

function isRecordSigned({ record, id }: Operation): boolean {
  const parsed = parseOperation(record, sha256)
  return parsed.ok && parsed.value.operation.id === id && isSigned(parsed.value, verify)
}

function plainFields(content: object): Record<string, unknown> {
  const { type: _, ...fields } = content as { type: string }
  return plain(fields) as Record<string, unknown>
}

/** The same with binary as hex, so that it can be JSON. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}
