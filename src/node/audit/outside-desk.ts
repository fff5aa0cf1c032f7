/**
 * The node's side of witnessing over files (outside-witness.ts): writes what is asked, takes what was answered.
 *
 * A log is asked for from the size that the witness cosigned last, as far as the checkpoints that are known here say.
 * If the witness has cosigned more since, its answer says so, and the next question starts from there.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LogId, SignedCheckpoint } from '../../audit/checkpoint.ts'
import { proveConsistencyFrom } from '../../audit/tree.ts'
import { encodeWitnessRequest } from '../../audit/witness-request.ts'
import { AppError } from '../../base/errors.ts'
import { makeFolderSync } from '../../files/make-folder.ts'
import { appErrorOf, failureOf } from '../../store/failure.ts'
import { sha256 } from '../../store/sha256.ts'
import type { AuditExchange } from './audit-exchange.ts'
import { type AuditLog, leafOf } from './audit-log.ts'
import { answersIn, QUESTION } from './outside-witness.ts'

const PAGE_ENTRIES = 1000

export interface OutsideDeskInit {
  readonly audit: AuditLog
  readonly exchange: AuditExchange
}

export interface Question extends LogId {
  readonly file: string
  readonly oldSize: number
  readonly size: number
}

export type Answer =
  | { readonly file: string; readonly checkpoint: SignedCheckpoint }
  | { readonly file: string; readonly reason: string }

export class OutsideDesk {
  readonly #init: OutsideDeskInit

  constructor(init: OutsideDeskInit) {
    this.#init = init
  }

  /** Names of the outside witnesses that this node trusts. */
  get witnesses(): readonly string[] {
    return this.#init.audit.notes.witnesses.map(({ name }) => name)
  }

  /** Writes a question for each of these logs into a folder. Throws AppError USAGE, STORAGE_FAILED. */
  ask(
    folder: string,
    witness: string,
    logs: readonly (LogId & { readonly checkpoint: SignedCheckpoint })[]
  ): Question[] {
    if (!this.witnesses.includes(witness)) {
      const trusted = this.witnesses.length === 0 ? 'none' : this.witnesses.join(', ')
      throw new AppError(
        'USAGE',
        `${witness} is no witness that this node trusts (${trusted}); start it with --audit-witness and the verifier key`,
        { details: { witness } }
      )
    }
    try {
      makeFolderSync(folder, { mode: 0o700 })
      return logs.map(({ device, incarnation, checkpoint }) => {
        const { size, note } = checkpoint
        const oldSize = this.#cosignedSize({ device, incarnation }, witness, size)
        const proof = this.#prove({ device, incarnation }, { oldSize, size })
        const file = `${device}-${incarnation}${QUESTION}`
        writeFileSync(join(folder, file), encodeWitnessRequest({ oldSize, proof, note }), { mode: 0o600 })
        return { file, device, incarnation, oldSize, size }
      })
    } catch (thrown) {
      throw thrown instanceof AppError ? thrown : appErrorOf(failureOf('write', folder, thrown), thrown)
    }
  }

  /** Takes the answers in a folder. What they prove against a device becomes a finding. */
  async accept(folder: string): Promise<Answer[]> {
    const { audit, exchange } = this.#init
    const answers: Answer[] = []
    for (const { file, note } of answersIn(folder)) {
      const opened = audit.notes.open(note)
      if (!opened.ok) answers.push({ file, reason: `${opened.reason}: ${opened.detail}` })
      else if (opened.value.org !== audit.org) answers.push({ file, reason: 'it is of another org' })
      else if (opened.value.outsiders.length === 0)
        answers.push({ file, reason: 'no witness that this node trusts has cosigned it' })
      else {
        await exchange.sightings.take([note])
        answers.push({ file, checkpoint: opened.value })
      }
    }
    return answers
  }

  #cosignedSize(log: LogId, witness: string, sizeMax: number): number {
    const sizes = this.#init.exchange.sightings
      .known(log)
      .filter(({ outsiders, size }) => size <= sizeMax && outsiders.some(({ name }) => name === witness))
      .map(({ size }) => size)
    return Math.max(0, ...sizes)
  }

  #prove(log: LogId, sizes: { readonly oldSize: number; readonly size: number }): Uint8Array[] {
    const { audit } = this.#init
    if (log.device === audit.device) return audit.prove(sizes.oldSize, sizes.size, log)
    return proveConsistencyFrom(this.#leaves(log, sizes.size), sizes, sha256)
  }

  *#leaves(log: LogId, size: number): Generator<Uint8Array> {
    const { database } = this.#init.audit.store
    for (let from = 0; from < size; from += PAGE_ENTRIES)
      for (const item of database.items(log, { from, limit: Math.min(PAGE_ENTRIES, size - from) }))
        yield leafOf(item)
  }
}
