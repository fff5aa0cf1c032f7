/** Who gives how much, and how fast, by what devices answered. */

import type { DeviceId } from '../../base/ids.ts'
import { isSlow, median, slowReasons } from '../../slo/slow-device.ts'
import type { Answer } from './fleet-figures.ts'
import type { Participant, SavingsOfDevice } from './performance-terms.ts'

export interface ParticipationTerms {
  readonly named: (device: DeviceId) => Pick<SavingsOfDevice, 'device' | 'name' | 'site' | 'kind'>
  readonly rttMs: (device: DeviceId) => number | null
}

export function participants(
  answers: readonly Answer[],
  { named, rttMs }: ParticipationTerms
): Participant[] {
  const said = new Map<DeviceId, number[]>()
  for (const { figures } of answers)
    for (const [device, rate] of figures.rates) said.set(device, [...(said.get(device) ?? []), rate])
  const rates = new Map([...said].map(([device, some]) => [device, median(some)]))
  const sentOf = ({ figures: { totals } }: Answer) => totals.sentSiteBytes + totals.sentWanBytes
  const sentByAll = answers.reduce((sum, answer) => sum + sentOf(answer), 0)
  return answers
    .map((answer): Participant => {
      const { device, figures } = answer
      const { siteBytes, wanBytes, originBytes } = figures.totals
      const rate = rates.get(device) ?? null
      const others = [...rates].filter(([other]) => other !== device).map(([, value]) => value)
      const observers = said.get(device)?.length ?? 0
      const slow = rate !== null && isSlow(rate, others)
      const giving = { observers, othersBytesPerSecond: median(others), rttMs: rttMs(device) }
      return {
        ...named(device),
        ...{ sentBytes: sentOf(answer), receivedBytes: siteBytes + wanBytes + originBytes },
        share: sentByAll === 0 ? null : sentOf(answer) / sentByAll,
        ...{ givesBytesPerSecond: rate, observers, slow },
        reasons: slow ? slowReasons({ ...giving, bytesPerSecond: rate }, figures.signals) : [],
        signals: figures.signals
      }
    })
    .sort((a, b) => b.sentBytes - a.sentBytes || (a.device < b.device ? -1 : 1))
}
