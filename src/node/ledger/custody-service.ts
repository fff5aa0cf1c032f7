/**
 * The custody part of the admin API: the rules of classes, what is held from deletion, and who may read what. Like the
 * governance part it decides what words mean, and that nothing is signed that would change nothing.
 */

import { AppError } from '../../base/errors.ts'
import type { OperationId } from '../../base/ids.ts'
import { DATASET_CLASSES, isVisibleLine } from '../../ledger/encoding/names.ts'
import type { ReadDecision } from '../../ledger/fold/access.ts'
import { classRules, stalenessLimitsMs } from '../../ledger/fold/class-policy.ts'
import { readableBy, readersOf } from '../../ledger/fold/readers.ts'
import type { State } from '../../ledger/fold/state.ts'
import type { ClassRules, OperationContent } from '../../ledger/operation/operation-content.ts'
import { REASON_CHARACTERS_MAX } from '../../ledger/operation/operation-limits.ts'
import type { AuditService } from '../audit/audit-report.ts'
import { byName } from '../keys/device-name.ts'
import type { Node } from '../node.ts'
import { type SigningNode, signAsked } from './asked-operation.ts'
import type {
  ClassAction,
  ClassRecord,
  CustodyService,
  HoldRecord,
  Permission,
  ReadableRecord,
  ReadersRecord
} from './custody-terms.ts'
import type { Acted } from './governance-terms.ts'
import { ownReadingsOf, readingsOf } from './last-reads.ts'
import { LedgerNames } from './ledger-names.ts'
import { findPublication } from './publication-reference.ts'

/** Entries of audit logs that are looked at, the newest first. */
const READS_MAX = 100_000

/** What of a node custody goes through. */
export interface KeepingNode extends SigningNode {
  readonly catalogue: Pick<Node['catalogue'], 'nameOf' | 'entry'>
}

export class LocalCustodyService implements CustodyService {
  readonly #node: KeepingNode
  readonly #names: LedgerNames
  readonly #audit: Pick<AuditService, 'audit'>

  constructor(node: KeepingNode, audit: Pick<AuditService, 'audit'>) {
    this.#node = node
    this.#audit = audit
    this.#names = new LedgerNames(node.keeper, device => node.catalogue.nameOf(device))
  }

  async classes(): Promise<readonly ClassRecord[]> {
    const state = this.#state
    const limits = stalenessLimitsMs(state)
    return DATASET_CLASSES.map(dataClass => {
      const { operation, by, timeMs: atMs } = state.classes.get(dataClass) ?? {}
      const isSet = operation !== undefined && by !== undefined && atMs !== undefined
      return {
        ...rulesAlone(classRules(state, dataClass)),
        dataClass,
        stalenessLimitMs: limits[dataClass],
        set: isSet ? { operation, by: this.#names.nameOf(by), atMs } : null
      }
    })
  }

  async setClass({ dataClass, changes }: ClassAction): Promise<Acted> {
    const before = rulesAlone(classRules(this.#state, dataClass))
    const after = { ...before }
    for (const [rule, value] of Object.entries(changes))
      if (value !== undefined) Object.assign(after, { [rule]: value })
    if (JSON.stringify(before) === JSON.stringify(after))
      throw noChange(`the rules of class ${dataClass} are these already`)
    return this.#sign({ type: 'class.policy', class: dataClass, ...after })
  }

  async holds(): Promise<readonly HoldRecord[]> {
    const records = [...this.#state.holds].flatMap(([name, holds]) =>
      holds.map(({ operation, by, reason, timeMs }) => ({
        ...{ operation, name, by: this.#names.nameOf(by), reason, placedAtMs: timeMs }
      }))
    )
    return records.sort((a, b) => a.placedAtMs - b.placedAtMs || (a.operation < b.operation ? -1 : 1))
  }

  async placeHold({ name, reason }: { name: string; reason: string | null }): Promise<Acted> {
    if (reason !== null && !isVisibleLine(reason, REASON_CHARACTERS_MAX))
      throw new AppError(
        'USAGE',
        `a reason is one line of at most ${REASON_CHARACTERS_MAX} visible characters: not ${JSON.stringify(reason.slice(0, 200))}`
      )
    // A hold on a name that was mistyped would keep nothing.
    this.#node.catalogue.entry(name)
    return this.#sign({ type: 'hold.place', name, reason })
  }

  async liftHold(id: string): Promise<Acted> {
    return this.#sign({ type: 'hold.lift', hold: this.#names.findHold(id) })
  }

  async readers(of: { name: string; version: string | null }): Promise<ReadersRecord> {
    const { name } = of
    const { version, ordinal } = findPublication(this.#node.catalogue.entry(name), of.version, Date.now())
    // Calls of the API that were about the dataset say nothing of who reads, and whoever may call could write many.
    const report = await this.#audit.audit({
      ...{ device: null, dataset: name, version, action: null, sinceMs: null, limit: READS_MAX }
    })
    const readingOf = readingsOf(report, version)
    const { closed, devices, groups } = readersOf(this.#state, version, Date.now())
    const records = [...devices].map(([device, decision]) => ({
      ...this.#names.nameOf(device),
      ...permissionOf(decision),
      ...readingOf(device)
    }))
    return {
      ...{ name, version, ordinal },
      closed: closed === undefined ? null : { reason: closed.reason, detail: closed.detail },
      devices: records.sort(byName),
      groups: [...groups]
        .map(([id, grants]) => ({
          ...{ id, name: this.#names.group(id) },
          grants: grants.map(({ operation }): OperationId => operation)
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
    }
  }

  async readable(text: string): Promise<ReadableRecord> {
    const device = this.#names.findDevice(text)
    const report = await this.#audit.audit({
      ...{ device, dataset: null, action: 'read', sinceMs: null, limit: READS_MAX }
    })
    const readingOf = ownReadingsOf(report, device)
    const versions = [...readableBy(this.#state, device, Date.now())].map(([version, decision]) => ({
      ...{ name: decision.name, version, dataClass: decision.class },
      ...permissionOf(decision),
      ...readingOf(version)
    }))
    const order = ({ name, version }: (typeof versions)[number]) => `${name} ${version}`
    return {
      device: this.#names.nameOf(device),
      versions: versions.sort((a, b) => (order(a) < order(b) ? -1 : 1))
    }
  }

  #sign(content: OperationContent): Acted {
    return signAsked(this.#node, content, { names: this.#names })
  }

  get #state(): State {
    return this.#node.keeper.state()
  }
}

function permissionOf({ because, grant, purpose }: Extract<ReadDecision, { allowed: true }>): Permission {
  return { because, grant: grant ?? null, purpose }
}

/** The rules without what set them, always in one order. */
function rulesAlone(rules: ClassRules): ClassRules {
  const { sealed, holders, stalenessMs, leaves, scan, copies, sites, retentionMs } = rules
  return { sealed, holders, stalenessMs, leaves, scan, copies, sites, retentionMs }
}

function noChange(message: string): AppError {
  return new AppError('NO_CHANGE', `nothing was signed: ${message}`)
}
