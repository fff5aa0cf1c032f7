/** Shorthand for chains of roots in tests: successors that differ in what a test says, signed by whom it says. */

import { assert } from '../../base/assert.ts'
import { compareBytes } from '../../base/bytes.ts'
import { signId } from '../encoding/signature.ts'
import { foundOrg, sha256, signedRoot, type TestKey, verify } from '../fold/org-fixture.conformance.ts'
import { decodeRoot, type Root, type RootSignature, type RootTerms, rootBytes } from './root.ts'
import { ROOTS_ASIDE_MAX, RootChain } from './root-chain.ts'
import { SIBLINGS_MAX } from './root-siblings.ts'

export const KEYS = { verify, sha256 }

export function termsAfter(predecessor: Root, changes: Partial<RootTerms> = {}): RootTerms {
  const { hash: prev, version } = predecessor
  return { ...predecessor, version: version + 1, prev, frontier: [], ...changes }
}

export function recordAfter(
  predecessor: Root,
  signers: readonly TestKey[],
  changes: Partial<RootTerms> = {}
): Uint8Array {
  return signedRoot(termsAfter(predecessor, changes), signers)
}

/** A successor that is valid; a test that means another one says so by `recordAfter`. */
export function rootAfter(
  predecessor: Root,
  signers: readonly TestKey[],
  changes: Partial<RootTerms> = {}
): Root {
  const root = decodeRoot(recordAfter(predecessor, signers, changes), { ...KEYS, predecessor })
  assert(root.ok, `a successor is valid: ${root.ok ? '' : root.detail}`)
  return root.value
}

export function voteFor(terms: RootTerms, key: TestKey): RootSignature {
  return { key: key.id, signature: signId('root', sha256(rootBytes(terms)), key.sign) }
}

/** An org of these admins, whose recovery keys are in place from the start. */
export function orgWith(admins: readonly TestKey[], recovery: readonly TestKey[] = []): Root {
  return foundOrg(admins, { recovery: recovery.map(key => key.id) })
}

export function chainOf(founding: Root, records: readonly (Root | Uint8Array)[]): RootChain {
  const chain = new RootChain(founding, KEYS)
  for (const record of records) chain.add(record instanceof Uint8Array ? record : record.record)
  return chain
}

/** A chain that grew longer than all the room aside, and then lay aside as a whole, crowded out by its siblings. */
export function crowdedOut(founding: Root, signers: readonly TestKey[]): RootChain {
  const many = Array.from({ length: 2 * SIBLINGS_MAX }, (_, index) =>
    rootAfter(founding, signers, { timeMs: founding.timeMs + 1 + index })
  ).sort((x, y) => compareBytes(x.hash, y.hash))
  const tail = [many.at(-1) as Root]
  while (tail.length <= ROOTS_ASIDE_MAX + 1) tail.push(rootAfter(tail.at(-1) as Root, signers))
  return chainOf(founding, [...tail, ...many])
}
