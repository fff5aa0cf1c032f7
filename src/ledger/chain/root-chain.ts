/**
 * The authority chain of one org, as one peer holds it: root records come in from anywhere in any order, and a chain
 * comes out that is the same for every peer that holds the same records. There is no clock and no vote on it.
 *
 * From root.v1 on, the one valid successor of the head that counts (root-siblings.ts) is the next head. Where several
 * contest each other the chain ends at their predecessor and is *frozen*: no authority comes from any of them, the
 * head stays in force, and whoever signed more than one is named, with the records as proof. A single recovery
 * successor of the head outranks the ordinary ones and so ends the freeze. Several recovery successors contest each
 * other without end: nothing outranks them.
 *
 * A record is in one of these states:
 * - waiting: its predecessor is not here, so nothing of it is proved (root-orphans.ts);
 * - kept, on the chain;
 * - kept, aside: valid, but contested, outranked, or a successor of such a root. A root aside can come (back) onto the
 *   chain when what contests it is resolved, so its successors are kept as well;
 * - not kept: invalid, or beyond a limit.
 *
 * Limits. The listed successors of each root of the chain always have room: a peer can not be filled up so that it
 * misses the root that counts. Everything else aside shares a limit; what that turns away comes again by sync once it
 * matters. What others build on is never let go, however much contests it.
 *
 * Everything is in memory: the caller writes the records that `add` reports as kept, and adds them again at start.
 */

import { assert, defined } from '../../base/assert.ts'
import { compareBytes, concatBytes, equalBytes, toHex } from '../../base/bytes.ts'
import { type DeviceId, idBytes, type OperationId, type OrgId } from '../../base/ids.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import type { Sha256, Verify } from '../encoding/signature.ts'
import { parseRoot, proveRoot, type Root, type RootFault, type UnprovenRoot } from './root.ts'
import { RootOrphans } from './root-orphans.ts'
import { type Equivocation, equivocationsAmong, Siblings } from './root-siblings.ts'

/** Versions that a chain can have. */
export const CHAIN_ROOTS_MAX = 1024
/** Room for roots that are not among the listed successors of a root of the chain. */
export const ROOTS_ASIDE_MAX = 256

export interface Freeze {
  /** The version that is contested: the head's and one. */
  readonly version: number
  /** Hashes of the roots that contest each other, ascending. */
  readonly contested: readonly Uint8Array[]
  /** The same roots: their records prove what the freeze says. */
  readonly roots: readonly Root[]
  /** Keys that signed more than one of them, ascending; never empty. */
  readonly equivocators: readonly DeviceId[]
  /** The same with what each of them signed. */
  readonly evidence: readonly Equivocation[]
}

export type RootChainFault = RootFault | 'foreign-org' | 'chain-full'

export interface WaitingRoot {
  readonly version: number
  readonly hash: Uint8Array
  /** The root that it waits for. */
  readonly prev: Uint8Array
}

export type RootAddition =
  /** `kept`: new records, or known ones with more signatures, each after its predecessor; to be made durable. */
  | { readonly outcome: 'kept'; readonly kept: readonly Root[]; readonly chainMoved: boolean }
  | { readonly outcome: 'known' }
  | { readonly outcome: 'waiting'; readonly root: WaitingRoot }
  /** Valid, and one sibling too many. */
  | { readonly outcome: 'surplus' }

/** A position in a feed, with the one question about the feed's branches that a frontier asks. */
export interface FeedPosition {
  readonly author: DeviceId
  readonly incarnation: string
  readonly seq: number
  /** Whether the operation lies on the branch that leads to operation `id` at position `seq`: is it, or before it. */
  isOnBranch(id: OperationId, seq: number): boolean
}

interface Keys {
  readonly verify: Verify
  readonly sha256: Sha256
}

interface View {
  readonly roots: readonly Root[]
  /** Index in `roots` by hash. */
  readonly places: ReadonlyMap<string, number>
  readonly freeze: Freeze | undefined
}

export class RootChain {
  readonly founding: Root
  readonly #keys: Keys
  /** Every root that is kept, by hash; of a root with records of both kinds, the one that counts. */
  readonly #roots = new Map<string, Root>()
  /** By the hash of the predecessor. */
  readonly #siblings = new Map<string, Siblings>()
  readonly #orphans = new RootOrphans()
  #view: View

  /** `founding` is a validated root.v1 (see `decodeRoot`). */
  constructor(founding: Root, keys: Keys) {
    assert(founding.succession === 'founding', 'a chain begins with root.v1')
    this.founding = founding
    this.#keys = keys
    this.#roots.set(toHex(founding.hash), founding)
    this.#view = this.#walk()
  }

  /** The newest root in force. */
  get head(): Root {
    return defined(this.#view.roots.at(-1), 'head of the chain')
  }

  /** The chain: root.v1 to the head. */
  get roots(): readonly Root[] {
    return this.#view.roots
  }

  get freeze(): Freeze | undefined {
    return this.#view.freeze
  }

  /** Keys that signed several roots where one was theirs to sign, on the chain or aside, resolved or not. */
  get equivocations(): readonly Equivocation[] {
    return [...this.#siblings.values()]
      .flatMap(siblings => siblings.equivocations())
      .sort((a, b) => a.version - b.version || (a.key < b.key ? -1 : 1))
  }

  /**
   * What to call the state of this chain toward a peer: two chains that answer the same need not exchange roots. While
   * frozen it is the contested version with the SHA-256 over the contested hashes, which no root has.
   */
  get newest(): { readonly version: number; readonly hash: Uint8Array } {
    const { freeze, head } = this
    return freeze === undefined
      ? { version: head.version, hash: head.hash }
      : { version: freeze.version, hash: this.#keys.sha256(concatBytes(freeze.contested)) }
  }

  /** A root by its hash; `contested` when it is valid and not of the chain: contested, outranked or behind such a root. */
  find(hash: Uint8Array): { readonly root: Root; readonly contested: boolean } | undefined {
    const name = toHex(hash)
    const root = this.#roots.get(name)
    return root && { root, contested: !this.#view.places.has(name) }
  }

  /** Every record that is kept, the ones aside included: by version, then hash, so each after its predecessor. */
  records(): readonly Root[] {
    const records = new Set(this.#roots.values())
    for (const siblings of this.#siblings.values()) for (const root of siblings.roots()) records.add(root)
    return [...records].sort(
      (a, b) =>
        a.version - b.version ||
        compareBytes(a.hash, b.hash) ||
        (a.succession < b.succession ? -1 : a.succession > b.succession ? 1 : 0)
    )
  }

  /** Records whose predecessor is not here; nothing of them is proved. */
  waiting(): readonly WaitingRoot[] {
    return this.#orphans.values().map(waitingRoot)
  }

  /**
   * Whether an operation by an admin of the root that it names comes after what the next root lets count of that
   * admin's feeds. False for operations under the head, by others, or under a root that is not of the chain: what
   * those may do is decided without the frontier.
   */
  isBeyondFrontier(at: FeedPosition, rootHash: Uint8Array): boolean {
    const place = this.#view.places.get(toHex(rootHash))
    const named = place === undefined ? undefined : this.roots[place]
    const next = place === undefined ? undefined : this.roots[place + 1]
    if (named === undefined || next === undefined || !named.admins.includes(at.author)) return false
    const last = next.frontier.find(
      entry => entry.author === at.author && entry.incarnation === at.incarnation
    )
    return last === undefined || at.seq > last.seq || !at.isOnBranch(last.id, last.seq)
  }

  /**
   * Takes a record of any origin. `keptBefore` is only for records that this device itself kept and reads back: it
   * never lets go of them for want of room.
   */
  add(record: Uint8Array, { keptBefore = false } = {}): Outcome<RootAddition, RootChainFault> {
    const parsed = parseRoot(record, this.#keys.sha256)
    if (!parsed.ok) return parsed
    const unproven = parsed.value
    const { terms, hash } = unproven
    if (terms.prev === null) {
      return equalBytes(hash, this.founding.hash)
        ? accepted({ outcome: 'known' })
        : rejected('foreign-org', 'it founds another org')
    }
    if (terms.version > CHAIN_ROOTS_MAX)
      return rejected('chain-full', `version ${terms.version}, a chain has at most ${CHAIN_ROOTS_MAX}`)
    if (this.#isHeld(unproven)) return accepted({ outcome: 'known' })
    if (!this.#roots.has(toHex(terms.prev))) {
      const digest = this.#keys.sha256(record)
      if (this.#orphans.has(digest)) return accepted({ outcome: 'known' })
      this.#orphans.park(unproven, digest)
      return accepted({ outcome: 'waiting', root: waitingRoot(unproven) })
    }
    return this.#attach(unproven, keptBefore)
  }

  /** Whether a record brings no signature that is not here, which costs no verification to see. */
  #isHeld({ terms, hash, signatures }: UnprovenRoot): boolean {
    const siblings = this.#siblings.get(toHex(terms.prev ?? new Uint8Array()))
    const held = siblings?.roots().filter(root => equalBytes(root.hash, hash)) ?? []
    return held.some(root =>
      signatures.every(({ key, signature }) =>
        root.signatures.some(other => other.key === key && equalBytes(other.signature, signature))
      )
    )
  }

  /** Proves a record by its predecessor, and then whatever waited for it. */
  #attach(first: UnprovenRoot, keptBefore: boolean): Outcome<RootAddition, RootChainFault> {
    const before = this.#view
    const verdict = this.#take(first, keptBefore)
    if (!verdict.ok || verdict.value.outcome !== 'kept') return verdict
    const kept = [...verdict.value.kept]
    for (const root of kept)
      for (const unproven of this.#orphans.release(root.hash)) {
        const taken = this.#take(unproven, keptBefore)
        if (taken.ok && taken.value.outcome === 'kept') kept.push(...taken.value.kept)
      }
    return accepted({ outcome: 'kept', kept, chainMoved: !isSameView(before, this.#view) })
  }

  #take(unproven: UnprovenRoot, keptBefore: boolean): Outcome<RootAddition, RootChainFault> {
    const awaited = toHex(unproven.terms.prev ?? new Uint8Array())
    const predecessor = defined(this.#roots.get(awaited), 'predecessor of a root')
    const proved = proveRoot(unproven, { verify: this.#keys.verify, predecessor })
    if (!proved.ok) return proved
    const hasRoom = keptBefore || this.#countAside() < ROOTS_ASIDE_MAX
    const isNew = !this.#roots.has(toHex(proved.value.hash))
    if (isNew && !hasRoom && !this.#view.places.has(awaited))
      return rejected('chain-full', `${ROOTS_ASIDE_MAX} roots lie aside of the chain already`)
    const siblings = this.#siblings.get(awaited) ?? new Siblings(predecessor)
    const taking = siblings.take(proved.value, { hasRoom })
    if (taking.outcome !== 'kept') return accepted({ outcome: taking.outcome })
    this.#siblings.set(awaited, siblings)
    this.#name(taking.root)
    if (!hasRoom) this.#release(siblings)
    this.#view = this.#walk()
    return accepted({ outcome: 'kept', kept: [taking.root], chainMoved: false })
  }

  #name(root: Root): void {
    const name = toHex(root.hash)
    const known = this.#roots.get(name)
    if (known?.succession !== 'recovery' || root.succession === 'recovery') this.#roots.set(name, root)
  }

  /** Lets siblings go that are crowded out and on which nothing here builds. */
  #release(siblings: Siblings): void {
    for (const { hash } of siblings.release(root => this.#siblings.has(toHex(root.hash)))) {
      const isKept = siblings.roots().some(root => equalBytes(root.hash, hash))
      if (!isKept) this.#roots.delete(toHex(hash))
    }
  }

  /** Records that are not among the listed successors of a root of the chain. */
  #countAside(): number {
    let aside = 0
    for (const [predecessor, siblings] of this.#siblings)
      aside += this.#view.places.has(predecessor) ? siblings.unlisted : siblings.roots().length
    return aside
  }

  #walk(): View {
    const roots: Root[] = [this.founding]
    const places = new Map([[toHex(this.founding.hash), 0]])
    for (let head = this.founding; ; ) {
      const choice = this.#siblings.get(toHex(head.hash))?.choice()
      if (choice === undefined || choice.outcome === 'none') return { roots, places, freeze: undefined }
      if (choice.outcome === 'contested') return { roots, places, freeze: freezeOf(choice.roots) }
      head = choice.root
      places.set(toHex(head.hash), roots.length)
      roots.push(head)
    }
  }
}

export interface RefusedRoot {
  readonly record: Uint8Array
  readonly reason: RootChainFault
  readonly detail: string
}

/**
 * The chain of an org from records in any order that this device kept, or that a joiner is handed in one bounded
 * message. Fails when root.v1 of the org is not among them; other records that can not be kept are listed.
 */
export function openRootChain(
  records: readonly Uint8Array[],
  { org, verify, sha256 }: Keys & { readonly org: OrgId }
): Outcome<
  {
    readonly chain: RootChain
    readonly refused: readonly RefusedRoot[]
  },
  'no-founding-root'
> {
  const refused: RefusedRoot[] = []
  const read: { readonly record: Uint8Array; readonly unproven: UnprovenRoot }[] = []
  for (const record of records) {
    const parsed = parseRoot(record, sha256)
    if (parsed.ok) read.push({ record, unproven: parsed.value })
    else refused.push({ record, reason: parsed.reason, detail: parsed.detail })
  }
  const founding = read
    .filter(({ unproven }) => equalBytes(unproven.hash, idBytes(org)))
    .map(({ unproven }) => proveRoot(unproven, { verify }))
    .find(proved => proved.ok)
  if (founding?.ok !== true) return rejected('no-founding-root', 'no record is a valid first root of the org')
  const chain = new RootChain(founding.value, { verify, sha256 })
  // By version, so that few have to wait.
  for (const { record } of read.sort((x, y) => x.unproven.terms.version - y.unproven.terms.version)) {
    const added = chain.add(record, { keptBefore: true })
    if (!added.ok) refused.push({ record, reason: added.reason, detail: added.detail })
  }
  return accepted({ chain, refused })
}

function waitingRoot({ terms, hash }: UnprovenRoot): WaitingRoot {
  return { version: terms.version, hash, prev: defined(terms.prev, 'predecessor of a waiting root') }
}

function freezeOf(roots: readonly Root[]): Freeze {
  const evidence = equivocationsAmong(roots)
  // Each was signed by a majority of the same keys, so some key signed two.
  assert(evidence.length > 0, 'contested roots have a signer in common')
  return {
    version: defined(roots[0], 'contested root').version,
    contested: roots.map(root => root.hash),
    roots,
    equivocators: evidence.map(({ key }) => key),
    evidence
  }
}

function isSameView(a: View, b: View): boolean {
  const names = (view: View) =>
    [view.roots.at(-1)?.hash, ...(view.freeze?.contested ?? [])].map(hash => toHex(hash ?? new Uint8Array()))
  return names(a).join() === names(b).join()
}
