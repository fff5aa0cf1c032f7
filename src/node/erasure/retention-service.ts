/**
 * The retention part of the admin API: how long versions are kept, what is over, and asking for its erasure. Which
 * versions are over follows from the ledger (ledger/fold/retention.ts); that they are deleted is an erasure like any
 * other, of the basis `retention`: agreed to by admins, delayed by holds, confirmed by each device and certified.
 */

import { AppError } from '../../base/errors.ts'
import { isOver, type KeptVersion, keptInWords, keptVersions } from '../../ledger/fold/retention.ts'
import { signAsked } from '../ledger/asked-operation.ts'
import type { CustodyService } from '../ledger/custody-terms.ts'
import type { Acted } from '../ledger/governance-terms.ts'
import { LedgerNames } from '../ledger/ledger-names.ts'
import type { ErasingNode, LocalErasureService } from './erasure-service.ts'
import type { RetainedVersion, RetentionRun, RetentionScope, RetentionService } from './retention-terms.ts'

const BASIS = 'retention'

export interface RetentionParts {
  readonly custody: Pick<CustodyService, 'setClass'>
  readonly erasures: Pick<LocalErasureService, 'eraseVersions'>
  readonly now?: () => number
}

export class LocalRetentionService implements RetentionService {
  readonly #node: ErasingNode
  readonly #parts: RetentionParts
  readonly #names: LedgerNames

  constructor(node: ErasingNode, parts: RetentionParts) {
    this.#node = node
    this.#parts = parts
    this.#names = new LedgerNames(node.keeper, device => node.catalogue.nameOf(device))
  }

  async retention(): Promise<readonly RetainedVersion[]> {
    const nowMs = this.#now()
    return keptVersions(this.#node.keeper.state()).map(each => this.#retained(each, nowMs))
  }

  async setRetention({ scope, keepMs }: { scope: RetentionScope; keepMs: number | null }): Promise<Acted> {
    if (scope.kind === 'class')
      return await this.#parts.custody.setClass({
        ...{ dataClass: scope.dataClass, changes: { retentionMs: keepMs } }
      })
    const { name } = scope
    const before = this.#node.catalogue.entry(name).storage
    if (before === undefined)
      throw new AppError(
        'USAGE',
        `nobody has said how ${name} is stored; say that first, as in: peerage storage policy ${name} copies=2`
      )
    if (before.retentionMs === keepMs)
      throw new AppError('NO_CHANGE', `nothing was signed: ${name} is kept for that long already`)
    const { operation: _, ...rules } = before
    const content = { type: 'dataset.storage', name, ...rules, retentionMs: keepMs } as const
    return signAsked(this.#node, content, { names: this.#names })
  }

  async runRetention({ dryRun }: { dryRun: boolean }): Promise<RetentionRun> {
    const nowMs = this.#now()
    const over = keptVersions(this.#node.keeper.state()).filter(each => isOver(each, nowMs))
    const versions = over.map(each => this.#retained(each, nowMs))
    const free = over.filter(({ holds }) => holds.length === 0)
    if (dryRun || free.length === 0) return { versions, case: null, operations: [] }
    const reasons = new Map(free.map(each => [each.version, reasonOf(each)]))
    const { case: id, operations } = this.#parts.erasures.eraseVersions(
      new Map(free.map(({ version }) => [version, null])),
      {
        basis: BASIS,
        reason: version => reasons.get(version) ?? null
      }
    )
    return { versions, case: id, operations }
  }

  #now(): number {
    return (this.#parts.now ?? Date.now)()
  }

  #retained(kept: KeptVersion, nowMs: number): RetainedVersion {
    const { name, version, published, keptMs, by, overAtMs, holds } = kept
    const isHeld = holds.length > 0
    return {
      ...{ name, ordinal: published.ordinal, version, dataClass: published.class, bytes: published.bytes },
      ...{ publishedAtMs: published.timeMs, keptMs, by, overAtMs },
      state: !isOver(kept, nowMs) ? 'kept' : isHeld ? 'held' : 'over',
      holds: holds.map(hold => ({ by: this.#names.nameOf(hold.by), reason: hold.reason }))
    }
  }
}

function reasonOf({ keptMs, by, published }: KeptVersion): string {
  const rule = by === 'class' ? `class ${published.class}` : 'the dataset'
  return `kept for ${keptInWords(keptMs ?? 0)}, as ${rule} says`
}
