/**
 * The books of what is said about storage and erasure: like those of fold-books.ts, of which they are a part, they
 * depend on the set of operations in force alone.
 *
 * Most of it are *registers*: whoever may set one replaces what was set before, so the last in causal order counts.
 * Confirmations of an erasure are one register for each device. Holds are lifted, acceptances of risks
 * withdrawn, one by one, each by its id.
 */

import type { DeviceId, OperationId } from '../../base/ids.ts'
import type { DatasetClass } from '../encoding/names.ts'
import type { OperationContent } from '../operation/operation-content.ts'
import { CopyBooks } from './copy-books.ts'
import { compareCausal, type Placed } from './feed.ts'
import type { Knows } from './subject.ts'

/** Names a register; undefined for content that sets none. */
export function registerNamed(content: OperationContent, author: DeviceId): string | undefined {
  switch (content.type) {
    case 'class.policy':
      return registerOf.classPolicy(content.class)
    case 'copy.renew':
      return registerOf.renewal(content.device)
    case 'device.sealing':
      return registerOf.sealing(content.device)
    case 'device.storage':
      return content.device === author
        ? registerOf.ownStorage(content.device)
        : registerOf.ruledStorage(content.device)
    case 'site.region':
      return registerOf.region(content.site)
    case 'level.set':
      return registerOf.level(content.name)
    case 'price.set':
      return registerOf.price(content.site)
    case 'erase.confirm':
      return registerOf.confirmation(content.erase, author)
    default:
      return undefined
  }
}

export const registerOf = {
  classPolicy: (name: DatasetClass) => `class ${name}`,
  renewal: (device: DeviceId) => `renewal ${device}`,
  sealing: (device: DeviceId) => `sealing ${device}`,
  /** What a device says of itself, and what others say of it. */
  ownStorage: (device: DeviceId) => `own storage ${device}`,
  ruledStorage: (device: DeviceId) => `ruled storage ${device}`,
  level: (name: string) => `level ${name}`,
  price: (site: string) => `price ${site}`,
  region: (site: string) => `region ${site}`,
  confirmation: (erase: OperationId, device: DeviceId) => `confirmation ${erase} ${device}`
} as const

/** An operation and the rank in which its author acted. */
export interface Ranked {
  readonly placed: Placed
  readonly rank: number
}

export class StorageBooks {
  readonly copies: CopyBooks
  readonly #registers = new Map<string, Set<Placed>>()
  readonly #epochs = new Map<OperationId, Set<Placed>>()
  readonly #confirmedBy = new Map<OperationId, Set<DeviceId>>()
  /** Erasures and recalls. */
  readonly erasures = new Map<OperationId, Placed>()
  readonly #holds = new EndedBooks()
  readonly #acceptances = new EndedBooks()

  constructor(knows: Knows) {
    this.copies = new CopyBooks(knows)
  }

  /** Takes an operation that came into force, or no longer is. */
  book({ placed, rank }: Ranked, content: OperationContent, isIn: boolean): void {
    const { id, author } = placed.operation
    const register = registerNamed(content, author)
    if (register !== undefined) toggle(this.#registers, register, placed, isIn)
    switch (content.type) {
      case 'group.epoch':
        toggle(this.#epochs, content.group, placed, isIn)
        return
      case 'content.erase':
      case 'content.recall':
        if (isIn) this.erasures.set(id, placed)
        else this.erasures.delete(id)
        return
      case 'copy.state':
      case 'copy.dispute':
        this.copies.book(placed, content, isIn)
        return
      case 'erase.confirm': {
        const devices = this.#confirmedBy.get(content.erase) ?? new Set()
        this.#confirmedBy.set(content.erase, devices.add(author))
        return
      }
      case 'hold.place':
        this.#holds.begin({ placed, rank }, isIn)
        return
      case 'hold.lift':
        this.#holds.end(content.hold, { placed, rank }, isIn)
        return
      case 'risk.accept':
        this.#acceptances.begin({ placed, rank }, isIn)
        return
      case 'risk.withdraw':
        this.#acceptances.end(content.acceptance, { placed, rank }, isIn)
        return
      default:
    }
  }

  /** What a register holds: the last in causal order. */
  last(register: string): Placed | undefined {
    let last: Placed | undefined
    for (const placed of this.#registers.get(register) ?? [])
      if (last === undefined || compareCausal(placed, last) > 0) last = placed
    return last
  }

  epochs(group: OperationId): ReadonlySet<Placed> {
    return this.#epochs.get(group) ?? new Set()
  }

  /** Devices that ever confirmed an erasure. */
  confirmedBy(erase: OperationId): ReadonlySet<DeviceId> {
    return this.#confirmedBy.get(erase) ?? new Set()
  }

  /** Holds that nobody lifted who acted in as good a rank as the one who placed them. */
  holds(): Ranked[] {
    return this.#holds.standing()
  }

  /** Acceptances of risks that nobody withdrew who acted in as good a rank as the one who signed them. */
  acceptances(): Ranked[] {
    return this.#acceptances.standing()
  }
}

/** What stands until somebody in as good a rank ends it by its id. */
class EndedBooks {
  readonly #begun = new Map<OperationId, Ranked>()
  readonly #ends = new Map<OperationId, Map<OperationId, Ranked>>()

  begin(begun: Ranked, isIn: boolean): void {
    const { id } = begun.placed.operation
    if (isIn) this.#begun.set(id, begun)
    else this.#begun.delete(id)
  }

  end(of: OperationId, end: Ranked, isIn: boolean): void {
    const ends = this.#ends.get(of) ?? new Map<OperationId, Ranked>()
    this.#ends.set(of, ends)
    const { id } = end.placed.operation
    if (isIn) ends.set(id, end)
    else ends.delete(id)
  }

  standing(): Ranked[] {
    return [...this.#begun.values()].filter(({ placed, rank }) => {
      const ends = this.#ends.get(placed.operation.id)?.values() ?? []
      return [...ends].every(end => end.rank > rank)
    })
  }
}

function toggle<K>(map: Map<K, Set<Placed>>, key: K, placed: Placed, isIn: boolean): void {
  const set = map.get(key) ?? new Set()
  map.set(key, set)
  if (isIn) set.add(placed)
  else set.delete(placed)
}
