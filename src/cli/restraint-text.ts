/** What limits of bandwidth hold up, as people read it. */

import type { Restraint } from '../api/limits.ts'
import { formatRate } from '../base/units.ts'

/** An instant as the clocks of a zone show it; in that of this machine without one. */
export function zonedTime(atMs: number, zone: string | null): string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    ...(zone === null ? {} : { timeZone: zone }),
    dateStyle: 'short',
    timeStyle: 'short'
  })
  return zone === null ? format.format(atMs) : `${format.format(atMs)} ${zone}`
}

export function restraintText({ kind, direction, rule, bytesPerSecond, untilMs, zone }: Restraint): string {
  const until = untilMs === null ? '' : ` until ${zonedTime(untilMs, zone)}`
  switch (kind) {
    case 'budget':
      return `waits for the WAN budget (${direction})${until}`
    case 'background':
      return `gives way to other traffic (limit ${rule}, ${direction})`
    case 'peers':
      return `peers limit what they send to ${formatRate(bytesPerSecond ?? 0)}`
    case 'cap':
      if (bytesPerSecond === 0) return `limit ${rule} lets nothing go ${direction}${until}`
      return `limit ${rule}: ${direction} at most ${formatRate(bytesPerSecond ?? 0)}${until}`
  }
}

/** All of them in one line; empty for none. */
export function restraintsText(restraints: readonly Restraint[]): string {
  return restraints.map(restraintText).join('; ')
}
