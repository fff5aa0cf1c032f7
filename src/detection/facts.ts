/**
 * What the rules of detection look at: plain facts, each with where it is recorded. Devices, datasets and versions go
 * by their ids and names; nothing here is about a person.
 *
 * A read is told once for each reader, version and hour, however many peers gave parts of it (fact-window.ts).
 */

import type { DeviceId, VersionId } from '../base/ids.ts'

export type DataClass = 'public' | 'internal' | 'confidential' | 'restricted'
export type DeviceKind = 'server' | 'desktop' | 'laptop'

/** An entry of an audit log, or null for what this device measured and wrote nowhere. */
export type Place = { readonly device: DeviceId; readonly incarnation: number; readonly seq: number } | null

export interface ReadFact {
  readonly kind: 'read'
  readonly atMs: number
  readonly place: Place
  readonly reader: DeviceId
  readonly readerKind: DeviceKind | null
  /** Null where it is not known. */
  readonly readerSite: string | null
  readonly dataset: string
  readonly version: VersionId
  readonly dataClass: DataClass
  readonly publishedMs: number
  /** Site of who published it. */
  readonly homeSite: string | null
  /** The reader is asked by placement to keep a copy: it did not choose to read. */
  readonly isOwed: boolean
}

/** What went to a reader in one session so far: later facts of the session have more. */
export interface BytesFact {
  readonly kind: 'bytes'
  readonly atMs: number
  readonly place: Place
  readonly session: string
  readonly reader: DeviceId
  readonly dataset: string
  readonly bytes: number
  readonly isOwed: boolean
}

/** A peer broke the protocol, by what `by` saw. */
export interface BadFact {
  readonly kind: 'bad'
  readonly atMs: number
  readonly place: Place
  readonly peer: DeviceId
  readonly by: DeviceId
  /** A slug. */
  readonly reason: string
  readonly count: number
}

/** A member was refused. */
export interface DeniedFact {
  readonly kind: 'denied'
  readonly atMs: number
  readonly place: Place
  readonly peer: DeviceId
  readonly by: DeviceId
  readonly reason: string
  readonly version: VersionId | null
  readonly count: number
}

/** A key that no device of the org has was refused; null for many that share one count. */
export interface KnockFact {
  readonly kind: 'knock'
  readonly atMs: number
  readonly place: Place
  readonly key: DeviceId | null
  readonly by: DeviceId
  readonly count: number
}

/** How far the clock of this device is off, by what beacon signers say; 0 within their tolerance. */
export interface ClockFact {
  readonly kind: 'clock'
  readonly atMs: number
  readonly place: Place
  readonly device: DeviceId
  readonly offsetMs: number
}

/** How many beacon signers this device hears, in an org that has beacons. */
export interface BeaconFact {
  readonly kind: 'beacon'
  readonly atMs: number
  readonly place: Place
  readonly device: DeviceId
  readonly heard: number
  readonly quorum: number
  readonly isExpired: boolean
}

export type Fact = ReadFact | BytesFact | BadFact | DeniedFact | KnockFact | ClockFact | BeaconFact
export type FactKind = Fact['kind']
export type FactOf<K extends FactKind> = Extract<Fact, { readonly kind: K }>
/** Of each kind, the oldest first. */
export type Facts = { readonly [K in FactKind]: readonly FactOf<K>[] }

export const FACT_KINDS: readonly FactKind[] = ['read', 'bytes', 'bad', 'denied', 'knock', 'clock', 'beacon']
