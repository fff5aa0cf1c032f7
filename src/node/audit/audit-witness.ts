/**
 * Witnessing, both ways: has this device's checkpoints cosigned by a few peers, and cosigns those of others. witness.ts
 * of the pure layer decides; here what was decided is made durable before anything leaves.
 *
 * A round signs what is new in the log and asks peers in turn until enough have cosigned it. It runs when something is
 * new for a while, or much is, and again while too few have answered. Before it shows anyone a checkpoint it hears what
 * that peer has of our logs: a log that was restored from a backup is found out before it signs against itself, and
 * begun anew (audit-log.ts).
 */

import { isSameLog, type SignedCheckpoint } from '../../audit/checkpoint.ts'
import { checkCosignature, createCosignature } from '../../audit/cosignature.ts'
import { type AuditMessage, INCARNATIONS_MAX } from '../../audit/messages.ts'
import { formatSignature, type NoteSignature, parseSignature } from '../../audit/signed-note.ts'
import { judgeCosignRequest } from '../../audit/witness.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { AuditLog } from './audit-log.ts'
import type { AuditSightings } from './audit-sightings.ts'
import type { AuditTalk } from './audit-talk.ts'

export interface WitnessPolicy {
  /** Cosignatures that a checkpoint should have. */
  readonly witnessesMin: number
  /** Peers asked in one round. */
  readonly askedMax: number
  /** Something new is signed after so long, or as soon as there is so much. */
  readonly intervalMs: number
  readonly entriesMax: number
  /** Not more often than this, whatever there is. */
  readonly pauseMs: number
}

export const WITNESS_POLICY: WitnessPolicy = {
  witnessesMin: 3,
  askedMax: 8,
  intervalMs: MINUTE_MS,
  entriesMax: 1000,
  pauseMs: 10 * SECOND_MS
}

export interface AuditWitnessInit {
  readonly audit: AuditLog
  readonly sightings: AuditSightings
  readonly key: DeviceKey
  readonly log: Log
  readonly policy?: WitnessPolicy
  /** Whether another device can have seen anything of our logs. */
  readonly hasCompany: () => boolean
  /** Peers that are linked now. */
  readonly peers: () => readonly DeviceId[]
  /** Runs one exchange with a peer. */
  readonly talk: <T>(peer: DeviceId, exchange: (talk: AuditTalk) => Promise<T>) => Promise<T>
  readonly nowMs?: () => number
}

export class AuditWitness {
  readonly #init: AuditWitnessInit
  readonly #policy: WitnessPolicy
  readonly #nowMs: () => number
  /** What each peer cosigned of our log last, as far as we know. */
  readonly #cosigned = new Map<DeviceId, { readonly incarnation: number; readonly size: number }>()
  /** Where in the list of peers the next round begins, so that all get their turn. */
  #turn = 0
  #roundMs = Number.NEGATIVE_INFINITY
  #running = false

  constructor(init: AuditWitnessInit) {
    this.#init = init
    this.#policy = init.policy ?? WITNESS_POLICY
    this.#nowMs = init.nowMs ?? Date.now
  }

  /** Runs a round if it is time for one. */
  async look(): Promise<void> {
    const { audit, peers } = this.#init
    const sinceMs = this.#nowMs() - this.#roundMs
    if (this.#running || sinceMs < this.#policy.pauseMs) return
    const latest = audit.latest()
    const fresh = audit.size - (latest?.size ?? 0)
    const isDue = fresh >= this.#policy.entriesMax || (fresh > 0 && sinceMs >= this.#policy.intervalMs)
    const lacks = latest !== undefined && latest.cosignatures.length < this.#wanted(peers().length)
    const mustAsk = !audit.isConfirmed && peers().length > 0
    if (isDue || lacks || mustAsk) await this.round()
  }

  /**
   * Signs what is new and asks peers; resolves to the checkpoint with what it got, if anything is signed yet. When a
   * peer shows that the log was lost, the one that was begun in its place is signed at once.
   */
  async round(): Promise<SignedCheckpoint | undefined> {
    const { audit } = this.#init
    this.#running = true
    this.#roundMs = this.#nowMs()
    try {
      await this.confirm()
      const begun = audit.id
      const checkpoint = await this.#gather()
      return isSameLog(begun, audit.id) ? checkpoint : await this.#gather()
    } finally {
      this.#running = false
    }
  }

  async #gather(): Promise<SignedCheckpoint | undefined> {
    const { audit, peers } = this.#init
    const checkpoint = await audit.checkpoint()
    if (checkpoint === undefined) return undefined
    const done = new Set(checkpoint.cosignatures.map(({ witness }) => witness))
    const linked = [...peers()].sort()
    const ordered = linked.map((_, index) => linked[(index + this.#turn) % linked.length] as DeviceId)
    const candidates = ordered.filter(peer => !done.has(peer)).slice(0, this.#policy.askedMax)
    let missing = this.#wanted(linked.length) - done.size
    const lines: NoteSignature[] = []
    for (const peer of candidates) {
      if (missing <= 0) break
      this.#turn++
      const line = await this.#ask(peer, checkpoint)
      if (line === undefined) continue
      lines.push(line)
      missing--
    }
    if (lines.length > 0) await audit.addCosignatures(checkpoint, lines)
    return audit.latest() ?? checkpoint
  }

  /**
   * Asks peers what they have of our log, once in a run: before that it signs nothing. One answer is enough where there
   * is but one peer; where no other device is enrolled there is nobody to ask.
   */
  async confirm(): Promise<void> {
    const { audit, peers, hasCompany, talk, sightings, log } = this.#init
    if (audit.isConfirmed) return
    let answered = hasCompany() ? 0 : 1
    for (const peer of [...peers()].sort().slice(0, this.#policy.askedMax)) {
      try {
        await talk(peer, exchange => sightings.exchange(peer, exchange))
        answered++
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown
        log.debug({ device: peer }, `it was not told what it has of our log: ${messageOf(thrown)}`)
      }
    }
    if (answered > 0) audit.confirm()
  }

  /** Answers a log that asks for our cosignature. */
  async answer(peer: DeviceId, request: Extract<AuditMessage, { kind: 'cosign' }>): Promise<AuditMessage> {
    const { audit, sightings } = this.#init
    const opened = audit.notes.open(request.note)
    if (!opened.ok) return { kind: 'refuse', reason: opened.reason }
    const checkpoint = opened.value
    if (checkpoint.org !== audit.org) return { kind: 'refuse', reason: 'foreign-org' }
    if (checkpoint.device !== peer) return { kind: 'refuse', reason: 'not-your-log' }
    const { database } = audit.store
    const latest = database.witnessed(checkpoint)
    const incarnations = database.witnessedIncarnations(peer)
    if (latest === undefined && incarnations.length >= INCARNATIONS_MAX)
      return { kind: 'refuse', reason: 'too-many-logs' }
    const verdict = judgeCosignRequest(
      { latest, newestIncarnation: incarnations.at(-1) ?? 0 },
      { oldSize: request.old, proof: request.proof, checkpoint },
      sha256
    )
    if (verdict.kind === 'conflict')
      return { kind: 'conflict', size: verdict.size, note: latest?.note ?? null }
    if (verdict.kind === 'refused') {
      if (verdict.reason === 'forked' || verdict.reason === 'inconsistent')
        await sightings.refuted(checkpoint, latest?.note)
      return { kind: 'refuse', reason: verdict.reason }
    }
    const { incarnation, note } = checkpoint
    const advance = { device: peer, incarnation, expected: latest?.size ?? 0, ...verdict.next, note }
    if (!(await audit.store.advanceWitness(advance))) {
      const now = database.witnessed(checkpoint)
      return { kind: 'conflict', size: now?.size ?? 0, note: now?.note ?? null }
    }
    await sightings.take([checkpoint.note])
    return { kind: 'cosignature', line: formatSignature(this.#cosign(checkpoint)).trimEnd() }
  }

  #wanted(linked: number): number {
    return Math.min(this.#policy.witnessesMin, linked)
  }

  #cosign({ text, org }: SignedCheckpoint): NoteSignature {
    const { key } = this.#init
    const timeSeconds = Math.floor(this.#nowMs() / SECOND_MS)
    const sign = (message: Uint8Array): Uint8Array => key.sign(message)
    return createCosignature({ org, witness: key.id, timeSeconds, text }, { sign, sha256 })
  }

  async #ask(peer: DeviceId, checkpoint: SignedCheckpoint): Promise<NoteSignature | undefined> {
    const { talk, log, sightings, audit } = this.#init
    try {
      return await talk(peer, async exchange => {
        await sightings.exchange(peer, exchange)
        if (!isSameLog(checkpoint, audit.id)) return undefined // it was found out to be lost, and begun anew
        return await this.#cosignedBy(peer, checkpoint, exchange)
      })
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      log.debug({ device: peer }, `no cosignature: ${messageOf(thrown)}`)
      return undefined
    }
  }

  async #cosignedBy(
    peer: DeviceId,
    checkpoint: SignedCheckpoint,
    talk: AuditTalk
  ): Promise<NoteSignature | undefined> {
    const { audit, sightings, log } = this.#init
    const { incarnation, size } = checkpoint
    const known = this.#cosigned.get(peer)
    let old = known?.incarnation === incarnation ? Math.min(known.size, size) : 0
    for (let attempt = 0; attempt < 2; attempt++) {
      const proof = audit.prove(old, checkpoint.size)
      const answer = await talk.ask({ kind: 'cosign', old, proof, note: checkpoint.note })
      if (answer.kind === 'cosignature') {
        const line = parseSignature(answer.line)
        const check = line && checkCosignature(line, checkpoint, { verify, sha256 })
        if (line === undefined || check?.kind !== 'valid' || check.cosignature.witness !== peer) {
          log.warn({ device: peer }, 'a peer answered with a cosignature that is not its own')
          return undefined
        }
        this.#cosigned.set(peer, { incarnation, size })
        return line
      }
      if (answer.kind !== 'conflict') {
        log.warn(
          { device: peer },
          `a peer will not cosign: ${answer.kind === 'refuse' ? answer.reason : answer.kind}`
        )
        return undefined
      }
      if (answer.note !== null) await sightings.take([answer.note])
      if (answer.size > size || !isSameLog(checkpoint, audit.id)) return undefined
      old = answer.size
      this.#cosigned.set(peer, { incarnation, size: old })
    }
    return undefined
  }
}
