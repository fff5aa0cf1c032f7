/**
 * Breaches of personal data: each a case with a clock of 72 hours from the awareness, and a report that is made anew
 * each time it is asked for, of audit logs, ledger and notes: who has read what in the span, with the evidence of
 * both sides, which logs could not be had, and how many persons are concerned.
 */

import { AppError } from '../../base/errors.ts'
import { isVisibleLine } from '../../ledger/encoding/names.ts'
import type { DatasetVersion } from '../../ledger/fold/state.ts'
import type { PrivacyStore } from '../../store/privacy-store.ts'
import type { AuditSurvey, AuditWho } from '../audit/audit-report.ts'
import { byName } from '../keys/device-name.ts'
import type { Problem } from '../service-words.ts'
import {
  BREACH_FIELDS,
  BREACH_TEXT_CHARACTERS_MAX,
  type BreachChanges,
  type BreachField,
  type BreachOpening,
  type BreachReport,
  type BreachService,
  type BreachState,
  type BreachSummary,
  type ConcernedDataset
} from './breach-terms.ts'
import { CaseBook } from './case-book.ts'
import { BREACH_TERM_MS } from './case-clock.ts'
import { keptVersionsOf, type RegisterView, readersNow } from './processing-record.ts'
import { personsByDataset, type RegisteringNode, registerHead, registerView } from './register-view.ts'

type BreachRecord = Omit<BreachSummary, 'dueAtMs' | 'state'>

export interface BreachParts {
  readonly store: PrivacyStore
  readonly audit: {
    readsWithin(
      names: readonly string[],
      span: Pick<BreachSummary, 'fromMs' | 'toMs'>
    ): Promise<AuditSurvey & { readonly of: ReadonlyMap<string, Pick<AuditWho, 'holders' | 'reads'>> }>
  }
  readonly now?: () => number
}

const UNSAID = Object.fromEntries(BREACH_FIELDS.map(field => [field, null])) as BreachRecord['said']
const LIMITS = [
  'Reads are those that audit logs tell of, by the clock of each device. What a person did with data that was read, and what was ' +
    'copied from a machine without this network, is in no log.',
  'A log that could not be had may tell of more. What retention has dropped is not told any more.',
  'Persons are those whom data is said to be about; about others nothing is said.'
]

export class LocalBreachService implements BreachService {
  readonly #node: RegisteringNode
  readonly #parts: BreachParts
  readonly #book: CaseBook<BreachRecord>

  constructor(node: RegisteringNode, parts: BreachParts) {
    this.#node = node
    this.#parts = parts
    this.#book = new CaseBook(parts.store, 'breach')
  }

  async breaches(): Promise<readonly BreachSummary[]> {
    this.#checkSteward()
    return this.#all()
  }

  async openBreach({ summary, datasets, ...times }: BreachOpening): Promise<BreachSummary> {
    this.#checkSteward()
    const nowMs = this.#now()
    const record: BreachRecord = {
      ...{ id: this.#book.newId(), summary: lineOf('summary', summary), datasets: this.#datasets(datasets) },
      ...{ fromMs: times.fromMs, toMs: times.toMs, awareAtMs: times.awareAtMs ?? nowMs, openedAtMs: nowMs },
      ...{ notifiedAtMs: null, personsToldAtMs: null, said: UNSAID, closed: null }
    }
    return this.#keep(record)
  }

  async breach(id: string): Promise<BreachReport> {
    this.#checkSteward()
    const breach = this.#summary(this.#book.find(id))
    const { datasets: names, fromMs, toMs } = breach
    const { of, ...survey } = await this.#parts.audit.readsWithin(names, { fromMs, toMs })
    const view = registerView(this.#node, this.#parts.store, this.#now())
    const concerned = new Map(names.map(name => [name, versionsIn(name, breach, view)]))
    const isMeant = new Set([...concerned.values()].flat())
    const persons = personsByDataset(this.#node, published => isMeant.has(published))
    const datasets = names.map(name =>
      concernedDataset(name, concerned.get(name) ?? [], {
        ...{ view, personsKnown: persons.get(name)?.size ?? 0 },
        evidence: of.get(name) ?? { holders: [], reads: [] }
      })
    )
    const readers = new Map(
      datasets.flatMap(({ reads }) => reads.map(({ reader }) => [reader.device, reader]))
    )
    const { controller } = view.notes
    return {
      ...registerHead(this.#node, view),
      ...{ breach, datasets, ...survey },
      personsKnown: new Set(names.flatMap(name => [...(persons.get(name) ?? [])])).size,
      readers: [...readers.values()].sort(byName),
      toFillIn: [
        ...(['nature', 'consequences', 'measures'] as const).filter(field => breach.said[field] === null),
        ...(isLate(breach, this.#now()) && breach.said.delay === null ? ['delay'] : []),
        ...(names.length === 0 ? ['datasets'] : []),
        ...(['controller', 'dpo', 'authority'] as const).filter(field => controller[field] === null)
      ],
      limits: LIMITS
    }
  }

  async breachPersons(id: string): Promise<readonly string[]> {
    this.#checkSteward()
    const breach = this.#summary(this.#book.find(id))
    const view = registerView(this.#node, this.#parts.store, this.#now())
    const meant = new Set(breach.datasets.flatMap(name => versionsIn(name, breach, view)))
    const persons = personsByDataset(this.#node, published => meant.has(published))
    const all = [...new Set(breach.datasets.flatMap(name => [...(persons.get(name) ?? [])]))].sort()
    await this.#node.subjects.noteLookup('breach', { keys: [], count: all.length })
    return all
  }

  async changeBreach({ id, said = {}, datasets, ...times }: BreachChanges): Promise<BreachSummary> {
    this.#checkSteward()
    const before = this.#book.find(id)
    const texts = BREACH_FIELDS.map(field => {
      const value = said[field]
      return [field, value === undefined ? before.said[field] : value === null ? null : lineOf(field, value)]
    })
    return this.#keep({
      ...before,
      datasets: datasets === undefined ? before.datasets : this.#datasets(datasets),
      fromMs: times.fromMs === undefined ? before.fromMs : times.fromMs,
      toMs: times.toMs === undefined ? before.toMs : times.toMs,
      notifiedAtMs: times.notifiedAtMs === undefined ? before.notifiedAtMs : times.notifiedAtMs,
      personsToldAtMs: times.personsToldAtMs === undefined ? before.personsToldAtMs : times.personsToldAtMs,
      said: Object.fromEntries(texts) as { [Field in BreachField]: string | null }
    })
  }

  async closeBreach({
    id,
    outcome,
    reason
  }: Parameters<BreachService['closeBreach']>[0]): Promise<BreachSummary> {
    this.#checkSteward()
    const before = this.#book.find(id)
    if (before.closed !== null)
      throw new AppError('NO_CHANGE', `breach ${before.id} was closed already, as ${before.closed.outcome}`)
    if (outcome === 'notified' && before.notifiedAtMs === null)
      throw new AppError(
        'USAGE',
        `it is not noted when the authority was notified of ${before.id}: peerage breach note ${before.id} --notified DATE`
      )
    return this.#keep({
      ...before,
      closed: { atMs: this.#now(), outcome, reason: lineOf('reason', reason) }
    })
  }

  async deleteBreach(id: string): Promise<BreachSummary> {
    this.#checkSteward()
    const record = this.#book.find(id)
    if (record.closed === null)
      throw new AppError('CASE_OPEN', `breach ${record.id} is not closed, and was not deleted`)
    this.#book.delete(record)
    return this.#summary(record)
  }

  /** Those whose time is over; for who may read the status of the node, so without what people wrote. */
  problems(): Problem[] {
    return this.#all().flatMap(({ id, state, dueAtMs }) =>
      state === 'overdue'
        ? [
            {
              code: 'CASE_OVERDUE',
              message: `the authority was to be notified of breach ${id} by ${new Date(dueAtMs).toISOString()}: peerage breach show ${id}`,
              path: null
            }
          ]
        : []
    )
  }

  #all(): BreachSummary[] {
    return this.#book
      .all()
      .map(record => this.#summary(record))
      .sort((a, b) => b.openedAtMs - a.openedAtMs || (a.id < b.id ? -1 : 1))
  }

  #keep(record: BreachRecord): BreachSummary {
    const nowMs = this.#now()
    const { fromMs, toMs, awareAtMs, notifiedAtMs, personsToldAtMs } = record
    for (const [what, timeMs] of Object.entries({ fromMs, awareAtMs, notifiedAtMs, personsToldAtMs }))
      if (timeMs !== null && timeMs > nowMs)
        throw new AppError(
          'USAGE',
          `${new Date(timeMs).toISOString()} is to come, and can not be when ${WHAT_WORDS[what] ?? what}`
        )
    if (fromMs !== null && toMs !== null && fromMs > toMs)
      throw new AppError('USAGE', 'a breach can not end before it begins: give --from before --to')
    this.#book.put(record)
    return this.#summary(record)
  }

  #datasets(names: readonly string[]): string[] {
    for (const name of names) this.#node.catalogue.entry(name)
    return [...new Set(names)].sort()
  }

  #summary(record: BreachRecord): BreachSummary {
    const dueAtMs = record.awareAtMs + BREACH_TERM_MS
    return { ...record, dueAtMs, state: stateOf(record, { dueAtMs, nowMs: this.#now() }) }
  }

  #checkSteward(): void {
    this.#node.subjects.exchange.checkSteward()
  }

  #now(): number {
    return (this.#parts.now ?? Date.now)()
  }
}

const WHAT_WORDS: Readonly<Record<string, string>> = {
  fromMs: 'the breach began',
  awareAtMs: 'it became known',
  notifiedAtMs: 'the authority was notified',
  personsToldAtMs: 'persons were told'
}

function stateOf(
  { notifiedAtMs, closed }: BreachRecord,
  { dueAtMs, nowMs }: { readonly dueAtMs: number; readonly nowMs: number }
): BreachState {
  if (notifiedAtMs !== null) return notifiedAtMs > dueAtMs ? 'late' : 'notified'
  if (closed !== null) return 'closed'
  return nowMs > dueAtMs ? 'overdue' : 'running'
}

function isLate({ notifiedAtMs, dueAtMs, closed }: BreachSummary, nowMs: number): boolean {
  return closed === null || notifiedAtMs !== null ? (notifiedAtMs ?? nowMs) > dueAtMs : false
}

/** Versions that were published before the end of the span, and not erased before its beginning. */
function versionsIn(
  name: string,
  { fromMs, toMs }: Pick<BreachSummary, 'fromMs' | 'toMs'>,
  { state }: RegisterView
): DatasetVersion[] {
  const versions = state.datasets.get(name)?.versions ?? []
  return versions.filter(({ version, timeMs }) => {
    const erasedMs = Math.min(
      ...(state.content.get(version)?.erasures ?? []).map(erasure => erasure.timeMs),
      Number.POSITIVE_INFINITY
    )
    return (toMs === null || timeMs <= toMs) && (fromMs === null || erasedMs >= fromMs)
  })
}

function concernedDataset(
  name: string,
  versions: readonly DatasetVersion[],
  {
    view,
    personsKnown,
    evidence
  }: {
    readonly view: RegisterView
    readonly personsKnown: number
    readonly evidence: Pick<AuditWho, 'holders' | 'reads'>
  }
): ConcernedDataset {
  const { state, notes } = view
  const dataset = state.datasets.get(name)
  const note = notes.datasets.find(each => each.name === name)
  const sealed = versions.filter(each => each.sealed).length
  const meant = new Set(versions.map(({ version }) => version))
  return {
    ...{ name, classes: [...new Set(versions.map(each => each.class))].sort() },
    labels: dataset?.policy?.labels ?? [],
    sealed: sealed === 0 ? 'none' : sealed === versions.length ? 'all' : 'some',
    versions: versions.map(({ version, ordinal, timeMs }) => ({ version, ordinal, publishedAtMs: timeMs })),
    files: versions.reduce((sum, { files }) => sum + files, 0),
    bytes: versions.reduce((sum, { bytes }) => sum + bytes, 0),
    personsKnown,
    pseudonyms: versions.reduce((sum, { subjects }) => sum + subjects.size, 0),
    ...{ persons: note?.persons ?? null, data: note?.data ?? null },
    mayRead: dataset === undefined ? 0 : readersNow(keptVersionsOf(state, dataset), view).size,
    holders: evidence.holders.filter(({ version }) => meant.has(version)),
    reads: evidence.reads.filter(({ version }) => meant.has(version))
  }
}

function lineOf(field: string, value: string): string {
  if (isVisibleLine(value, BREACH_TEXT_CHARACTERS_MAX)) return value
  throw new AppError(
    'USAGE',
    `${field} is one line of at most ${BREACH_TEXT_CHARACTERS_MAX} visible characters, without spaces at its ends`
  )
}
