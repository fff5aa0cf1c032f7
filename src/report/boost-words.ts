/** What devices want, and copies in passing, in words. */

import type { Boost, Demand } from '../api/boost.ts'
import { formatBytes, formatDuration } from '../base/units.ts'
import { named, plural } from '../base/words.ts'

/** `12 devices: 9 in lyon, 3 in paris`. */
export function wantedText(wanted: Demand['wanted']): string {
  const sum = wanted.reduce((total, { devices }) => total + devices, 0)
  const places = wanted.map(
    ({ site, devices }) => `${devices} in ${site === '' ? 'a site that is not known' : site}`
  )
  return `${plural(sum, 'device')}: ${places.join(', ')}`
}

/** Who of the servers has it, and what follows. */
export function steadyText({
  steady,
  lacking,
  hasOrigin
}: Pick<Demand, 'steady' | 'lacking' | 'hasOrigin'>): string {
  const who = steady.length === 0 ? 'no server has it' : `has it: ${steady.map(named).join(', ')}`
  const more = lacking === 0 ? '' : `; ${lacking} more should`
  return `${who}${more}${hasOrigin && lacking > 0 ? ', or its origin helps' : ''}`
}

/** Why a copy is here in passing, how much of it, and until when. */
export function passingText(
  { bytes, haveBytes, wantedAtMs, endsAtMs }: Pick<Boost, 'bytes' | 'haveBytes' | 'wantedAtMs' | 'endsAtMs'>,
  { wanted, nowMs }: { readonly wanted: Demand['wanted'] | null; readonly nowMs: number }
): string {
  const why =
    wanted === null || wanted.length === 0
      ? `nobody has wanted it for ${formatDuration(Math.max(0, nowMs - wantedAtMs))}`
      : `wanted by ${wantedText(wanted)}`
  const here = haveBytes >= bytes ? formatBytes(bytes) : `${formatBytes(haveBytes)} of ${formatBytes(bytes)}`
  return `${here} here, ${why}; it goes in ${formatDuration(Math.max(0, endsAtMs - nowMs))} unless somebody wants it`
}
