/**
 * What this device has seen of the logs of others, compared: two checkpoints of one device and one size with different
 * roots prove that it shows different histories to different audiences. Peers exchange the latest that they have
 * seen whenever they talk, so whoever forks must keep its audiences apart for ever.
 *
 * Findings are kept for good and logged once; what is done about the device is for people to decide.
 */

import { openCheckpoint, type SignedCheckpoint } from '../../audit/checkpoint.ts'
import { type Finding, witnessesOf } from '../../audit/log-verification.ts'
import { CHECKPOINTS_MAX } from '../../audit/messages.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import { type DeviceId, shortId } from '../../base/ids.ts'
import { sha256 } from '../../store/sha256.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { AuditLog } from './audit-log.ts'
import type { AuditTalk } from './audit-talk.ts'

const TAKEN_MAX = 4096
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

  /** Our own latest checkpoint, and as many of those that we cosigned as an exchange can hold, in turn. */
  latest(): Uint8Array[] {
    const { audit } = this.#init
    const { database } = audit.store
    const own = audit.latest()
    const count = database.witnessedCount()
    const limit = CHECKPOINTS_MAX - 1
    const witnessed = database.witnessedFrom(this.#turn, limit)
    this.#turn = this.#turn + limit < count ? this.#turn + limit : 0
    return [...(own === undefined ? [] : [own]), ...witnessed].map(({ note }) => note)
  }

  /** Tells a peer what we have seen, and takes what it has. */
  async exchange(talk: AuditTalk): Promise<void> {
    const answer = await talk.ask({ kind: 'checkpoints', notes: this.latest() })
    if (answer.kind === 'checkpoints') await this.take(answer.notes)
  }

  /** Compares checkpoints of any origin with what is known, and keeps them. Those that are not valid say nothing. */
  async take(notes: readonly Uint8Array[]): Promise<void> {
    for (const note of notes) {
      const key = toHex(sha256(note))
      if (this.#taken.has(key)) continue
      const oldest = this.#taken.values().next().value
      if (this.#taken.size >= TAKEN_MAX && oldest !== undefined) this.#taken.delete(oldest)
      this.#taken.add(key)
      const opened = openCheckpoint(note, { verify, sha256 })
      if (opened.ok && opened.value.org === this.#init.audit.org) await this.#compare(opened.value)
    }
  }

  /** All that is known to have been signed by a device, checkpoints of our own making included. */
  known(device: DeviceId): SignedCheckpoint[] {
    const { audit } = this.#init
    const { database } = audit.store
    const own = device === audit.device ? database.checkpoints({ limit: OWN_CHECKPOINTS_MAX }) : []
    const collected = database.log(device)?.note
    const witnessed = database.witnessed(device)?.note
    const notes = [...own, ...database.sightings(device).map(({ note }) => note)]
    for (const note of [collected, witnessed]) if (note !== undefined) notes.push(note)
    return notes.flatMap(note => {
      const opened = openCheckpoint(note, { verify, sha256 })
      return opened.ok ? [opened.value] : []
    })
  }

  /** A checkpoint that does not grow out of the one before, which a device could not or would not explain. */
  async refuted(checkpoint: SignedCheckpoint, before: Uint8Array | undefined): Promise<void> {
    const { device, size } = checkpoint
    await this.#compare(checkpoint)
    const opened = before === undefined ? undefined : openCheckpoint(before, { verify, sha256 })
    const earlier = opened?.ok === true ? opened.value : undefined
    if (earlier === undefined || earlier.size === size) return // a fork, and reported as one
    await this.report({
      kind: 'forked',
      device,
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
    const { device, size, root } = checkpoint
    if (device === audit.device) {
      await this.#compareWithOwn(checkpoint)
      return
    }
    if (!isMember(device)) return
    const { database } = audit.store
    const witnessed = database.witnessed(device)
    const known = database.sightingsOfSize(device, size)
    if (!known.some(each => equalBytes(each.root, root))) await audit.store.putSighting(device, checkpoint)
    if (witnessed?.size === size) known.push(witnessed)
    const other = known.find(each => !equalBytes(each.root, root))
    const rival = other && openCheckpoint(other.note, { verify, sha256 })
    if (rival?.ok !== true) return
    await this.report({
      kind: 'forked',
      device,
      position: null,
      witnesses: witnessesOf([rival.value, checkpoint]),
      detail:
        `log of ${shortId(device)}: the device signed two different checkpoints of ${size} entries, ` +
        'which is proof that it shows different histories to different audiences'
    })
  }

  /** Whoever has a checkpoint of ours that our log does not bear out shows that the log has lost entries. */
  async #compareWithOwn({ device, size, root, cosignatures }: SignedCheckpoint): Promise<void> {
    const { audit } = this.#init
    if (size <= audit.size && equalBytes(audit.rootAt(size), root)) return
    await this.report({
      kind: size > audit.size ? 'truncated' : 'forked',
      device,
      position: size > audit.size ? audit.size : null,
      witnesses: cosignatures.map(({ witness }) => witness),
      detail:
        `the log of this device is not the one that it signed: a peer has its checkpoint of ${size} entries, ` +
        'of which some are lost here; was the home folder restored from a backup?'
    })
  }
}
