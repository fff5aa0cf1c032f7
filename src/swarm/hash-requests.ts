/**
 * Hash requests that we have out (BEP 52): bounded per peer, matched to their answers, and given back to whoever
 * asked when a peer refuses, goes, or does not answer in time. Used to fetch piece layers and to find bad blocks.
 */

import { toHex } from '../base/bytes.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { uncleCount } from '../content/merkle-proof.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import type { HashRange, Violation } from './wire-messages.ts'

/** Who asked. Exactly one of the two is called, once. */
export interface HashAsker {
  /** The answer: hashes, then uncles, as many as were asked for. A returned violation is the peer's. */
  onHashes(session: Session, hashes: Uint8Array): Violation | undefined
  /** This peer will not answer. */
  onNone(session: Session): void
}

interface Outstanding {
  readonly asker: HashAsker
  readonly sentAtMs: number
}

interface Ledger {
  readonly outstanding: Map<string, Outstanding>
  /** Requests that timed out and may still be answered. */
  readonly late: Set<string>
}

/** Late answers that a peer may owe; one that owes more is not asked again. */
const LATE_MAX = 64

export class HashRequests {
  readonly #context: TransferContext
  readonly #ledgers = new Map<Session, Ledger>()

  constructor(context: TransferContext) {
    this.#context = context
  }

  get isEmpty(): boolean {
    for (const { outstanding } of this.#ledgers.values()) if (outstanding.size > 0) return false
    return true
  }

  hasRoom(session: Session): boolean {
    if (session.flags === undefined) return false
    const ledger = this.#ledgers.get(session)
    if (ledger === undefined) return true
    return ledger.outstanding.size < this.#context.limits.hashRequestsPerPeer && ledger.late.size < LATE_MAX
  }

  /** Asks for a run of hashes. False when the same is being asked already. */
  ask(session: Session, range: HashRange, asker: HashAsker): boolean {
    const ledger = this.#ledgerOf(session)
    const key = rangeKey(range)
    if (ledger.outstanding.has(key) || ledger.late.has(key)) return false
    ledger.outstanding.set(key, { asker, sentAtMs: this.#context.nowMs })
    this.#context.send(session, { type: 'hash-request', ...range })
    return true
  }

  onHashes(session: Session, range: HashRange, hashes: Uint8Array): Violation | undefined {
    const ledger = this.#ledgerOf(session)
    const key = rangeKey(range)
    const outstanding = ledger.outstanding.get(key)
    if (outstanding === undefined) {
      if (ledger.late.delete(key)) return undefined
      return { reason: 'unrequested-hashes', detail: `${range.length} hashes at ${range.index}` }
    }
    ledger.outstanding.delete(key)
    if (hashes.length !== (range.length + uncleCount(range)) * HASH_BYTES) {
      outstanding.asker.onNone(session)
      return { reason: 'bad-hashes', detail: `${hashes.length} bytes of hashes for ${range.length} of them` }
    }
    return outstanding.asker.onHashes(session, hashes)
  }

  onReject(session: Session, range: HashRange): Violation | undefined {
    const ledger = this.#ledgerOf(session)
    const key = rangeKey(range)
    const outstanding = ledger.outstanding.get(key)
    if (outstanding === undefined) {
      if (ledger.late.delete(key)) return undefined
      return session.spendIdle(this.#context.nowMs)
    }
    ledger.outstanding.delete(key)
    outstanding.asker.onNone(session)
    return undefined
  }

  tick(): void {
    const { nowMs, limits } = this.#context
    for (const [session, ledger] of this.#ledgers)
      for (const [key, { asker, sentAtMs }] of ledger.outstanding) {
        if (nowMs - sentAtMs < limits.controlTimeoutMs) break
        ledger.outstanding.delete(key)
        ledger.late.add(key)
        asker.onNone(session)
      }
  }

  close(session: Session): void {
    const ledger = this.#ledgers.get(session)
    this.#ledgers.delete(session)
    for (const { asker } of ledger?.outstanding.values() ?? []) asker.onNone(session)
  }

  #ledgerOf(session: Session): Ledger {
    let ledger = this.#ledgers.get(session)
    if (ledger === undefined) {
      ledger = { outstanding: new Map(), late: new Set() }
      this.#ledgers.set(session, ledger)
    }
    return ledger
  }
}

function rangeKey({ root, baseLayer, index, length, proofLayers }: HashRange): string {
  return `${toHex(root)}:${baseLayer}:${index}:${length}:${proofLayers}`
}
