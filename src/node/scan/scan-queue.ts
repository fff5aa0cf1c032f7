/**
 * Which versions a scanner has to look at, and in which order: first what readers wait for and is here, then what has
 * to be fetched for it, then what was looked at with an older database, the longest ago first.
 *
 * - A version that its class keeps closed until a scan, and of which this device has no note by the database of now.
 *   What it does not hold it fetches only while nobody found it clean and it has not looked itself.
 * - A version that it holds and has looked at before, of whatever class, when the database is another since.
 * - What was unscanned, when its time has come.
 *
 * What is quarantined, recalled, erased or retired is read by nobody and not looked at.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { contentFault } from '../../ledger/fold/access.ts'
import { classRules } from '../../ledger/fold/class-policy.ts'
import { type DatasetVersion, isAvailable, type ScanEntry, type State } from '../../ledger/fold/state.ts'
import type { ScanNote } from './scan-record.ts'
import type { ScannerWords } from './scan-word.ts'

export interface Candidate {
  readonly name: string
  readonly published: DatasetVersion
  /** Whether its class keeps it closed until a scan. */
  readonly isAsked: boolean
}

export interface DueScan extends Candidate {
  readonly isHeld: boolean
  readonly why: 'new' | 'again' | 'retry'
}

export interface ScanScene {
  readonly state: State
  readonly self: DeviceId
  readonly nowMs: number
  readonly scanner: ScannerWords
  /** Held in full, where it stays. */
  readonly held: ReadonlySet<VersionId>
  readonly note: (version: VersionId) => ScanNote | undefined
  readonly mayFetch: (version: VersionId) => boolean
  /** Whether this device may read what is sealed, and has its key. */
  readonly opens: (version: VersionId) => boolean
}

/** Versions that are open, each once, those that a class asks to have scanned marked so. */
export function candidates(state: State, nowMs: number): Candidate[] {
  const found = new Map<VersionId, Candidate>()
  for (const { name, versions } of state.datasets.values())
    for (const published of versions) {
      if (!isAvailable(published, nowMs)) continue
      if (contentFault(state.content.get(published.version)) !== undefined) continue
      const isAsked = classRules(state, published.class).scan
      if (found.get(published.version)?.isAsked === true) continue
      if (isAsked || !found.has(published.version)) found.set(published.version, { name, published, isAsked })
    }
  return [...found.values()]
}

/** Those that nobody but admins, scanners and publishers reads before a scan finds them clean, the oldest first. */
export function waitingVersions(state: State, nowMs: number): Candidate[] {
  return candidates(state, nowMs)
    .filter(({ isAsked, published }) => isAsked && !isClean(state, published.version))
    .sort((a, b) => a.published.timeMs - b.published.timeMs)
}

export function dueScans(scene: ScanScene): DueScan[] {
  const due = candidates(scene.state, scene.nowMs).flatMap(candidate => {
    const why = whyDue(scene, candidate)
    if (why === undefined) return []
    return [{ ...candidate, why, isHeld: scene.held.has(candidate.published.version) }]
  })
  const rank = ({ why, isHeld }: DueScan): number => (why === 'again' ? 2 : isHeld ? 0 : 1)
  const ageMs = ({ published }: DueScan): number => scene.note(published.version)?.atMs ?? published.timeMs
  return due.sort((a, b) => rank(a) - rank(b) || ageMs(a) - ageMs(b))
}

function whyDue(
  scene: ScanScene,
  { published: { version, sealed }, isAsked }: Candidate
): DueScan['why'] | undefined {
  const { state, scanner, nowMs } = scene
  const note = scene.note(version)
  const isHeld = scene.held.has(version)
  if (!isHeld && (!isAsked || isClean(state, version) || !scene.mayFetch(version))) return undefined
  // To who can not open it, it says nothing.
  if (sealed && !scene.opens(version)) return undefined
  if (note === undefined) {
    if (!isAsked) return undefined
    const own = ownWord(state, version, scene.self)
    const isSaid = own !== undefined && own.verdict !== 'unscanned' && isBy(own, scanner)
    return isSaid ? undefined : 'new'
  }
  if (note.verdict === 'unscanned')
    return note.retryAtMs === null || note.retryAtMs <= nowMs ? 'retry' : undefined
  return isHeld && !isBy(note, scanner) ? 'again' : undefined
}

export function ownWord(state: State, version: VersionId, self: DeviceId): ScanEntry | undefined {
  return state.content.get(version)?.scans.find(({ by }) => by === self)
}

function isBy(
  word: { readonly engine: string | null; readonly database: string | null },
  { engine, database }: ScannerWords
): boolean {
  return word.engine === engine && word.database === database
}

function isClean(state: State, version: VersionId): boolean {
  return state.content.get(version)?.scans.some(({ verdict }) => verdict === 'clean') ?? false
}
