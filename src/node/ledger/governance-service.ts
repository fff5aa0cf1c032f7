/**
 * The governance part of the admin API: turns what people ask for into operations of this device, and the ledger's
 * state into what people read. Whether an operation may be signed is decided by ledger/authoring.ts; here is decided
 * what the words mean, and that nothing is signed that would change nothing.
 */

import { AppError } from '../../base/errors.ts'
import { type DeviceId, type OperationId, shortId, type VersionId } from '../../base/ids.ts'
import { didYouMean } from '../../base/near-names.ts'
import { isoTime } from '../../base/words.ts'
import { isDatasetName, isLabel, isVisibleLine } from '../../ledger/encoding/names.ts'
import {
  type DatasetVersion,
  type DeviceEntry,
  type GrantEntry,
  hasEnded,
  isInGroup,
  type State,
  usesLeft
} from '../../ledger/fold/state.ts'
import { isSameScope } from '../../ledger/fold/state-builder.ts'
import type { Cutoff, Grantee, OperationContent, Scope } from '../../ledger/operation/operation-content.ts'
import {
  CUTOFFS_MAX,
  DATASET_LABELS_MAX,
  NOTE_CHARACTERS_MAX,
  REASON_CHARACTERS_MAX
} from '../../ledger/operation/operation-limits.ts'
import { scopeInWords } from '../../ledger/operation/operation-words.ts'
import { byName } from '../keys/device-name.ts'
import type { Node } from '../node.ts'
import { signAsked } from './asked-operation.ts'
import type {
  AccessAction,
  AccessRecord,
  Acted,
  ContentActed,
  ContentAction,
  DeviceAction,
  DeviceRecord,
  GovernanceService,
  GrantRecord,
  GroupAction,
  GroupRecord,
  InviteRecord,
  OriginAction,
  PolicyAction,
  RoleAction,
  RoleRecord
} from './governance-terms.ts'
import { LedgerNames } from './ledger-names.ts'
import { checkOriginUrl } from './origin-words.ts'
import { findPublication } from './publication-reference.ts'

/** What of a node governance goes through. */
export interface GovernedNode extends Pick<Node, 'keeper' | 'identity'> {
  readonly catalogue: Pick<Node['catalogue'], 'nameOf' | 'entry'>
  readonly transport: Pick<Node['transport'], 'peers'>
  readonly board: Pick<Node['board'], 'lastHeardMs'>
}

export class LocalGovernanceService implements GovernanceService {
  readonly #node: GovernedNode
  readonly #names: LedgerNames

  constructor(node: GovernedNode) {
    this.#node = node
    this.#names = new LedgerNames(node.keeper, device => node.catalogue.nameOf(device))
  }

  async deviceNamed(text: string): Promise<DeviceId | null> {
    try {
      return this.#names.findDevice(text)
    } catch (thrown) {
      if (thrown instanceof AppError) return null
      throw thrown
    }
  }

  async devices(): Promise<readonly DeviceRecord[]> {
    const { identity, transport, board } = this.#node
    const names = this.#names
    const linked = new Set(transport.peers().map(({ device }) => device))
    const records = [...this.#state.devices.values()].map(
      ({ device, role, standing, takenBy, roles, enrolment }): DeviceRecord => ({
        ...names.nameOf(device),
        self: device === identity.device,
        kind: enrolment?.kind ?? null,
        admin: role === 'admin',
        standing,
        roles: [...roles.values()].map(held => ({
          ...{ role: held.role, by: names.nameOf(held.by), expiresAtMs: held.expiresMs }
        })),
        taken:
          takenBy === undefined
            ? null
            : {
                ...{ operation: takenBy.operation, by: names.nameOf(takenBy.by) },
                ...{ atMs: takenBy.timeMs, reason: takenBy.reason }
              },
        enrolledAtMs: enrolment?.timeMs ?? null,
        expiresAtMs: enrolment?.expiresMs ?? null,
        heardAtMs: linked.has(device) ? Date.now() : board.lastHeardMs(device)
      })
    )
    return records.sort(byName)
  }

  async suspendDevice({ device: text, reason }: DeviceAction): Promise<Acted> {
    checkLine(reason, REASON_CHARACTERS_MAX, 'a reason')
    const device = this.#names.findDevice(text)
    const entry = this.#state.devices.get(device)
    // A suspension by a better rank holds where this one would be outranked.
    const isFirmer = entry?.standing === 'suspended' && this.#ownRank() < this.#rankOfTaking(entry)
    if (entry?.standing !== 'member' && !isFirmer) throw noChange(`${text} is ${entry?.standing} already`)
    return this.#act({ type: 'device.suspend', device, cutoffs: this.#cutoffsOf(device), reason })
  }

  async revokeDevice({ device: text, reason }: DeviceAction): Promise<Acted> {
    checkLine(reason, REASON_CHARACTERS_MAX, 'a reason')
    const device = this.#names.findDevice(text)
    if (this.#state.devices.get(device)?.standing === 'revoked') throw noChange(`${text} is revoked already`)
    return this.#act({ type: 'device.revoke', device, cutoffs: this.#cutoffsOf(device), reason })
  }

  async readmitDevice({ device: text, reason }: DeviceAction): Promise<Acted> {
    checkLine(reason, REASON_CHARACTERS_MAX, 'a reason')
    const device = this.#names.findDevice(text)
    const entry = this.#state.devices.get(device)
    if (entry?.standing === 'revoked')
      throw noChange(
        `${text} was revoked, and its key never comes back; invite the machine anew: it joins with a new key and home folder`
      )
    if (entry?.standing !== 'suspended' || entry.enrolment === undefined)
      throw noChange(`${text} is not suspended; there is nothing to readmit`)
    const { kind, nameCommitment } = entry.enrolment
    const acted = this.#act({ type: 'device.enrol', device, kind, nameCommitment, redemption: null })
    if (reason !== null) this.#act({ type: 'note', about: acted.operation, text: reason })
    const standing = this.#state.devices.get(device)?.standing
    if (!acted.inForce || standing === 'member') return acted
    return {
      ...acted,
      waitsFor: 'more suspensions stand against it than one operation can name; readmit it again'
    }
  }

  async roles(): Promise<readonly RoleRecord[]> {
    const { root, devices } = this.#state
    const nowMs = Date.now()
    const holdersOf = (role: string): RoleRecord['holders'] =>
      [...devices.values()].flatMap(entry => {
        const held = entry.roles.get(role)
        const isAdmin = role === 'admin' && entry.role === 'admin'
        if (!isAdmin && (held === undefined || hasEnded(held.expiresMs, nowMs))) return []
        return [{ ...this.#names.nameOf(entry.device), expiresAtMs: held?.expiresMs ?? null }]
      })
    return [...root.roles]
      .map(([role, types]) => ({ role, rank: root.ranks.get(role) ?? 0, types, holders: holdersOf(role) }))
      .sort((a, b) => a.rank - b.rank || (a.role < b.role ? -1 : 1))
  }

  async grantRole({ device: text, role, expiresInMs }: RoleAction): Promise<Acted> {
    const device = this.#names.findDevice(text)
    const held = this.#state.devices.get(device)?.roles.get(role)
    if (held?.expiresMs === null) throw noChange(`${text} has the role ${role} already, without an end`)
    this.#refuseUndoing(device, { text, role })
    return this.#act({ type: 'role.grant', device, role }, expiresInMs)
  }

  async revokeRole({ device: text, role }: Omit<RoleAction, 'expiresInMs'>): Promise<Acted> {
    const device = this.#names.findDevice(text)
    const { root, devices } = this.#state
    const roles = devices.get(device)?.roles
    // What no operation gives is refused with the reason for that.
    if (root.roles.has(role) && role !== 'admin' && role !== 'device' && roles?.has(role) !== true)
      throw noChange(`${text} does not have the role ${role}; it has ${list([...(roles?.keys() ?? [])])}`)
    return this.#act({ type: 'role.revoke', device, role, cutoffs: this.#cutoffsOf(device) })
  }

  async groups(): Promise<readonly GroupRecord[]> {
    const nowMs = Date.now()
    const state = this.#state
    const isIn = (group: OperationId) => (device: DeviceId) => isInGroup(state, { group, device, nowMs })
    const records = [...state.groups.values()].map(({ operation, name, by, devices }) => ({
      ...{ id: operation, name, by: this.#names.nameOf(by) },
      devices: [...devices.keys()]
        .filter(isIn(operation))
        .map(device => this.#names.nameOf(device))
        .sort(byName)
    }))
    return records.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async createGroup(name: string): Promise<Acted> {
    if (!isLabel(name)) throw badText(name, 'a group name', 64)
    const known = [...this.#state.groups.values()].find(group => group.name === name)
    if (known !== undefined)
      throw new AppError('GROUP_EXISTS', `there is a group ${name} already; choose another name`, {
        details: { group: name, operation: known.operation }
      })
    return this.#act({ type: 'group.create', name })
  }

  async addToGroup({ name, device: text }: GroupAction): Promise<Acted> {
    const group = this.#names.findGroup(name)
    const device = this.#names.findDevice(text)
    if (isInGroup(this.#state, { group, device, nowMs: Date.now() }))
      throw noChange(`${text} is in the group ${name} already`)
    return this.#act({ type: 'group.add', group, device })
  }

  async removeFromGroup({ name, device: text }: GroupAction): Promise<Acted> {
    const group = this.#names.findGroup(name)
    const device = this.#names.findDevice(text)
    if (this.#state.groups.get(group)?.devices.has(device) !== true)
      throw noChange(`${text} is not in the group ${name}`)
    return this.#act({ type: 'group.remove', group, device })
  }

  async access(): Promise<AccessRecord> {
    const { grants, groups, datasets } = this.#state
    const nowMs = Date.now()
    const records = [...grants.values()]
      .filter(({ expiresMs }) => !hasEnded(expiresMs, nowMs))
      .map(
        ({ operation, by, grantee, scope, purpose, timeMs, expiresMs }): GrantRecord => ({
          ...{ operation, scope, purpose, by: this.#names.nameOf(by) },
          ...{ grantedAtMs: timeMs, expiresAtMs: expiresMs },
          grantee:
            grantee.kind === 'device'
              ? { kind: 'device', ...this.#names.nameOf(grantee.device) }
              : { kind: 'group', id: grantee.group, name: groups.get(grantee.group)?.name ?? grantee.group }
        })
      )
      .sort((a, b) => a.grantedAtMs - b.grantedAtMs || (a.operation < b.operation ? -1 : 1))
    const policies = [...datasets.values()].flatMap(({ name, owner, policy }) => {
      if (policy === undefined) return []
      const { labels, access } = policy
      return [{ name, owner: owner === 'admins' ? null : this.#names.nameOf(owner), labels, access }]
    })
    return { grants: records, policies: policies.sort((a, b) => (a.name < b.name ? -1 : 1)) }
  }

  async grantAccess({ who, scope, purpose, expiresInMs }: AccessAction): Promise<Acted> {
    checkScope(scope)
    if (purpose !== null && !isLabel(purpose)) throw badText(purpose, 'a purpose', 64)
    const grantee = this.#names.findGrantee(who)
    this.#checkGrantee(who, grantee)
    const same = this.#grantsTo(grantee).find(
      held =>
        isSameScope(held.scope, scope) &&
        held.purpose === purpose &&
        held.expiresMs === null &&
        expiresInMs === null
    )
    if (same !== undefined)
      throw noChange(
        `${who} has this grant already, in force since ${isoTime(same.timeMs)} (operation ${shortId(same.operation)})`
      )
    return signAsked(
      this.#node,
      { type: 'access.grant', grantee, scope, purpose },
      { names: this.#names, expiresInMs, warnings: this.#grantWarnings(who, { grantee, scope }) }
    )
  }

  async revokeAccess({ who, scope }: { who: string; scope: Scope | null }): Promise<Acted> {
    if (scope !== null) checkScope(scope)
    const grantee = this.#names.findGrantee(who)
    const held = this.#grantsTo(grantee)
    if (!held.some(grant => scope === null || isSameScope(grant.scope, scope))) {
      const granted = list([...new Set(held.map(grant => scopeInWords(grant.scope)))])
      throw noChange(`${who} has no such grant; it was granted ${granted}`)
    }
    return this.#act({ type: 'access.revoke', grantee, scope })
  }

  async setPolicy({ name, labels, access }: PolicyAction): Promise<Acted> {
    this.#node.catalogue.entry(name)
    const distinct = [...new Set(labels)].sort()
    const bad = distinct.find(label => !isLabel(label))
    if (bad !== undefined) throw badText(bad, 'a label', 64)
    if (distinct.length > DATASET_LABELS_MAX)
      throw new AppError(
        'USAGE',
        `${distinct.length} labels for ${name}; a dataset has at most ${DATASET_LABELS_MAX}`
      )
    return this.#act({ type: 'dataset.policy', name, labels: distinct, access })
  }

  async setOrigin({ name, version, url }: OriginAction): Promise<Acted> {
    if (url !== null) checkOriginUrl(url)
    const published = this.#publication({ name, version })
    if (url === null && published.origin === undefined) throw noChange(`${name} has no origin`)
    if (url !== null && published.files > 1 && !url.endsWith('/'))
      throw new AppError('USAGE', `${name} is a folder: the URL of its origin ends in a slash`)
    return this.#act({ type: 'dataset.origin', name, version: published.version, url })
  }

  async quarantine(action: ContentAction): Promise<ContentActed> {
    checkLine(action.reason, REASON_CHARACTERS_MAX, 'a reason')
    const { version } = this.#publication(action)
    if ((this.#state.content.get(version)?.quarantines.length ?? 0) > 0)
      throw noChange(`version ${version} of ${action.name} is quarantined already`)
    return this.#onContent(version, { type: 'content.quarantine', version, reason: action.reason })
  }

  async release(action: ContentAction): Promise<ContentActed> {
    const { version } = this.#publication(action)
    const content = this.#state.content.get(version)
    if ((content?.quarantines.length ?? 0) === 0)
      throw noChange(
        content === undefined
          ? `version ${version} of ${action.name} is not quarantined`
          : `version ${version} of ${action.name} was recalled, which is for good; publish what is right as a new version`
      )
    return this.#onContent(version, { type: 'content.release', version })
  }

  async recall(action: ContentAction): Promise<ContentActed> {
    checkLine(action.reason, REASON_CHARACTERS_MAX, 'a reason')
    const { version } = this.#publication(action)
    if ((this.#state.content.get(version)?.recalls.length ?? 0) > 0)
      throw noChange(`version ${version} of ${action.name} is recalled already`)
    return this.#onContent(version, { type: 'content.recall', version, reason: action.reason })
  }

  async invites(): Promise<readonly InviteRecord[]> {
    const nowMs = Date.now()
    const records = [...this.#state.invites.values()].map((invite): InviteRecord => {
      const isSpent = usesLeft(invite) === 0
      const ended = isSpent ? 'spent' : nowMs > invite.expiresMs ? 'expired' : 'open'
      return {
        ...{ id: invite.operation, by: this.#names.nameOf(invite.author), uses: invite.uses },
        state: invite.cancelledBy === undefined ? ended : 'cancelled',
        redeemedBy: [...invite.redeemedBy].map(device => this.#names.nameOf(device)).sort(byName),
        ...{ createdAtMs: invite.timeMs, expiresAtMs: invite.expiresMs }
      }
    })
    return records.sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1))
  }

  async cancelInvite(id: string): Promise<Acted> {
    const invite = this.#names.findInvite(id)
    if (this.#state.invites.get(invite)?.cancelledBy !== undefined)
      throw noChange(`invite ${id} is cancelled already`)
    return this.#act({ type: 'invite.cancel', invite })
  }

  async approve(text: string): Promise<Acted> {
    const operation = this.#names.findOperation(text)
    const { keeper, identity } = this.#node
    const verdict = keeper.ledger.verdict(operation.id)
    if (verdict?.inForce === true) throw noChange(`operation ${text} is in force and needs no approval`)
    if (verdict !== undefined && verdict.inert.reason !== 'needs-approval')
      throw noChange(
        `operation ${text} has no effect, and approvals do not change that: ${verdict.inert.detail}`
      )
    const approvals = keeper.ledger.approvals(operation.id)
    if (operation.author === identity.device || approvals.some(({ author }) => author === identity.device))
      throw noChange(`this device approves operation ${text} already; other admins have to`)
    return this.#act({ type: 'approve', operation: operation.id })
  }

  async note({ text, about }: { text: string; about: string | null }): Promise<Acted> {
    checkLine(text, NOTE_CHARACTERS_MAX, 'a note')
    const operation = about === null ? null : this.#names.findOperation(about).id
    return this.#act({ type: 'note', about: operation, text })
  }

  /**
   * A device of as good a rank as the one who took it is not taken by it (docs/adr/0006): the grant alone would end a
   * suspension, or a revocation, that its author may not even know of.
   */
  #refuseUndoing(device: DeviceId, { text, role }: { text: string; role: string }): void {
    const { root, devices } = this.#state
    const entry = devices.get(device)
    const rank = root.ranks.get(role)
    if (entry?.takenBy === undefined || rank === undefined || rank > this.#rankOfTaking(entry)) return
    const by = this.#names.device(entry.takenBy.by)
    throw noChange(
      entry.standing === 'revoked'
        ? `${text} was revoked by ${by}, whose rank is not above that of the role ${role}, so the grant would undo that; its key is to stay out`
        : `${text} is suspended by ${by}, whose rank is not above that of the role ${role}, so the grant alone would end the suspension; ` +
            `take the device back first (peerage device readmit ${text}), or, to keep it out, have an admin suspend it (peerage device suspend ${text})`
    )
  }

  #grantsTo(grantee: Grantee): GrantEntry[] {
    return [...this.#state.grants.values()].filter(grant =>
      grantee.kind === 'device'
        ? grant.grantee.kind === 'device' && grant.grantee.device === grantee.device
        : grant.grantee.kind === 'group' && grant.grantee.group === grantee.group
    )
  }

  /** A key that was revoked never comes back: nobody would ever read by such a grant. */
  #checkGrantee(who: string, grantee: Grantee): void {
    if (grantee.kind === 'device' && this.#state.devices.get(grantee.device)?.standing === 'revoked')
      throw noChange(`${who} was revoked, and its key never comes back; it can be given nothing`)
  }

  /** What may come later is allowed, and said. */
  #grantWarnings(who: string, { grantee, scope }: Pick<GrantEntry, 'grantee' | 'scope'>): string[] {
    const { datasets, groups } = this.#state
    const known = [...datasets.keys()]
    const warnings: string[] = []
    if (grantee.kind === 'group' && groups.get(grantee.group)?.devices.size === 0)
      warnings.push(`no device is in ${who} yet; the grant holds for those that are added`)
    if (scope.kind === 'name' && !datasets.has(scope.name))
      warnings.push(
        `no dataset ${scope.name} is known here yet; the grant holds once it is published${didYouMean(scope.name, known)}`
      )
    if (scope.kind === 'prefix' && !known.some(name => name.startsWith(scope.prefix)))
      warnings.push(`no dataset begins with ${scope.prefix} yet; the grant holds for those that will`)
    const labels = [...datasets.values()].flatMap(({ policy }) => policy?.labels ?? [])
    if (scope.kind === 'label' && !labels.includes(scope.label))
      warnings.push(
        `no dataset has the label ${scope.label} yet; the grant holds for those that get it${didYouMean(scope.label, labels)}`
      )
    return warnings
  }

  /** The rank in which somebody acted who suspended or revoked a device. */
  #rankOfTaking({ takenBy }: DeviceEntry): number {
    const verdict = takenBy === undefined ? undefined : this.#node.keeper.ledger.verdict(takenBy.operation)
    return verdict?.inForce === true ? verdict.rank : Number.MAX_SAFE_INTEGER
  }

  #ownRank(): number {
    return this.#node.keeper.ledger.rankOf(this.#node.identity.device) ?? Number.MAX_SAFE_INTEGER
  }

  get #state(): State {
    return this.#node.keeper.state()
  }

  #act(content: OperationContent, expiresInMs: number | null = null): Acted {
    return signAsked(this.#node, content, { names: this.#names, expiresInMs })
  }

  #onContent(version: VersionId, content: OperationContent): ContentActed {
    const names = [...this.#state.datasets.values()]
      .filter(({ versions }) => versions.some(each => each.version === version))
      .map(({ name }) => name)
    return { ...this.#act(content), version, names: names.sort() }
  }

  #cutoffsOf(device: DeviceId): readonly Cutoff[] {
    return this.#node.keeper.ledger.cutoffsOf(device).slice(-CUTOFFS_MAX)
  }

  /** Retired and quarantined ones too; null is the newest that can be fetched, else the newest. */
  #publication({ name, version }: Pick<ContentAction, 'name' | 'version'>): DatasetVersion {
    return findPublication(this.#node.catalogue.entry(name), version, Date.now())
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.toSorted().join(', ')
}

function noChange(message: string): AppError {
  return new AppError('NO_CHANGE', `nothing was signed: ${message}`)
}

function badText(text: string, what: string, charactersMax: number): AppError {
  return new AppError(
    'USAGE',
    `${what} is one line of at most ${charactersMax} visible characters, without white space at its ends: not ${JSON.stringify(text.slice(0, 200))}`
  )
}

function checkLine(text: string | null, charactersMax: number, what: string): void {
  if (text !== null && !isVisibleLine(text, charactersMax)) throw badText(text, what, charactersMax)
}

function checkScope(scope: Scope): void {
  if (scope.kind === 'label' && !isLabel(scope.label)) throw badText(scope.label, 'a label', 64)
  const name =
    scope.kind === 'name' ? scope.name : scope.kind === 'prefix' ? scope.prefix.replace(/\/$/, '') : undefined
  if (name === undefined || isDatasetName(name)) return
  throw new AppError(
    'USAGE',
    `${JSON.stringify(name)} can not be the name of a dataset, nor the beginning of one`
  )
}
