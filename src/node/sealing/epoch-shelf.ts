/**
 * The keys of epochs that this device keeps, as blobs beside its ledger:
 *
 *     epoch/<public key>/<part>      a record (epoch-record.ts)
 *
 * Invariants: what is kept was signed by the device that began the epoch by the ledger; of each part there is one
 * record, of two that differ the one of the least hash; all parts of an epoch say the same of how many there are.
 */

import { compareBytes, fromHex, toHex } from '../../base/bytes.ts'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import type { GroupEpochEntry, State } from '../../ledger/fold/state.ts'
import { decodeEpochRecord, type EpochRecord } from '../../ledger/sealing/epoch-record.ts'
import type { KnownEpoch } from '../../ledger/sealing/epoch-rules.ts'
import type { RecordStore } from '../../store/records.ts'
import { sha256 } from '../../store/sha256.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'

const PREFIX = 'epoch/'

export type EpochTaken = 'taken' | 'known' | 'foreign' | 'unauthorised' | 'malformed' | 'other'

interface Kept {
  readonly group: OperationId
  readonly author: DeviceId
  readonly parts: number
  readonly have: Map<number, { readonly hash: Uint8Array; readonly members: EpochRecord['members'] }>
}

export interface EpochShelfInit {
  readonly records: RecordStore
  readonly state: () => State
  /** Who wrote an operation; undefined when it is not known now. */
  readonly authorOf: (operation: OperationId) => DeviceId | undefined
  readonly log: Log
}

export class EpochShelf {
  readonly #init: EpochShelfInit
  /** By the public key in hex. */
  readonly #kept = new Map<string, Kept>()
  readonly #listeners = new Set<() => void>()

  constructor(init: EpochShelfInit) {
    this.#init = init
    for (const { key, bytes } of init.records.listBlobs(PREFIX)) {
      const read = decodeEpochRecord(bytes, { verify, sha256 })
      if (read.ok) this.#index(read.value)
      else init.log.error({ key }, `a kept key of an epoch is damaged and left out: ${read.detail}`)
    }
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Takes a record of any origin. */
  take(bytes: Uint8Array): EpochTaken {
    const read = decodeEpochRecord(bytes, { verify, sha256 })
    if (!read.ok) return 'malformed'
    const record = read.value
    const { org, groups } = this.#init.state()
    if (record.org !== org) return 'foreign'
    const epochs = groups.get(record.group)?.epochs ?? []
    const isTheirs = epochs.some(
      ({ operation, recipient }) =>
        compareBytes(recipient, record.recipient) === 0 && this.#init.authorOf(operation) === record.author
    )
    return isTheirs ? this.put(record) : 'unauthorised'
  }

  /** Takes a record that this device wrote, of an epoch that need not be begun yet. */
  put(record: EpochRecord): EpochTaken {
    const kept = this.#kept.get(toHex(record.recipient))
    if (kept !== undefined && (kept.parts !== record.parts || kept.group !== record.group)) return 'other'
    const own = kept?.have.get(record.part)
    if (own !== undefined) {
      const order = compareBytes(record.hash, own.hash)
      if (order >= 0) return order === 0 ? 'known' : 'other'
    }
    this.#init.records.putBlob(keyOf(record.recipient, record.part), record.record)
    this.#index(record)
    for (const listener of this.#listeners) listener()
    return 'taken'
  }

  /** Public keys of which something is here. */
  recipients(): Uint8Array[] {
    return [...this.#kept.keys()].map(hex => fromHex(hex) ?? new Uint8Array(0))
  }

  partsOf(recipient: Uint8Array): number[] {
    return [...(this.#kept.get(toHex(recipient))?.have.keys() ?? [])]
  }

  isWhole(recipient: Uint8Array): boolean {
    const kept = this.#kept.get(toHex(recipient))
    return kept !== undefined && kept.have.size === kept.parts
  }

  /** All members of an epoch, each with the key that it got it by; undefined while parts are lacking. */
  membersOf(recipient: Uint8Array): Map<DeviceId, Uint8Array> | undefined {
    const kept = this.#kept.get(toHex(recipient))
    if (kept === undefined || kept.have.size < kept.parts) return undefined
    const members = [...kept.have.values()].flatMap(part => part.members)
    return new Map(members.map(({ device, recipient: by }) => [device, by]))
  }

  /** The current epochs of groups of which all is known. */
  known(): KnownEpoch[] {
    return [...this.#init.state().groups.values()].flatMap(({ operation: group, epochs }) => {
      const current = epochs.at(-1)
      const members = current && this.membersOf(current.recipient)
      return current === undefined || members === undefined
        ? []
        : [{ group, recipient: current.recipient, members }]
    })
  }

  /** The part that names a device. */
  partFor(recipient: Uint8Array, device: DeviceId): number | undefined {
    for (const [part, { members }] of this.#kept.get(toHex(recipient))?.have ?? [])
      if (members.some(member => member.device === device)) return part
    return undefined
  }

  record(recipient: Uint8Array, part: number): EpochRecord | undefined {
    const bytes = this.#init.records.getBlob(keyOf(recipient, part))
    const read = bytes && decodeEpochRecord(bytes, { verify, sha256 })
    return read?.ok ? read.value : undefined
  }

  /** Forgets all epochs but these. */
  keepOnly(epochs: readonly Pick<GroupEpochEntry, 'recipient'>[]): void {
    const wanted = new Set(epochs.map(({ recipient }) => toHex(recipient)))
    for (const hex of [...this.#kept.keys()]) {
      if (wanted.has(hex)) continue
      this.#init.records.deleteBlobs(`${PREFIX}${hex}/`)
      this.#kept.delete(hex)
    }
  }

  #index({ recipient, group, author, part, parts, hash, members }: EpochRecord): void {
    const hex = toHex(recipient)
    const kept = this.#kept.get(hex) ?? { group, author, parts, have: new Map() }
    kept.have.set(part, { hash, members })
    this.#kept.set(hex, kept)
  }
}

function keyOf(recipient: Uint8Array, part: number): string {
  return `${PREFIX}${toHex(recipient)}/${part}`
}
