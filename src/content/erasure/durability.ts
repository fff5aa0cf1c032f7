/**
 * How likely it is to lose an object in a year, kept as n shares of which any k are enough, or as n copies (k = 1).
 *
 * A birth-death chain over the number of shares that are missing, with a jump for the loss of a site, and the state
 * "lost" that is never left. With i of n missing:
 *
 *     i -> i + 1       (n - i) f                  f  failures of a device in a year
 *     i -> i + s       g, for each site           g  losses of a site in a year, s  the shares that it has left
 *     i -> i - 1       min(i, streams) / r        r  years that the repair of a share takes, from its loss on
 *     lost             more than n - k missing
 *
 * Without sites this is the model by which arrays of disks are rated: Chen, Lee, Gibson, Katz and Patterson, "RAID:
 * High-Performance, Reliable Secondary Storage", ACM Computing Surveys 26 (1994). The mean time to loss is the sum of
 * the mean times from each state to the next worse one, h(0) = 1 / up(0) and h(i) = 1 / up(i) + down(i) / up(i) h(i -
 * 1) (Karlin and Taylor, "A First Course in Stochastic Processes", chapter 4), which the tests compare with. What is
 * computed here is the probability within the year itself, exact for the chain also where repair is slow: exp(Q) for
 * the matrix Q of the rates, by uniformisation and squaring. All terms are positive, so that a probability of 1e-20 has
 * about as many digits as one of a half.
 *
 * What the chain assumes: repair takes an exponentially distributed time, and devices fail independently but for sites.
 * It does not know where the missing shares lie, and takes them to lie so that the next loss of a site does the most
 * harm: with one share in each site that is exact, otherwise things look worse than they are. It knows nothing of
 * mistakes of people and programs, which lose more data than devices do: compare policies with it, and promise
 * nobody its figures (Greenan, Plank and Wylie, "Mean Time to Meaningless", HotStorage 2010).
 */

import { assert } from '../../base/assert.ts'

export const HOURS_PER_YEAR = 8766

export interface DurabilityModel {
  /** k; 1 for copies. */
  readonly neededShares: number
  /** For each site, how many of the n shares it keeps. */
  readonly sharesPerSite: readonly number[]
  /** Devices that are lost in a year, for good and with all that they keep, of each one. */
  readonly failuresPerDeviceYear: number
  /** Mean time from the loss of a share until it is kept elsewhere: detection, grace and transfer. */
  readonly repairHours: number
  /** How many shares of the object are repaired at once, each in that time; Infinity for all. */
  readonly repairStreams: number
  /** Sites that are lost in a year, for good and with all their devices, of each one; 0 if that is left out. */
  readonly lossesPerSiteYear: number
}

/** From 0 to 1: that fewer than k shares are left at some time of a year that begins with all of them. */
export function lossProbabilityPerYear(model: DurabilityModel): number {
  const last = exponential(yearlyRates(model))[0]?.at(-1)
  assert(last !== undefined, 'there is a state from which all begins')
  return Math.min(1, last)
}

/**
 * Rates of the transitions in a year, by the states before and after. The last state is the loss; the diagonal is 0.
 */
function yearlyRates(model: DurabilityModel): Float64Array[] {
  const shares = model.sharesPerSite.reduce((sum, count) => sum + count, 0)
  const spare = shares - model.neededShares
  assert(model.neededShares >= 1 && spare >= 0, 'there are as many shares as are needed')
  assert(model.repairHours > 0 && model.repairStreams >= 1, 'what is lost is repaired some time')
  assert(model.failuresPerDeviceYear >= 0 && model.lossesPerSiteYear >= 0, 'rates are no less than nothing')
  const lost = spare + 1
  const rates = Array.from({ length: lost + 1 }, () => new Float64Array(lost + 1))
  const add = (from: number, to: number, rate: number) => {
    const row = rates[from] as Float64Array
    row[to] = (row[to] as number) + rate
  }
  for (let missing = 0; missing <= spare; missing++) {
    add(missing, missing + 1, (shares - missing) * model.failuresPerDeviceYear)
    for (const [count, sites] of sitesByLoss(model.sharesPerSite, missing).entries())
      if (count > 0) add(missing, Math.min(missing + count, lost), sites * model.lossesPerSiteYear)
    const repairs = Math.min(missing, model.repairStreams)
    if (missing > 0) add(missing, missing - 1, (repairs * HOURS_PER_YEAR) / model.repairHours)
  }
  return rates
}

/**
 * How many sites have how many shares left to lose, at worst: for each number of shares, the most sites can have that
 * many or more. They have, while all that is missing lies in other sites or goes beyond that number; then site after
 * site less.
 */
function sitesByLoss(sharesPerSite: readonly number[], missing: number): number[] {
  const most = Math.max(...sharesPerSite)
  const withAtLeast = Array.from({ length: most + 2 }, (_, count) => {
    if (count === 0) return sharesPerSite.length
    const room = sharesPerSite.reduce((sum, held) => sum + (held < count ? held : held - count), 0)
    const fallen = Math.max(0, Math.ceil((missing - room) / count))
    return Math.max(0, sharesPerSite.filter(held => held >= count).length - fallen)
  })
  return withAtLeast.slice(0, -1).map((sites, count) => sites - (withAtLeast[count + 1] as number))
}

/** Terms of the series for a step in which less than one transition is expected: the next one is below any double. */
const SERIES_TERMS = 24

/**
 * exp(Q) for the rates of a chain: the probabilities to be in each state after a unit of time. The time is halved until
 * less than one transition is to be expected, exp is taken there as a Poisson mixture of steps of the chain, and the
 * result squared as often.
 */
function exponential(rates: readonly Float64Array[]): Float64Array[] {
  const leaving = rates.map(row => row.reduce((sum, rate) => sum + rate, 0))
  const fastest = Math.max(...leaving)
  if (fastest === 0) return rates.map((_, at) => unitRow(rates.length, at))
  const halvings = Math.max(0, Math.ceil(Math.log2(fastest)))
  const expected = fastest / 2 ** halvings
  const step = rates.map((row, at) =>
    row.map((rate, to) => (to === at ? fastest - (leaving[at] as number) : rate) / fastest)
  )
  let power: Float64Array[] = rates.map((_, at) => unitRow(rates.length, at))
  let weight = Math.exp(-expected)
  let result: Float64Array[] = power.map(row => row.map(value => value * weight))
  for (let term = 1; term <= SERIES_TERMS; term++) {
    power = product(power, step)
    weight *= expected / term
    result = result.map((row, at) => row.map((value, to) => value + weight * (power[at]?.[to] as number)))
  }
  for (let squaring = 0; squaring < halvings; squaring++) result = product(result, result)
  return result
}

function unitRow(size: number, at: number): Float64Array {
  const row = new Float64Array(size)
  row[at] = 1
  return row
}

function product(a: readonly Float64Array[], b: readonly Float64Array[]): Float64Array[] {
  return a.map(row => {
    const sums = new Float64Array(row.length)
    for (const [at, factor] of row.entries())
      for (const [to, value] of (b[at] as Float64Array).entries())
        sums[to] = (sums[to] as number) + factor * value
    return sums
  })
}
