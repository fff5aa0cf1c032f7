/**
 * Rates of the minutes before a page was opened, from what the node measured every some seconds. A page draws them
 * before those that it hears as they happen.
 */

import { SECOND_MS } from '../../../../src/base/units.ts'
import type { RateSample } from '../../api/live.tsx'
import type { History } from '../../components/series-words.ts'

type Measured = Pick<History, 'name' | 'sampleIntervalMs' | 'points'>

/**
 * The sums of all series of each way, by the clock of the browser, the oldest first. A span without a sample, as when
 * the node was away, is left out.
 */
export function pastRates(measured: readonly Measured[], clockOffsetMs: number): RateSample[] {
  const rates = new Map<number, { receive: number; send: number }>()
  for (const { name, sampleIntervalMs, points } of measured) {
    const way = name.startsWith('received/') ? 'receive' : 'send'
    for (const { atMs, samples, sum } of points) {
      const rate = rates.get(atMs) ?? { receive: 0, send: 0 }
      // What a sample says is what came since the one before.
      rate[way] += sum / ((samples * sampleIntervalMs) / SECOND_MS)
      rates.set(atMs, rate)
    }
  }
  return [...rates]
    .toSorted(([a], [b]) => a - b)
    .map(([atMs, rate]) => ({ atMs: atMs - clockOffsetMs, ...rate }))
}
