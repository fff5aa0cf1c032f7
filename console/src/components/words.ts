/** Figures in words. */

import { DAY_MS, formatBytes, formatRate, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/base/units.ts'

export { formatBytes, formatRate }

/** Clocks that differ by less are one clock. */
const AHEAD_MS = 5 * SECOND_MS
const GUESS_STEP_MS = 5 * SECOND_MS
const SHORT_ID_DIGITS = 8
const WORDS: readonly (readonly [number, string])[] = [
  [DAY_MS, 'd'],
  [HOUR_MS, 'h'],
  [MINUTE_MS, 'min'],
  [SECOND_MS, 's']
]

/** "3 min ago", "in 2 h", "now". */
export function agoText(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs
  if (ms < 0 && ms > -AHEAD_MS) return 'now'
  const found = WORDS.find(([unitMs]) => Math.abs(ms) >= unitMs)
  if (found === undefined) return 'now'
  const [unitMs, word] = found
  const text = `${Math.floor(Math.abs(ms) / unitMs)} ${word}`
  return ms > 0 ? `${text} ago` : `in ${text}`
}

/** In the largest unit that it is one of: "30 d", "-1 h". */
export function durationText(ms: number): string {
  const sign = ms < 0 ? '-' : ''
  const found = WORDS.find(([unitMs]) => Math.abs(ms) >= unitMs)
  if (found === undefined) return `${sign}${Math.round(Math.abs(ms))} ms`
  const [unitMs, word] = found
  return `${sign}${Number((Math.abs(ms) / unitMs).toFixed(1))} ${word}`
}

/** Of a guess: as exact as one is, in steps of some seconds below a minute. */
export function aboutText(ms: number): string {
  if (ms >= HOUR_MS) return durationText(ms)
  if (ms >= MINUTE_MS) return `${Math.round(ms / MINUTE_MS)} min`
  return `${Math.max(1, Math.ceil(ms / GUESS_STEP_MS)) * (GUESS_STEP_MS / SECOND_MS)} s`
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

export function shortId(id: string): string {
  return id.slice(0, SHORT_ID_DIGITS)
}

/** What a device is called, or the beginning of its id where that is not known. */
export function deviceText({
  name,
  device
}: {
  readonly name: string | null
  readonly device: string
}): string {
  return name ?? shortId(device)
}

export function percentText(part: number, whole: number): string {
  if (whole === 0) return '100 %'
  // What is not whole never reads as whole.
  const percent = (100 * part) / whole
  return `${part >= whole ? 100 : Math.min(99, Math.floor(percent))} %`
}

/** The order of what people name: `lab-9` before `lab-10`. */
export const COLLATOR = new Intl.Collator('en', { numeric: true })

/** Sentences of the node begin small, as they follow a name. */
export function sentence(text: string): string {
  return text === '' ? '' : text[0]?.toUpperCase() + text.slice(1)
}

export function dateText(atMs: number): string {
  return new Date(atMs).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
}

/** To the second: the time alone when it is of the day of `nowMs`, and the year only when it is another. */
export function momentText(atMs: number, nowMs: number): string {
  const [at, now] = [new Date(atMs), new Date(nowMs)]
  if (at.toDateString() === now.toDateString())
    return at.toLocaleTimeString(undefined, { timeStyle: 'medium' })
  return at.toLocaleString(undefined, {
    ...(at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }),
    ...{ month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit', second: '2-digit' }
  })
}

const INSTANT = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g

/** Words of the node as a sentence, with its instants as people here write them. */
export function saidByNode(text: string): string {
  return sentence(text.replace(INSTANT, instant => dateText(Date.parse(instant))))
}
