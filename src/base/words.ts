/** Words for what is shown to people, whether in a terminal, in a page to print, or in the console. */

import { type DeviceId, shortId } from './ids.ts'
import { INSTANT_MS_MAX } from './units.ts'

/** "1 device", "1,200 devices". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** Whoever signs something may write any time into it: what lies too far ahead is shown as the end of the year 9999. */
export function isoTime(instantMs: number): string {
  return new Date(Math.min(instantMs, INSTANT_MS_MAX)).toISOString()
}

/** What a device is called, or the beginning of its id where that is not known. */
export function named({ device, name }: { readonly device: DeviceId; readonly name: string | null }): string {
  return name ?? shortId(device)
}
