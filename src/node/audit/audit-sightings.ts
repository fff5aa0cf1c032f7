/**
 * What this device has seen of the logs of others, compared: two checkpoints of one device and one size with different
 * roots prove that it shows different histories to different audiences. Peers exchange the latest that they have
 * seen whenever they talk, so whoever forks must keep its audiences apart for ever.
 *
 * Findings are kept for good and logged once; what is done about the device is for people to decide.
 */

import { type LogId, mergedNote, outsideLines, type SignedCheckpoint } from '../../audit/checkpoint.ts'
import { type Finding, witnessesOf } from '../../audit/log-verification.ts'
import { CHECKPOINTS_MAX, INCARNATIONS_MAX } from '../../audit/messages.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import { type DeviceId, shortId } from '../../base/ids.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Log } from '../log.ts'
import type { AuditLog } from './audit-log.ts'
import type { AuditTalk } from './audit-talk.ts'

const TAKEN_MAX = 4096
/** Of the logs of a peer that it is told of, the newest so many. */
const LOGS_OF_PEER_MAX = 8
/** Of our own, the newest so many. */
const OWN_CHECKPOINTS_MAX = 256

export interface AuditSightingsInit {
  readonly audit: AuditLog
  readonly log: Log
  readonly isMember: (device: DeviceId) => boolean
  readonly nowMs?: () => number
}

export class AuditSightings {
  readonly #init: AuditSightingsInit
  /** Hashes of notes that were taken, so that the same ones again cost no verification. */
  readonly #taken = new Set<string>()
  /** Where in the list of witnessed logs the next exchange begins, so that all get their turn. */
  #turn = 0

  constructor(init: AuditSightingsInit) {
    this.#init = init
  }

  /**
   * For a peer: what we know of its own logs, so that it learns when it has lost some of them; our own latest
   * checkpoint; and as many of those that we cosigned as an exchange can hold, in turn.
   */
  latest(peer: DeviceId): Uint8Array[] {
    const { audit } = this.#init
    const { database } = audit.store
    const told = database
      .knownIncarnations(peer)
      .slice(-LOGS_OF_PEER_MAX)
      .flatMap(incarnation => this.#newestOf({ device: peer, incarnation })?.note ?? [])
    const own = audit.latest()
    const notes = [...told, ...(own === undefined ? [] : [own.note])]
    const count = database.witnessedCount()
    const limit = CHECKPOINTS_MAX - notes.length
    const witnessed = database.witnessedFrom(this.#turn, limit)
    this.#turn = this.#turn + limit < count ? this.#turn + limit : 0
    return [...notes, ...witnessed.map(({ note }) => note)]
  }

  /** Tells a peer what we have seen, and takes what it has. */
  async exchange(peer: DeviceId, talk: AuditTalk): Promise<void> {
    const answer = await talk.ask({ kind: 'checkpoints', notes: this.latest(peer) })
    if (answer.kind === 'checkpoints') await this.take(answer.notes)
  }

  /** Compares checkpoints of any origin with what is known, and keeps them. Those that are not valid say nothing. */
  async take(notes: readonly Uint8Array[]): Promise<void> {
    for (const note of notes) {
      const key = toHex(sha256(note))
      if (this.#taken.has(key)) continue
      const opened = this.#init.audit.notes.open(note)
      if (opened.ok && opened.value.org === this.#init.audit.org) await this.#compare(opened.value)
      const oldest = this.#taken.values().next().value
      if (this.#taken.size >= TAKEN_MAX && oldest !== undefined) this.#taken.delete(oldest)
      this.#taken.add(key)
    }
  }

  /** All that is known to have been signed of a log, checkpoints of our own making included. */
  known(log: LogId): SignedCheckpoint[] {
    const { audit } = this.#init
    const { database } = audit.store
    const own = log.device === audit.device ? database.checkpoints(log, { limit: OWN_CHECKPOINTS_MAX }) : []
    const collected = database.log(log)?.note
    const witnessed = database.witnessed(log)?.note
    const notes = [...own, ...database.sightings(log).map(({ note }) => note)]
    for (const note of [collected, witnessed]) if (note !== undefined) notes.push(note)
    return audit.notes.valid(notes)
  }

  #newestOf(log: LogId): SignedCheckpoint | undefined {
    const { audit } = this.#init
    const { database } = audit.store
    const notes = [
      database.log(log)?.note,
      database.witnessed(log)?.note,
      database.sightings(log).at(-1)?.note
    ]
    return audit.notes
      .valid(notes.filter(note => note !== undefined))
      .reduce<SignedCheckpoint | undefined>(
        (best, each) => (best === undefined || each.size > best.size ? each : best),
        undefined
      )
  }

  /** A checkpoint that does not grow out of the one before, which a device could not or would not explain. */
  async refuted(checkpoint: SignedCheckpoint, before: Uint8Array | undefined): Promise<void> {
    const { device, incarnation, size } = checkpoint
    await this.#compare(checkpoint)
    const opened = before === undefined ? undefined : this.#init.audit.notes.open(before)
    const earlier = opened?.ok === true ? opened.value : undefined
    if (earlier === undefined || earlier.size === size) return // a fork, and reported as one
    await this.report({
      kind: 'forked',
      device,
      incarnation,
      position: null,
      witnesses: [...new Set([this.#init.audit.device, ...witnessesOf([earlier, checkpoint])])].sort(),
      detail:
        `log of ${shortId(device)}: the device signed a checkpoint of ${size} entries and could not show that ` +
        `it has the ${earlier.size} entries in it that it signed before`
    })
  }

  async report(finding: Finding): Promise<void> {
    const { audit, log, nowMs = Date.now } = this.#init
    const known = audit.store.database
      .findings()
      .some(each => each.device === finding.device && each.detail === finding.detail)
    if (known) return
    log.error({ device: finding.device, kind: finding.kind }, finding.detail)
    await audit.store.putFinding({ ...finding, timeMs: nowMs() })
    if (finding.device !== audit.device)
      audit.refused({
        action: 'violation',
        peer: finding.device,
        reason: `audit-${finding.kind}`,
        version: null
      })
  }

  async #compare(checkpoint: SignedCheckpoint): Promise<void> {
    const { audit, isMember } = this.#init
    const { device, incarnation, size, root } = checkpoint
    if (device === audit.device) {
      await audit.confront(checkpoint)
      await this.#takeOutside(checkpoint)
      return
    }
    if (!isMember(device) || !this.#hasPlaceFor(checkpoint)) return
    const { database } = audit.store
    const witnessed = database.witnessed(checkpoint)
    const known = database.sightingsOfSize(checkpoint, size)
    await this.#keep(checkpoint, known.find(each => equalBytes(each.root, root))?.note)
    if (witnessed?.size === size) known.push(witnessed)
    const other = known.find(each => !equalBytes(each.root, root))
    const rival = other && audit.notes.open(other.note)
    if (rival?.ok !== true) return
    await this.report({
      kind: 'forked',
      device,
      incarnation,
      position: null,
      witnesses: witnessesOf([rival.value, checkpoint]),
      detail:
        `log of ${shortId(device)}: the device signed two different checkpoints of ${size} entries, ` +
        'which is proof that it shows different histories to different audiences'
    })
  }

  /** Keeps what is new in it: the checkpoint, or cosignatures of one that is kept already. */
  async #keep(checkpoint: SignedCheckpoint, kept: Uint8Array | undefined): Promise<void> {
    const { audit } = this.#init
    const known = kept === undefined ? undefined : audit.notes.open(kept)
    const note = known?.ok === true ? mergedNote(known.value, checkpoint) : checkpoint.note
    if (note !== undefined) await audit.store.putSighting({ ...checkpoint, note })
  }

  /** Outside witnesses that have cosigned a checkpoint of ours, which came back by whatever way. */
  async #takeOutside(checkpoint: SignedCheckpoint): Promise<void> {
    const { audit } = this.#init
    const lines = outsideLines(checkpoint)
    if (lines.length === 0) return
    const ours = this.known(checkpoint).find(({ text }) => text === checkpoint.text)
    if (ours !== undefined) await audit.addCosignatures(ours, lines)
  }

  /** Of one device no more logs are told apart than an honest one begins in its life. */
  #hasPlaceFor({ device, incarnation }: LogId): boolean {
    const known = this.#init.audit.store.database.knownIncarnations(device)
    return known.includes(incarnation) || known.length < INCARNATIONS_MAX
  }
}
