/** The ledger, operation by operation: what was said, whether it is in force, and why not. */

import { defined } from '../../base/assert.ts'
import { toHex } from '../../base/bytes.ts'
import type { OperationId } from '../../base/ids.ts'
import { feedKey } from '../../ledger/fold/feed.ts'
import { CLOCK_TOLERANCE_MS } from '../../ledger/freshness/freshness.ts'
import { isSigned, type Operation, parseOperation } from '../../ledger/operation/operation.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { Task } from '../task.ts'
import { writeLedgerFolder } from './ledger-folder.ts'
import { type LedgerKeeper, verify } from './ledger-keeper.ts'
import { LedgerNames } from './ledger-names.ts'
import type {
  LedgerEntry,
  LedgerExplorer,
  LedgerExported,
  LedgerLine,
  LedgerLink,
  LedgerProgress,
  LedgerRequest
} from './ledger-terms.ts'

export class LocalLedgerExplorer implements LedgerExplorer {
  readonly #keeper: LedgerKeeper
  readonly #names: LedgerNames

  constructor(keeper: LedgerKeeper, nameOf: (device: DeviceName['device']) => DeviceName) {
    this.#keeper = keeper
    this.#names = new LedgerNames(keeper, nameOf)
  }

  async operations({ type, author, sinceMs, limit }: LedgerRequest): Promise<readonly LedgerLine[]> {
    const device = author === null ? null : this.#names.findDevice(author)
    const wanted: Operation[] = []
    for (const operation of this.#keeper.ledger.operations()) {
      if (type !== null && operation.type !== type) continue
      if (device !== null && operation.author !== device) continue
      if (sinceMs !== null && operation.timeMs < sinceMs) continue
      wanted.push(operation)
    }
    return wanted
      .sort((a, b) => b.timeMs - a.timeMs || b.seq - a.seq || (a.id < b.id ? -1 : 1))
      .slice(0, limit)
      .map(operation => this.#line(operation))
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
      fields: operation.content === undefined ? null : plainFields(operation.content),
      recordBytes: operation.record.length
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

  #line(operation: Operation): LedgerLine {
    const { ledger } = this.#keeper
    // What a dataset's name makes of an operation comes after the verdict on it.
    const inert = this.#keeper.state().inert.get(operation.id)
    const verdict = ledger.verdict(operation.id)
    const aheadMs = operation.timeMs - Date.now()
    const force = inert === undefined && verdict?.inForce === true ? verdict : undefined
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
    return this.#link(defined(this.#keeper.ledger.get(id), 'what a placed operation names'))
  }

  #after(id: OperationId): LedgerLink[] {
    const after: LedgerLink[] = []
    for (const operation of this.#keeper.ledger.operations())
      if (operation.prev === id) after.push(this.#link(operation))
    return after
  }
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
