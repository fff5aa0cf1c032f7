/**
 * What is asked of the copies of a dataset: how many, over how many sites, in which regions and on which kinds of
 * device; or, in place of whole copies, k+m erasure shares, of which any k give the data back.
 *
 * Its written form is that of the command line: `copies=3,sites=2,region=eu+us,kind=server` or `shares=6+3,sites=3`.
 * Parts may come in any order; `formatPolicy` writes them in one, and reading that gives the same policy.
 */

import { COPIES_MAX, DATA_SHARES_MIN, REGIONS_MAX, SHARES_MAX } from '../ledger/operation/operation-limits.ts'
import { DEVICE_KINDS, type DeviceKind } from './fleet.ts'

export interface Policy {
  /** Whole copies; 1 where there are shares, as the shares are the copy. */
  readonly copies: number
  /** At the least over how many sites. Copies go to as many as there are, whatever this says. */
  readonly sites: number
  /** Where copies may be, sorted; empty for anywhere. */
  readonly regions: readonly string[]
  /** What may hold copies, in the order of DEVICE_KINDS; empty for all. */
  readonly kinds: readonly DeviceKind[]
  readonly shares: { readonly k: number; readonly m: number } | null
}

const POLICY_TEXT_MAX = 1024
const REGION_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/
const NUMBER = /^[1-9][0-9]{0,2}$/
const KEYS = ['copies', 'shares', 'sites', 'region', 'kind'] as const
type Key = (typeof KEYS)[number]

/** How a policy may write a region. */
export function isRegionName(text: string): boolean {
  return REGION_NAME.test(text)
}

export const DEFAULT_POLICY: Policy = { copies: 3, sites: 2, regions: [], kinds: [], shares: null }

export type Parsed = { readonly policy: Policy } | { readonly error: string }

/** How many devices hold something of a unit under this policy. */
export function slotCount({ copies, shares }: Policy): number {
  return shares === null ? copies : shares.k + shares.m
}

/** How many of the slots give the data back. */
export function slotsToRead({ shares }: Policy): number {
  return shares === null ? 1 : shares.k
}

/** A part of a policy that is not kept. */
export interface Shortfall {
  readonly part: 'sites' | 'copies' | 'shares'
  readonly wanted: number
  readonly got: number
}

/** What so many slots on so many sites lack. */
export function shortfalls(
  policy: Policy,
  got: { readonly slots: number; readonly sites: number }
): Shortfall[] {
  const wanted = slotCount(policy)
  const part = policy.shares === null ? 'copies' : 'shares'
  return [
    ...(got.sites < policy.sites ? [{ part: 'sites', wanted: policy.sites, got: got.sites } as const] : []),
    ...(got.slots < wanted ? [{ part, wanted, got: got.slots } as const] : [])
  ]
}

/** Why this is no policy that can be kept; undefined when it is one. */
export function policyProblem(policy: Policy): string | undefined {
  const { copies, sites, regions, kinds, shares } = policy
  const isCount = (value: number, most: number): boolean =>
    Number.isInteger(value) && value >= 1 && value <= most
  if (!isCount(copies, COPIES_MAX)) return `copies is from 1 to ${COPIES_MAX}`
  if (shares !== null) {
    if (copies !== 1) return 'copies and shares exclude each other: shares are one copy, cut up'
    if (!isCount(shares.k, SHARES_MAX) || shares.k < DATA_SHARES_MIN || !isCount(shares.m, SHARES_MAX))
      return `shares is K+M, where K of the K+M shares give the data back: K from ${DATA_SHARES_MIN}, M from 1, at most ${SHARES_MAX} in all`
    if (shares.k + shares.m > SHARES_MAX) return `shares has at most ${SHARES_MAX} in all`
  }
  const slots = slotCount(policy)
  const sitesMax = Math.min(slots, COPIES_MAX)
  if (!isCount(sites, sitesMax))
    return sitesMax < slots
      ? `sites is from 1 to ${sitesMax}`
      : `sites is from 1 to ${slots}, the number of ${shares === null ? 'copies' : 'shares'}`
  if (regions.length > REGIONS_MAX) return `region names at most ${REGIONS_MAX} regions`
  const badRegion = regions.find(region => !REGION_NAME.test(region))
  if (badRegion !== undefined)
    return `region "${badRegion}" is no name: small letters, digits and hyphens, at most 63`
  if (new Set(regions).size < regions.length) return 'region names a region twice'
  if (kinds.some(kind => !DEVICE_KINDS.includes(kind))) return `kind is of ${DEVICE_KINDS.join(', ')}`
  if (new Set(kinds).size < kinds.length) return 'kind names a kind twice'
  return undefined
}

/** Reads the written form. An error says which part is wrong and what it may be. */
export function parsePolicy(text: string): Parsed {
  if (text.length > POLICY_TEXT_MAX) return { error: `a policy has at most ${POLICY_TEXT_MAX} characters` }
  const parts = new Map<Key, string>()
  for (const part of text.split(',')) {
    const at = part.indexOf('=')
    const [name, value] = [part.slice(0, Math.max(0, at)).trim(), part.slice(at + 1).trim()]
    const key = KEYS.find(each => each === name)
    if (key === undefined)
      return {
        error: `"${part.trim()}" is no part of a policy; parts are ${KEYS.map(each => `${each}=`).join(', ')}`
      }
    if (parts.has(key)) return { error: `${key} is given twice` }
    if (value === '') return { error: `${key} has no value` }
    parts.set(key, value)
  }
  return readParts(parts)
}

function readParts(parts: ReadonlyMap<Key, string>): Parsed {
  const shares = parts.get('shares')
  const shareNumbers = shares?.split('+')
  if (
    shareNumbers !== undefined &&
    (shareNumbers.length !== 2 || !shareNumbers.every(each => NUMBER.test(each)))
  )
    return { error: `shares=${shares} is not of the form K+M, as in shares=6+3` }
  for (const key of ['copies', 'sites'] as const) {
    const value = parts.get(key)
    if (value !== undefined && !NUMBER.test(value))
      return { error: `${key}=${value} is no whole number above 0` }
  }
  if (shares !== undefined && parts.has('copies')) return { error: 'copies and shares exclude each other' }
  if (shares === undefined && !parts.has('copies')) return { error: 'a policy has copies=N or shares=K+M' }
  const kinds = parts.get('kind')?.split('+') ?? []
  const badKind = kinds.find(kind => !DEVICE_KINDS.some(each => each === kind))
  if (badKind !== undefined) return { error: `kind=${badKind} is none of ${DEVICE_KINDS.join(', ')}` }
  const [k, m] = shareNumbers?.map(Number) ?? []
  const policy: Policy = {
    copies: Number(parts.get('copies') ?? 1),
    sites: Number(parts.get('sites') ?? 1),
    regions: (parts.get('region')?.split('+') ?? []).toSorted(),
    kinds:
      kinds.length > new Set(kinds).size
        ? (kinds as DeviceKind[])
        : DEVICE_KINDS.filter(kind => kinds.includes(kind)),
    shares: k === undefined || m === undefined ? null : { k, m }
  }
  const problem = policyProblem(policy)
  return problem === undefined ? { policy } : { error: problem }
}

/** The one written form of a policy. */
export function formatPolicy({ copies, sites, regions, kinds, shares }: Policy): string {
  return [
    shares === null ? `copies=${copies}` : `shares=${shares.k}+${shares.m}`,
    `sites=${sites}`,
    ...(regions.length > 0 ? [`region=${regions.join('+')}`] : []),
    ...(kinds.length > 0 ? [`kind=${kinds.join('+')}`] : [])
  ].join(',')
}
