/** Whose figures these are, and whose not. */

import type { Heard } from '../api/performance.ts'
import { named } from './acted.ts'
import { isoTime, type Paint, plural, printable } from './text.ts'

const SHOWN_MAX = 8

export function heardText(
  { atMs, heard }: { readonly atMs: number; readonly heard: Heard },
  paint: Paint
): string[] {
  const { devices, silent, silentCount } = heard
  const answered = `from ${plural(devices, 'device')} that answered at ${isoTime(atMs)}, this one included`
  if (silentCount === 0) return [answered]
  const rest = silentCount - Math.min(SHOWN_MAX, silent.length)
  return [
    answered,
    paint('yellow', `${plural(silentCount, 'device')} did not answer, and nothing of theirs is counted:`),
    ...silent.slice(0, SHOWN_MAX).map(each => `  ${named(each)}: ${printable(each.detail)}`),
    ...(rest > 0 ? [`  and ${rest} more`] : [])
  ]
}
