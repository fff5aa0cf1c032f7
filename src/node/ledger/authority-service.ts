/**
 * The authority part of the admin API: shows the chain and what stands to vote, proposes roots, and signs them with
 * this device's key or brings a signature that was made elsewhere. That a root comes into force is the doing of
 * root-assembler.ts.
 *
 * A key signs one root of a version. That is looked up in all that is known here before anything is signed; a key that
 * is used on two machines that do not know of each other can still break the rule, and is then found out.
 */

import { equalBytes, fromHex, toHex } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, type OperationId, parseDeviceId, shortId } from '../../base/ids.ts'
import { isRootSignature, type Root } from '../../ledger/chain/root.ts'
import { describeChanges, type RootChanges, successorTerms } from '../../ledger/chain/root-changes.ts'
import type { Equivocation } from '../../ledger/chain/root-siblings.ts'
import { FRONTIER_MAX, type RootTerms, rootBytes } from '../../ledger/chain/root-terms.ts'
import { rolesLacking } from '../../ledger/chain/root-upgrade.ts'
import { areVotesSplit, type RootCandidate, type Tally } from '../../ledger/chain/root-votes.ts'
import { DATASET_CLASSES } from '../../ledger/encoding/names.ts'
import { SIGNATURE_BYTES } from '../../ledger/encoding/signature.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import { sha256 } from '../../store/sha256.ts'
import { byName } from '../keys/device-name.ts'
import type { Node } from '../node.ts'
import type {
  AuthorityRecord,
  AuthorityService,
  EquivocationRecord,
  KeyTally,
  ProposalBytes,
  ProposalRecord,
  ProposeAction,
  RootActed,
  RootChange,
  RootPreview,
  RootRecord,
  VoteAction
} from './authority-terms.ts'
import { verify } from './ledger-keeper.ts'
import { ID_PREFIX_CHARACTERS_MIN, LedgerNames } from './ledger-names.ts'

/** What of a node authority goes through. */
export interface ChainedNode extends Pick<Node, 'keeper' | 'assembler' | 'identity'> {
  readonly catalogue: Pick<Node['catalogue'], 'nameOf'>
  readonly transport: Pick<Node['transport'], 'peers'>
}

export class LocalAuthorityService implements AuthorityService {
  readonly #node: ChainedNode
  readonly #names: LedgerNames

  constructor(node: ChainedNode) {
    this.#node = node
    this.#names = new LedgerNames(node.keeper, device => node.catalogue.nameOf(device))
  }

  async authority(): Promise<AuthorityRecord> {
    const { keeper, assembler, identity } = this.#node
    const { chain } = keeper
    const { head, freeze } = chain
    const { candidates, equivocations } = assembler.candidates()
    const { beacon } = head
    const name = (key: DeviceId) => this.#names.nameOf(key)
    return {
      ...{ orgName: head.orgName, version: head.version, hash: toHex(head.hash) },
      admins: head.admins.map(name).sort(byName),
      threshold: head.threshold,
      recovery: head.recovery.map(name).sort(byName),
      isAdmin: head.admins.includes(identity.device),
      approvals: [...head.approvals].sort().map(([type, admins]) => ({ type, admins })),
      beacon: beacon === null ? null : { ...beacon, signers: beacon.signers.map(name) },
      staleness: DATASET_CLASSES.map(dataClass => ({ dataClass, limitMs: head.stalenessMs[dataClass] })),
      expiresAtMs: head.expiresMs,
      chain: chain.roots.map(root => this.#root(root)),
      freeze:
        freeze === undefined
          ? null
          : {
              version: freeze.version,
              roots: freeze.roots.map(root => this.#root(root)),
              equivocators: freeze.equivocators.map(name)
            },
      equivocations: distinct([...chain.equivocations, ...equivocations]).map(each =>
        this.#equivocation(each)
      ),
      proposals: candidates.map(candidate => this.#proposal(candidate)),
      split: areVotesSplit(head, candidates)
    }
  }

  async preview(changes: readonly RootChange[]): Promise<RootPreview> {
    const { head } = this.#node.keeper.chain
    const terms = this.#successor(changes)
    return { version: terms.version, changes: describeChanges(head, terms) }
  }

  async propose({ changes, sign }: ProposeAction): Promise<RootActed> {
    const { keeper, identity } = this.#node
    const { head } = keeper.chain
    const terms = this.#successor(changes)
    const bytes = rootBytes(terms)
    const hash = sha256(bytes)
    const mayVote = [...head.admins, ...terms.admins].includes(identity.device)
    const signs = mayVote && (sign ?? isCompleteWith(identity.device, head, terms))
    const other = signs ? this.#otherSignedBy(identity.device, terms.version) : undefined
    if (other !== undefined)
      throw signedTwice(identity.device, terms.version, other, 'propose without signing it')
    const proposed = keeper.author({ type: 'root.propose', hash, bytes }).operation
    const votes = signs ? [this.#vote(identity.device, hash, keeper.signRoot(hash))] : []
    return this.#acted({ hash, version: terms.version, operations: [proposed, ...votes] })
  }

  #successor(changes: readonly RootChange[]): RootTerms {
    const { chain, ledger } = this.#node.keeper
    const { head } = chain
    const frontier = ledger
      .frontierOf(head.admins)
      .map(({ operation: id, ...entry }) => ({ ...entry, id }))
      .slice(-FRONTIER_MAX)
    const successor = successorTerms(head, this.#changes(changes), { timeMs: Date.now(), frontier })
    if (successor.ok) return successor.terms
    throw new AppError(
      'NO_CHANGE',
      `can not propose root version ${head.version + 1}: ${successor.problems.join('; ')}`
    )
  }

  async proposal(text: string, key: string): Promise<ProposalBytes> {
    const candidate = this.#find(text)
    this.#checkVoter(this.#key(key), candidate)
    const { hash, bytes, terms, changes } = candidate
    return { hash: toHex(hash), version: terms.version, changes, bytes: toHex(bytes) }
  }

  async vote({ proposal, vote }: VoteAction): Promise<RootActed> {
    const { keeper, identity } = this.#node
    const candidate = this.#find(proposal)
    const { hash, terms } = candidate
    const key = vote === null ? identity.device : this.#key(vote.key)
    this.#checkVoter(key, candidate)
    const signature = vote === null ? keeper.signRoot(hash) : fromHex(vote.signature)
    if (signature?.length !== SIGNATURE_BYTES || !isRootSignature(hash, { key, signature }, verify))
      throw new AppError('RECORD_INVALID', `the signature is not one of key ${key} under root ${toHex(hash)}`)
    return this.#acted({ hash, version: terms.version, operations: [this.#vote(key, hash, signature)] })
  }

  #vote(key: DeviceId, hash: Uint8Array, signature: Uint8Array): Operation {
    return this.#node.keeper.author({ type: 'root.vote', hash, key, signature }).operation
  }

  #checkVoter(key: DeviceId, candidate: RootCandidate): void {
    const { hash, terms, votes } = candidate
    const { head } = this.#node.keeper.chain
    const voters = new Set([...terms.admins, ...head.admins, ...head.recovery])
    if (!voters.has(key))
      throw new AppError(
        'NOT_AUTHORISED',
        `key ${key} has no vote on root ${toHex(hash)}: it is neither an admin before or after, nor a recovery key`
      )
    if (votes.some(vote => vote.key === key))
      throw new AppError('NO_CHANGE', `nothing was signed: key ${key} signed root ${toHex(hash)} already`)
    const other = this.#node.assembler.signedBefore(key, hash)
    if (other !== undefined)
      throw signedTwice(key, terms.version, other, 'gather the other admins behind that one')
  }

  /** Another root of a version, that is not proposed yet, which a key signed. */
  #otherSignedBy(key: DeviceId, version: number): Uint8Array | undefined {
    const { assembler, keeper } = this.#node
    const voted = assembler.candidates().candidates.find(({ votes }) => votes.some(vote => vote.key === key))
    const recorded = keeper.chain
      .records()
      .find(root => root.version === version && root.signers.includes(key))
    return voted?.hash ?? recorded?.hash
  }

  #find(text: string): RootCandidate {
    const { candidates } = this.#node.assembler.candidates()
    const isPrefix = text.length >= ID_PREFIX_CHARACTERS_MIN
    const [only, ...others] = candidates.filter(({ hash }) => isPrefix && toHex(hash).startsWith(text))
    if (only !== undefined && others.length === 0) return only
    const why =
      only === undefined
        ? `no proposed root that follows version ${this.#node.keeper.chain.head.version} has a hash that begins with ${JSON.stringify(text)}`
        : `${others.length + 1} proposed roots begin with ${JSON.stringify(text)}`
    throw new AppError(
      'PROPOSAL_UNKNOWN',
      `${why}; give at least ${ID_PREFIX_CHARACTERS_MIN} digits; peerage admin status lists them`,
      { details: { proposal: text } }
    )
  }

  /** A key in full need not be a device's. */
  #key(text: string): DeviceId {
    return parseDeviceId(text) ?? this.#names.findDevice(text)
  }

  #changes(changes: readonly RootChange[]): RootChanges {
    let merged: RootChanges = {}
    for (const change of changes) merged = { ...merged, ...this.#change(change, merged) }
    return merged
  }

  #change(change: RootChange, before: RootChanges): RootChanges {
    const keys = (texts: readonly string[]) => texts.map(text => this.#key(text))
    switch (change.kind) {
      case 'admins':
        return {
          addAdmins: [...(before.addAdmins ?? []), ...keys(change.add)],
          removeAdmins: [...(before.removeAdmins ?? []), ...keys(change.remove)]
        }
      case 'threshold':
        return { threshold: change.threshold }
      case 'approvals':
        return { approvals: new Map([...(before.approvals ?? []), [change.type, change.admins]]) }
      case 'expires':
        return { expiresMs: change.atMs }
      case 'staleness':
        return { stalenessMs: { ...before.stalenessMs, [change.dataClass]: change.limitMs } }
      case 'beacon':
        return {
          beacon: change.policy === null ? null : { ...change.policy, signers: keys(change.policy.signers) }
        }
      case 'recovery':
        return { recovery: keys(change.keys) }
      case 'defaults': {
        const roles = rolesLacking(this.#node.keeper.chain.head, change.roles ?? undefined)
        return { roles: new Map([...(before.roles ?? []), ...roles]) }
      }
    }
  }

  #acted(said: { hash: Uint8Array; version: number; operations: readonly Operation[] }): RootActed {
    const { keeper, assembler, transport } = this.#node
    const { hash, version } = said
    const root = keeper.chain.roots.find(each => equalBytes(each.hash, hash))
    const candidate = assembler.candidates().candidates.find(each => equalBytes(each.hash, hash))
    return {
      ...{ hash: toHex(hash), version, changes: candidate?.changes ?? [] },
      operations: said.operations.map(({ id }): OperationId => id),
      inForce: root !== undefined,
      signsLast: candidate !== undefined && this.#signsLast(candidate),
      missing: root !== undefined || candidate === undefined ? [] : this.#missing(candidate),
      operationsLost: candidate === undefined ? 0 : this.#lost(candidate),
      peersTold: transport.peers().length
    }
  }

  /** Whether this device has a vote on it that it has not given. */
  #signsLast({ formerAdmins, ownAdmins }: RootCandidate): boolean {
    return [formerAdmins, ownAdmins].some(({ missing }) => missing.includes(this.#node.identity.device))
  }

  #missing({ formerAdmins, ownAdmins, recovery, needsRecovery }: RootCandidate): string[] {
    const line = (what: string, { needed, signed, missing }: Tally): string[] => {
      const more = needed - signed.length
      const who = missing.map(key => this.#names.device(key)).join(', ')
      return more <= 0 ? [] : [`${more} more of the ${what}: ${who}`]
    }
    return [
      ...line('admins before', formerAdmins),
      ...line('admins after', ownAdmins),
      ...(needsRecovery && recovery !== undefined ? line('recovery keys', recovery) : [])
    ]
  }

  /** What admins signed since beyond the frontier, votes and proposals not counted. */
  #lost({ terms }: RootCandidate): number {
    const { chain, ledger } = this.#node.keeper
    const last = new Map(terms.frontier.map(entry => [`${entry.author}/${entry.incarnation}`, entry.seq]))
    let lost = 0
    for (const { author, incarnation, seq, type } of ledger.operations()) {
      if (!chain.head.admins.includes(author) || type.startsWith('root.')) continue
      if (seq > (last.get(`${author}/${incarnation}`) ?? 0)) lost++
    }
    return lost
  }

  #proposal(candidate: RootCandidate): ProposalRecord {
    const { hash, terms, proposals, changes, formerAdmins, ownAdmins, recovery, invalid } = candidate
    const { ledger } = this.#node.keeper
    const first = proposals.map(id => ledger.get(id)).find(operation => operation !== undefined)
    return {
      ...{ hash: toHex(hash), version: terms.version, changes },
      by: this.#names.nameOf(first?.author ?? this.#node.identity.device),
      proposedAtMs: first?.timeMs ?? terms.timeMs,
      formerAdmins: this.#tally(formerAdmins),
      ownAdmins: this.#tally(ownAdmins),
      recovery: recovery === undefined ? null : this.#tally(recovery),
      needsRecovery: candidate.needsRecovery,
      invalidVotes: invalid.length,
      operationsLost: this.#lost(candidate)
    }
  }

  #tally({ needed, signed, missing }: Tally): KeyTally {
    const name = (key: DeviceId) => this.#names.nameOf(key)
    return { needed, signed: signed.map(name), missing: missing.map(name) }
  }

  #root({ version, hash, timeMs, succession, signers }: Root): RootRecord {
    return {
      ...{ version, hash: toHex(hash), atMs: timeMs, succession },
      signers: signers.map(key => this.#names.nameOf(key))
    }
  }

  #equivocation({ key, version, hashes }: Equivocation): EquivocationRecord {
    return { key: this.#names.nameOf(key), version, hashes: hashes.map(toHex) }
  }
}

/** Whether a key alone brings a root into force: then nobody can be left waiting for others. */
function isCompleteWith(key: DeviceId, head: Root, terms: RootTerms): boolean {
  const isAlone = (root: RootTerms) => root.threshold === 1 && root.admins.includes(key)
  const keepsRecovery = head.recovery.length === 0 || head.recovery.join() === terms.recovery.join()
  return isAlone(head) && isAlone(terms) && keepsRecovery
}

function distinct(equivocations: readonly Equivocation[]): Equivocation[] {
  const byKey = new Map<string, Equivocation>()
  for (const each of equivocations) {
    const name = `${each.version} ${each.key}`
    const known = byKey.get(name)
    if (known === undefined || known.hashes.length < each.hashes.length) byKey.set(name, each)
  }
  return [...byKey.values()].sort((a, b) => a.version - b.version || (a.key < b.key ? -1 : 1))
}

function signedTwice(key: DeviceId, version: number, other: Uint8Array, what: string): AppError {
  return new AppError(
    'SIGNED_BEFORE',
    `key ${shortId(key)} signed root ${toHex(other)} of version ${version} before, and a key that signs two of one version is evidence against itself; ${what}`,
    { details: { key, version, signed: toHex(other) } }
  )
}
