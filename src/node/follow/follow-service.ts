/** Follows as the admin API sees them: requests are checked, and done by the desk. */

import { AppError } from '../../base/errors.ts'
import { isLabel } from '../../ledger/encoding/names.ts'
import type { Catalogue } from '../swarm/catalogue.ts'
import type { FollowDesk } from './follow-desk.ts'
import type { FollowRequest, FollowService, FollowStatus } from './follow-terms.ts'
import type { LedgerCandidate } from './ledger-candidates.ts'

export interface FollowServiceInit {
  readonly desk: FollowDesk
  readonly catalogue: Pick<Catalogue, 'entry'>
  readonly candidates: (name: string) => readonly LedgerCandidate[] | undefined
}

export class LocalFollowService implements FollowService {
  readonly #init: FollowServiceInit

  constructor(init: FollowServiceInit) {
    this.#init = init
  }

  async follow(request: FollowRequest): Promise<FollowStatus> {
    const { purpose, name } = request
    if (purpose !== null && !isLabel(purpose))
      throw new AppError(
        'USAGE',
        `${JSON.stringify(purpose)} can not be a purpose: write one line of visible characters`,
        {
          details: { purpose }
        }
      )
    this.#init.catalogue.entry(name)
    return (await this.#init.desk.begin(request)).status()
  }

  async follows(): Promise<readonly FollowStatus[]> {
    return this.#init.desk.statuses()
  }

  async followed(destination: string): Promise<FollowStatus> {
    return this.#init.desk.at(destination).status()
  }

  async stopFollow(destination: string): Promise<FollowStatus> {
    return await this.#init.desk.end(destination)
  }

  async rollback({ destination, to }: { destination: string; to: number | null }): Promise<FollowStatus> {
    const follow = this.#init.desk.at(destination)
    const { name, current, failed } = follow.record
    const candidates = this.#init.candidates(name) ?? []
    const wanted =
      to === null
        ? candidates.findLast(
            ({ ordinal, verdict }) => ordinal < (current?.ordinal ?? 0) && verdict.kind === 'good'
          )
        : candidates.find(({ ordinal }) => ordinal === to)
    const details = { dataset: name, path: follow.record.destination }
    if (wanted === undefined) {
      const what = to === null ? 'no version before the current one that is good' : `no version ${to}`
      throw new AppError(
        'DATASET_UNKNOWN',
        `${name} has ${what}; 'peerage show ${name}' lists its versions`,
        { details }
      )
    }
    const { verdict, ordinal, version } = wanted
    if (verdict.kind === 'withdrawn')
      throw new AppError(
        'VERSION_WITHDRAWN',
        `can not go back to version ${ordinal} of ${name}: ${verdict.detail}`,
        {
          details
        }
      )
    if (verdict.kind === 'denied')
      throw new AppError(
        'NOT_AUTHORISED',
        `can not go back to version ${ordinal} of ${name}: ${verdict.detail}`,
        {
          details
        }
      )
    // Who asks for a version by its number means it, also when its hook failed.
    follow.change(
      { pinned: ordinal, failed: failed.filter(each => each.version !== version) },
      { afresh: true }
    )
    return follow.status()
  }

  async resume(destination: string): Promise<FollowStatus> {
    const follow = this.#init.desk.at(destination)
    follow.change({ pinned: null }, { afresh: true })
    return follow.status()
  }

  async retry(destination: string): Promise<FollowStatus> {
    const follow = this.#init.desk.at(destination)
    follow.change({ failed: [], notice: null }, { afresh: true })
    return follow.status()
  }
}
