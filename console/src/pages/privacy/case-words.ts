/** How far an erasure or a recall has come, and what each device has said, in words. */

import { DAY_MS, formatBytes } from '../../../../src/base/units.ts'
import type { Answer } from '../../api/routes.ts'
import type { Tone } from '../../components/dot.tsx'
import { counted } from '../../components/words.ts'

export { caseText } from '../../components/erasure-acted.ts'

export type CaseSummary = Answer<'erasureCases'>['cases'][number]
export type ErasureCase = Answer<'erasureCase'>
export type CaseDevice = ErasureCase['devices'][number]

/** As the risk register counts it. */
export const CASE_DUE_MS = 30 * DAY_MS

/** What was recalled stays with who published it, and is right there. */
export function confirmedOf({ kind, confirmed, kept }: CaseSummary): number {
  return confirmed + (kind === 'recall' ? kept : 0)
}

export function isOverdue(summary: CaseSummary, nowMs: number): boolean {
  const { inForce, held, devices, atMs } = summary
  return inForce > held && confirmedOf(summary) < devices && nowMs - atMs > CASE_DUE_MS
}

/** What it waits for, the first thing first. */
export function caseMark(summary: CaseSummary, nowMs: number): readonly [Tone, string] {
  const { versions, inForce, held, awaited, devices } = summary
  if (inForce < versions) return ['warn', 'waits for approval']
  if (held > 0) return ['warn', 'held']
  if (awaited > 0) return ['warn', 'waits for its publisher']
  if (confirmedOf(summary) === devices) return ['good', 'done']
  return isOverdue(summary, nowMs) ? ['bad', 'overdue'] : ['warn', 'under way']
}

const STATES: Readonly<Record<CaseDevice['state'], readonly [Tone, string]>> = {
  confirmed: ['good', 'confirmed'],
  'source-kept': ['warn', 'kept its source'],
  waiting: ['warn', 'not yet'],
  away: ['bad', 'away, not yet'],
  excluded: ['bad', 'can not confirm']
}

export function deviceMark({ state }: Pick<CaseDevice, 'state'>): readonly [Tone, string] {
  return STATES[state]
}

export function deletedText({ confirmations }: CaseDevice): string {
  if (confirmations.length === 0) return ''
  if (confirmations.every(({ outcome }) => outcome === 'not-held')) return 'held nothing'
  return formatBytes(confirmations.reduce((sum, { bytes }) => sum + bytes, 0))
}

export function lastWordAtMs({ confirmations }: CaseDevice): number | null {
  return confirmations.length === 0 ? null : Math.max(...confirmations.map(({ atMs }) => atMs))
}

/** "2 confirmed, 1 away and 1 can not confirm". */
export function devicesText(devices: readonly CaseDevice[]): string {
  const parts = Object.keys(STATES).flatMap(state => {
    const count = devices.filter(device => device.state === state).length
    return count === 0 ? [] : [`${count} ${STATES[state as CaseDevice['state']][1]}`]
  })
  const last = parts.pop()
  if (last === undefined) return 'It concerns no device.'
  const told = parts.length === 0 ? last : `${parts.join('; ')}; ${last}`
  return `Of ${counted(devices.length, 'device')}: ${told}.`
}
