/**
 * The erasure part of the admin API: turns what people ask for into operations of this device, and what the ledger says
 * of a case into who has confirmed and who has not. What is deleted here is erasure-desk.ts's.
 */

import { randomBytes } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import { isLabel, isVisibleLine, LABEL_CHARACTERS_MAX } from '../../ledger/encoding/names.ts'
import { deletionOf, holdsOn } from '../../ledger/fold/deletion.ts'
import { caseOfRecall, membershipFault, type State } from '../../ledger/fold/state.ts'
import { CLOCK_TOLERANCE_MS } from '../../ledger/freshness/freshness.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import type { ContentErase, ContentRecall } from '../../ledger/operation/operation-content.ts'
import { REASON_CHARACTERS_MAX } from '../../ledger/operation/operation-limits.ts'
import { byName } from '../keys/device-name.ts'
import { type SigningNode, signAsked } from '../ledger/asked-operation.ts'
import { joinTimes } from '../ledger/join-times.ts'
import { LedgerNames } from '../ledger/ledger-names.ts'
import { findPublication } from '../ledger/publication-reference.ts'
import type { Node } from '../node.ts'
import { obstaclesTo } from './erasure-obstacles.ts'
import type {
  CaseConfirmation,
  CaseDevice,
  CaseErasure,
  CaseSummary,
  Certificate,
  EraseActed,
  EraseRequest,
  ErasureCase,
  ErasureService
} from './erasure-terms.ts'

const CASE_BYTES = 16
const CASE_PREFIX = /^[0-9a-f]{8,32}$/

/** What of a node erasures go through. */
export interface ErasingNode extends SigningNode, Pick<Node, 'identity' | 'erasures' | 'subjects'> {
  readonly catalogue: Pick<Node['catalogue'], 'nameOf' | 'entry'>
  readonly board: Pick<Node['board'], 'lastHeardMs'>
}

interface ErasureOperation {
  readonly operation: Operation
  readonly content: ContentErase | ContentRecall
}

function caseOf({ operation, content }: ErasureOperation): string {
  return content.type === 'content.erase' ? content.case : caseOfRecall(operation.id)
}

export class LocalErasureService implements ErasureService {
  readonly #node: ErasingNode
  readonly #names: LedgerNames

  constructor(node: ErasingNode) {
    this.#node = node
    this.#names = new LedgerNames(node.keeper, device => node.catalogue.nameOf(device))
  }

  async erase(request: EraseRequest): Promise<EraseActed> {
    const { reason, basis, deleteSource } = request
    if (reason !== null && !isVisibleLine(reason, REASON_CHARACTERS_MAX))
      throw new AppError(
        'USAGE',
        `a reason is one line of at most ${REASON_CHARACTERS_MAX} visible characters`
      )
    if (!isLabel(basis))
      throw new AppError(
        'USAGE',
        `a basis is one line of at most ${LABEL_CHARACTERS_MAX} characters, such as art17`
      )
    const acted = this.eraseVersions(await this.#meant(request), { reason: () => reason, basis })
    // Only once it is signed: an agreement is to this erasure. Before anything of it is deleted, which is not at once.
    if (!deleteSource) return acted
    this.#node.erasures.agreeToDeleteSources(acted.operations.map(({ version }) => version))
    return { ...acted, sources: acted.sources.map(each => ({ ...each, goes: each.at.isHere })) }
  }

  /** Those of these versions that are not erased, in one case; each with the person that it is about, or null. */
  eraseVersions(
    meant: ReadonlyMap<VersionId, string | null>,
    {
      reason: reasonOf,
      basis
    }: { readonly reason: (version: VersionId) => string | null; readonly basis: string }
  ): EraseActed {
    const { content } = this.#state
    const open = [...meant.keys()].filter(each => (content.get(each)?.erasures.length ?? 0) === 0)
    if (open.length === 0)
      throw new AppError('NO_CHANGE', 'nothing was signed: all that is meant is erased already')
    const id = randomBytes(CASE_BYTES).toString('hex')
    const obstacles = obstaclesTo(this.#node, open)
    const operations = open.map(each => {
      const names = this.#namesOf(each)
      const subject = meant.get(each) ?? null
      const reason = reasonOf(each)
      const said = { type: 'content.erase', version: each, case: id, reason, basis, subject } as const
      return { ...signAsked(this.#node, said, { names: this.#names }), version: each, names }
    })
    return { case: id, operations, ...obstacles }
  }

  /** The versions that are meant, each with the pseudonym that the person has there, if one is meant. */
  async #meant({
    name,
    version,
    allVersions,
    subject = null
  }: EraseRequest): Promise<ReadonlyMap<VersionId, string | null>> {
    if (subject !== null) {
      const about = await this.#node.subjects.lookUp(subject, 'erasure')
      const ofName = about.filter(({ dataset }) => name === null || dataset.name === name)
      if (ofName.length > 0)
        return new Map(ofName.map(({ published, pseudonym }) => [published.version, pseudonym]))
      throw new AppError(
        'NO_CHANGE',
        `nothing was signed: nothing ${name === null ? '' : `of ${name} `}is about this person`
      )
    }
    if (name === null) throw new AppError('USAGE', 'name a dataset, or a person')
    const entry = this.#node.catalogue.entry(name)
    const versions = allVersions
      ? entry.versions.map(each => each.version)
      : [findPublication(entry, version, Date.now()).version]
    return new Map(versions.map(each => [each, null]))
  }

  async cases(): Promise<readonly CaseSummary[]> {
    const cases = Map.groupBy(this.#operations(), caseOf)
    const joined = joinTimes(this.#node.keeper)
    const summaries = [...cases].map(([id, operations]) =>
      this.#summary(this.#case(id, { operations, joined }))
    )
    return summaries.sort((a, b) => b.atMs - a.atMs || (a.case < b.case ? -1 : 1))
  }

  async case(id: string): Promise<ErasureCase> {
    return this.#case(this.#find(id))
  }

  async caseOf({ name, version }: Parameters<ErasureService['caseOf']>[0]): Promise<ErasureCase> {
    const entry = this.#node.catalogue.entry(name)
    const published = findPublication(entry, version, Date.now())
    const ofVersion = this.#operations().filter(({ content }) => content.version === published.version)
    const newest = ofVersion.reduce<ErasureOperation | undefined>(
      (last, each) => (last === undefined || each.operation.timeMs > last.operation.timeMs ? each : last),
      undefined
    )
    if (newest !== undefined) return this.#case(caseOf(newest))
    throw new AppError(
      'CASE_UNKNOWN',
      `version ${published.ordinal} of ${name} was neither recalled nor erased`,
      { details: { dataset: name } }
    )
  }

  async approve(prefix: string): Promise<EraseActed> {
    const id = this.#find(prefix)
    const { keeper, identity } = this.#node
    const self = identity.device
    const waiting = this.#operations(id).filter(({ operation }) => {
      const isOwn = operation.author === self
      const mine = keeper.ledger.approvals(operation.id).some(({ author }) => author === self)
      return keeper.ledger.verdict(operation.id)?.inForce !== true && !isOwn && !mine
    })
    if (waiting.length === 0)
      throw new AppError(
        'NO_CHANGE',
        'nothing was signed: the case is in force, or this device agrees to all of it already; other admins have to'
      )
    const obstacles = obstaclesTo(
      this.#node,
      waiting.map(({ content }) => content.version)
    )
    const operations = waiting.map(({ operation: { id: operation }, content: { version } }) => {
      const said = { type: 'approve', operation } as const
      const acted = signAsked(this.#node, said, { names: this.#names })
      return { ...acted, version, names: this.#namesOf(version) }
    })
    return { case: id, operations, ...obstacles }
  }

  async finish({ id, deleteSource, gone }: Parameters<ErasureService['finish']>[0]): Promise<ErasureCase> {
    const found = this.#find(id)
    const versions = this.#operations(found).map(({ content }) => content.version)
    if (deleteSource) this.#node.erasures.agreeToDeleteSources(versions)
    await this.#node.erasures.finish(versions, { gone })
    return this.#case(found)
  }

  async certificate(id: string): Promise<Certificate> {
    const { identity } = this.#node
    const terms = {
      ...this.#case(this.#find(id)),
      org: { id: identity.org, name: identity.orgName },
      issuedBy: this.#names.nameOf(identity.device),
      issuedAtMs: Date.now()
    }
    return this.#node.erasures.certify(terms)
  }

  /**
   * By erased version, the devices that have not confirmed that nothing of it is there, or that keep a source. Two
   * erasures of one version ask for the same, so a word on either is enough.
   */
  openOn(versions: ReadonlySet<VersionId>): Map<VersionId, CaseDevice[]> {
    const joined = joinTimes(this.#node.keeper)
    const found = new Map<VersionId, CaseDevice[]>()
    for (const each of this.#operations()) {
      const { version, type } = each.content
      if (type !== 'content.erase' || !versions.has(version)) continue
      if (this.#node.keeper.ledger.verdict(each.operation.id)?.inForce !== true) continue
      const { devices } = this.#case(caseOf(each), { operations: [each], joined })
      const open = devices.filter(({ state }) => state !== 'confirmed')
      const isDone = new Set(devices.flatMap(({ device, state }) => (state === 'confirmed' ? [device] : [])))
      const before = found.get(version)
      // Who joined between two erasures is expected to speak of the second alone.
      const both = before?.filter(({ device }) => !isDone.has(device)) ?? open
      found.set(version, both)
    }
    return found
  }

  /** Of one case or of all; those without effect included, while they may still get one. */
  *#pending(id?: string): Generator<ErasureOperation> {
    for (const operation of this.#node.keeper.ledger.operations()) {
      const { content } = operation
      if (content?.type !== 'content.erase' && content?.type !== 'content.recall') continue
      const found = { operation, content }
      if (id !== undefined && caseOf(found) !== id) continue
      const verdict = this.#node.keeper.ledger.verdict(operation.id)
      if (verdict?.inForce || verdict?.inert.reason === 'needs-approval') yield found
    }
  }

  #operations(id?: string): ErasureOperation[] {
    return [...this.#pending(id)].sort((a, b) => (a.operation.id < b.operation.id ? -1 : 1))
  }

  #find(prefix: string): string {
    const ids = new Set(this.#operations().map(caseOf))
    const matches = [...ids].filter(id => CASE_PREFIX.test(prefix) && id.startsWith(prefix))
    const [match] = matches
    if (match !== undefined && matches.length === 1) return match
    const found = matches.length === 0 ? 'no case' : 'more than one case'
    throw new AppError(
      'CASE_UNKNOWN',
      `${found} begins with ${JSON.stringify(prefix.slice(0, 64))}; ` +
        'write at least eight of its digits; peerage erase list shows them',
      { details: { case: prefix } }
    )
  }

  /** What many cases have in common is looked for once, by who asks for many. */
  #case(
    id: string,
    {
      operations = this.#operations(id),
      joined = joinTimes(this.#node.keeper)
    }: {
      readonly operations?: readonly ErasureOperation[]
      readonly joined?: ReadonlyMap<DeviceId, number>
    } = {}
  ): ErasureCase {
    const erasures = operations.map(each => this.#erasure(each))
    const lastMs = Math.max(...erasures.map(({ atMs }) => atMs))
    const inForce = erasures.filter(each => each.inForce)
    const devices = [...this.#state.devices.keys()]
      .map(device => this.#device(device, inForce))
      .filter(
        ({ device, confirmations }) =>
          confirmations.length > 0 || (joined.get(device) ?? 0) <= lastMs + CLOCK_TOLERANCE_MS
      )
    return { case: id, erasures, devices: devices.sort(byName) }
  }

  #erasure({ operation, content }: ErasureOperation): CaseErasure {
    const { ledger } = this.#node.keeper
    const verdict = ledger.verdict(operation.id)
    const { version, reason } = content
    const basis = content.type === 'content.erase' ? content.basis : 'recall'
    const deletion = deletionOf(this.#state, version)
    return {
      ...{ operation: operation.id, version, basis, reason, atMs: operation.timeMs },
      kind: content.type === 'content.erase' ? 'erasure' : 'recall',
      names: this.#namesOf(version),
      by: this.#names.nameOf(operation.author),
      inForce: verdict?.inForce === true,
      waitsFor: verdict === undefined || verdict.inForce ? null : verdict.inert.detail,
      holds: holdsOn(this.#state, version).map(hold => ({
        ...{ operation: hold.operation, reason: hold.reason, placedAtMs: hold.timeMs },
        by: this.#names.nameOf(hold.by)
      })),
      approvals: ledger.approvals(operation.id).map(approval => ({
        ...{ operation: approval.id, by: this.#names.nameOf(approval.author), atMs: approval.timeMs },
        record: base64(approval)
      })),
      awaits:
        deletion.kind === 'waiting' ? [...deletion.publishers].map(each => this.#names.nameOf(each)) : [],
      record: base64(operation)
    }
  }

  #namesOf(version: VersionId): string[] {
    return [...(this.#state.publishedAs.get(version) ?? [])].sort()
  }

  #device(device: DeviceId, erasures: readonly CaseErasure[]): CaseDevice {
    const { transport, identity, board } = this.#node
    const confirmations = erasures.flatMap(({ operation }) => this.#confirmation(operation, device))
    const isConnected = device === identity.device || transport.peers().some(link => link.device === device)
    const lastSeenAtMs = isConnected ? Date.now() : board.lastHeardMs(device)
    const named = { ...this.#names.nameOf(device), lastSeenAtMs, confirmations }
    if (erasures.length > 0 && confirmations.length === erasures.length) {
      const isLeft = confirmations.some(({ outcome }) => outcome === 'source-kept')
      return {
        ...named,
        state: isLeft ? 'source-kept' : 'confirmed',
        detail: isLeft ? 'what was published there in place stays with its owner' : null
      }
    }
    const fault = membershipFault(this.#state, device, Date.now())
    if (fault !== undefined) return { ...named, state: 'excluded', detail: `${fault}: it can not say` }
    return { ...named, state: isConnected ? 'waiting' : 'away', detail: null }
  }

  #confirmation(erase: OperationId, device: DeviceId): CaseConfirmation[] {
    const said = this.#state.erasures.get(erase)?.confirmations.get(device)
    const operation = said && this.#node.keeper.ledger.get(said.operation)
    if (said === undefined || operation === undefined) return []
    const { outcome, bytes, keys, timeMs: atMs } = said
    return [{ operation: operation.id, erase, outcome, bytes, keys, atMs, record: base64(operation) }]
  }

  #summary({ case: id, erasures, devices }: ErasureCase): CaseSummary {
    const [first] = erasures
    if (first === undefined) throw new AppError('CASE_UNKNOWN', `nothing is known of case ${id}`)
    return {
      ...{ case: id, kind: first.kind, basis: first.basis, reason: first.reason },
      ...{ by: first.by, atMs: first.atMs },
      names: [...new Set(erasures.flatMap(({ names }) => names))].sort(),
      versions: erasures.length,
      inForce: erasures.filter(each => each.inForce).length,
      held: erasures.filter(({ holds }) => holds.length > 0).length,
      devices: devices.length,
      awaited: erasures.filter(({ awaits }) => awaits.length > 0).length,
      confirmed: devices.filter(({ state }) => state === 'confirmed').length,
      kept: devices.filter(({ state }) => state === 'source-kept').length
    }
  }

  get #state(): State {
    return this.#node.keeper.state()
  }
}

function base64({ record }: Operation): string {
  return Buffer.from(record).toString('base64')
}
