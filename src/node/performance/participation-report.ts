/** Who gives how much, and how fast, by what devices answered. */

import type { DeviceId } from '../../base/ids.ts'
import {
  type Gives,
  isHeldByReads,
  isHeldByWrites,
  isSlow,
  median,
  medianKnown,
  type Surroundings,
  slowReasons
} from '../../slo/slow-device.ts'
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
  const signals = new Map(answers.map(({ device, figures }) => [device, figures.signals]))
  const gives = new Map<DeviceId, Gives>(
    [...said].map(([device, rates]) => [
      device,
      { toOne: median(rates), toAll: signals.get(device)?.sentPeakBytesPerSecond ?? null }
    ])
  )
  const rtts = new Map(answers.map(({ device }) => [device, rttMs(device)]))
  const surroundings = (device: DeviceId): Surroundings => ({
    rttMs: rtts.get(device) ?? null,
    othersRttMs: medianKnown(othersOf(rtts, device)),
    othersToOne: medianKnown(othersOf(gives, device).map(({ toOne }) => toOne))
  })
  const isSlowOrHeld = ({ device, figures }: Answer): boolean => {
    const [given, othersGive] = [gives.get(device), othersOf(gives, device)]
    const others = othersOf(signals, device)
    if (given === undefined) return isHeldByWrites(figures.signals, others)
    const rates = { toOne: given.toOne, othersToOne: othersGive.map(({ toOne }) => toOne) }
    return (
      isSlow(given, othersGive) ||
      isHeldByWrites(figures.signals, others, rates) ||
      isHeldByReads(rates, figures.signals, others)
    )
  }
  const sentOf = ({ figures: { totals } }: Answer) => totals.sentSiteBytes + totals.sentWanBytes
  const sentByAll = answers.reduce((sum, answer) => sum + sentOf(answer), 0)
  return answers
    .map((answer): Participant => {
      const { device, figures } = answer
      const { siteBytes, wanBytes, originBytes } = figures.totals
      const given = gives.get(device)
      const slow = isSlowOrHeld(answer)
      return {
        ...named(device),
        ...{ sentBytes: sentOf(answer), receivedBytes: siteBytes + wanBytes + originBytes },
        share: sentByAll === 0 ? null : sentOf(answer) / sentByAll,
        ...{ givesBytesPerSecond: given?.toOne ?? null, observers: said.get(device)?.length ?? 0, slow },
        reasons: slow ? slowReasons(surroundings(device), figures.signals, othersOf(signals, device)) : [],
        signals: figures.signals
      }
    })
    .sort((a, b) => b.sentBytes - a.sentBytes || (a.device < b.device ? -1 : 1))
}

function othersOf<T>(all: ReadonlyMap<DeviceId, T>, device: DeviceId): T[] {
  return [...all].flatMap(([other, value]) => (other === device ? [] : [value]))
}
