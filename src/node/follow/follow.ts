/**
 * One follow at work. It does one thing at a time, in this order: completes a switch that a crash interrupted, runs a
 * hook that is due, looks at which version the destination should be at, has that fetched, and switches.
 *
 * A version that is superseded while it is fetched is given up for the newer one, but not twice in a row: who publishes
 * faster than the network carries is still followed. One that is withdrawn while it is fetched is given up at once.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { formatDuration, HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import type { Version } from '../../content/version.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../service.ts'
import type { TransferDesk } from '../swarm/transfer-desk.ts'
import { isSettled } from '../swarm/transfer-orders.ts'
import type { FollowPlace } from './follow-place.ts'
import { leaveVersion, mentions, notLeft } from './follow-purge.ts'
import { type FollowRecord, type FollowRecords, followedVersion, withoutTime } from './follow-record.ts'
import type { FollowedVersion, FollowStatus, HookRun, SwitchReason } from './follow-terms.ts'
import { faultOf, runHook, succeeded } from './hook-process.ts'
import type { LedgerCandidate } from './ledger-candidates.ts'
import { type Candidate, type Choice, chooseVersion } from './version-choice.ts'
import type { VersionFolders } from './version-folders.ts'

const RETRY_MIN_MS = MINUTE_MS
const RETRY_MAX_MS = HOUR_MS

export interface FollowInit {
  readonly org: string
  readonly record: FollowRecord
  readonly records: FollowRecords
  readonly place: FollowPlace
  readonly folders: VersionFolders
  readonly transfers: Pick<TransferDesk, 'start' | 'stop' | 'view' | 'views' | 'onChange'>
  readonly candidates: (name: string) => readonly LedgerCandidate[] | undefined
  readonly log: Log
}

interface Target {
  readonly to: FollowedVersion
  readonly transfer: string
  readonly unwatch: () => void
}

interface Fault {
  readonly problem: Problem
  /** What could not be had. */
  readonly version: string | undefined
  readonly retryAtMs: number
}

type Decision = (Go & { readonly kind: 'go' }) | { readonly kind: 'stay' | 'stuck' }

type Go = { readonly to: Candidate; readonly reason: SwitchReason; readonly withdrawn: string | undefined }

export class Follow {
  readonly #init: FollowInit
  readonly #stop = new AbortController()
  #record: FollowRecord
  #state: FollowStatus['state'] = 'waiting'
  #passedOver: Choice['passedOver'] = []
  #target: Target | undefined
  readonly #purges = new Set<VersionId>()
  /** A version was given up for a newer one since the last switch. */
  #gaveUp = false
  #fault: Fault | undefined
  #retryMs = RETRY_MIN_MS
  #retryTimer: NodeJS.Timeout | undefined
  /** It is at, or on its way to, nothing good. */
  #stuck: Problem | undefined
  /** The destination was looked at since the start of the node. */
  #isLookedAt = false
  #again = false
  #work: Promise<void> | undefined

  constructor(init: FollowInit) {
    this.#init = init
    this.#record = init.record
  }

  get record(): FollowRecord {
    return this.#record
  }

  /** Does what there is to do, now or after what it is at. */
  look(): void {
    this.#again = true
    if (this.#work !== undefined || this.#stop.signal.aborted) return
    this.#work = this.#run().finally(() => {
      this.#work = undefined
    })
  }

  /** Changes what a person may change, and acts on it. */
  change(change: Partial<FollowRecord>, { afresh = false } = {}): void {
    this.#save(change)
    if (afresh) {
      this.#clearFault()
      this.#isLookedAt = false
      // Nobody takes the answer of before for the one after.
      if (this.#state === 'current') this.#state = 'waiting'
    }
    this.look()
  }

  /** Resolves when there is nothing to do before something changes. */
  async settled(): Promise<void> {
    while (this.#work !== undefined) await this.#work
  }

  /** See follow-purge.ts. Rejects when that could not be done now. */
  async purge(version: VersionId): Promise<void> {
    if (!mentions(this.#record, version)) return
    this.#purges.add(version)
    this.look()
    await this.settled()
    if (this.#purges.has(version)) throw notLeft(this.#record, this.#fault?.problem.message)
  }

  /** Ends what is under way; a hook that is cut off runs again at the next start. */
  async close({ stopTransfer = false } = {}): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#retryTimer)
    await this.settled()
    const target = this.#target
    target?.unwatch()
    if (stopTransfer && target !== undefined) this.#init.transfers.stop(target.transfer, { discard: false })
  }

  status(): FollowStatus {
    const { place } = this.#init
    const { id, name, destination, sinceAtMs, pinned, current, previous, failed, lastHook } = this.#record
    const { mode, keep, hook, hookTimeoutMs, onHookFailure, purpose, notice } = this.#record
    const at = ({ version, ordinal, folder }: FollowedVersion) => ({
      version,
      ordinal,
      path: place.path(folder)
    })
    return {
      ...{ id, name, destination, sinceAtMs, pinned, failed, lastHook },
      ...{ mode, keep, hook, hookTimeoutMs, onHookFailure, purpose },
      state: this.#state,
      current: current === null ? null : { ...at(current), atMs: current.atMs },
      previous: previous === null ? null : at(previous),
      target: this.#targetStatus(),
      passedOver: this.#passedOver,
      retryAtMs: this.#fault?.retryAtMs ?? null,
      problems: [this.#stuck, this.#fault?.problem, notice].flatMap(problem => problem ?? [])
    }
  }

  #targetStatus(): FollowStatus['target'] {
    if (this.#target === undefined) return null
    const { to, transfer } = this.#target
    const view = this.#init.transfers.view(transfer)
    if (view === undefined) return null
    const { haveBytes, totalBytes } = view
    return { version: to.version, ordinal: to.ordinal, transfer, haveBytes, totalBytes }
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stop.signal.aborted) {
      this.#again = false
      try {
        await this.#advance()
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown
        this.#onFault(thrown)
      }
    }
  }

  async #advance(): Promise<void> {
    await this.#completeSwitch()
    for (const version of this.#purges) {
      if (this.#target?.to.version === version) this.#dropTarget()
      this.#save(await leaveVersion(version, this.#record, this.#init))
      this.#purges.delete(version)
    }
    await this.#runDueHook()
    if (this.#stop.signal.aborted) return
    const { name, current, failed, pinned } = this.#record
    const candidates = this.#init.candidates(name) ?? []
    const failures = new Set(failed.map(({ version }) => version))
    const chosen = chooseVersion({ candidates, current, failed: failures, pinned })
    this.#passedOver = chosen.passedOver
    this.#tellStuck(chosen)
    const choice = chosen.kind === 'go' ? chosen : ((await this.#missing(candidates)) ?? chosen)
    const isFinished = await this.#giveUpOther(choice, candidates)
    if (isFinished) return
    if (choice.kind === 'go') await this.#goTo(choice, candidates)
    else await this.#rest()
  }

  /** The way back to the version that it is at, when the destination is gone. Rejects when something else is there. */
  async #missing(candidates: readonly LedgerCandidate[]): Promise<(Go & { kind: 'go' }) | undefined> {
    const { place } = this.#init
    const { current, tree } = this.#record
    if (current === null || this.#isLookedAt) return undefined
    if (await place.isAt(current.folder, tree)) {
      this.#isLookedAt = true
      await this.#sweep()
      return undefined
    }
    await place.check(tree)
    const to = candidates.findLast(({ version }) => version === current.version)
    return to === undefined ? undefined : { kind: 'go', to, reason: 'restored', withdrawn: undefined }
  }

  #tellStuck(choice: Choice): void {
    if (choice.kind !== 'stuck') {
      this.#stuck = undefined
      return
    }
    const { name, destination, current } = this.#record
    const message = choice.isWithdrawn
      ? `${destination} is still at version ${current?.ordinal} of ${name}, which is not to be used: ${choice.detail}; ` +
        'there is no good version to go to'
      : `${destination} waits for a version of ${name}: ${choice.detail}`
    const code = choice.isWithdrawn ? 'VERSION_WITHDRAWN' : 'NOT_AUTHORISED'
    if (this.#stuck?.message !== message) this.#init.log.warn({ follow: destination, code }, message)
    this.#stuck = { code, message, path: destination }
  }

  /** Lets go of what is fetched and not wanted any more. True when that is wanted after all, and not here yet. */
  async #giveUpOther(choice: Decision, candidates: readonly LedgerCandidate[]): Promise<boolean> {
    const target = this.#target
    if (target === undefined || (choice.kind === 'go' && choice.to.version === target.to.version))
      return false
    const own = candidates.filter(({ version }) => version === target.to.version)
    const isGood = own.some(({ verdict }) => verdict.kind === 'good')
    if (choice.kind !== 'go' && own.some(({ verdict }) => verdict.kind === 'denied')) {
      // As when our view is not fresh: the transfer waits, and goes on once it may.
      this.#state = 'fetching'
      return true
    }
    const isSuperseded = choice.kind === 'go' && choice.reason === 'new' && isGood
    if (isSuperseded && this.#gaveUp) {
      const to = own.findLast(({ verdict }) => verdict.kind === 'good')
      if (to !== undefined) await this.#goTo({ to, reason: 'new', withdrawn: undefined }, candidates)
      return true
    }
    if (isSuperseded) this.#gaveUp = true
    const why = isSuperseded ? 'there is a newer one' : 'it is not wanted any more'
    const { destination, name } = this.#record
    this.#init.log.warn(
      { follow: destination },
      `version ${target.to.ordinal} of ${name} is given up: ${why}`
    )
    this.#dropTarget()
    // What is whole stays for as long as it is among the versions to keep.
    const isWhole = this.#init.transfers.view(target.transfer)?.holding?.state === 'complete'
    const { current, previous } = this.#record
    const isNeeded = [current, previous].some(each => each?.version === target.to.version)
    if (!isWhole && !isNeeded) await this.#remove(target.to)
    return false
  }

  /** It is where it should be, or can be nowhere else. */
  async #rest(): Promise<void> {
    if (this.#record.current === null) {
      this.#state = 'waiting'
      return
    }
    this.#clearFault()
    await this.#prune()
    this.#state = 'current'
  }

  async #goTo(go: Go, candidates: readonly LedgerCandidate[]): Promise<void> {
    const { version } = go.to
    const isTooSoon = this.#fault?.version === version && Date.now() < this.#fault.retryAtMs
    if (isTooSoon) return
    const known = this.#target?.to.version === version ? this.#target : undefined
    const target = known ?? (await this.#fetch(go.to, candidates))
    const view = this.#init.transfers.view(target.transfer)
    if (view !== undefined && !isSettled(view.state)) {
      this.#state = 'fetching'
      return
    }
    const { holding } = view ?? {}
    if (view?.state === 'complete' && holding?.state === 'complete') {
      await this.#switch(target.to, holding.version, go)
      return
    }
    const found = view?.problem ?? holding?.problem
    this.#dropTarget()
    const what = `version ${target.to.ordinal} of ${this.#record.name} can not be had`
    throw new AppError(
      'TRANSFER_STOPPED',
      found == null ? `${what}: its transfer was stopped` : `${what}: ${found.message} (${found.code})`,
      { details: { version, path: found?.path ?? null } }
    )
  }

  async #fetch(to: Candidate, candidates: readonly LedgerCandidate[]): Promise<Target> {
    const { transfers, place } = this.#init
    await this.#prune(to)
    const { name, purpose, versions } = this.#record
    const known = versions.find(({ version }) => version === to.version)
    const own = known ?? followedVersion(to)
    // Known before there is a first byte of it, so that nothing is left behind unknown.
    if (known === undefined) this.#save({ versions: [own, ...versions] })
    const { files = 0, bytes = 0 } = candidates.find(({ version }) => version === to.version) ?? {}
    const destination = `${place.path(own.folder)}/`
    // What a person paused stays so until a person resumes it.
    const paused = transfers.views().find(view => view.state === 'paused' && view.destination === destination)
    const transfer =
      paused?.id ??
      transfers.start({
        ...{ name, version: to.version, ordinal: to.ordinal, files, totalBytes: bytes, purpose },
        // With a separator at its end, so that a version of one file goes into the folder too.
        ...{ destination, priority: null, deadlineAtMs: null, only: [] }
      })
    const target = { to: own, transfer, unwatch: transfers.onChange(transfer, () => this.look()) }
    this.#target = target
    return target
  }

  async #switch(to: FollowedVersion, version: Version, go: Go): Promise<void> {
    const { place, folders } = this.#init
    this.#state = 'switching'
    await place.check(this.#record.tree)
    await place.sweep(folder => folders.versionIn(place.path(folder)))
    const tree = await place.build(version, to.folder)
    this.#dropTarget()
    this.#save({ switching: { to, reason: go.reason, tree }, ...this.#noticeOf(to, go) })
    await this.#completeSwitch()
    this.#again = true
  }

  #noticeOf(to: FollowedVersion, { reason, withdrawn }: Go): Pick<FollowRecord, 'notice'> {
    const { name, destination, current, notice } = this.#record
    if (withdrawn !== undefined) {
      const message = `${destination} left version ${current?.ordinal} of ${name} for version ${to.ordinal}: ${withdrawn}`
      return { notice: { code: 'VERSION_WITHDRAWN', message, path: destination } }
    }
    return { notice: reason === 'new' || reason === 'rollback' ? null : notice }
  }

  /** The one place where the destination changes: what is to be done is on disk before, what is done after. */
  async #completeSwitch(): Promise<void> {
    const { place, org, log } = this.#init
    const { switching, current, previous, tree, versions, hook, name, mode, destination, notice } =
      this.#record
    if (switching === null) return
    this.#state = 'switching'
    const { to, reason } = switching
    const from = current === null || tree === null ? null : { folder: current.folder, tree }
    if (!(await place.commit({ folder: to.folder, tree: switching.tree, from }))) {
      this.#save({ switching: null })
      return
    }
    await place.mark({ org, dataset: name, mode, folder: to.folder, tree: switching.tree })
    const former = current?.version === to.version ? previous : withoutTime(current)
    this.#save({
      current: { ...to, atMs: Date.now() },
      ...{ previous: former, tree: switching.tree, switching: null },
      versions: [...versions.filter(({ version }) => version !== to.version), to],
      hookDue: hook === null ? null : { reason }
    })
    this.#gaveUp = false
    this.#isLookedAt = true
    this.#clearFault()
    const isBad = reason === 'withdrawn' || reason === 'hook-failed'
    const why = isBad && notice !== null ? `: ${notice.message}` : ''
    log[isBad ? 'warn' : 'info'](
      { follow: destination, reason },
      `${destination} is at version ${to.ordinal} of ${name}${why}`
    )
    await this.#sweep()
  }

  /** What is left of the former tree is in nobody's way: it is tried again at the next switch or start. */
  async #sweep(): Promise<void> {
    const { place, folders, log } = this.#init
    const { destination } = this.#record
    try {
      for (const path of await place.sweep(folder => folders.versionIn(place.path(folder))))
        log.warn(
          { follow: destination, path },
          `${destination} held files that are not of the version: kept in ${path}`
        )
    } catch (thrown) {
      log.warn({ follow: destination }, `what ${destination} was stays on disk for now: ${messageOf(thrown)}`)
    }
  }

  async #runDueHook(): Promise<void> {
    const { place, log } = this.#init
    const { hookDue, hook, current, previous, hookTimeoutMs: timeoutMs, name, destination } = this.#record
    if (hookDue === null || current === null) return
    if (hook === null) {
      this.#save({ hookDue: null })
      return
    }
    this.#state = 'hook'
    const run = await runHook({
      ...{ hook, timeoutMs, dataset: name, destination, to: current, reason: hookDue.reason, log },
      versionPath: place.path(current.folder),
      previousPath: previous === null ? null : place.path(previous.folder),
      signal: this.#stop.signal
    })
    if (run === undefined) return
    if (succeeded(run)) {
      log.info({ follow: destination, ordinal: current.ordinal }, 'the hook ended well')
      this.#save({ hookDue: null, lastHook: run })
    } else this.#onHookFailed(run)
  }

  #onHookFailed(run: HookRun): void {
    const { current, previous, failed, destination, name, onHookFailure, notice } = this.#record
    if (current === null) return
    const { version, ordinal } = current
    const detail = faultOf(run)
    // A hook that fails on the way back is told, and that is all: it would go in circles.
    const isForward = previous === null || ordinal > previous.ordinal
    const goesBack = onHookFailure === 'rollback' && isForward
    const then = goesBack ? `it is not tried again but by: peerage follow retry ${destination}` : 'it stays'
    const own = `version ${ordinal} of ${name} in ${destination}: ${detail}; ${then}`
    // What made it go back is not hidden by what happened then.
    const message = isForward || notice === null ? own : `${notice.message}. Then ${own}`
    this.#init.log.error({ follow: destination, ordinal, code: 'HOOK_FAILED' }, message)
    const entry = { version, ordinal, detail, atMs: run.endedAtMs }
    this.#save({
      ...{ hookDue: null, lastHook: run, notice: { code: 'HOOK_FAILED', message, path: destination } },
      failed: goesBack ? [...failed.filter(each => each.version !== version), entry] : failed
    })
  }

  /** Removes what is beyond the versions to keep, room for one that comes included. */
  async #prune(coming?: Candidate): Promise<void> {
    const { versions, current, previous, keep, failed, name } = this.#record
    const needed = [current, previous, coming].map(each => each?.version)
    const spare = versions.filter(({ version }) => !needed.includes(version))
    const isNew = coming !== undefined && versions.every(({ version }) => version !== coming.version)
    const excess = versions.length + (isNew ? 1 : 0) - keep
    for (const each of spare.slice(0, Math.max(0, excess))) await this.#remove(each)
    // Of versions that the ledger does not know any more nothing is remembered.
    const known = new Set(this.#init.candidates(name)?.map(({ version }) => version))
    const left = failed.filter(({ version }) => known.has(version))
    if (left.length < failed.length) this.#save({ failed: left })
  }

  async #remove(own: FollowedVersion): Promise<void> {
    const { folders, place, log } = this.#init
    const aside = await folders.remove(own, place)
    const { destination } = this.#record
    if (aside !== undefined)
      log.warn(
        { follow: destination, path: aside },
        `files that are not of version ${own.ordinal} are kept in ${aside}`
      )
    this.#save({ versions: this.#record.versions.filter(({ version }) => version !== own.version) })
  }

  #dropTarget(): void {
    this.#target?.unwatch()
    this.#target = undefined
  }

  #onFault(error: AppError): void {
    const { destination } = this.#record
    const { details, code, message } = error
    const [nowMs, before] = [Date.now(), this.#fault]
    // What fails in a look for another reason, such as a change of the ledger, puts off nothing.
    const isEarly = before !== undefined && nowMs < before.retryAtMs
    const retryAtMs = isEarly ? before.retryAtMs : nowMs + this.#retryMs
    const path = typeof details.path === 'string' ? details.path : destination
    const version = typeof details.version === 'string' ? details.version : undefined
    this.#fault = { problem: { code, message, path }, version, retryAtMs }
    this.#state = 'waiting'
    const told = `${message}; it is tried again in ${formatDuration(retryAtMs - nowMs)}`
    if (before?.problem.message !== message) this.#init.log.warn({ follow: destination, code }, told)
    if (isEarly) return
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => this.look(), this.#retryMs + 1)
    this.#retryTimer.unref()
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS)
  }

  #clearFault(): void {
    clearTimeout(this.#retryTimer)
    this.#fault = undefined
    this.#retryMs = RETRY_MIN_MS
  }

  #save(change: Partial<FollowRecord>): void {
    const record = { ...this.#record, ...change }
    this.#init.records.save(record)
    this.#record = record
  }
}
