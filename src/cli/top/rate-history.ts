/** The rates of the last minutes as bars of one character each. Pure. */

/** Wider than what a terminal shows. */
const SAMPLES_MAX = 240
const BARS = { unicode: '▁▂▃▄▅▆▇█', ascii: '_.-=*#%@' } as const

export type Glyphs = keyof typeof BARS

/** Oldest first. */
export interface RateHistory {
  readonly received: readonly number[]
  readonly sent: readonly number[]
}

export const NO_HISTORY: RateHistory = { received: [], sent: [] }

export function remember(
  { received, sent }: RateHistory,
  now: { readonly receiveBytesPerSecond: number; readonly sendBytesPerSecond: number }
): RateHistory {
  return {
    received: [...received, now.receiveBytesPerSecond].slice(-SAMPLES_MAX),
    sent: [...sent, now.sendBytesPerSecond].slice(-SAMPLES_MAX)
  }
}

/** Exactly `columns` wide, the newest at the right; the highest of those shown has the highest bar. */
export function sparkline(rates: readonly number[], columns: number, glyphs: Glyphs): string {
  const bars = BARS[glyphs]
  const shown = columns <= 0 ? [] : rates.slice(-columns)
  const peak = Math.max(0, ...shown)
  const line = shown
    .map(rate => {
      if (rate <= 0 || peak <= 0) return ' '
      return bars[Math.min(bars.length - 1, Math.floor((rate / peak) * bars.length))] ?? ' '
    })
    .join('')
  return line.padStart(Math.max(0, columns), ' ')
}
