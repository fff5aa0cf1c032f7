/** A rule of storage as it is filled in, and what is said of what it would do. */

import type { Answer } from '../../api/routes.ts'
import { counted } from '../../components/words.ts'

export type Preview = Answer<'previewStoragePolicy'>

export interface PolicyFields {
  readonly kind: 'copies' | 'shares'
  readonly copies: number
  /** Of which any so many give a version back. */
  readonly dataShares: number
  /** That may be lost. */
  readonly parityShares: number
  readonly sites: number
  /** Empty for anywhere. */
  readonly regions: readonly string[]
  /** Empty for all. */
  readonly kinds: readonly string[]
}

const USUAL: PolicyFields = {
  ...{ kind: 'copies', copies: 3, dataShares: 4, parityShares: 2, sites: 2, regions: [], kinds: [] }
}

/** In the form of the command line; what of it is wrong the node says. */
export function policyText(fields: PolicyFields): string {
  const { kind, copies, dataShares, parityShares, sites, regions, kinds } = fields
  return [
    kind === 'copies' ? `copies=${copies}` : `shares=${dataShares}+${parityShares}`,
    `sites=${sites}`,
    ...(regions.length > 0 ? [`region=${regions.join('+')}`] : []),
    ...(kinds.length > 0 ? [`kind=${kinds.join('+')}`] : [])
  ].join(',')
}

/** What a policy that the node wrote says; the usual where there is none. */
export function policyFields(text: string | null): PolicyFields {
  const parts = new Map((text ?? '').split(',').map(part => [part.split('=')[0], part.split('=')[1] ?? '']))
  const numberIn = (part: string, usual: number): number => Number(parts.get(part) ?? usual)
  const listIn = (part: string): readonly string[] => parts.get(part)?.split('+') ?? []
  const shares = parts.get('shares')?.split('+').map(Number)
  return {
    kind: shares === undefined ? 'copies' : 'shares',
    copies: numberIn('copies', USUAL.copies),
    dataShares: shares?.[0] ?? USUAL.dataShares,
    parityShares: shares?.[1] ?? USUAL.parityShares,
    sites: numberIn('sites', USUAL.sites),
    regions: listIn('region'),
    kinds: listIn('kind')
  }
}

/** Whether fewer losses would be survived than now, or versions be safe no more: to be meant by who does it. */
export function isWeaker({ before, after }: Preview): boolean {
  if (after.safeVersions < before.safeVersions) return true
  if (before.survives === null) return false
  return (
    after.survives === null ||
    after.survives.sites < before.survives.sites ||
    after.survives.devices < before.survives.devices
  )
}

/** What of the rule nobody could give. */
export function unmetText({ part, wanted, got, because }: Preview['unmet'][number]): string {
  const one = { sites: 'site', copies: 'copy', shares: 'share' }[part]
  const what = counted(wanted - got, `${one} is`, `${part} are`)
  const why =
    because === 'no-room' ? 'who could hold it is full' : 'no other device that may hold it offers room'
  return `${what} missing, as ${why}`
}
