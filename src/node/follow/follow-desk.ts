/**
 * The follows of this device: loaded at the start, begun and ended as people ask, and told to look whenever the ledger,
 * or what it allows, may have changed. What each then does is follow.ts's.
 */

import { AppError } from '../../base/errors.ts'
import type { OrgId, VersionId } from '../../base/ids.ts'
import type { Store } from '../../store/store.ts'
import { isWithin } from '../folder-path.ts'
import type { Log } from '../log.ts'
import type { LettingGo } from '../swarm/letting-go.ts'
import type { TransferDesk } from '../swarm/transfer-desk.ts'
import { Follow } from './follow.ts'
import { FollowPlace, followDestination } from './follow-place.ts'
import { isLeaving } from './follow-purge.ts'
import { type FollowRecord, FollowRecords, followedVersion, followId, newRecord } from './follow-record.ts'
import type { FollowedVersion, FollowRequest, FollowStatus } from './follow-terms.ts'
import type { LedgerCandidate } from './ledger-candidates.ts'
import { VersionFolders } from './version-folders.ts'

export interface FollowDeskInit extends Pick<LettingGo, 'reset' | 'onForgotten'> {
  readonly org: OrgId
  /** Absolute; nothing is followed into it. */
  readonly home: string
  readonly store: Store
  readonly transfers: TransferDesk
  /** The versions of a dataset by ordinal, ascending; undefined for an unknown name. */
  readonly candidates: (name: string) => readonly LedgerCandidate[] | undefined
  readonly log: Log
}

export class FollowDesk {
  readonly #init: FollowDeskInit
  readonly #records: FollowRecords
  readonly #folders: VersionFolders
  readonly #follows = new Map<string, Follow>()
  /** Follows begin one at a time, so that two never settle in one place. */
  #turn: Promise<unknown> = Promise.resolve()
  #isStarted = false

  constructor(init: FollowDeskInit) {
    this.#init = init
    this.#records = new FollowRecords(init.store.records)
    this.#folders = new VersionFolders(init)
    for (const record of this.#records.load(init.log)) this.#add(record)
  }

  /** Once transfers go on. */
  start(): void {
    this.#isStarted = true
    this.look()
  }

  look(): void {
    if (this.#isStarted) for (const follow of this.#follows.values()) follow.look()
  }

  /** See follow-purge.ts, of any follow. */
  isLeaving(version: VersionId): boolean {
    return [...this.#follows.values()].some(({ record }) =>
      isLeaving(version, record, this.#init.candidates(record.name) ?? [])
    )
  }

  /** See {@link Follow.purge}. */
  async purge(version: VersionId): Promise<void> {
    for (const follow of this.#follows.values()) await follow.purge(version)
  }

  async close(): Promise<void> {
    this.#isStarted = false
    await Promise.all([...this.#follows.values()].map(follow => follow.close()))
  }

  statuses(): FollowStatus[] {
    const all = [...this.#follows.values()].map(follow => follow.status())
    return all.sort((a, b) => (a.destination < b.destination ? -1 : 1))
  }

  /** AppError FOLLOW_UNKNOWN. */
  at(path: string): Follow {
    const destination = followDestination(path)
    const follow = this.#follows.get(followId(destination))
    if (follow !== undefined) return follow
    throw new AppError(
      'FOLLOW_UNKNOWN',
      `no dataset is followed into ${destination}; 'peerage follow list' lists those that are`,
      { details: { path: destination } }
    )
  }

  /** Begins, or changes the options of the follow that is there. */
  begin(request: FollowRequest): Promise<Follow> {
    return this.#inTurn(async () => {
      const destination = followDestination(request.destination)
      const known = this.#follows.get(followId(destination))
      const { name, destination: _, ...options } = request
      if (known !== undefined) {
        const { record } = known
        if (record.name !== name || record.mode !== request.mode)
          throw new AppError(
            'FOLLOW_EXISTS',
            `${destination} follows ${record.name} already, with --mode ${record.mode}; ` +
              `stop that first: peerage follow stop ${destination}`,
            { details: { path: destination, dataset: record.name } }
          )
        known.change(options, { afresh: true })
        return known
      }
      const place = new FollowPlace({ destination, mode: request.mode })
      await this.#checkPlace(place)
      const marker = await place.claim({ org: this.#init.org, dataset: name })
      const fresh = newRecord({ name, destination, options, nowMs: Date.now() })
      const versions = await this.#left(name, place)
      const current = versions.find(({ folder }) => folder === marker.folder)
      const isThere = current !== undefined && (await place.isAt(current.folder, marker.tree))
      const record: FollowRecord = {
        ...{ ...fresh, versions },
        current: isThere ? { ...current, atMs: Date.now() } : null,
        tree: isThere ? marker.tree : null
      }
      this.#records.save(record)
      const follow = this.#add(record)
      follow.look()
      return follow
    })
  }

  end(path: string): Promise<FollowStatus> {
    return this.#inTurn(async () => {
      const follow = this.at(path)
      const { id } = follow.record
      await follow.close({ stopTransfer: true })
      this.#follows.delete(id)
      this.#records.remove(id)
      return follow.status()
    })
  }

  #add(record: FollowRecord): Follow {
    const { org, transfers, candidates, log } = this.#init
    const place = new FollowPlace(record)
    const parts = { org, record, records: this.#records, place, folders: this.#folders }
    const follow = new Follow({ ...parts, transfers, candidates, log })
    this.#follows.set(record.id, follow)
    return follow
  }

  /** Versions whose folders an earlier follow left. */
  async #left(name: string, place: FollowPlace): Promise<FollowedVersion[]> {
    const folders = new Set(await place.folders())
    const all = (this.#init.candidates(name) ?? []).map(followedVersion)
    return all.filter(({ folder }) => folders.has(folder))
  }

  /** Rejects with DEST_UNSAFE where one thing would lie inside another that is kept as it is. */
  async #checkPlace(place: FollowPlace): Promise<void> {
    const { destination, versions } = place
    const own = [destination, versions]
    const refuse = (what: string): never => {
      throw new AppError(
        'DEST_UNSAFE',
        `can not follow into ${destination}: ${what}; choose another destination`,
        {
          details: { path: destination }
        }
      )
    }
    const meets = (path: string) => own.some(each => isWithin(each, path) || isWithin(path, each))
    if (meets(this.#init.home)) refuse(`the home folder of this node is ${this.#init.home}`)
    for (const { record } of this.#follows.values())
      if (meets(record.destination) || meets(`${record.destination}.versions`))
        refuse(`${record.destination} follows ${record.name}`)
    const isOurs = (await place.marker()) !== undefined
    for (const { root, version } of this.#init.store.holdings()) {
      if (!meets(root) || (isOurs && isWithin(root, versions))) continue
      refuse(`this node holds ${version.name} in ${root}`)
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}
