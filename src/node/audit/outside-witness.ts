/**
 * Witnessing from outside the org, over files: a node writes what it asks into a folder, somebody carries that to a
 * machine that was never a member, this runs there, and the answers go back the same way.
 *
 *     <device>-<incarnation>.add-checkpoint   the question, as in witness-request.ts
 *     <device>-<incarnation>.cosigned         the answer: the latest checkpoint that this witness stands for, with
 *                                             its cosignature. The one asked for, or, where the question started
 *                                             from another than it remembers or was refused, the one it remembers
 *
 * The witness follows the same rule as one inside: of one log it cosigns a chain of checkpoints, each grown out of the
 * one before. All that it needs to find a rewritten history is its own memory, so it finds one that every member agreed
 * on. Its answer then carries what the device signed before, which convicts it wherever the answer is taken.
 */

import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addCosignatures, type SignedCheckpoint } from '../../audit/checkpoint.ts'
import { cosign, formatWitnessKey, parseWitnessKey } from '../../audit/cosignature.ts'
import { judgeCosignRequest } from '../../audit/witness.ts'
import { decodeWitnessRequest, WITNESS_REQUEST_BYTES_MAX } from '../../audit/witness-request.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { idBytes, type OrgId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { isoTime } from '../../base/words.ts'
import { appErrorOf, failureOf } from '../../store/failure.ts'
import { sha256 } from '../../store/sha256.ts'
import { WitnessState } from '../../store/witness-state.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import { openKeyFile, readKeyFile } from '../keys/key-file.ts'
import type { Witnessed, WitnessRun, WitnessRunRequest } from './audit-report.ts'
import { CheckpointReader } from './checkpoint-reader.ts'

export const QUESTION = '.add-checkpoint'
export const ANSWER = '.cosigned'
const QUESTIONS_MAX = 100_000

/** Answers every question in a folder. Rejects with AppError (USAGE, STORAGE_FAILED, KEY_FILE_…, PASSPHRASE_WRONG). */
export async function witnessFolder(request: WitnessRunRequest): Promise<WitnessRun> {
  const { folder, keyFile, passphrase, name, org, nowMs } = request
  const statePath = request.statePath ?? `${keyFile}.witnessed.db`
  const { key: publicKey } = await readKeyFile(keyFile)
  const verifierKey = formatWitnessKey({ name, publicKey: idBytes(publicKey) }, sha256)
  if (parseWitnessKey(verifierKey, sha256) === undefined)
    throw new AppError(
      'USAGE',
      `${name} can not be the name of a witness: write one such as auditor.example, without spaces or plus signs`,
      { details: { name } }
    )
  const files = questionsIn(folder)
  const key = await openKeyFile(keyFile, passphrase)
  const state = new WitnessState(statePath)
  try {
    const witness = new OutsideWitness({ key, name, state, nowMs })
    const answers = files.map(file => answerFile(witness, join(folder, file), { file, org }))
    return { witness: verifierKey, state: statePath, answers }
  } finally {
    state.close()
  }
}

function questionsIn(folder: string): string[] {
  try {
    const files = readdirSync(folder).filter(file => file.endsWith(QUESTION))
    if (files.length > QUESTIONS_MAX)
      throw new AppError('USAGE', `${folder} has ${files.length} questions, at most ${QUESTIONS_MAX}`)
    return files.sort()
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : appErrorOf(failureOf('read', folder, thrown), thrown)
  }
}

function answerFile(
  witness: OutsideWitness,
  path: string,
  { file, org }: { readonly file: string; readonly org: OrgId | null }
): Witnessed {
  const { result, note } = witness.answer(readQuestion(path), org)
  if (note !== undefined) {
    const answer = `${path.slice(0, -QUESTION.length)}${ANSWER}`
    try {
      writeFileSync(`${answer}.new`, note, { mode: 0o600, flush: true })
      renameSync(`${answer}.new`, answer)
    } catch (thrown) {
      throw appErrorOf(failureOf('write', answer, thrown), thrown)
    }
  }
  return { file, ...result }
}

function readQuestion(path: string): Uint8Array {
  try {
    if (statSync(path).size > WITNESS_REQUEST_BYTES_MAX) return new Uint8Array(0)
    return new Uint8Array(readFileSync(path))
  } catch (thrown) {
    throw new AppError('STORAGE_FAILED', `can not read ${path}: ${messageOf(thrown)}`, { details: { path } })
  }
}

interface Answered {
  readonly result: Omit<Witnessed, 'file'>
  /** What goes back; undefined when there is nothing to stand for. */
  readonly note: Uint8Array | undefined
}

const NOT_A_LOG = { org: null, device: null, incarnation: null, size: null, cosignedSize: null }

export class OutsideWitness {
  readonly #key: DeviceKey
  readonly #name: string
  readonly #state: WitnessState
  readonly #nowMs: () => number
  readonly #notes = new CheckpointReader()

  constructor(init: {
    readonly key: DeviceKey
    readonly name: string
    readonly state: WitnessState
    readonly nowMs: () => number
  }) {
    this.#key = init.key
    this.#name = init.name
    this.#state = init.state
    this.#nowMs = init.nowMs
  }

  answer(question: Uint8Array, pinned: OrgId | null): Answered {
    const request = decodeWitnessRequest(question)
    if (!request.ok) return unreadable(request.detail)
    const opened = this.#notes.open(request.value.note)
    if (!opened.ok) return unreadable(`its checkpoint is ${opened.reason}: ${opened.detail}`)
    const checkpoint = opened.value
    if (pinned !== null && checkpoint.org !== pinned) return unreadable(`it is of org ${checkpoint.org}`)
    const latest = this.#state.latest(checkpoint)
    const verdict = judgeCosignRequest(
      { latest, newestIncarnation: this.#state.newestIncarnation(checkpoint) },
      { ...request.value, checkpoint },
      sha256
    )
    if (verdict.kind === 'cosign') return this.#cosigned(checkpoint, latest?.size ?? 0)
    const standing = latest === undefined ? undefined : this.#notes.open(latest.note)
    const before = standing?.ok === true ? standing.value : undefined
    const note = before && this.#sign(before)
    if (verdict.kind === 'conflict') {
      const detail = `the question starts from another size than the ${verdict.size} entries that were cosigned last: ask again`
      return { result: this.#result(checkpoint, 'conflict', detail, before), note }
    }
    if (verdict.reason === 'forked' || verdict.reason === 'inconsistent') {
      this.#state.putRefuted(checkpoint, checkpoint)
      const detail =
        `it does not grow out of the checkpoint of ${before?.size ?? 0} entries that was cosigned before, and the device ` +
        'signed both: it rewrote its history. Both are kept, and the answer carries the earlier one'
      return { result: this.#result(checkpoint, verdict.reason, detail, before), note }
    }
    const detail =
      verdict.reason === 'ended'
        ? 'a newer log of the device was cosigned already'
        : 'its old size is beyond its own size'
    return { result: this.#result(checkpoint, verdict.reason, detail, before), note }
  }

  #cosigned(checkpoint: SignedCheckpoint, expected: number): Answered {
    const { size, root, note } = checkpoint
    const earlier = this.#state.newestIncarnation(checkpoint)
    if (!this.#state.advance(checkpoint, { size, root, note, expected })) {
      const detail = 'another run cosigned meanwhile: ask again'
      return { result: this.#result(checkpoint, 'conflict', detail, undefined), note: undefined }
    }
    const began = isoTime(checkpoint.incarnation)
    const detail =
      earlier !== 0 && earlier < checkpoint.incarnation
        ? `the device has begun a new log at ${began}; the one before is remembered`
        : null
    return { result: this.#result(checkpoint, 'cosigned', detail, checkpoint), note: this.#sign(checkpoint) }
  }

  #sign({ note, text }: SignedCheckpoint): Uint8Array {
    const sign = (message: Uint8Array): Uint8Array => this.#key.sign(message)
    const by = { name: this.#name, publicKey: idBytes(this.#key.id) }
    const timeSeconds = Math.floor(this.#nowMs() / SECOND_MS)
    return addCosignatures(note, [cosign({ by, timeSeconds, text }, { sign, sha256 })])
  }

  #result(
    { org, device, incarnation, size }: SignedCheckpoint,
    verdict: Witnessed['verdict'],
    detail: string | null,
    standing: SignedCheckpoint | undefined
  ): Omit<Witnessed, 'file'> {
    return { org, device, incarnation, size, verdict, cosignedSize: standing?.size ?? null, detail }
  }
}

function unreadable(detail: string): Answered {
  return { result: { ...NOT_A_LOG, verdict: 'unreadable', detail }, note: undefined }
}

/** The answers in a folder, by file. */
export function answersIn(folder: string): { readonly file: string; readonly note: Uint8Array }[] {
  try {
    if (!existsSync(folder))
      throw new AppError('USAGE', `there is no folder ${folder}`, { details: { folder } })
    return readdirSync(folder)
      .filter(file => file.endsWith(ANSWER))
      .sort()
      .map(file => ({ file, note: readQuestion(join(folder, file)) }))
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : appErrorOf(failureOf('read', folder, thrown), thrown)
  }
}
