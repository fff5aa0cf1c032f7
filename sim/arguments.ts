/** Reads numbers and sizes from the command line. */

/** What was asked for can not be done; the message says why. */
export class Refusal extends Error {}

export function readCount(
  name: string,
  text: string | undefined,
  { least, most }: { readonly least: number; readonly most: number }
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new Refusal(`--${name} takes a whole number from ${least} to ${most}, not "${text}"`)
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 }
const BYTES_MAX = 1e12

/** Decimal units: 10G is ten thousand million bytes. */
export function readBytes(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([kMGT]?)$/.exec(text) ?? []
  const value = Math.round(Number(digits) * (UNITS[unit] ?? Number.NaN))
  if (digits !== '' && value >= 1 && value <= BYTES_MAX) return value
  throw new Refusal(`--${name} takes a size such as 500M or 10G, up to 1T, not "${text}"`)
}
