/** Facts as tests of rules need them: what a test does not say is of no account to any rule. */

import { type DeviceId, parseDeviceId, parseVersionId, type VersionId } from '../base/ids.ts'
import { HOUR_MS, MINUTE_MS } from '../base/units.ts'
import { FactWindow } from './fact-window.ts'
import type { BadFact, BeaconFact, ClockFact, DeniedFact, Fact, Facts, KnockFact, ReadFact } from './facts.ts'
import { Memory } from './memory.ts'
import type { View } from './rule.ts'
import { thresholdsOf } from './thresholds.ts'

/** A Wednesday noon. */
export const NOON_MS = Date.UTC(2026, 2, 11, 12)
/** The longest ago that any fact of a test is. */
const OLD_MS = NOON_MS - 1000 * 24 * HOUR_MS

const hexOf = (n: number): string => n.toString(16).padStart(64, '0')
export const device = (n: number): DeviceId => parseDeviceId(hexOf(n)) as DeviceId
export const version = (n: number): VersionId => parseVersionId(hexOf(n)) as VersionId
export const place = (seq: number) => ({ device: device(999), incarnation: 1, seq })

export function read(of: Partial<Omit<ReadFact, 'kind'>> & { readonly n?: number } = {}): ReadFact {
  const { n = 1, ...rest } = of
  return {
    ...{ kind: 'read', atMs: NOON_MS, place: place(n), reader: device(1), readerKind: 'laptop' },
    ...{ readerSite: 'paris', dataset: `set-${n}`, version: version(n), dataClass: 'internal' },
    ...{ publishedMs: OLD_MS, homeSite: 'paris', isOwed: false },
    ...rest
  }
}

/** Reads of so many different datasets, a minute apart. */
export function reads(count: number, of: Partial<Omit<ReadFact, 'kind'>> = {}): ReadFact[] {
  const from = of.atMs ?? NOON_MS
  return Array.from({ length: count }, (_, n) => read({ n, ...of, atMs: from + n * MINUTE_MS }))
}

export const bad = (of: Partial<Omit<BadFact, 'kind'>> = {}): BadFact => ({
  ...{ kind: 'bad', atMs: NOON_MS, place: place(1), peer: device(1), by: device(2) },
  ...{ reason: 'bad-block', count: 1, ...of }
})

export const denied = (of: Partial<Omit<DeniedFact, 'kind'>> = {}): DeniedFact => ({
  ...{ kind: 'denied', atMs: NOON_MS, place: place(1), peer: device(1), by: device(2) },
  ...{ reason: 'no-grant', version: version(1), count: 1, ...of }
})

export const knock = (of: Partial<Omit<KnockFact, 'kind'>> = {}): KnockFact => ({
  ...{ kind: 'knock', atMs: NOON_MS, place: place(1), key: device(1), by: device(2), count: 1, ...of }
})

export const clock = (minute: number, offsetMs: number): ClockFact => ({
  ...{ kind: 'clock', atMs: NOON_MS + minute * MINUTE_MS, place: null, device: device(1), offsetMs }
})

export const beacon = (minute: number, heard: number, isExpired = false): BeaconFact => ({
  ...{ kind: 'beacon', atMs: NOON_MS + minute * MINUTE_MS, place: null, device: device(1) },
  ...{ heard, quorum: 2, isExpired }
})

export function factsOf(facts: readonly Fact[]): Facts {
  const window = new FactWindow()
  for (const fact of facts) window.take(fact, NOON_MS)
  return window.facts()
}

export function view(facts: readonly Fact[], rest: Partial<Omit<View, 'facts'>> = {}): View {
  return {
    ...{
      thresholds: thresholdsOf({ thresholds: {} }),
      usual: new Memory(),
      isOpen: () => undefined,
      ...rest
    },
    facts: factsOf(facts)
  }
}
