/** Levels of risk by score, as the register weighs them and as every form of it shows them (risk/scale.ts). */

export const LEVELS = ['very low', 'low', 'moderate', 'high', 'very high'] as const
export type Level = (typeof LEVELS)[number]

/** The highest score of each level but the last. */
const LEVEL_TOPS = [3, 6, 11, 15] as const

export function levelOf(score: number): Level {
  const at = LEVEL_TOPS.findIndex(top => score <= top)
  return LEVELS[at < 0 ? LEVEL_TOPS.length : at] ?? 'very high'
}
