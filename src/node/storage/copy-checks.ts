/**
 * Whether others have the copies that they say they have: asked of them by random challenge (possession.ts), before a
 * copy is dropped on the strength of theirs, and of those that keep what this device has too now and then.
 *
 * Who answers that it has it not, or with what is not of the version, is disputed in the ledger, so that nobody
 * counts on it. Who does not answer may be away: that proves nothing, and disputes nothing.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { messageOf } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { copiesOf } from '../../ledger/fold/copies.ts'
import { isWhole, type Store } from '../../store/store.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { Possession } from './possession.ts'

export interface CopyChecksInit {
  readonly self: DeviceId
  readonly keeper: Pick<LedgerKeeper, 'state' | 'append' | 'isWhole'>
  readonly store: Pick<Store, 'holdings'>
  readonly possession: Pick<Possession, 'challenge'>
  readonly present: () => ReadonlySet<DeviceId>
  /** Between two checks. */
  readonly everyMs: number
  readonly log: Log
}

/** Versions that are looked at before others have their turn. */
const TURN_VERSIONS = 500

export class CopyChecks {
  readonly #init: CopyChecksInit
  #timer: NodeJS.Timeout | undefined
  #isOpen = true
  /** One round at a time, however long it takes. */
  #isChecking = false
  /** When each copy was asked about last, by version and device. */
  #asked = new Map<string, number>()

  constructor(init: CopyChecksInit) {
    this.#init = init
  }

  start(): void {
    this.#timer = setInterval(() => void this.checkNext(), this.#init.everyMs)
    this.#timer.unref()
  }

  close(): void {
    this.#isOpen = false
    clearInterval(this.#timer)
  }

  /** Whether each of these proves now that it has the version. */
  async prove(version: VersionId, devices: readonly DeviceId[]): Promise<boolean> {
    let haveAll = true
    for (const device of devices) if (!(await this.#check(version, device))) haveAll = false
    return haveAll
  }

  /** Asks about the copy that was asked about the longest ago, of those that are here too. */
  async checkNext(): Promise<void> {
    if (!this.#init.keeper.isWhole || this.#isChecking) return
    this.#isChecking = true
    try {
      const next = await this.#next()
      if (next !== undefined) await this.#check(next.version, next.device)
    } finally {
      this.#isChecking = false
    }
  }

  /** Copies that are remembered: those that were asked about and can be asked about again. */
  get askedCount(): number {
    return this.#asked.size
  }

  async #next(): Promise<{ readonly version: VersionId; readonly device: DeviceId } | undefined> {
    const { keeper, store, self, present } = this.#init
    const here = present()
    const asked = new Map<string, number>()
    let next: { readonly version: VersionId; readonly device: DeviceId; readonly askedMs: number } | undefined
    for (const [at, { version, state }] of store.holdings().entries()) {
      if (at % TURN_VERSIONS === TURN_VERSIONS - 1) await nextTurn()
      if (!this.#isOpen) return undefined
      if (!isWhole(state)) continue
      for (const { device } of copiesOf(keeper.state(), version.id)) {
        if (device === self) continue
        const key = `${version.id} ${device}`
        const askedMs = this.#asked.get(key) ?? 0
        if (askedMs > 0) asked.set(key, askedMs)
        if (here.has(device) && (next === undefined || askedMs < next.askedMs))
          next = { version: version.id, device, askedMs }
      }
    }
    // Of what is held here no more, or there, nothing is remembered.
    this.#asked = asked
    return next
  }

  async #check(version: VersionId, device: DeviceId): Promise<boolean> {
    const { possession } = this.#init
    this.#asked.set(`${version} ${device}`, Date.now())
    const outcome = await possession.challenge(device, version)
    if (outcome.kind === 'proved') return true
    if (outcome.kind === 'silent') return false
    this.dispute(device, version, outcome.kind)
    return false
  }

  /** Says in the ledger that a device has not what it says. */
  dispute(device: DeviceId, version: VersionId, because: 'wrong' | 'not-held'): void {
    const { keeper, log } = this.#init
    const reason = because === 'wrong' ? 'it answered with other bytes' : 'it answered that it has it not'
    log.warn({ device, version }, `a copy is not where it was said to be: ${reason}`)
    try {
      keeper.append({ type: 'copy.dispute', device, copies: [{ version, share: null }], reason })
    } catch (thrown) {
      log.warn({ device, version }, `it can not be disputed: ${messageOf(thrown)}`)
    }
  }
}
