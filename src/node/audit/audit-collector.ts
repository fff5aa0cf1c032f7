/**
 * Collects the logs of other devices, a page at a time, and believes none of it.
 *
 * Each page comes with the device's newest checkpoint and a proof that the log up to the end of the page is the
 * beginning of what the checkpoint says. The root at that point is computed here, from what was collected before and
 * the new entries, so the proof holds only if both are exactly what the device signed for. A page that fails is not
 * kept; the device is then asked to show that its log grew out of what it gave before. If it can not, it has
 * rewritten its history.
 *
 * First each side hears what the other has seen: a device whose log was lost or restored notices it then, and begins
 * another, before it could be taken for one that cut its log back. Then every log of the device that it still has, or
 * that is known here, is asked for. Of one that it has ended, and lost the end of, nothing more comes, and that is no
 * fault of this exchange: what is missing of it shows when the checkpoints are held against the copy (audit-copy.ts).
 */

import { isSameLog, type LogId, type SignedCheckpoint } from '../../audit/checkpoint.ts'
import { decodeEntry, isDropped } from '../../audit/entry.ts'
import { witnessesOf } from '../../audit/log-verification.ts'
import { type AuditMessage, INCARNATIONS_MAX, PAGE_ENTRIES_MAX } from '../../audit/messages.ts'
import { CompactRange, hashLeaf, verifyConsistency } from '../../audit/tree.ts'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, shortId } from '../../base/ids.ts'
import { sha256 } from '../../store/sha256.ts'
import { type AuditLog, droppedRow, entryRow } from './audit-log.ts'
import type { AuditSightings } from './audit-sightings.ts'
import type { AuditTalk } from './audit-talk.ts'

export interface AuditCollectorInit {
  readonly audit: AuditLog
  readonly sightings: AuditSightings
}

type Page = Extract<AuditMessage, { kind: 'page' }>

/** A page that is what its checkpoint says, or why not. */
type PageCheck =
  | { readonly ok: true; readonly checkpoint: SignedCheckpoint; readonly range: CompactRange }
  | { readonly ok: false; readonly checkpoint: SignedCheckpoint | undefined; readonly detail: string }

export class AuditCollector {
  readonly #init: AuditCollectorInit

  constructor(init: AuditCollectorInit) {
    this.#init = init
  }

  /**
   * Brings what is here of a device's log up to its newest checkpoint. Rejects with AppError: PEER_REFUSED when the
   * device does not give it to us, AUDIT_BROKEN when what it gives is not what it signed.
   */
  async collect(device: DeviceId, talk: AuditTalk): Promise<void> {
    const { sightings, audit } = this.#init
    await sightings.exchange(device, talk)
    const answer = await talk.ask({ kind: 'logs', incarnations: [] })
    if (answer.kind !== 'logs') throw notShown(answer)
    const known = audit.store.database.knownIncarnations(device)
    const wanted = [...new Set([...known, ...answer.incarnations])].sort((a, b) => a - b)
    for (const incarnation of wanted.slice(-INCARNATIONS_MAX))
      await this.#collectLog({ device, incarnation }, talk, {
        isOffered: answer.incarnations.includes(incarnation)
      })
  }

  /** To the end of what is signed, and once more from there: then the device signs what is newer. */
  async #collectLog(log: LogId, talk: AuditTalk, { isOffered }: { isOffered: boolean }): Promise<void> {
    for (let ends = 0; ends < 2; ) {
      const range = this.#range(log)
      const question = { kind: 'fetch', incarnation: log.incarnation, from: range.size } as const
      const page = await talk.ask({ ...question, limit: PAGE_ENTRIES_MAX })
      if (page.kind === 'refuse' && (page.reason === 'lost' || !isOffered)) return
      if (page.kind !== 'page') throw notShown(page)
      const { note } = page
      if (note === null) return // it has signed nothing yet
      const check = this.#check(log, range, { ...page, note })
      if (!check.ok) {
        await this.#explain(log, { range, checkpoint: check.checkpoint, detail: check.detail, talk })
        return
      }
      await this.#init.sightings.take([check.checkpoint.note])
      await this.#keep(log, page, check)
      if (check.range.size === check.checkpoint.size) ends++
    }
  }

  #range(log: LogId): CompactRange {
    const stored = this.#init.audit.store.database.log(log)
    return stored === undefined ? CompactRange.empty(sha256) : new CompactRange(sha256, stored)
  }

  #check(log: LogId, before: CompactRange, page: Page & { readonly note: Uint8Array }): PageCheck {
    const { audit } = this.#init
    const opened = audit.notes.open(page.note)
    if (!opened.ok) return { ok: false, checkpoint: undefined, detail: `its checkpoint is ${opened.detail}` }
    const checkpoint = opened.value
    if (!isSameLog(checkpoint, log) || checkpoint.org !== audit.org)
      return { ok: false, checkpoint: undefined, detail: 'its checkpoint is of another log' }
    const range = before.copy()
    for (const { bytes, leaf } of itemsOf(page)) range.append(leaf ?? hashLeaf(bytes, sha256))
    if (range.size > checkpoint.size)
      return {
        ok: false,
        checkpoint,
        detail: `it signs for ${checkpoint.size} entries, and gave ${range.size}`
      }
    if (page.entries.length === 0 && range.size < checkpoint.size)
      return { ok: false, checkpoint, detail: 'it gives fewer entries than it signed for' }
    const grew = verifyConsistency(
      {
        oldSize: range.size,
        size: checkpoint.size,
        oldRoot: range.root(),
        root: checkpoint.root,
        proof: page.proof
      },
      sha256
    )
    return grew
      ? { ok: true, checkpoint, range }
      : { ok: false, checkpoint, detail: 'what it gives is not what it signed for' }
  }

  async #keep(log: LogId, page: Page, { checkpoint, range }: PageCheck & { ok: true }): Promise<void> {
    const from = range.size - page.entries.length
    const entries = itemsOf(page).map(({ bytes, leaf }, index) => {
      if (leaf !== undefined) return droppedRow(from + index, leaf)
      const entry = decodeEntry(bytes)
      return entryRow(from + index, bytes, entry.ok ? entry.value : undefined)
    })
    const edge = { size: range.size, hashes: range.hashes }
    const note = range.size === checkpoint.size ? checkpoint.note : null
    await this.#init.audit.store.grow({ ...log, from, entries, nodes: [], edge, note })
  }

  /** Finds out whether the device rewrote what it gave before, or just gave something wrong now. */
  async #explain(
    log: LogId,
    broken: {
      readonly range: CompactRange
      readonly checkpoint: SignedCheckpoint | undefined
      readonly detail: string
      readonly talk: AuditTalk
    }
  ): Promise<never> {
    const { range, checkpoint, detail, talk } = broken
    const { sightings } = this.#init
    const { device } = log
    const whose = `log of ${shortId(device)}`
    if (checkpoint !== undefined) {
      const before = sightings.known(log)
      await sightings.take([checkpoint.note])
      const witnesses = witnessesOf([...before, checkpoint])
      if (checkpoint.size < range.size)
        await sightings.report({
          kind: 'truncated',
          ...log,
          position: checkpoint.size,
          witnesses,
          detail: `${whose}: the device gave ${range.size} entries before, and signs for ${checkpoint.size} now: it cut its log back`
        })
      else if (!(await grewFrom(range, checkpoint, talk)))
        await sightings.report({
          kind: 'forked',
          ...log,
          position: null,
          witnesses,
          detail:
            `${whose}: the checkpoint of ${checkpoint.size} entries that the device signs now does not grow out of the ` +
            `${range.size} entries that it gave before: it rewrote its history`
        })
      else
        await sightings.report({
          kind: 'edited',
          ...log,
          position: range.size,
          witnesses,
          detail: `${whose}: from entry ${range.size} on the device gives entries that are not those it signed for in its checkpoint of ${checkpoint.size}`
        })
    }
    throw new AppError('AUDIT_BROKEN', `${whose}: ${detail}`, { details: { device } })
  }
}

/** What a page brings for each position: an entry, or the hash that retention has left of it. */
function itemsOf({ entries, dropped }: Page): { bytes: Uint8Array; leaf: Uint8Array | undefined }[] {
  let next = 0
  return entries.map(bytes => ({ bytes, leaf: isDropped(bytes) ? dropped[next++] : undefined }))
}

function notShown(answer: AuditMessage): AppError {
  const reason = answer.kind === 'refuse' ? answer.reason : `it sent ${answer.kind}`
  return new AppError('PEER_REFUSED', `the peer does not show its audit log: ${reason}`, {
    details: { reason }
  })
}

/** Whether the device can show that its checkpoint grew out of what it gave before. */
async function grewFrom(
  range: CompactRange,
  checkpoint: SignedCheckpoint,
  talk: AuditTalk
): Promise<boolean> {
  const answer = await talk.ask({
    kind: 'prove',
    incarnation: checkpoint.incarnation,
    old: range.size,
    size: checkpoint.size
  })
  if (answer.kind !== 'proof') return false
  const { size, root } = checkpoint
  return verifyConsistency(
    { oldSize: range.size, size, oldRoot: range.root(), root, proof: answer.proof },
    sha256
  )
}
