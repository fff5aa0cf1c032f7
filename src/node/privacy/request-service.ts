/**
 * Requests of persons, each with the clock of Art. 12(3): a month from its receipt, and two more if the person is
 * told why within the first. A case is on this device alone. It names the person until that is forgotten; what is
 * left then says that there was a request and how it ended, and not whose it was. That a person was looked up is in
 * the audit log (subjects/subject-desk.ts).
 */

import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { isVisibleLine } from '../../ledger/encoding/names.ts'
import { contentFault } from '../../ledger/fold/access.ts'
import { isAvailable } from '../../ledger/fold/state.ts'
import type { PrivacyStore } from '../../store/privacy-store.ts'
import type { LocalErasureService } from '../erasure/erasure-service.ts'
import type { Problem } from '../service-words.ts'
import type { AboutSubject } from '../subjects/subject-desk.ts'
import { isSubjectId, SUBJECT_CHARACTERS_MAX } from '../subjects/subject-directory.ts'
import { CaseBook } from './case-book.ts'
import { EXTENSION_MONTHS, monthsAfter, REQUEST_MONTHS } from './case-clock.ts'
import type { RegisteringNode } from './register-view.ts'
import {
  REQUEST_KINDS,
  REQUEST_TEXT_CHARACTERS_MAX,
  type RequestOpening,
  type RequestReport,
  type RequestService,
  type RequestSummary
} from './request-terms.ts'

type RequestRecord = Omit<RequestSummary, 'dueAtMs' | 'state'>

export interface RequestParts {
  readonly store: PrivacyStore
  readonly erasures: Pick<LocalErasureService, 'openOn'>
  readonly now?: () => number
}

export class LocalRequestService implements RequestService {
  readonly #node: RegisteringNode
  readonly #parts: RequestParts
  readonly #book: CaseBook<RequestRecord>

  constructor(node: RegisteringNode, parts: RequestParts) {
    this.#node = node
    this.#parts = parts
    this.#book = new CaseBook(parts.store, 'request')
    node.subjects.directory.onForgotten(ids => this.#forget(new Set(ids)))
  }

  async requests(): Promise<readonly RequestSummary[]> {
    this.#checkSteward()
    const all = this.#all()
    if (all.length > 0) await this.#node.subjects.noteLookup('requests', { keys: [], count: all.length })
    return all
  }

  async openRequest({ subject, kind, receivedAtMs }: RequestOpening): Promise<RequestSummary> {
    this.#checkSteward()
    const nowMs = this.#now()
    if (!isSubjectId(subject))
      throw new AppError(
        'USAGE',
        `the id of a person is one line of at most ${SUBJECT_CHARACTERS_MAX} visible characters`
      )
    if (!REQUEST_KINDS.includes(kind))
      throw new AppError('USAGE', `a request is one of ${REQUEST_KINDS.join(', ')}`)
    checkPast(receivedAtMs, { nowMs, what: 'the request was received' })
    await this.#about(subject)
    const record: RequestRecord = {
      ...{ id: this.#book.newId(), kind, subject, receivedAtMs: receivedAtMs ?? nowMs, openedAtMs: nowMs },
      ...{ extended: null, closed: null }
    }
    return this.#keep(record)
  }

  async request(id: string): Promise<RequestReport> {
    this.#checkSteward()
    const record = this.#book.find(id)
    const request = this.#summary(record)
    if (record.subject === null) return { request, about: null, erasures: [] }
    const about = await this.#about(record.subject)
    const { content } = this.#node.keeper.state()
    const available = about.filter(
      ({ published }) =>
        contentFault(content.get(published.version)) === undefined && isAvailable(published, this.#now())
    )
    return {
      request,
      about: {
        ...{ versions: about.length, available: available.length },
        datasets: [...new Set(about.map(({ dataset }) => dataset.name))].sort()
      },
      erasures: this.#erasures(about)
    }
  }

  async extendRequest({
    id,
    reason,
    toldAtMs
  }: Parameters<RequestService['extendRequest']>[0]): Promise<RequestSummary> {
    this.#checkSteward()
    const before = this.#open(id)
    const nowMs = this.#now()
    checkPast(toldAtMs, { nowMs, what: 'the person was told' })
    if (before.extended !== null)
      throw new AppError(
        'NO_CHANGE',
        `request ${before.id} was extended already, and can be once (Art. 12(3))`
      )
    const firstDueMs = monthsAfter(before.receivedAtMs, REQUEST_MONTHS)
    const told = toldAtMs ?? nowMs
    if (told > firstDueMs)
      throw new AppError(
        'USAGE',
        `request ${before.id} can not be extended: the person has to be told by ${new Date(firstDueMs).toISOString()} ` +
          '(Art. 12(3)); say with --told when it was, if it was in time'
      )
    return this.#keep({ ...before, extended: { atMs: nowMs, toldAtMs: told, reason: lineOf(reason) } })
  }

  async closeRequest({
    id,
    outcome,
    reason
  }: Parameters<RequestService['closeRequest']>[0]): Promise<RequestSummary> {
    this.#checkSteward()
    const before = this.#open(id)
    if (outcome === 'refused' && reason === null)
      throw new AppError('USAGE', 'who refuses a request has to say why (Art. 12(4)): give --reason')
    const closed = { atMs: this.#now(), outcome, reason: reason === null ? null : lineOf(reason) }
    return this.#keep({ ...before, closed })
  }

  async deleteRequest(id: string): Promise<RequestSummary> {
    this.#checkSteward()
    const record = this.#book.find(id)
    if (record.closed === null)
      throw new AppError('CASE_OPEN', `request ${record.id} is not closed, and was not deleted`)
    this.#book.delete(record)
    return this.#summary(record)
  }

  /** Those whose time is over; for who may read the status of the node, so without the person. */
  problems(): Problem[] {
    return this.#all().flatMap(({ id, kind, state, dueAtMs }) =>
      state === 'overdue'
        ? [
            {
              code: 'CASE_OVERDUE',
              message: `request ${id} (${kind}) was to be answered by ${new Date(dueAtMs).toISOString()}: peerage request show ${id}`,
              path: null
            }
          ]
        : []
    )
  }

  #all(): RequestSummary[] {
    return this.#book
      .all()
      .map(record => this.#summary(record))
      .sort((a, b) => a.dueAtMs - b.dueAtMs || (a.id < b.id ? -1 : 1))
  }

  /** What is about a person; nothing for one of whom nothing is known, which is an answer too. */
  async #about(subject: string): Promise<AboutSubject[]> {
    const { subjects } = this.#node
    const keys = subjects.directory.keysOf(subject)
    const about = subjects.about(keys)
    await subjects.noteLookup('request', { keys, count: about.length })
    return about
  }

  /** Erasures in which the ledger names the person by its pseudonym. */
  #erasures(about: readonly AboutSubject[]): RequestReport['erasures'] {
    const pseudonyms = new Map(about.map(({ published, pseudonym }) => [published.version, pseudonym]))
    const meant = [...this.#node.keeper.state().erasures.values()].filter(
      ({ kind, version, subject }) =>
        kind === 'erasure' && subject !== null && pseudonyms.get(version) === subject
    )
    return [...Map.groupBy(meant, each => each.case)]
      .map(([id, of]) => {
        const versions = new Set<VersionId>(of.map(({ version }) => version))
        const open = [...this.#parts.erasures.openOn(versions).values()].flat()
        const unproved = new Set(
          open.filter(({ state }) => state !== 'confirmed').map(({ device }) => device)
        )
        return {
          ...{ case: id, basis: of[0]?.basis ?? '', atMs: Math.min(...of.map(({ timeMs }) => timeMs)) },
          ...{ versions: versions.size, unproved: unproved.size }
        }
      })
      .sort((a, b) => b.atMs - a.atMs)
  }

  /** AppError NO_CHANGE for one that is closed. */
  #open(id: string): RequestRecord {
    const record = this.#book.find(id)
    if (record.closed === null) return record
    throw new AppError('NO_CHANGE', `request ${record.id} was closed already, as ${record.closed.outcome}`)
  }

  #keep(record: RequestRecord): RequestSummary {
    this.#book.put(record)
    return this.#summary(record)
  }

  #forget(ids: ReadonlySet<string>): void {
    for (const record of this.#book.all())
      if (record.subject !== null && ids.has(record.subject)) this.#book.put({ ...record, subject: null })
  }

  #summary(record: RequestRecord): RequestSummary {
    const months = record.extended === null ? REQUEST_MONTHS : REQUEST_MONTHS + EXTENSION_MONTHS
    const dueAtMs = monthsAfter(record.receivedAtMs, months)
    const isLate = (record.closed?.atMs ?? this.#now()) > dueAtMs
    const state = record.closed === null ? (isLate ? 'overdue' : 'open') : isLate ? 'late' : 'closed'
    return { ...record, dueAtMs, state }
  }

  #checkSteward(): void {
    this.#node.subjects.exchange.checkSteward()
  }

  #now(): number {
    return (this.#parts.now ?? Date.now)()
  }
}

function checkPast(
  timeMs: number | null,
  { nowMs, what }: { readonly nowMs: number; readonly what: string }
): void {
  if (timeMs !== null && timeMs > nowMs)
    throw new AppError('USAGE', `${new Date(timeMs).toISOString()} is to come, and can not be when ${what}`)
}

function lineOf(reason: string): string {
  if (isVisibleLine(reason, REQUEST_TEXT_CHARACTERS_MAX)) return reason
  throw new AppError(
    'USAGE',
    `a reason is one line of at most ${REQUEST_TEXT_CHARACTERS_MAX} visible characters, without spaces at its ends`
  )
}
