/**
 * Checks a copy of a device's log against every checkpoint that the device is known to have signed, wherever each was
 * seen: with the copy, by a witness, by an earlier auditor. It finds
 *
 *     truncated   entries are missing: the device signed for more than the copy has
 *     edited      entries are not the ones that the device signed for
 *     reordered   the entries are those of other positions, each of which says so itself
 *     forked      the device signed two histories that can not both be true: its own doing, proved by its signatures
 *     malformed   the device signed for an entry that no reader of this version understands
 *     unsigned    there is no valid checkpoint of the device for the copy
 *     forged      a cosignature names a witness that never gave it
 *     stranger    the device, or a witness, is no member of the org by the ledger that came with the copy
 *
 * Who is to blame follows from what was signed. A copy that differs from the newest checkpoint was changed after the
 * device signed it: by whoever had the copy, or by the device, and the checkpoint tells the two apart no further. A
 * checkpoint that differs from another checkpoint convicts the device.
 *
 * Entries are fed one by one, so a log of any length takes no more memory than its checkpoints.
 */

import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { type DeviceId, shortId } from '../base/ids.ts'
import type { Sha256 } from '../ledger/encoding/signature.ts'
import { isSameLog, type LogId, type SignedCheckpoint } from './checkpoint.ts'
import { type AuditEntry, decodeEntry } from './entry.ts'
import { CompactRange, hashLeaf } from './tree.ts'

export type FindingKind =
  | 'truncated'
  | 'edited'
  | 'reordered'
  | 'forked'
  | 'malformed'
  | 'unsigned'
  | 'forged'
  | 'stranger'

/** Whose log it is, and which. */
export interface Finding extends LogId {
  readonly kind: FindingKind
  /** The first entry concerned, or null when only a range or nothing is known. */
  readonly position: number | null
  /** Who cosigned the checkpoint that the copy breaks with: whoever changed it must explain itself to these. */
  readonly witnesses: readonly DeviceId[]
  /** What was found, and who answers for it. */
  readonly detail: string
}

/** Positions that say that they are others; more say nothing more. */
const MISPLACED_MAX = 1_000_000

export interface LogVerifierInit extends LogId {
  /** The checkpoint that came with the copy; undefined when there was none that is valid. */
  readonly checkpoint: SignedCheckpoint | undefined
  /**
   * Whether the device has begun a newer log since, so that nobody can give what is missing at the end of this
   * one: that is a gap then, and says nothing of tampering.
   */
  readonly isEnded?: boolean
  /** Other checkpoints of the same log, each opened; duplicates are fine. */
  readonly seen: readonly SignedCheckpoint[]
  /**
   * Hash of the leaf at a position, as the copy claims it. When these lead to the root that the device signed, an
   * edited entry is known by its position.
   */
  readonly leafHash?: (position: number) => Uint8Array | undefined
  readonly sha256: Sha256
}

export class LogVerifier {
  readonly #init: LogVerifierInit
  readonly #range: CompactRange
  /** Of the leaf hashes that the copy brings. */
  readonly #claimed: CompactRange
  #claimedBroken = false
  #dropped = 0
  /** Distinct checkpoints by ascending size. */
  readonly #known: readonly SignedCheckpoint[]
  readonly #signedSizes: ReadonlySet<number>
  /** Root of the copy at each size that somebody signed. */
  readonly #roots = new Map<number, Uint8Array>()
  readonly #misplaced = new Map<number, number>()
  #malformed: { position: number; detail: string } | undefined
  #edited: number | undefined

  constructor(init: LogVerifierInit) {
    this.#init = init
    this.#range = CompactRange.empty(init.sha256)
    this.#claimed = CompactRange.empty(init.sha256)
    const all = init.checkpoint === undefined ? init.seen : [init.checkpoint, ...init.seen]
    for (const each of all) assert(isSameLog(each, init), 'every checkpoint is of this log')
    this.#known = distinct(all)
    this.#signedSizes = new Set(this.#known.map(({ size }) => size))
    this.#noteRoot()
  }

  get size(): number {
    return this.#range.size
  }

  /** Entries of which only the hash is here. */
  get dropped(): number {
    return this.#dropped
  }

  /** Takes the hash of the next entry, of which retention has left no more. */
  addDropped(hash: Uint8Array): void {
    this.#dropped++
    this.#append(hash)
  }

  /** Takes the next entry; returns what it says, if it can be read. */
  add(encoded: Uint8Array): AuditEntry | undefined {
    const position = this.#range.size
    this.#append(hashLeaf(encoded, this.#init.sha256))
    const entry = decodeEntry(encoded)
    if (!entry.ok) {
      this.#malformed ??= { position, detail: `${entry.reason}: ${entry.detail}` }
      return undefined
    }
    const { seq } = entry.value
    if (seq !== position && this.#misplaced.size < MISPLACED_MAX) this.#misplaced.set(position, seq)
    return entry.value
  }

  #append(hash: Uint8Array): void {
    const { leafHash } = this.#init
    const position = this.#range.size
    this.#range.append(hash)
    this.#noteRoot()
    const claimed = leafHash?.(position)
    if (claimed === undefined) this.#claimedBroken = true
    if (!this.#claimedBroken && claimed !== undefined) {
      this.#claimed.append(claimed)
      if (this.#edited === undefined && !equalBytes(claimed, hash)) this.#edited = position
    }
  }

  finish(): Finding[] {
    const { checkpoint, isEnded = false } = this.#init
    const findings = [...this.#forks(), ...this.#forgeries()]
    const isGone = isEnded && this.#range.size === 0 // nothing of it is here to be vouched for
    if (checkpoint === undefined && !isGone) {
      findings.push(this.#finding('unsigned', null, [], 'there is no checkpoint that the device signed'))
      if (this.#known.length === 0) return findings
    }
    const copy = this.#copyFinding(checkpoint)
    if (copy !== undefined) findings.push(copy)
    else findings.push(...this.#history(checkpoint), ...this.#ownFault())
    return findings
  }

  #noteRoot(): void {
    const { size } = this.#range
    if (this.#signedSizes.has(size)) this.#roots.set(size, this.#range.root())
  }

  #finding(
    kind: FindingKind,
    position: number | null,
    witnesses: readonly DeviceId[],
    detail: string
  ): Finding {
    const { device, incarnation } = this.#init
    return { kind, device, incarnation, position, witnesses, detail: `log of ${shortId(device)}: ${detail}` }
  }

  /** Checkpoints that contradict each other, whatever the copy says. */
  #forks(): Finding[] {
    return [...Map.groupBy(this.#known, ({ size }) => size)]
      .filter(([, same]) => same.length > 1)
      .map(([size, same]) =>
        this.#finding(
          'forked',
          null,
          witnessesOf(same),
          `the device signed ${same.length} different checkpoints of ${size} entries, ` +
            `which is proof that it showed different histories to different audiences; ${audiencesOf(same)}`
        )
      )
  }

  #forgeries(): Finding[] {
    return this.#known
      .filter(({ forged, forgedOutsiders }) => forged.length + forgedOutsiders.length > 0)
      .map(({ forged, forgedOutsiders, size }) =>
        this.#finding(
          'forged',
          null,
          forged,
          `the checkpoint of ${size} entries carries cosignatures that are not by ${[...forged.map(shortId), ...forgedOutsiders].join(', ')}`
        )
      )
  }

  /** What sets the copy apart from the checkpoint that came with it. */
  #copyFinding(checkpoint: SignedCheckpoint | undefined): Finding | undefined {
    if (checkpoint === undefined) return undefined
    const { size } = this.#range
    const witnesses = witnessesOf([checkpoint])
    const by = cosigned(checkpoint)
    const beside = this.#misplacement()
    if (beside !== undefined)
      return this.#finding(
        beside.kind,
        beside.position,
        witnesses,
        `${beside.detail}; the checkpoint of ${checkpoint.size} entries that the device signed (${by}) ` +
          `has them in order: the copy was changed`
      )
    if (size < checkpoint.size)
      return this.#finding(
        'truncated',
        size,
        witnessesOf(this.#known.filter(each => each.size > size)),
        `it ends after ${size} entries, but the device signed for ${checkpoint.size} (${by}): ` +
          `${checkpoint.size - size} were cut off the copy`
      )
    const root = this.#roots.get(checkpoint.size)
    if (root !== undefined && equalBytes(root, checkpoint.root)) return undefined
    return this.#finding(
      'edited',
      this.#editedPosition(checkpoint),
      witnesses,
      `${this.#editedWhere(checkpoint)} not what the device signed for in its checkpoint of ` +
        `${checkpoint.size} entries (${by}): the copy was changed`
    )
  }

  #misplacement(): { kind: FindingKind; position: number; detail: string } | undefined {
    const [first] = this.#misplaced
    if (first === undefined) return undefined
    const [position, seq] = first
    const seqs = new Set(this.#misplaced.values())
    const isPermuted =
      seqs.size === this.#misplaced.size && [...this.#misplaced.keys()].every(each => seqs.has(each))
    if (isPermuted)
      return {
        kind: 'reordered',
        position,
        detail: `${this.#misplaced.size} entries stand in places of others: at ${position} is entry ${seq}`
      }
    return seq > position
      ? {
          kind: 'truncated',
          position,
          detail: `entry ${position} is missing: entry ${seq} stands in its place`
        }
      : { kind: 'edited', position, detail: `at ${position} stands an entry that says it is entry ${seq}` }
  }

  #editedPosition(checkpoint: SignedCheckpoint): number | null {
    const isProved =
      !this.#claimedBroken &&
      this.#claimed.size === checkpoint.size &&
      equalBytes(this.#claimed.root(), checkpoint.root)
    return isProved ? (this.#edited ?? null) : null
  }

  /** The entry, or the narrowest range between two checkpoints that it must be in. */
  #editedWhere(checkpoint: SignedCheckpoint): string {
    const position = this.#editedPosition(checkpoint)
    if (position !== null) return `entry ${position} is`
    let begin = 0
    for (const { size, root } of this.#known) {
      const ours = this.#roots.get(size)
      if (ours === undefined || size > checkpoint.size) break
      if (!equalBytes(ours, root)) return `an entry from ${begin} to ${size - 1} is`
      begin = size
    }
    return `an entry from ${begin} to ${checkpoint.size - 1} is`
  }

  /** The copy is what its checkpoint says; now whether that agrees with all else the device signed. */
  #history(checkpoint: SignedCheckpoint | undefined): Finding[] {
    const findings: Finding[] = []
    for (const each of this.#known) {
      if (checkpoint !== undefined && each.size === checkpoint.size) continue // a contradiction is a fork already
      const root = this.#roots.get(each.size)
      if (root === undefined && this.#init.isEnded === true) continue
      if (root === undefined)
        findings.push(
          this.#finding(
            'truncated',
            this.#range.size,
            witnessesOf([each]),
            `it ends after ${this.#range.size} entries, but the device signed for ${each.size} before ` +
              `(${cosigned(each)}): the device, or whoever gave this copy, left out ` +
              `${each.size - this.#range.size}`
          )
        )
      else if (!equalBytes(root, each.root))
        findings.push(
          this.#finding(
            'forked',
            null,
            witnessesOf([each]),
            `the device signed a checkpoint of ${each.size} entries (${cosigned(each)}) that is not the ` +
              'beginning of the log it signs now: it rewrote its history'
          )
        )
    }
    return findings
  }

  #ownFault(): Finding[] {
    if (this.#malformed === undefined) return []
    const { position, detail } = this.#malformed
    return [
      this.#finding('malformed', position, [], `entry ${position}, which the device signed for, is ${detail}`)
    ]
  }
}

/** Ascending by size, each size and root once, with the cosignatures of all its copies. */
function distinct(checkpoints: readonly SignedCheckpoint[]): SignedCheckpoint[] {
  const found: SignedCheckpoint[] = []
  for (const each of checkpoints) {
    const at = found.findIndex(known => known.size === each.size && equalBytes(known.root, each.root))
    const known = found[at]
    if (known === undefined) {
      found.push(each)
      continue
    }
    const more = each.cosignatures.filter(
      cosignature => !known.cosignatures.some(({ witness }) => witness === cosignature.witness)
    )
    const forged = [...new Set([...known.forged, ...each.forged])]
    const forgedOutsiders = [...new Set([...known.forgedOutsiders, ...each.forgedOutsiders])]
    const outsiders = [...known.outsiders]
    for (const one of each.outsiders)
      if (!outsiders.some(({ name }) => name === one.name)) outsiders.push(one)
    found[at] = {
      ...known,
      ...{ cosignatures: [...known.cosignatures, ...more], forged, outsiders, forgedOutsiders }
    }
  }
  return found.sort((a, b) => a.size - b.size)
}

export function witnessesOf(checkpoints: readonly SignedCheckpoint[]): DeviceId[] {
  const all = checkpoints.flatMap(({ cosignatures }) => cosignatures.map(({ witness }) => witness))
  return [...new Set(all)].sort()
}

export function cosigned(checkpoint: SignedCheckpoint): string {
  const outside = checkpoint.outsiders.map(({ name }) => name).sort()
  const witnesses = [...witnessesOf([checkpoint]).map(shortId), ...outside]
  return witnesses.length === 0 ? 'cosigned by nobody' : `cosigned by ${witnesses.join(', ')}`
}

function audiencesOf(checkpoints: readonly SignedCheckpoint[]): string {
  return checkpoints.map((each, index) => `number ${index + 1} is ${cosigned(each)}`).join(', ')
}
