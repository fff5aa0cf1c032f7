/** Units and their human forms. Sizes are decimal (1 MB = 1,000,000 B), as network people count. */

export const KIB = 1024
export const MIB = 1024 * KIB
export const GIB = 1024 * MIB
/** What a price of traffic is for. */
export const GB = 1_000_000_000
/** What shares and prices are counted in where they have to be whole numbers. */
export const MILLIONTHS = 1_000_000
export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
/** The end of the year 9999: what comes after has no form in RFC 3339. */
export const INSTANT_MS_MAX = 253_402_300_799_999

const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < SIZE_UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${SIZE_UNITS[unit]}`
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`
}

export function formatDuration(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`
  if (ms < 10 * SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`
  const seconds = Math.round(ms / SECOND_MS)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

/** "1 device", "3 devices", "2 copies". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

const DURATION_UNITS: Record<string, number> = {
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS
}

/** Parses "90s", "24h", "7d"; undefined when `text` is no such duration. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim())
  if (match === null) return undefined
  return Number(match[1]) * (DURATION_UNITS[match[2] as string] as number)
}

const BYTE_UNITS: Record<string, number> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: KIB,
  mib: MIB,
  gib: GIB,
  tib: 1024 * GIB
}
const BIT_UNITS: Record<string, number> = { bit: 1, kbit: 1000, mbit: 1000 ** 2, gbit: 1000 ** 3 }
const BITS_PER_BYTE = 8

function numberAndUnit(text: string): { readonly value: number; readonly unit: string } | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([a-z]+)$/i.exec(text.trim())
  return match === null ? undefined : { value: Number(match[1]), unit: (match[2] as string).toLowerCase() }
}

/** Parses "5GB", "500 MiB"; undefined when `text` is no such size. */
export function parseBytes(text: string): number | undefined {
  const parts = numberAndUnit(text)
  const factor = parts && BYTE_UNITS[parts.unit]
  return parts === undefined || factor === undefined ? undefined : Math.round(parts.value * factor)
}

/**
 * Parses "5MB/s", "20Mbit/s", "0" into bytes per second; undefined when `text` is no such rate. A small b is refused:
 * to some it says bits, to others bytes. What is more than nothing never becomes nothing.
 */
export function parseRate(text: string): number | undefined {
  if (text.trim() === '0') return 0
  const perSecond = text.trim().replace(/\/s$/, '')
  const parts = numberAndUnit(perSecond)
  const bits = parts && BIT_UNITS[parts.unit]
  const bytes = parts && BYTE_UNITS[parts.unit]
  if (parts === undefined) return undefined
  if (bits !== undefined) return Math.ceil((parts.value * bits) / BITS_PER_BYTE)
  return bytes === undefined || perSecond.endsWith('b') ? undefined : Math.ceil(parts.value * bytes)
}
