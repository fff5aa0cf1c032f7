/**
 * How much of its disk this device offers to the org: what its owner set, and what the ledger is told of it
 * (`device.storage`), from which every device computes who owes what.
 *
 * No more is offered than what is kept here already and what the disk has left beside what is to stay free. So when a
 * disk fills up for whatever reason the device offers less by itself, and what it is to hold no more goes to others;
 * and it offers more again when there is room. What is told changes only when it differs by much, as each change
 * makes every device compute anew.
 */

import { statfsSync } from 'node:fs'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import type { DeviceId } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import type { RecordStore } from '../../store/records.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'

const KEY = 'storage/offer'
const RECORD_VERSION = 1
/** Changes of what is told that are smaller than this part of it are not. */
const STEP_SHARE = 0.05
const STEP_BYTES = 64 * MIB

export interface Offer {
  readonly capacityBytes: number
  /** Of the disk, 0 to 1: stays free. */
  readonly keepFreeShare: number
}

export const NO_OFFER: Offer = { capacityBytes: 0, keepFreeShare: 0.1 }

export interface OfferedRoomInit {
  readonly self: DeviceId
  readonly site: string
  /** Whose disk it is about. */
  readonly home: string
  readonly records: RecordStore
  readonly keeper: Pick<LedgerKeeper, 'state' | 'append' | 'isWhole'>
  /** What copies take that are here. */
  readonly keptBytes: () => number
  readonly diskOf?: (path: string) => Disk
}

export interface Disk {
  readonly totalBytes: number
  /** To who is not root. */
  readonly freeBytes: number
}

export class OfferedRoom {
  readonly #init: OfferedRoomInit
  #offer: Offer

  constructor(init: OfferedRoomInit) {
    this.#init = init
    this.#offer = loaded(init.records) ?? NO_OFFER
  }

  get offer(): Offer {
    return this.#offer
  }

  get disk(): Disk {
    return (this.#init.diskOf ?? diskOf)(this.#init.home)
  }

  /** What may be offered now. */
  get availableBytes(): number {
    const { capacityBytes, keepFreeShare } = this.#offer
    if (capacityBytes === 0) return 0
    const { totalBytes, freeBytes } = this.disk
    const spareBytes = Math.max(0, freeBytes - Math.ceil(totalBytes * keepFreeShare))
    return Math.min(capacityBytes, this.#init.keptBytes() + spareBytes)
  }

  /** What the ledger has been told last; undefined when nothing. */
  get toldBytes(): number | undefined {
    return this.#init.keeper.state().devices.get(this.#init.self)?.storage?.capacityBytes
  }

  /** Durable when it returns; rejects with NOT_AUTHORISED, and changes nothing, when this device may not tell it. */
  set(offer: Offer): void {
    const before = this.#offer
    this.#keep(offer)
    try {
      this.tell({ exactly: true })
    } catch (thrown) {
      this.#keep(before)
      throw thrown
    }
  }

  #keep(offer: Offer): void {
    this.#init.records.putBlob(KEY, utf8(JSON.stringify({ v: RECORD_VERSION, ...offer })))
    this.#offer = offer
  }

  /** Tells what may be offered, if that has changed by much; `exactly` by anything. */
  tell({ exactly = false }: { readonly exactly?: boolean } = {}): void {
    const { keeper, self, site } = this.#init
    if (!keeper.isWhole) return
    const toldBytes = this.toldBytes
    const bytes = this.availableBytes
    if (toldBytes === undefined && bytes === 0) return
    const step = exactly ? 1 : Math.max(STEP_BYTES, (toldBytes ?? 0) * STEP_SHARE)
    if (toldBytes !== undefined && Math.abs(bytes - toldBytes) < step) return
    keeper.append({ type: 'device.storage', device: self, site, capacityBytes: bytes })
  }
}

function diskOf(path: string): Disk {
  const { blocks, bavail, bsize } = statfsSync(path)
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize }
}

/** Undefined for none, and for what is damaged or from a newer program: then nothing is offered until it is set. */
function loaded(records: RecordStore): Offer | undefined {
  const bytes = records.getBlob(KEY)
  const text = bytes === undefined ? undefined : fromUtf8(bytes)
  if (text === undefined) return undefined
  try {
    const { v, capacityBytes, keepFreeShare } = JSON.parse(text) as { v: number } & Offer
    const isRoom = Number.isSafeInteger(capacityBytes) && capacityBytes >= 0
    const isSound = isRoom && typeof keepFreeShare === 'number' && keepFreeShare >= 0 && keepFreeShare < 1
    return v === RECORD_VERSION && isSound ? { capacityBytes, keepFreeShare } : undefined
  } catch {
    return undefined
  }
}
