/**
 * Fuzz target of roots: each input is tried as a record, as the bytes of a root inside one, and as a proposal, with
 * every signature taken for good, since a mutation never hits a real one. What decodes is written again to the very
 * same bytes; and no record, whatever it is, makes a chain throw or lose its beginning.
 */

import { createHash } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { operationIdFromBytes } from '../../base/ids.ts'
import type { Sha256 } from '../encoding/signature.ts'
import { foundOrg, INCARNATION, keyNamed } from '../fold/org-fixture.conformance.ts'
import { assembleRootRecord, parseRoot, type Root, rootBytes } from './root.ts'
import { RootChain } from './root-chain.ts'
import { describeChanges, describeFrontier } from './root-changes.ts'
import { rootAfter } from './root-fixture.conformance.ts'
import { decodeTerms } from './root-terms.ts'
import { rootCandidates } from './root-votes.ts'

const UNSIGNED = new Uint8Array(64)
const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
const keys = { verify: () => true, sha256 }

const [a, b, r] = [keyNamed('a'), keyNamed('b'), keyNamed('r')]
const founding = foundOrg([a, b], { recovery: [r.id] })
const operation = operationIdFromBytes(new Uint8Array(32).fill(7))
const second = rootAfter(founding, [a, b], {
  approvals: new Map([['content.recall', 2]]),
  frontier: [
    { author: a.id, incarnation: INCARNATION, seq: 3, id: operation },
    { author: b.id, incarnation: INCARNATION, seq: 4, id: operation }
  ]
})
const rival = rootAfter(founding, [a, b], { orgName: 'Acme Holding' })
const recovery = rootAfter(founding, [a, r], { admins: [a.id], threshold: 1 })
const third = rootAfter(second, [a, b])
const roots: readonly Root[] = [founding, second, rival, recovery, third]

export const seeds: Uint8Array[] = roots.flatMap(root => [root.record, rootBytes(root)])

export function fuzz(input: Uint8Array): void {
  const terms = decodeTerms(input)
  if (terms.ok) {
    assert(equalBytes(rootBytes(terms.value), input), 'a root has one encoding')
    describeChanges(second, terms.value)
    describeFrontier(second, terms.value)
  }
  const votes = [a, b, r].map(({ id }) => ({ key: id, signature: UNSIGNED }))
  checkRecord(input)
  checkRecord(assembleRootRecord(input, votes))
  const hash = sha256(input)
  const { candidates } = rootCandidates(
    { head: founding, roots: [founding] },
    {
      proposals: [{ hash, bytes: input, operation }],
      votes: votes.map(vote => ({ ...vote, hash, operation }))
    },
    keys
  )
  for (const { ready } of candidates)
    assert(
      ready === undefined || new RootChain(founding, keys).add(ready.record).ok,
      'what is ready is valid'
    )
}

function checkRecord(record: Uint8Array): void {
  const parsed = parseRoot(record, sha256)
  if (parsed.ok) {
    const { encoded, signatures } = parsed.value
    assert(equalBytes(assembleRootRecord(encoded, signatures), record), 'a record has one encoding')
  }
  const chain = new RootChain(founding, keys)
  chain.add(record)
  for (const root of roots) chain.add(root.record)
  chain.add(record)
  assert(chain.roots[0] === founding, 'a chain keeps its beginning')
  assert(chain.records().length <= roots.length + 2, 'a record is kept once, of each kind')
}
