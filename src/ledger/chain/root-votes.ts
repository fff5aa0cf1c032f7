/**
 * Votes on the next root: from the proposals and signatures that have come together to what stands where.
 *
 * A proposal is the bytes of a root, a vote a signature over its hash. Both travel as operations, so that they reach
 * everyone and last, but their weight comes from the signatures alone: who carried a vote here does not matter.
 *
 * A candidate is a proposal for the version after the head. It is *ready* when the record that its votes make is one
 * that every peer accepts; the very decoder decides that. Nobody has to be asked: whoever sees it ready can pass the
 * record on.
 *
 * A key signs once per version. A vote for a second root of a version is evidence against the key, with one exception
 * as in root-siblings.ts: whoever voted for an ordinary successor may, as an admin of a recovery successor that a
 * majority of the recovery keys has signed, sign that as well.
 */

import { compareBytes, equalBytes, toHex } from '../../base/bytes.ts'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import type { Sha256, Verify } from '../encoding/signature.ts'
import {
  assembleRootRecord,
  countAmong,
  decodeRoot,
  isRootSignature,
  type Root,
  type RootSignature
} from './root.ts'
import { describeChanges, describeFrontier } from './root-changes.ts'
import type { Equivocation } from './root-siblings.ts'
import { decodeTerms, majorityOf, type RootTerms } from './root-terms.ts'

export interface RootProposal {
  /** The target of the operation: SHA-256 of `bytes`, as its author claims. */
  readonly hash: Uint8Array
  readonly bytes: Uint8Array
  /** The operation that made it. */
  readonly operation: OperationId
}

export interface RootVote extends RootSignature {
  /** The root voted for. */
  readonly hash: Uint8Array
  /** The operation that brought it. */
  readonly operation: OperationId
}

export interface InvalidVote {
  readonly key: DeviceId
  readonly operation: OperationId
  /** `no-voter`: the key is neither an admin before or after, nor a recovery key. */
  readonly reason: 'no-voter' | 'bad-signature'
}

/** Of keys of which some must sign: who has and who has not, ascending. */
export interface Tally {
  readonly needed: number
  readonly signed: readonly DeviceId[]
  readonly missing: readonly DeviceId[]
}

export interface RootCandidate {
  readonly hash: Uint8Array
  readonly bytes: Uint8Array
  readonly terms: RootTerms
  /** Operations that proposed it, ascending. */
  readonly proposals: readonly OperationId[]
  /** What it changes against the head, and what of the admins' feeds still counts, in words. */
  readonly changes: readonly string[]
  /** One good vote of each key, ascending by key. */
  readonly votes: readonly RootVote[]
  readonly invalid: readonly InvalidVote[]
  /** Admins of the head. */
  readonly formerAdmins: Tally
  /** Admins of the candidate. */
  readonly ownAdmins: Tally
  /** Recovery keys of the head; undefined when it has none. */
  readonly recovery: Tally | undefined
  /** Whether it changes the recovery keys, so that a majority of the head's must sign whoever else does. */
  readonly needsRecovery: boolean
  /** The successor, valid for every peer; undefined while votes are missing. */
  readonly ready: Root | undefined
}

export interface RefusedProposal {
  readonly hash: Uint8Array
  readonly operation: OperationId
  /** `outdated`: it was meant to follow another root than the head. */
  readonly reason: 'wrong-hash' | 'malformed' | 'outdated'
  readonly detail: string
}

export interface RootCandidates {
  /** By hash, ascending. */
  readonly candidates: readonly RootCandidate[]
  readonly refused: readonly RefusedProposal[]
  /** Keys that signed several roots of one version, by votes or in the chain; by version, then key. */
  readonly equivocations: readonly Equivocation[]
}

interface Keys {
  readonly verify: Verify
  readonly sha256: Sha256
}

/** A proposal that is a root, whichever version it is of, with the votes that prove themselves. */
interface Motion {
  readonly hash: Uint8Array
  readonly bytes: Uint8Array
  readonly terms: RootTerms
  readonly predecessor: Root
  readonly proposals: readonly OperationId[]
  readonly votes: readonly RootVote[]
  readonly invalid: readonly InvalidVote[]
}

/**
 * What stands to vote, given the chain (a RootChain is one) and all proposals and votes in force, in any order.
 */
export function rootCandidates(
  chain: { readonly head: Root; readonly roots: readonly Root[] },
  input: { readonly proposals: readonly RootProposal[]; readonly votes: readonly RootVote[] },
  keys: Keys
): RootCandidates {
  const refused: RefusedProposal[] = []
  const motions = new Map<string, Motion>()
  for (const proposal of sortedBy(input.proposals, ({ operation }) => operation)) {
    const name = toHex(proposal.hash)
    const known = motions.get(name)
    const motion = openMotion(chain.roots, proposal, keys)
    if ('reason' in motion) refused.push(motion)
    else motions.set(name, { ...motion, proposals: [...(known?.proposals ?? []), proposal.operation] })
  }
  const counted = [...motions].map(([name, motion]) => {
    const votes = input.votes.filter(vote => toHex(vote.hash) === name)
    return { ...motion, ...countVotes(motion, votes, keys.verify) }
  })
  const isCurrent = (motion: Motion) => equalBytes(motion.predecessor.hash, chain.head.hash)
  for (const { hash, proposals, predecessor } of counted.filter(motion => !isCurrent(motion)))
    for (const operation of proposals)
      refused.push({ hash, operation, reason: 'outdated', detail: `it follows root ${predecessor.version}` })
  return {
    candidates: counted
      .filter(isCurrent)
      .map(motion => candidateOf(motion, keys))
      .sort((a, b) => compareBytes(a.hash, b.hash)),
    refused: sortedBy(refused, ({ operation }) => operation),
    equivocations: equivocationsIn(chain.roots, counted)
  }
}

/**
 * Whether the admins have signed so many different roots that none can get enough of them any more, the ones proposed
 * or another: only recovery keys lead on. Keys that are merely slow, or unwilling, do not count as spent.
 */
export function areVotesSplit(head: Root, candidates: readonly RootCandidate[]): boolean {
  const spentOnOther = (key: DeviceId, candidate?: RootCandidate): boolean =>
    candidates.some(other => other !== candidate && other.votes.some(vote => vote.key === key))
  const within = ({ signed, missing, needed }: Tally, candidate: RootCandidate): boolean =>
    signed.length + missing.filter(key => !spentOnOther(key, candidate)).length >= needed
  const free = head.admins.filter(key => !spentOnOther(key)).length
  return (
    free < head.threshold &&
    candidates.every(
      candidate =>
        candidate.needsRecovery ||
        !within(candidate.formerAdmins, candidate) ||
        !within(candidate.ownAdmins, candidate)
    )
  )
}

/**
 * The other root of the same version that a key has signed already, by a vote or in a record: signing `hash` as well
 * would be evidence against the key. Stricter than what counts as such, as a motion may yet gather the signatures of
 * recovery keys: free to sign again is only who signed an ordinary root before, and then one by recovery. `roots` are
 * all that are known, those off the chain included; `proposals` and `votes` as well, in force or not.
 */
export function signedBefore(
  { key, hash }: { readonly key: DeviceId; readonly hash: Uint8Array },
  known: {
    readonly roots: readonly Root[]
    readonly proposals: readonly RootProposal[]
    readonly votes: readonly RootVote[]
  },
  keys: Keys
): Uint8Array | undefined {
  const motions = new Map<string, Motion>()
  for (const proposal of known.proposals) {
    const motion = openMotion(known.roots, proposal, keys)
    if ('reason' in motion) continue
    const name = toHex(proposal.hash)
    const votes = known.votes.filter(vote => toHex(vote.hash) === name)
    motions.set(name, { ...motion, ...countVotes(motion, votes, keys.verify) })
  }
  const wanted = motions.get(toHex(hash))
  if (wanted === undefined) return undefined
  const { version } = wanted.terms
  const voted = [...motions.values()]
    .filter(({ terms, votes }) => terms.version === version && votes.some(vote => vote.key === key))
    .map(motion => ({ hash: motion.hash, isOrdinary: !isByRecovery(motion) }))
  const recorded = known.roots
    .filter(root => root.version === version && root.signers.includes(key))
    .map(root => ({ hash: root.hash, isOrdinary: root.succession !== 'recovery' }))
  const mayFollow = isByRecovery(wanted)
  const others = [...voted, ...recorded].filter(other => !equalBytes(other.hash, hash))
  const against = others.filter(({ isOrdinary }) => !(mayFollow && isOrdinary))
  return against.map(other => other.hash).sort(compareBytes)[0]
}

function openMotion(
  roots: readonly Root[],
  { hash, bytes, operation }: RootProposal,
  { sha256 }: Keys
): Motion | RefusedProposal {
  const refuse = (reason: RefusedProposal['reason'], detail: string) => ({ hash, operation, reason, detail })
  if (!equalBytes(sha256(bytes), hash)) return refuse('wrong-hash', 'its bytes are not those of its hash')
  const terms = decodeTerms(bytes)
  if (!terms.ok) return refuse('malformed', terms.detail)
  const { prev, version } = terms.value
  const predecessor = prev === null ? undefined : roots.find(root => equalBytes(root.hash, prev))
  if (predecessor?.version !== version - 1)
    return refuse('outdated', 'it follows no root of the chain by one version')
  return { hash, bytes, terms: terms.value, predecessor, proposals: [], votes: [], invalid: [] }
}

function countVotes(
  { hash, terms, predecessor }: Motion,
  votes: readonly RootVote[],
  verify: Verify
): { votes: RootVote[]; invalid: InvalidVote[] } {
  const voters = new Set([...terms.admins, ...predecessor.admins, ...predecessor.recovery])
  const good = new Map<DeviceId, RootVote>()
  const invalid: InvalidVote[] = []
  const inOrder = [...votes].sort(
    (a, b) => compareBytes(a.signature, b.signature) || (a.operation < b.operation ? -1 : 1)
  )
  for (const vote of inOrder) {
    const { key, operation } = vote
    if (!voters.has(key)) invalid.push({ key, operation, reason: 'no-voter' })
    // One good vote is enough; a worse one beside it is not worth a check.
    else if (good.has(key)) continue
    else if (isRootSignature(hash, vote, verify)) good.set(key, vote)
    else invalid.push({ key, operation, reason: 'bad-signature' })
  }
  return {
    votes: sortedBy([...good.values()], ({ key }) => key),
    invalid: sortedBy(invalid, ({ operation }) => operation)
  }
}

function candidateOf(motion: Motion, keys: Keys): RootCandidate {
  const { hash, bytes, terms, predecessor, proposals, votes, invalid } = motion
  const { recovery } = predecessor
  const signed = new Set(votes.map(({ key }) => key))
  return {
    hash,
    bytes,
    terms,
    proposals,
    changes: [...describeChanges(predecessor, terms), ...describeFrontier(predecessor, terms)],
    votes,
    invalid,
    formerAdmins: tally(predecessor.admins, signed, predecessor.threshold),
    ownAdmins: tally(terms.admins, signed, terms.threshold),
    recovery: recovery.length === 0 ? undefined : tally(recovery, signed, majorityOf(recovery.length)),
    needsRecovery: recovery.length > 0 && recovery.toSorted().join() !== terms.recovery.toSorted().join(),
    ready: readyRoot(motion, keys)
  }
}

function readyRoot({ bytes, votes, predecessor }: Motion, keys: Keys): Root | undefined {
  if (votes.length === 0) return undefined
  const decoded = decodeRoot(assembleRootRecord(bytes, votes), { ...keys, predecessor })
  return decoded.ok ? decoded.value : undefined
}

function tally(keys: readonly DeviceId[], signed: ReadonlySet<DeviceId>, needed: number): Tally {
  return {
    needed,
    signed: keys.filter(key => signed.has(key)).sort(),
    missing: keys.filter(key => !signed.has(key)).sort()
  }
}

/** Whether a majority of the recovery keys signed, which puts a root above the ordinary ones. */
function isByRecovery({ votes, predecessor: { recovery } }: Motion): boolean {
  const signed = countAmong(
    votes.map(({ key }) => key),
    recovery
  )
  return recovery.length > 0 && signed >= majorityOf(recovery.length)
}

function equivocationsIn(roots: readonly Root[], motions: readonly Motion[]): Equivocation[] {
  // For each version, kind and key: the roots that it signed, by name so that a vote and a record are one.
  const signed = new Map<string, { key: DeviceId; version: number; hashes: Map<string, Uint8Array> }>()
  const note = (key: DeviceId, kind: string, { version, hash }: { version: number; hash: Uint8Array }) => {
    const name = `${version}:${kind}:${key}`
    const entry = signed.get(name) ?? { key, version, hashes: new Map<string, Uint8Array>() }
    entry.hashes.set(toHex(hash), hash)
    signed.set(name, entry)
  }
  for (const root of roots) for (const key of root.signers) note(key, root.succession, root)
  for (const motion of motions) {
    const kind = isByRecovery(motion) ? 'recovery' : 'ordinary'
    const { hash, terms } = motion
    for (const { key } of motion.votes) note(key, kind, { version: terms.version, hash })
  }
  return [...signed.values()]
    .filter(({ hashes }) => hashes.size > 1)
    .map(({ key, version, hashes }) => ({ key, version, hashes: [...hashes.values()].sort(compareBytes) }))
    .sort((a, b) => a.version - b.version || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

function sortedBy<T>(values: readonly T[], name: (value: T) => string): T[] {
  return [...values].sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0))
}
