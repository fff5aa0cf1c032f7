/**
 * Keeps the copies that this device owes, and lets go of those that it owes no more: what the plan of each version
 * (placement/repair.ts) says, done as far as it is about this device.
 *
 * - What it owes it fetches into its vault. When all of that is durable it says so in the ledger (`copy.state`), and
 *   until when it keeps all of which it said so (`copy.renew`); before that is over it says a later time.
 * - What it owes no more it drops when its own word is over and the others, asked just now, have each proved theirs
 *   (copy-checks.ts). It says so first and deletes then: a crash between leaves a folder that nobody counts on, which
 *   goes at the next look.
 * - What is stored no more at all it drops when its word is over; but not while the version that it is of is not kept
 *   as the rule of today asks, as after a rule was changed: then it may be what the rest is made of.
 *
 * What is kept is a version, or each of the versions that are its shares (storage-parts.ts). A share that nobody has is
 * made anew of others (shares/share-desk.ts).
 *
 * A copy counts as proved when its holder last said that it has it, unless somebody has disputed that since. The say is
 * signed, so it is a lie that can be held against it; checks find lies out.
 *
 * It looks when the ledger or who is here changes, and now and then. Where copies belong is not decided here.
 */

import { defined } from '../../base/assert.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { publicationsOf } from '../../ledger/fold/access.ts'
import { type Copy, copyOf, versionsKept } from '../../ledger/fold/copies.ts'
import { mustStay } from '../../ledger/fold/deletion.ts'
import type { CopyEntry } from '../../ledger/fold/state.ts'
import { COPIES_TOLD_MAX } from '../../ledger/operation/operation-limits.ts'
import type { Holding as KnownCopy, Slot, Terms } from '../../placement/holding.ts'
import { planRepair, type UnitPlan } from '../../placement/repair.ts'
import { type Holding, isWhole } from '../../store/store.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { LostShare, ShareDesk } from '../shares/share-desk.ts'
import type { TransferView } from '../swarm/transfer-desk.ts'
import { isActive } from '../swarm/transfer-orders.ts'
import { inTurns } from '../turns.ts'
import type { CopyChecks } from './copy-checks.ts'
import type { OfferedRoom } from './offered-room.ts'
import type { Sightings } from './sightings.ts'
import type { StoragePlaces } from './storage-map.ts'
import { copiesOfParts, fetchedAs, type Part, partsOf } from './storage-parts.ts'
import type { StoredVersion } from './storage-units.ts'
import type { Vault, VaultCopy } from './vault.ts'

export interface StorageTimes extends Omit<Terms, 'nowMs'> {
  /** For how long a holder gives its word, and how long before the end it gives it again. */
  readonly promiseMs: number
  readonly renewMs: number
  /** How often it looks when nothing happens. */
  readonly lookMs: number
  /** After a fetch failed. */
  readonly retryMs: number
}

/** Copies that are fetched at a time; the slots of transfers share the line among them. */
const FETCHES_MAX = 32
/** Changes within this time are looked at together. */
const SETTLE_MS = SECOND_MS / 4

export interface StorageKeeperInit {
  readonly self: DeviceId
  readonly keeper: Pick<LedgerKeeper, 'state' | 'append' | 'isWhole'>
  readonly sightings: Sightings
  /** By what is known now; undefined once the node stops. */
  readonly places: () => Promise<StoragePlaces | undefined>
  readonly vault: Vault
  readonly shares: Pick<ShareDesk, 'owe' | 'problems' | 'prove'>
  readonly checks: Pick<CopyChecks, 'prove'>
  /** Members that can be reached now, this device among them. */
  readonly present: () => ReadonlySet<DeviceId>
  readonly times: StorageTimes
  readonly room: Pick<OfferedRoom, 'tell'>
  readonly log: Log
}

interface Dropped {
  readonly version: VersionId
  /** Who has to prove what before it goes. */
  readonly others: readonly { readonly device: DeviceId; readonly version: VersionId }[]
}

/** What is about this device in the plans of all versions: what is named here are parts. */
interface Duties {
  readonly fetch: StoredVersion[]
  /** Of those shares that are to be made of others. */
  readonly lost: LostShare[]
  /** All that is to be kept in shares. */
  readonly inShares: StoredVersion[]
  readonly drop: Dropped[]
  /** What is not to go now. */
  readonly keeps: Set<VersionId>
  /** Of those what only waits for its word to be over: it is not given again. */
  readonly leaving: Set<VersionId>
  /**
   * Of which not all parts are in their places, proved and within reach: as whole versions. What is damaged here and
   * owed no more counts for nothing, but most of it may be sound, and all where only the times of files are others, as
   * after a restore: it stays so long.
   */
  readonly unfinished: Set<VersionId>
}

export class StorageKeeper {
  readonly #init: StorageKeeperInit
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  readonly #stop = new AbortController()
  /** A look comes at once, or almost. */
  #isDue = false
  /** Work is to begin once that which goes on is done. */
  #isWaiting = false
  #isStarted = false
  /** Copies that this device owes and has not got, by the last look. */
  #lacking = 0
  /** When a fetch that failed is begun again. */
  readonly #retries = new Map<VersionId, number>()
  readonly #failures = new Map<VersionId, string>()
  /** Whose last piece came since they were last looked at here: all of it was verified. */
  readonly #fresh = new Set<VersionId>()
  /** What it said since it runs, and did not take back: where that counts no more, somebody has disputed it. */
  readonly #told = new Set<VersionId>()

  constructor(init: StorageKeeperInit) {
    this.#init = init
  }

  start(): void {
    this.#isStarted = true
    void this.#init.vault.sweep().catch(thrown => this.#init.log.warn({}, `the vault: ${messageOf(thrown)}`))
    this.look()
  }

  /** Something has changed. */
  look(): void {
    if (!this.#isStarted || this.#isDue) return
    this.#isDue = true
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#begin(), SETTLE_MS)
    this.#timer.unref()
  }

  async close(): Promise<void> {
    this.#isStarted = false
    this.#stop.abort()
    clearTimeout(this.#timer)
    await this.#working
  }

  get lacking(): number {
    return this.#lacking
  }

  /** Why copies that this device owes are not here, in words. */
  problems(): ReadonlyMap<VersionId, string> {
    return new Map([...this.#failures, ...this.#init.shares.problems()])
  }

  /**
   * Who is here is seen at each look, also when the work of an earlier one goes on: others go by when this device says
   * again what it keeps, and by when they met it.
   */
  #begin(): void {
    if (!this.#isStarted) return
    this.#isDue = false
    if (this.#init.keeper.isWhole) this.#see(Date.now())
    this.#again()
    if (this.#isWaiting) return
    this.#isWaiting = true
    this.#working = this.#working.then(() => this.#work()).catch(thrown => this.#failed(thrown))
  }

  #failed(thrown: unknown): void {
    if (this.#stop.signal.aborted) return
    if (!(thrown instanceof AppError)) throw thrown
    this.#init.log.warn({ code: thrown.code }, `storage: ${thrown.message}`)
  }

  #again(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#begin(), this.#init.times.lookMs)
    this.#timer.unref()
  }

  async #work(): Promise<void> {
    this.#isWaiting = false
    if (!this.#isStarted || !this.#init.keeper.isWhole) return
    const nowMs = Date.now()
    this.#init.room.tell()
    const places = await this.#init.places()
    const duties = places && (await inTurns(this.#duties(places, nowMs), () => this.#isStarted))
    if (places === undefined || duties === undefined) return
    this.#init.shares.owe(duties.inShares, duties.lost)
    this.#lacking = duties.fetch.length + duties.lost.length
    await this.#fetch(duties)
    await this.#say(duties, nowMs)
    await this.#drop(duties, nowMs)
  }

  #see(nowMs: number): void {
    const { self, keeper, sightings, times } = this.#init
    const { devices } = keeper.state()
    const present = new Set(this.#init.present())
    present.delete(self)
    const graceOf = (device: DeviceId) => times.grace[devices.get(device)?.enrolment?.kind ?? 'server']
    const known = [...devices].flatMap(([device, { storage }]) =>
      storage === undefined || device === self ? [] : [device]
    )
    sightings.look(known, { present, nowMs, graceOf })
  }

  *#duties(places: StoragePlaces, nowMs: number): Generator<void, Duties> {
    const duties: Duties = {
      ...{ fetch: [], lost: [], inShares: [], drop: [] },
      ...{ keeps: new Set(), leaving: new Set(), unfinished: new Set() }
    }
    const urgent = new Set<StoredVersion>()
    const here = this.#init.vault.copies()
    for (const stored of places.stored) {
      yield
      const plan = this.#plan(stored, { places, here, nowMs })
      const fetched = this.#sort(stored, plan, duties)
      for (const each of plan.isUrgent ? fetched : []) urgent.add(each)
    }
    duties.fetch.sort((a, b) => Number(urgent.has(b)) - Number(urgent.has(a)))
    return duties
  }

  #plan(
    stored: StoredVersion,
    { places, here, nowMs }: { places: StoragePlaces; here: ReadonlyMap<VersionId, VaultCopy>; nowMs: number }
  ): UnitPlan {
    const { self, keeper, times } = this.#init
    const parts = partsOf(stored)
    const own = parts.filter(({ version }) => {
      const holding = here.get(version)?.holding
      return holding !== undefined && isWhole(holding.state)
    })
    const copies = copiesOfParts(keeper.state(), parts)
    return planRepair({
      assignment: defined(places.assignments.get(stored.unit.version), 'a place'),
      ...{ devices: places.devices, terms: { ...times, nowMs } },
      holdings: knownCopies(copies, { self, own, nowMs }),
      standIns: (unit, count, now) => places.assigner.standIns(unit, count, now)
    })
  }

  /** Adds what a plan says of this device; answers what of it is to be fetched. */
  #sort(stored: StoredVersion, plan: UnitPlan, duties: Duties): StoredVersion[] {
    const { self, vault } = this.#init
    const { shares, unit } = stored
    const isOwn = ({ device }: { readonly device: DeviceId }): boolean => device === self
    const partOf = ({ share }: Slot): VersionId | undefined =>
      unit.policy.shares === null ? unit.version : shares?.shares[share ?? -1]
    const partsIn = (slots: readonly Slot[]): VersionId[] =>
      slots.flatMap(slot => (isOwn(slot) ? (partOf(slot) ?? []) : []))
    if (unit.policy.shares !== null) duties.inShares.push(stored)
    if (!plan.isKept) duties.unfinished.add(unit.version)
    const fetched: StoredVersion[] = []
    // What nobody has yet comes from who published it, or anybody who has it.
    for (const slot of [...plan.fetch, ...plan.blocked].filter(isOwn)) {
      const version = partOf(slot)
      if (version === undefined) continue
      const { share } = slot
      const isLost = 'how' in slot && slot.how === 'rebuild'
      if (isLost && share !== null && shares !== undefined)
        duties.lost.push({ stored, set: shares, share, place: vault.placeOf(version) })
      else fetched.push(fetchedAs(stored, { version, share }))
    }
    duties.fetch.push(...fetched)
    const others = plan.keep.flatMap(slot => {
      const version = partOf(slot)
      return version === undefined ? [] : [{ device: slot.device, version }]
    })
    const dropped = partsIn(plan.drop)
    for (const version of dropped) duties.drop.push({ version, others })
    for (const version of partsIn([...plan.keep, ...plan.fetch, ...plan.waiting, ...plan.blocked]))
      if (!dropped.includes(version)) duties.keeps.add(version)
    for (const version of partsIn(plan.waiting.filter(({ because }) => because === 'promised')))
      duties.leaving.add(version)
    return fetched
  }

  /** Begins what is to be fetched and is not on its way, and begins again what failed a while ago. */
  async #fetch({ fetch, keeps }: Duties): Promise<void> {
    const { vault } = this.#init
    const here = vault.copies()
    const nowMs = performance.now()
    let running = 0
    for (const stored of fetch) {
      const { version } = stored.published
      const { transfer, holding } = here.get(version) ?? {}
      if (holding !== undefined && isWhole(holding.state)) continue // it came since the plan was made
      if (transfer !== undefined && isActive(transfer.state)) {
        running++
        continue
      }
      if (transfer?.state === 'failed') this.#note(transfer, nowMs)
      if (running >= FETCHES_MAX || nowMs < (this.#retries.get(version) ?? 0)) continue
      this.#retries.delete(version)
      running++
      if (holding?.state === 'damaged') await vault.clean(holding, this.#stop.signal)
      vault.fetch(stored)
      this.#fresh.add(version)
    }
    for (const version of [...this.#failures.keys()])
      if (!fetch.some(({ published }) => published.version === version)) this.#failures.delete(version)
    // What was owed for a while, and is not any more before it came.
    for (const [version, { transfer }] of here)
      if (
        transfer !== undefined &&
        isActive(transfer.state) &&
        !keeps.has(version) &&
        this.#said(version) === undefined
      )
        void this.#remove(version)
  }

  /** What failed is begun again after a while. */
  #note({ version, problem }: TransferView, nowMs: number): void {
    if (this.#retries.has(version)) return
    const { times, room, log } = this.#init
    this.#failures.set(version, problem?.message ?? 'it failed')
    this.#retries.set(version, nowMs + times.retryMs)
    log.warn({ version }, `a copy could not be stored: ${problem?.message}`)
    if (problem?.code === 'DISK_FULL') room.tell({ exactly: true })
  }

  /**
   * Says of what is here, whole and owed that it keeps it, where it has not; and until when, of all of that at once.
   * What is owed no more gets an end of its own, which no later word moves; and what is not here any more none.
   */
  async #say(duties: Duties, nowMs: number): Promise<void> {
    const { vault, self, keeper, times } = this.#init
    const here = vault.copies()
    const due: VersionId[] = []
    for (const version of duties.keeps) {
      const holding = here.get(version)?.holding
      if (duties.leaving.has(version) || holding === undefined || !isWhole(holding.state)) continue
      const said = this.#said(version)
      const isFresh = this.#fresh.delete(version)
      if (said !== undefined && said.untilMs === null) continue
      // What nobody counts on was never said, or disputed: it is read again before it is said.
      const isVerified = said !== undefined || (isFresh && !this.#told.has(version))
      if (isVerified || (await this.#isSound(holding))) due.push(version)
    }
    const now = vault.copies()
    const isHere = (version: VersionId): boolean => isWhole(now.get(version)?.holding?.state ?? 'damaged')
    const isStaying = (version: VersionId): boolean =>
      (duties.keeps.has(version) && !duties.leaving.has(version)) ||
      this.#wholesOf(version).some(whole => mustStay(keeper.state(), whole, nowMs))
    const said = versionsKept(keeper.state(), self)
    const ending = said.filter(
      version => isHere(version) && !isStaying(version) && this.#said(version)?.untilMs === null
    )
    const untilMs = keeper.state().renewals.get(self)?.untilMs ?? 0
    this.#word(
      said.filter(version => !isHere(version)),
      0
    )
    this.#word(ending, untilMs)
    this.#word(due, null)
    const isStanding = said.some(version => this.#said(version)?.untilMs === null)
    if ((due.length > 0 || isStanding) && (untilMs < nowMs + times.renewMs || this.#isAsked(nowMs)))
      keeper.append({ type: 'copy.renew', device: self, untilMs: nowMs + times.promiseMs })
  }

  /**
   * Whether others may ask for a new word, as they count this device as readmitted: at once, and once more when by any
   * clock they have all met it.
   */
  #isAsked(nowMs: number): boolean {
    const { self, keeper, sightings, times } = this.#init
    const saidMs = keeper.state().renewals.get(self)?.timeMs ?? 0
    const { returnedMs } = sightings
    const metMs = returnedMs + times.skewMs
    return saidMs < returnedMs || (saidMs < metMs && nowMs > metMs)
  }

  #said(version: VersionId): CopyEntry | undefined {
    return this.#init.keeper.state().copies.get(this.#init.self)?.get(version)
  }

  async #isSound(holding: Holding): Promise<boolean> {
    const { badPieces, missingFiles } = await holding.verify({ signal: this.#stop.signal })
    this.#init.vault.checked(holding.version.id)
    return badPieces.length === 0 && missingFiles.length === 0
  }

  #word(versions: readonly VersionId[], untilMs: number | null): void {
    const sorted = versions.toSorted()
    for (let at = 0; at < sorted.length; at += COPIES_TOLD_MAX) {
      const copies = sorted.slice(at, at + COPIES_TOLD_MAX).map(version => ({ version, share: null }))
      this.#init.keeper.append({ type: 'copy.state', device: this.#init.self, untilMs, copies })
      for (const { version } of copies)
        if (untilMs === null) this.#told.add(version)
        else this.#told.delete(version)
    }
  }

  async #drop({ drop, keeps, unfinished }: Duties, nowMs: number): Promise<void> {
    const { vault, self, keeper, times } = this.#init
    for (const { version, others } of drop) {
      if (!this.#isStarted) return
      if (await this.#areProved(version, others)) await this.#letGo(version)
    }
    const dropped = new Set(drop.map(({ version }) => version))
    for (const version of vault.copies().keys()) {
      if (keeps.has(version) || dropped.has(version) || this.#isNeeded(version, unfinished, nowMs)) continue
      const untilMs = copyOf(keeper.state(), self, version)?.untilMs ?? 0
      if (untilMs + times.skewMs < nowMs) await this.#letGo(version)
    }
  }

  async #areProved(version: VersionId, others: Dropped['others']): Promise<boolean> {
    const { checks, shares } = this.#init
    if (others.some(each => each.version !== version)) return await shares.prove(version, others)
    return await checks.prove(
      version,
      others.map(({ device }) => device)
    )
  }

  /**
   * Whether it is of a version that stays although nobody may have it, or that is to be kept and is not yet, in these
   * parts or in others.
   */
  #isNeeded(version: VersionId, unfinished: ReadonlySet<VersionId>, nowMs: number): boolean {
    const state = this.#init.keeper.state()
    return this.#wholesOf(version).some(whole => unfinished.has(whole) || mustStay(state, whole, nowMs))
  }

  /** What a part gives back together with others, and the part itself. */
  #wholesOf(version: VersionId): VersionId[] {
    const publications = publicationsOf(this.#init.keeper.state(), version)
    return [...new Set([version, ...publications.map(({ published }) => published.version)])]
  }

  async #letGo(version: VersionId): Promise<void> {
    if (this.#said(version) !== undefined) this.#word([version], 0)
    await this.#remove(version)
  }

  async #remove(version: VersionId): Promise<void> {
    try {
      await this.#init.vault.remove(version)
    } catch (thrown) {
      this.#init.log.warn({ version }, `a copy that is kept no more stays for now: ${messageOf(thrown)}`)
    }
  }
}

/** What the ledger says that is held, and what is in the vault of this device and not said yet. */
function knownCopies(
  copies: readonly (Copy & { readonly part: VersionId })[],
  { self, own, nowMs }: { readonly self: DeviceId; readonly own: readonly Part[]; readonly nowMs: number }
): KnownCopy[] {
  const isHere = (part: VersionId): boolean => own.some(({ version }) => version === part)
  const known = copies.filter(({ device, part }) => device !== self || isHere(part))
  const isSaid = (part: VersionId): boolean => known.some(each => each.device === self && each.part === part)
  const unsaid = own.filter(({ version }) => !isSaid(version))
  return [
    ...known.map(knownCopy),
    ...unsaid.map(({ share }) => ({ device: self, share, provedMs: nowMs, promisedUntilMs: 0 }))
  ]
}

/** A word in the ledger as placement takes it: who says that it has a copy has proved it, until that is disputed. */
export function knownCopy({ device, share, timeMs, untilMs }: Copy): KnownCopy {
  return { device, share, provedMs: timeMs, promisedUntilMs: untilMs }
}
