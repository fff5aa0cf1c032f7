/** Who gives how much, and how fast, by what devices answered. */

import type { DeviceId } from '../../base/ids.ts'
import {
  type Gives,
  isHeldByReads,
  isHeldByWrites,
  isSlow,
  median,
  medianKnown,
  type Signals,
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
  const said = saidOfGivers(answers)
  const signals = new Map(answers.map(({ device, figures }) => [device, figures.signals]))
  const gives = new Map<DeviceId, Gives>(
    [...said].map(([device, rates]) => [
      device,
      { toOne: median(rates), toAll: signals.get(device)?.sentPeakBytesPerSecond ?? null }
    ])
  )
  const rtts = new Map(answers.map(({ device }) => [device, rttMs(device)]))
  const sentOf = ({ figures: { totals } }: Answer) => totals.sentSiteBytes + totals.sentWanBytes
  const sentByAll = answers.reduce((sum, answer) => sum + sentOf(answer), 0)
  return answers
    .map((answer): Participant => {
      const { device, figures } = answer
      const { siteBytes, wanBytes, originBytes } = figures.totals
      const [given, othersGive] = [gives.get(device), othersOf(gives, device)]
      const compared = { given, othersGive, signals: figures.signals, others: othersOf(signals, device) }
      const slow = isSlowOrHeld(compared)
      const surroundings = (): Surroundings => ({
        rttMs: rtts.get(device) ?? null,
        othersRttMs: medianKnown(othersOf(rtts, device)),
        othersToOne: medianKnown(othersGive.map(({ toOne }) => toOne))
      })
      return {
        ...named(device),
        ...{ sentBytes: sentOf(answer), receivedBytes: siteBytes + wanBytes + originBytes },
        share: sentByAll === 0 ? null : sentOf(answer) / sentByAll,
        ...{ givesBytesPerSecond: given?.toOne ?? null, observers: said.get(device)?.length ?? 0, slow },
        reasons: slow ? slowReasons(surroundings(), figures.signals, compared.others) : [],
        signals: figures.signals
      }
    })
    .sort((a, b) => b.sentBytes - a.sentBytes || (a.device < b.device ? -1 : 1))
}

/** In bytes per second: what each that answers says of those that gave to it. */
export function saidOfGivers(answers: readonly Answer[]): Map<DeviceId, number[]> {
  const said = new Map<DeviceId, number[]>()
  for (const { figures } of answers)
    for (const [device, rate] of figures.rates) said.set(device, [...(said.get(device) ?? []), rate])
  return said
}

interface Compared {
  /** Undefined where nobody says. */
  readonly given: Gives | undefined
  readonly othersGive: readonly Gives[]
  readonly signals: Signals
  readonly others: readonly Signals[]
}

function isSlowOrHeld({ given, othersGive, signals, others }: Compared): boolean {
  if (given === undefined) return isHeldByWrites(signals, others)
  const rates = { toOne: given.toOne, othersToOne: othersGive.map(({ toOne }) => toOne) }
  return (
    isSlow(given, othersGive) ||
    isHeldByWrites(signals, others, rates) ||
    isHeldByReads(rates, signals, others)
  )
}

function othersOf<T>(all: ReadonlyMap<DeviceId, T>, device: DeviceId): T[] {
  return [...all].flatMap(([other, value]) => (other === device ? [] : [value]))
}
