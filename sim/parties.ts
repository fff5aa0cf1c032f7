/** What the parts of the simulation see of each other: hosts, their surroundings, their streams, and who watches. */

import type { DeviceId } from '../src/base/ids.ts'
import type { StreamClose } from '../src/node/transport/transport.ts'
import type { TransferStatus } from '../src/swarm/transfer-types.ts'
import type { Content } from './content.ts'
import type { Disk } from './disk.ts'
import type { Engine } from './engine.ts'
import type { Link, Part } from './network.ts'
import type { Thread } from './processors.ts'
import type { Random } from './random.ts'

/** One side of a stream. */
export interface StreamSide {
  readonly host: Party
  readonly far: Party
  readonly isOpen: boolean
  readonly twin: StreamSide | undefined
  readonly protocol: string
  arrive(parts: readonly Part[]): void
  abort(reason: string): void
  /** Over, on this side. False when it was already. */
  finish(reason: StreamClose, options?: { readonly silently?: boolean }): boolean
}

/** A host. */
export interface Party {
  readonly world: Surroundings
  readonly name: string
  readonly device: DeviceId
  readonly site: string
  readonly disk: Disk
  readonly thread: Thread | undefined
  /** Hosts that this one has a link to. */
  readonly linked: Set<Party>
  readonly streams: Set<StreamSide>
  /** Counts its starts. */
  readonly life: number
  readonly isUp: boolean
  readonly isHostile: boolean
  readonly isComplete: boolean
  /** How long it will not get to anything. */
  readonly hangsForMs: number
  /** Whether this device gives the version to another, as far as it knows. */
  allows(device: DeviceId): boolean
  status(): TransferStatus | undefined
  readonly transport: Acceptor | undefined
}

/** Where streams that others open go. */
export interface Acceptor {
  accept(stream: StreamSide): void
  connected(far: Party): void
}

/** The network around a host. */
export interface Surroundings {
  readonly engine: Engine
  readonly content: Content
  readonly random: Random
  readonly observer: Observer
  hostOf(device: DeviceId): Party | undefined
  linksBetween(from: Party, to: Party): Link[]
  /** One way, in ms. */
  delayBetween(from: Party, to: Party): number
  isCut(from: Party, to: Party): boolean
  unlink(host: Party): void
}

/** Is told what one side of a stream carries. */
export interface StreamTap {
  /** Handed to the stream. */
  sent(parts: readonly Part[]): void
  /** Leaving the buffer of the sender: from here on it can not be dropped. */
  leaving(parts: readonly Part[]): void
  /** Read by this side. */
  arrived(part: Part): void
  closed(): void
}

/** Watches a simulated network. */
export interface Observer {
  stream(stream: StreamSide): StreamTap
  /** A host begins a life, with what its disk has kept. */
  began(host: Party, have: (piece: number) => boolean): void
  /** Blocks that a host has in memory, in bytes. */
  holdsBlocks(host: Party, bytes: number): void
  completed(host: Party): void
  accused(host: Party, of: Party | undefined, reason: string): void
}

const IGNORE: StreamTap = {
  sent: () => undefined,
  leaving: () => undefined,
  arrived: () => undefined,
  closed: () => undefined
}

export const NO_OBSERVER: Observer = {
  stream: () => IGNORE,
  began: () => undefined,
  holdsBlocks: () => undefined,
  completed: () => undefined,
  accused: () => undefined
}
