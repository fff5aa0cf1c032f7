/**
 * The subjects part of the admin API: whom data is about, where all that is about a person lies, and the end of knowing
 * it. What stands in the ledger is pseudonyms (pseudonym.ts); ids of persons are on the devices of stewards alone.
 */

import type { Lookup } from '../../audit/entry.ts'
import { fromHex, toHex } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, shortId, type VersionId } from '../../base/ids.ts'
import { isLabel, LABEL_CHARACTERS_MAX } from '../../ledger/encoding/names.ts'
import { contentFault } from '../../ledger/fold/access.ts'
import { storageTerms } from '../../ledger/fold/class-policy.ts'
import { copiesOf } from '../../ledger/fold/copies.ts'
import { holdsOn, mustDelete } from '../../ledger/fold/deletion.ts'
import { readersOf } from '../../ledger/fold/readers.ts'
import { isAvailable, isMember, rolesOf, type State } from '../../ledger/fold/state.ts'
import { DATASET_LABELS_MAX, SUBJECTS_MAX } from '../../ledger/operation/operation-limits.ts'
import type { AuditService, AuditWho } from '../audit/audit-report.ts'
import type { LocalErasureService } from '../erasure/erasure-service.ts'
import { byName, type DeviceName } from '../keys/device-name.ts'
import { findPublication } from '../ledger/publication-reference.ts'
import type { Node } from '../node.ts'
import { keyHashOf, lookupMark } from './pseudonym.ts'
import type { AboutSubject } from './subject-desk.ts'
import { isSubjectId, SUBJECT_CHARACTERS_MAX } from './subject-directory.ts'
import { type PlaceOf, VERSIONS_ASKED_MAX } from './subject-messages.ts'
import type {
  SubjectForgotten,
  SubjectLookups,
  SubjectRecord,
  SubjectService,
  SubjectSummary,
  SubjectsTagged,
  SubjectTags,
  SubjectVersion,
  UnprovedDevice
} from './subject-terms.ts'

export type SubjectNode = Pick<
  Node,
  'keeper' | 'identity' | 'transport' | 'catalogue' | 'subjects' | 'readFault' | 'sealing'
>

export interface SubjectParts {
  readonly audit: Pick<AuditService, 'audit' | 'auditWho'>
  readonly erasures: Pick<LocalErasureService, 'openOn'>
}

/** Entries of lookups that are looked through, the newest first. */
const LOOKUPS_MAX = 100_000

interface Survey {
  readonly places: ReadonlyMap<VersionId, SubjectVersion['places']>
  readonly answered: readonly DeviceName[]
  readonly silent: readonly DeviceName[]
}

export class LocalSubjectService implements SubjectService {
  readonly #node: SubjectNode
  readonly #parts: SubjectParts

  constructor(node: SubjectNode, parts: SubjectParts) {
    this.#node = node
    this.#parts = parts
  }

  async prepare({ subjects, labels }: Pick<SubjectTags, 'subjects' | 'labels'>): Promise<void> {
    checkSubjects(subjects)
    checkLabels(labels)
    if (subjects.length > 0) this.#checkMay('dataset.subjects')
    if (labels.length > 0) this.#checkMay('dataset.policy')
    for (const id of new Set(subjects)) await this.#node.subjects.exchange.mark(id, null)
  }

  async tag({ name, version, subjects, labels }: SubjectTags): Promise<SubjectsTagged> {
    checkSubjects(subjects)
    checkLabels(labels)
    const { keeper, catalogue, subjects: desk } = this.#node
    const published = findPublication(catalogue.entry(name), version, Date.now())
    const marks = new Set<string>()
    let known = 0
    for (const id of new Set(subjects)) {
      const mark = await desk.exchange.mark(id, published.version)
      if (mark === null) continue
      if (published.subjects.has(mark)) known += 1
      else marks.add(mark)
    }
    const sorted = [...marks].sort()
    for (let at = 0; at < sorted.length; at += SUBJECTS_MAX)
      keeper.append({
        ...{ type: 'dataset.subjects', name, version: published.version },
        subjects: sorted.slice(at, at + SUBJECTS_MAX)
      })
    const { labels: before = [], access = 'members' } = catalogue.entry(name).policy ?? {}
    const all = [...new Set([...before, ...labels])].sort()
    if (all.length > DATASET_LABELS_MAX)
      throw new AppError(
        'USAGE',
        `${all.length} labels for ${name}; a dataset has at most ${DATASET_LABELS_MAX}`
      )
    if (all.length > before.length) keeper.append({ type: 'dataset.policy', name, labels: all, access })
    return {
      ...{ name, version: published.version, ordinal: published.ordinal },
      ...{ subjects: marks.size, known, labels: all }
    }
  }

  async subjects(): Promise<readonly SubjectSummary[]> {
    const { directory, exchange } = this.#node.subjects
    exchange.checkSteward()
    const ids = directory.ids()
    await this.#node.subjects.noteLookup('persons', { keys: [], count: ids.length })
    return ids.map(id => {
      const about = this.#node.subjects.about(directory.keysOf(id))
      const available = about.filter(each => stateOf(this.#state, each) === 'available')
      const datasets = [...new Set(about.map(({ dataset }) => dataset.name))].sort()
      return { id, datasets, versions: about.length, available: available.length }
    })
  }

  async subject(id: string): Promise<SubjectRecord> {
    const about = await this.#node.subjects.lookUp(id, 'person')
    const versions = [...new Set(about.map(({ published }) => published.version))]
    const survey = await this.#survey(versions)
    const who = new Map<string, AuditWho>()
    for (const name of new Set(about.map(({ dataset }) => dataset.name)))
      who.set(name, await this.#parts.audit.auditWho(name))
    const unproved = this.#unproved(about)
    const all = await Promise.all(
      about.map(each => this.#version(each, { survey, unproved, who: who.get(each.dataset.name) }))
    )
    const { answered, silent } = survey
    return { id, atMs: Date.now(), versions: all.sort(byDataset), answered, silent }
  }

  async lookups(id: string): Promise<SubjectLookups> {
    const { directory } = this.#node.subjects
    await this.#node.subjects.lookUp(id, 'lookups')
    const { entries, ...survey } = await this.#parts.audit.audit({
      ...{ device: null, dataset: null, action: 'looked-up', sinceMs: null, limit: LOOKUPS_MAX }
    })
    const keys = directory.keysOf(id)
    const lookups = entries.flatMap(({ device, atMs, event: { what, salt, subject, count } }) => {
      if (typeof salt !== 'string' || typeof subject !== 'string') return []
      const isMeant = keys.some(key => toHex(lookupMark(key, fromHex(salt) ?? new Uint8Array(0))) === subject)
      return isMeant ? [{ device, atMs, what: what as Lookup, count: Number(count) }] : []
    })
    return { id, atMs: Date.now(), lookups, isWhole: entries.length < LOOKUPS_MAX, missing: survey.missing }
  }

  async forget({ id, force }: Parameters<SubjectService['forget']>[0]): Promise<SubjectForgotten> {
    const state = this.#state
    const about = await this.#node.subjects.lookUp(id, 'forgotten')
    // What is held from deletion is still there, though nobody reads it.
    const left = about.filter(
      ({ published }) => !mustDelete(state, published.version) || stateOf(state, { published }) !== 'erased'
    )
    const [first] = left
    if (first !== undefined)
      throw new AppError(
        'SUBJECT_IN_USE',
        `${left.length} versions are about this person, such as ${first.dataset.name}@${first.published.ordinal}, ` +
          'and could not be found any more: erase them first, with peerage erase start --subject ID'
      )
    const unproved = this.#unprovedOf(about)
    if (unproved.size > 0 && !force) throw unprovedError([...unproved.values()])
    const { directory, exchange } = this.#node.subjects
    const hashes = directory.keysOf(id).map(keyHashOf)
    directory.erase(hashes)
    const done = await exchange.shareWithAll()
    const stewards = exchange.stewards().map(device => ({
      ...this.#node.catalogue.nameOf(device),
      forgotten: done.has(device)
    }))
    const self = { ...this.#node.catalogue.nameOf(this.#node.identity.device), forgotten: true }
    return { keys: hashes.length, unproved: unproved.size, stewards: [self, ...stewards].sort(byName) }
  }

  /** By device, of all versions together: a source that stays weighs more than a word that is missing. */
  #unprovedOf(about: readonly AboutSubject[]): Map<DeviceId, UnprovedDevice> {
    const found = new Map<DeviceId, UnprovedDevice>()
    for (const devices of this.#unproved(about).values())
      for (const each of devices)
        if (each.state === 'source-kept' || !found.has(each.device)) found.set(each.device, each)
    return found
  }

  #unproved(about: readonly AboutSubject[]): Map<VersionId, UnprovedDevice[]> {
    const open = this.#parts.erasures.openOn(new Set(about.map(({ published }) => published.version)))
    const unproved = [...open].map(([version, devices]) => {
      const left = devices.flatMap(({ device, name, site, state, lastSeenAtMs }) =>
        state === 'confirmed' ? [] : [{ device, name, site, state, lastSeenAtMs }]
      )
      return [version, left] as const
    })
    return new Map(unproved)
  }

  async #plainOf({
    dataset: { name },
    published
  }: Omit<AboutSubject, 'pseudonym'>): Promise<SubjectVersion['plain']> {
    if (!published.sealed) return null
    const plain = await this.#node.sealing.reader.plainOf({ name, ...published, only: [] })
    if (plain === undefined) return null
    return { files: plain.files.length, bytes: plain.files.reduce((sum, { bytes }) => sum + bytes, 0) }
  }

  async #version(
    { dataset, published }: AboutSubject,
    {
      survey,
      unproved,
      who
    }: {
      readonly survey: Survey
      readonly unproved: ReadonlyMap<VersionId, readonly UnprovedDevice[]>
      readonly who: AuditWho | undefined
    }
  ): Promise<SubjectVersion> {
    const state = this.#state
    const nowMs = Date.now()
    const { version } = published
    const nameOf = (device: DeviceId) => this.#node.catalogue.nameOf(device)
    const fault = this.#node.readFault(this.#node.identity.device, version)
    const reads = new Map<DeviceId, SubjectVersion['reads'][number]>()
    for (const read of who?.reads ?? []) {
      const before = reads.get(read.reader.device)?.lastAtMs ?? 0
      if (read.version === version && read.lastAtMs > before)
        reads.set(read.reader.device, { ...read.reader, lastAtMs: read.lastAtMs })
    }
    return {
      ...{ name: dataset.name, ordinal: published.ordinal, version, dataClass: published.class },
      ...{ sealed: published.sealed, labels: dataset.policy?.labels ?? [], files: published.files },
      ...{ bytes: published.bytes, publisher: nameOf(published.publisher), publishedAtMs: published.timeMs },
      plain: fault === undefined ? await this.#plainOf({ dataset, published }) : null,
      state: stateOf(state, { published }),
      unproved: unproved.get(version) ?? [],
      ...{ readable: fault === undefined, closedBy: fault?.detail ?? null },
      retentionMs: storageTerms(state, { name: dataset.name, class: published.class }).retentionMs,
      holds: holdsOn(state, version).map(hold => ({
        ...{ by: nameOf(hold.by), reason: hold.reason, sinceAtMs: hold.timeMs }
      })),
      keepers: copiesOf(state, version)
        .map(({ device }) => nameOf(device))
        .sort(byName),
      places: survey.places.get(version) ?? [],
      readers: [...readersOf(state, version, nowMs).devices.keys()].map(nameOf).sort(byName),
      reads: [...reads.values()].sort((a, b) => b.lastAtMs - a.lastAtMs)
    }
  }

  /** Asks every member that is linked what it has of these. */
  async #survey(versions: readonly VersionId[]): Promise<Survey> {
    const { transport, identity, subjects, catalogue } = this.#node
    const state = this.#state
    const members = [...state.devices.keys()].filter(each => isMember(state, each, Date.now()))
    const linked = new Set(transport.peers().map(({ device }) => device))
    const places = new Map<VersionId, (DeviceName & PlaceOf)[]>()
    const answered: DeviceName[] = []
    const silent: DeviceName[] = []
    const take = (device: DeviceId, found: readonly PlaceOf[]): void => {
      const name = catalogue.nameOf(device)
      for (const place of found)
        places.set(place.version, [...(places.get(place.version) ?? []), { ...name, ...place }])
    }
    const ask = async (device: DeviceId): Promise<void> => {
      try {
        for (let at = 0; at < versions.length; at += VERSIONS_ASKED_MAX) {
          const page = versions.slice(at, at + VERSIONS_ASKED_MAX)
          const answer = await subjects.exchange.ask(device, { kind: 'where', versions: page })
          const wanted = new Set(page)
          if (answer.kind === 'where')
            take(
              device,
              answer.places.filter(each => wanted.has(each.version))
            )
        }
        answered.push(catalogue.nameOf(device))
      } catch (thrown) {
        if (!(thrown instanceof AppError) && !(thrown instanceof DOMException)) throw thrown
        silent.push(catalogue.nameOf(device))
      }
    }
    take(identity.device, subjects.places(versions))
    answered.push(catalogue.nameOf(identity.device))
    await Promise.all(
      members.map(async device => {
        if (device === identity.device) return
        if (linked.has(device)) await ask(device)
        else silent.push(catalogue.nameOf(device))
      })
    )
    const listed = [...places].map(
      ([version, of]) => [version, of.map(({ version: _, ...place }) => place).sort(byName)] as const
    )
    return { places: new Map(listed), answered: answered.sort(byName), silent: silent.sort(byName) }
  }

  #checkMay(type: string): void {
    const state = this.#state
    const roles = rolesOf(state, this.#node.identity.device, Date.now())
    if (roles.some(role => state.root.roles.get(role)?.includes(type) === true)) return
    throw new AppError('NOT_AUTHORISED', `no role of this device may author ${type}: nothing was published`)
  }

  get #state(): State {
    return this.#node.keeper.state()
  }
}

function stateOf(state: State, { published }: Pick<AboutSubject, 'published'>): SubjectVersion['state'] {
  const fault = contentFault(state.content.get(published.version))
  if (fault !== undefined) return fault.reason
  return isAvailable(published, Date.now()) ? 'available' : 'retired'
}

const UNPROVED_WORDS = {
  'source-kept': 'keeps a source',
  waiting: 'is connected and has not confirmed',
  away: 'is away and has not confirmed',
  excluded: 'is no member any more and can not confirm'
} as const satisfies Record<UnprovedDevice['state'], string>
const UNPROVED_NAMED_MAX = 5

function unprovedError(devices: readonly UnprovedDevice[]): AppError {
  const named = devices
    .slice(0, UNPROVED_NAMED_MAX)
    .map(({ name, device, state }) => `${name ?? shortId(device)} ${UNPROVED_WORDS[state]}`)
  const more = devices.length - named.length
  return new AppError(
    'SUBJECT_UNPROVED',
    `nothing was forgotten, as it is not proved that all about this person is gone: ${named.join('; ')}` +
      `${more === 0 ? '' : `; and ${more} more`}. peerage subject show says more. --force destroys the keys all the same; ` +
      'then nobody can tell whether what comes to light on those devices is about the person',
    { details: { devices: devices.map(({ device }) => device) } }
  )
}

function byDataset(a: SubjectVersion, b: SubjectVersion): number {
  return a.name === b.name ? a.ordinal - b.ordinal : a.name < b.name ? -1 : 1
}

function checkSubjects(subjects: readonly string[]): void {
  if (subjects.every(isSubjectId)) return
  // Not said which: it would be in the log.
  throw new AppError(
    'USAGE',
    `the id of a person is one line of at most ${SUBJECT_CHARACTERS_MAX} visible characters`
  )
}

function checkLabels(labels: readonly string[]): void {
  if (labels.every(isLabel)) return
  throw new AppError('USAGE', `a label is one line of at most ${LABEL_CHARACTERS_MAX} visible characters`)
}
