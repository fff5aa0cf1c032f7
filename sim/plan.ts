/**
 * What a seed stands for: a network, its content, who misbehaves, and what breaks when. Everything that breaks is
 * mended at `healMs`; after that, every device that may have the version must get it.
 */

import { KIB, MIB, SECOND_MS } from '../src/base/units.ts'
import { BEHAVIOURS, type Behaviour } from './hostile.ts'
import type { Random } from './random.ts'
import type { Rates } from './world.ts'

export interface SiteInPlan {
  readonly name: string
  readonly wan: Rates & { readonly delayMs: number }
}

export interface HostInPlan extends Rates {
  readonly site: string
  readonly isSource: boolean
  readonly startMs: number
  readonly hostile: Behaviour | undefined
}

export type Fault =
  | { readonly kind: 'crash'; readonly atMs: number; readonly host: number; readonly forMs: number }
  | { readonly kind: 'hang'; readonly atMs: number; readonly host: number; readonly forMs: number }
  | { readonly kind: 'full'; readonly atMs: number; readonly host: number; readonly forMs: number }
  | {
      readonly kind: 'slow'
      readonly atMs: number
      readonly host: number
      readonly forMs: number
      readonly slowness: number
    }
  /** Between sites, or of one host from all; with `isOneWay` nothing comes out of the first, but all comes in. */
  | {
      readonly kind: 'cut'
      readonly atMs: number
      readonly a: string
      readonly b: string
      readonly forMs: number
      readonly isOneWay: boolean
    }
  | {
      readonly kind: 'loss'
      readonly atMs: number
      readonly host: number
      readonly forMs: number
      readonly share: number
    }
  /** The grant of a device is taken, and others learn of it within a while. It is never given back. */
  | { readonly kind: 'revoke'; readonly atMs: number; readonly host: number; readonly learnMs: number }

export interface Plan {
  readonly seed: number
  readonly fileBytes: readonly number[]
  readonly pieceBytes: number
  readonly lanDelayMs: number
  readonly sites: readonly SiteInPlan[]
  readonly hosts: readonly HostInPlan[]
  readonly faults: readonly Fault[]
  readonly healMs: number
}

const HOSTS_MAX = 8
const FAULTS_MAX = 6

export function planOf(seed: number, random: Random): Plan {
  const sites = Array.from({ length: random.pick([1, 1, 2, 3]) }, (_, index) => siteOf(index, random))
  const isLarge = random.chance(0.1)
  const content = contentOf(isLarge, random)
  const hosts = hostsOf(sites, random)
  const healMs = Math.round(random.between(4, 40) * SECOND_MS)
  const faults = Array.from({ length: random.integer(0, FAULTS_MAX) }, () =>
    faultOf({ hosts, sites, healMs, random })
  )
  return { seed, ...content, lanDelayMs: random.pick([0.2, 1, 5]), sites, hosts, faults, healMs }
}

function siteOf(index: number, random: Random): SiteInPlan {
  const upMbit = random.pick([10, 20, 50, 100])
  const downMbit = random.chance(0.3) ? 2 * upMbit : upMbit
  return { name: `s${index}`, wan: { upMbit, downMbit, delayMs: random.pick([1, 10, 40, 120]) } }
}

function contentOf(isLarge: boolean, random: Random): Pick<Plan, 'fileBytes' | 'pieceBytes'> {
  if (isLarge)
    return { fileBytes: [random.integer(36 * MIB, 56 * MIB)], pieceBytes: random.pick([MIB, 4 * MIB]) }
  const pieceBytes = random.pick([16 * KIB, 64 * KIB, 256 * KIB])
  const fileBytes = Array.from({ length: random.pick([1, 1, 2, 5, 40]) }, () =>
    random.chance(0.1) ? 0 : random.integer(1, random.pick([5000, 200 * KIB, 3 * MIB]))
  )
  return { fileBytes: [...fileBytes, random.integer(300 * KIB, 6 * MIB)], pieceBytes }
}

function hostsOf(sites: readonly SiteInPlan[], random: Random): HostInPlan[] {
  const count = random.integer(2, HOSTS_MAX)
  return Array.from({ length: count }, (_, index) => {
    const downMbit = random.pick([50, 100, 200])
    const upMbit = random.chance(0.2) ? downMbit / 10 : downMbit
    const isHostile = index > 1 && random.chance(0.12)
    const startMs = random.chance(0.15) ? Math.round(random.between(0, 8 * SECOND_MS)) : 0
    return {
      ...{ upMbit, downMbit, site: random.pick(sites).name, isSource: index === 0 },
      startMs: index === 0 ? 0 : startMs,
      hostile: isHostile ? random.pick(BEHAVIOURS) : undefined
    }
  })
}

function faultOf(among: {
  readonly hosts: readonly HostInPlan[]
  readonly sites: readonly SiteInPlan[]
  readonly healMs: number
  readonly random: Random
}): Fault {
  const { hosts, sites, healMs, random } = among
  // Most of what happens happens early; a small version is through in a few seconds.
  const atMs = Math.round(random.next() ** 2 * 0.8 * healMs)
  const forMs = Math.round(random.between(0.05, 1) * (healMs - atMs))
  const host = random.integer(0, hosts.length - 1)
  const receiver = random.integer(1, hosts.length - 1)
  const kind = random.pick([
    'crash',
    'crash',
    'crash',
    'hang',
    'full',
    'slow',
    'cut',
    'cut',
    'loss',
    'revoke'
  ])
  switch (kind) {
    case 'crash':
      return { kind, atMs, host, forMs }
    case 'hang':
      return { kind, atMs, host, forMs }
    case 'full':
      return { kind, atMs, host: receiver, forMs }
    case 'slow':
      return { kind, atMs, host, forMs, slowness: random.pick([10, 100, 1000]) }
    case 'loss':
      return { kind, atMs, host, forMs, share: random.pick([0.001, 0.01, 0.05]) }
    case 'revoke':
      return { kind, atMs, host: receiver, learnMs: Math.round(random.between(0, 3 * SECOND_MS)) }
    default: {
      const isOfSites = sites.length > 1 && random.chance(0.5)
      const [a, b] = isOfSites
        ? [random.pick(sites).name, random.pick(sites).name]
        : [`h${host}`, `h${receiver}`]
      return { kind: 'cut', atMs, a, b, forMs, isOneWay: random.chance(0.3) }
    }
  }
}
