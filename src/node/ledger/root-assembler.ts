/**
 * Brings the next root into force: looks at the proposals and votes that the ledger holds, and when the votes suffice
 * makes the record of them and takes it. Every node does this for itself, so nobody has to be asked to; that all make
 * the same of the same votes is root-votes.ts's promise.
 *
 * Counted are votes that the fold has in force, and those that lack force only because the root has expired: else an
 * expired root could never be followed. A vote weighs by its signature alone, whoever brought it.
 */

import { toHex } from '../../base/bytes.ts'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import {
  type RootCandidates,
  type RootProposal,
  type RootVote,
  rootCandidates,
  signedBefore
} from '../../ledger/chain/root-votes.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Log } from '../log.ts'
import { type LedgerKeeper, verify } from './ledger-keeper.ts'

const KEYS = { verify, sha256 }

interface Ballot {
  readonly proposals: readonly RootProposal[]
  readonly votes: readonly RootVote[]
}

export class RootAssembler {
  readonly #keeper: LedgerKeeper
  readonly #log: Log
  readonly #operations = new Set<OperationId>()
  #isBusy = false

  constructor({ keeper, log }: { keeper: LedgerKeeper; log: Log }) {
    this.#keeper = keeper
    this.#log = log
    keeper.on({
      onAccepted: accepted => {
        if (this.#note(accepted)) this.#assemble()
      },
      onRoots: () => this.#assemble()
    })
    keeper.onWhole(() => {
      this.#note(keeper.ledger.operations())
      this.#assemble()
    })
  }

  /** What stands to vote. */
  candidates(): RootCandidates {
    const { chain } = this.#keeper
    const counts = (id: OperationId): boolean => {
      const verdict = this.#keeper.ledger.verdict(id)
      return verdict?.inForce === true || verdict?.inert.reason === 'expired-root'
    }
    return rootCandidates(chain, this.#ballot(counts), KEYS)
  }

  /** The other root of the same version that a key signed, in a vote of whatever force or in a record. */
  signedBefore(key: DeviceId, hash: Uint8Array): Uint8Array | undefined {
    const known = { roots: this.#keeper.chain.records(), ...this.#ballot(() => true) }
    return signedBefore({ key, hash }, known, KEYS)
  }

  #ballot(counts: (id: OperationId) => boolean): Ballot {
    const { ledger } = this.#keeper // before it is whole, there are operations that were not noted
    const proposals: RootProposal[] = []
    const votes: RootVote[] = []
    for (const id of this.#operations) {
      const content = ledger.get(id)?.content
      if (content === undefined || !counts(id)) continue
      if (content.type === 'root.propose')
        proposals.push({ hash: content.hash, bytes: content.bytes, operation: id })
      if (content.type === 'root.vote')
        votes.push({ hash: content.hash, key: content.key, signature: content.signature, operation: id })
    }
    return { proposals, votes }
  }

  /** Whether any of them is a proposal or a vote. */
  #note(operations: Iterable<Operation>): boolean {
    const before = this.#operations.size
    for (const { id, content } of operations)
      if (content?.type === 'root.propose' || content?.type === 'root.vote') this.#operations.add(id)
    return this.#operations.size > before
  }

  #assemble(): void {
    // Taking a root tells the listeners of the keeper, this one among them.
    if (this.#isBusy || this.#operations.size === 0) return
    this.#isBusy = true
    try {
      // Where several are ready they contest each other, and everyone is to know.
      const ready = this.candidates().candidates.flatMap(candidate => candidate.ready ?? [])
      if (ready.length === 0 || !this.#keeper.takeRoots(ready.map(root => root.record))) return
      for (const { version, hash, signers } of ready)
        this.#log.info({ version, hash: toHex(hash), signers }, 'enough keys signed the next root')
    } finally {
      this.#isBusy = false
    }
  }
}
