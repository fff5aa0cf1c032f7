/**
 * The successors of one root that a peer holds, and which of them counts.
 *
 * The rule: if any is a recovery successor, exactly one of these; else exactly one ordinary one. Several of the kind
 * that decides contest each other, and none of them counts.
 *
 * The two kinds are kept apart. Of each, the roots of the smallest hashes are *listed*, up to a limit: these decide and
 * are shown. Which are listed does not depend on the order of arrival, and ordinary successors, however many a
 * majority of stolen keys makes, never push out the recovery successor that ends it. Others are kept while there is
 * room or while they have successors: one of them may be the root on which an org has been building for years.
 *
 * Records of one root that differ in their signatures are merged. For that to be independent of order too, an
 * ordinary successor carries no signature by a recovery key: if a majority of those had signed it would be a recovery
 * successor, and less than a majority says nothing. Where one key signed twice, the smaller signature stays.
 */

import { compareBytes, equalBytes, toHex } from '../../base/bytes.ts'
import type { DeviceId } from '../../base/ids.ts'
import { type Root, type RootSignature, withSignatures } from './root.ts'

/** Successors of one root that are listed, of each kind. */
export const SIBLINGS_MAX = 4

/** A key that signed several successors of one root: it broke its word to sign one. */
export interface Equivocation {
  readonly key: DeviceId
  /** The version that it signed more than once. */
  readonly version: number
  /** The roots that it signed, ascending. */
  readonly hashes: readonly Uint8Array[]
}

export type Choice =
  | { readonly outcome: 'none' }
  | { readonly outcome: 'chosen'; readonly root: Root }
  /** In the order of their hashes. */
  | { readonly outcome: 'contested'; readonly roots: readonly Root[] }

export type Taking =
  | { readonly outcome: 'kept'; readonly root: Root }
  | { readonly outcome: 'known' }
  /** Enough of its kind have smaller hashes, and there is no room for more. */
  | { readonly outcome: 'surplus' }

type Kind = 'ordinary' | 'recovery'

export class Siblings {
  readonly #predecessor: Root
  /** By hash, ascending; the first are listed. */
  readonly #kept: Record<Kind, readonly Root[]> = { ordinary: [], recovery: [] }

  constructor(predecessor: Root) {
    this.#predecessor = predecessor
  }

  /** Takes a root that is proved to succeed the predecessor; `hasRoom`: for one that would not be listed. */
  take(proved: Root, { hasRoom }: { readonly hasRoom: boolean }): Taking {
    const kind: Kind = proved.succession === 'recovery' ? 'recovery' : 'ordinary'
    const root = kind === 'ordinary' ? this.#withoutRecoverySignatures(proved) : proved
    const kept = this.#kept[kind]
    const before = kept.find(other => equalBytes(other.hash, root.hash))
    if (before !== undefined) {
      const merged = mergedSignatures(before.signatures, root.signatures)
      if (isSameSignatures(merged, before.signatures)) return { outcome: 'known' }
      const whole = withSignatures(before, merged)
      this.#kept[kind] = kept.map(other => (other === before ? whole : other))
      return { outcome: 'kept', root: whole }
    }
    const sorted = [...kept, root].sort((a, b) => compareBytes(a.hash, b.hash))
    if (!hasRoom && sorted.indexOf(root) >= SIBLINGS_MAX) return { outcome: 'surplus' }
    this.#kept[kind] = sorted
    return { outcome: 'kept', root }
  }

  /** Lets those go that are not listed and that `isNeeded` does not ask for; answers them. */
  release(isNeeded: (root: Root) => boolean): readonly Root[] {
    const released: Root[] = []
    for (const kind of ['ordinary', 'recovery'] as const) {
      const going = this.#kept[kind].slice(SIBLINGS_MAX).filter(root => !isNeeded(root))
      this.#kept[kind] = this.#kept[kind].filter(root => !going.includes(root))
      released.push(...going)
    }
    return released
  }

  choice(): Choice {
    const recovery = this.#listed('recovery')
    const deciding = recovery.length > 0 ? recovery : this.#listed('ordinary')
    const [root] = deciding
    if (root === undefined) return { outcome: 'none' }
    return deciding.length === 1 ? { outcome: 'chosen', root } : { outcome: 'contested', roots: deciding }
  }

  /** Every record that is kept; one root may have one of each kind. */
  roots(): readonly Root[] {
    return [...this.#kept.ordinary, ...this.#kept.recovery]
  }

  /** How many are kept without being listed. */
  get unlisted(): number {
    const { ordinary, recovery } = this.#kept
    return Math.max(0, ordinary.length - SIBLINGS_MAX) + Math.max(0, recovery.length - SIBLINGS_MAX)
  }

  /**
   * Who signed more than one of a kind. An admin who signed an ordinary successor, and then, as one of the new admins,
   * the recovery successor that ended a contest, did nothing wrong.
   */
  equivocations(): Equivocation[] {
    return [...equivocationsAmong(this.#listed('ordinary')), ...equivocationsAmong(this.#listed('recovery'))]
  }

  #listed(kind: Kind): readonly Root[] {
    return this.#kept[kind].slice(0, SIBLINGS_MAX)
  }

  #withoutRecoverySignatures(root: Root): Root {
    const { admins } = this.#predecessor
    const counted = root.signatures.filter(({ key }) => admins.includes(key) || root.admins.includes(key))
    return counted.length === root.signatures.length ? root : withSignatures(root, counted)
  }
}

/** Keys that signed more than one of `roots`, which are of one version and differ; ascending by key. */
export function equivocationsAmong(roots: readonly Root[]): Equivocation[] {
  const signed = new Map<DeviceId, Root[]>()
  for (const root of roots)
    for (const key of root.signers) {
      const others = signed.get(key)
      if (others === undefined) signed.set(key, [root])
      else others.push(root)
    }
  return [...signed]
    .filter(([, both]) => both.length > 1)
    .map(([key, both]) => ({
      key,
      version: both[0]?.version ?? 0,
      hashes: both.map(root => root.hash).sort(compareBytes)
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
}

function mergedSignatures(a: readonly RootSignature[], b: readonly RootSignature[]): RootSignature[] {
  const merged = new Map<DeviceId, Uint8Array>()
  for (const { key, signature } of [...a, ...b]) {
    const other = merged.get(key)
    if (other === undefined || compareBytes(signature, other) < 0) merged.set(key, signature)
  }
  return [...merged].map(([key, signature]) => ({ key, signature })).sort((x, y) => (x.key < y.key ? -1 : 1))
}

function isSameSignatures(a: readonly RootSignature[], b: readonly RootSignature[]): boolean {
  const name = ({ key, signature }: RootSignature) => key + toHex(signature)
  return a.length === b.length && a.every((entry, index) => name(entry) === name(b[index] ?? entry))
}
