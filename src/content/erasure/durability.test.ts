import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DurabilityModel, HOURS_PER_YEAR, lossProbabilityPerYear } from './durability.ts'

const BASE: DurabilityModel = {
  neededShares: 1,
  sharesPerSite: [1, 1, 1],
  failuresPerDeviceYear: 0.05,
  repairHours: 24,
  repairStreams: Infinity,
  lossesPerSiteYear: 0
}

/** mulberry32, from 0 to 1. */
function uniform(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One year of devices and sites themselves: which shares each site misses, event by event. */
function yearLoses(model: DurabilityModel, random: () => number): boolean {
  const missing = model.sharesPerSite.map(() => 0)
  const shares = model.sharesPerSite.reduce((sum, count) => sum + count, 0)
  const pick = (weights: number[]) => {
    let left = random() * weights.reduce((sum, weight) => sum + weight, 0)
    return weights.findIndex(weight => {
      left -= weight
      return left < 0
    })
  }
  for (let year = 0; ; ) {
    const lost = missing.reduce((sum, count) => sum + count, 0)
    if (shares - lost < model.neededShares) return true
    const failing = (shares - lost) * model.failuresPerDeviceYear
    const falling = missing.length * model.lossesPerSiteYear
    const mending = (Math.min(lost, model.repairStreams) * HOURS_PER_YEAR) / model.repairHours
    year -= Math.log(1 - random()) / (failing + falling + mending)
    if (year >= 1) return false
    const present = missing.map((count, site) => (model.sharesPerSite[site] as number) - count)
    const event = pick([failing, falling, mending])
    const site = event === 0 ? pick(present) : event === 1 ? pick(missing.map(() => 1)) : pick(missing)
    if (event === 0) missing[site] = (missing[site] as number) + 1
    else if (event === 1) missing[site] = model.sharesPerSite[site] as number
    else missing[site] = (missing[site] as number) - 1
  }
}

const YEARS = 40_000

/** Share of the years that lose the object, and how far that may be from the truth: four standard deviations. */
function simulated(model: DurabilityModel, seed: number): { readonly loss: number; readonly slack: number } {
  const random = uniform(seed)
  let losses = 0
  for (let year = 0; year < YEARS; year++) if (yearLoses(model, random)) losses++
  const loss = losses / YEARS
  return { loss, slack: 4 * Math.sqrt((loss * (1 - loss)) / YEARS) }
}

const CODE_6_3: DurabilityModel = {
  neededShares: 6,
  sharesPerSite: [3, 3, 3],
  failuresPerDeviceYear: 1.5,
  repairHours: 500,
  repairStreams: Infinity,
  lossesPerSiteYear: 0
}

for (const [what, model] of [
  ['three copies of short-lived devices', { ...BASE, failuresPerDeviceYear: 3, repairHours: 600 }],
  ['6+3', CODE_6_3],
  ['6+3, one repair at a time', { ...CODE_6_3, repairStreams: 1 }],
  ['no repair in the year', { ...CODE_6_3, failuresPerDeviceYear: 0.3, repairHours: 1e6 }],
  ['copies in sites that are lost', { ...BASE, lossesPerSiteYear: 2, repairHours: 600 }]
] as const) {
  test(`as devices do it, by chance: ${what}`, () => {
    const { loss, slack } = simulated(model, 11)
    const computed = lossProbabilityPerYear(model)
    assert.ok(loss > 0.005 && loss < 0.9, `the simulation says something: ${loss}`)
    assert.ok(Math.abs(computed - loss) < slack, `${computed}, and ${loss} by simulation, within ${slack}`)
  })
}

test('sites that keep several shares: no better than by chance, and not much worse', () => {
  for (const lossesPerSiteYear of [0.05, 0.3]) {
    const model = { ...CODE_6_3, failuresPerDeviceYear: 0.5, lossesPerSiteYear }
    const { loss, slack } = simulated(model, 12)
    const computed = lossProbabilityPerYear(model)
    assert.ok(computed > loss - slack, `${computed} is no promise beyond ${loss}`)
    assert.ok(computed < 1.35 * loss + slack, `${computed} is near ${loss}`)
  }
})

/** Mean time to loss, in years, without sites: the sum of the mean times from each state to the next worse. */
function meanYearsToLoss(model: DurabilityModel): number {
  const shares = model.sharesPerSite.length
  let [total, step] = [0, 0]
  for (let missing = 0; missing <= shares - model.neededShares; missing++) {
    const up = (shares - missing) * model.failuresPerDeviceYear
    const down = (Math.min(missing, model.repairStreams) * HOURS_PER_YEAR) / model.repairHours
    step = 1 / up + (down / up) * step
    total += step
  }
  return total
}

test('law: where repair is fast, a year has the probability that the mean time to loss says', () => {
  const models = fc.record({
    neededShares: fc.integer({ min: 1, max: 12 }),
    spare: fc.integer({ min: 1, max: 6 }),
    failuresPerDeviceYear: fc.double({ min: 0.001, max: 0.2, noNaN: true }),
    repairHours: fc.double({ min: 0.1, max: 4, noNaN: true }),
    repairStreams: fc.constantFrom(1, 2, Infinity)
  })
  fc.assert(
    fc.property(models, ({ spare, ...rest }) => {
      const sharesPerSite = Array.from({ length: rest.neededShares + spare }, () => 1)
      const model = { ...BASE, ...rest, sharesPerSite }
      const expected = -Math.expm1(-1 / meanYearsToLoss(model))
      const computed = lossProbabilityPerYear(model)
      assert.ok(Math.abs(computed / expected - 1) < 0.01, `${computed}, by the mean time ${expected}`)
    })
  )
})

/** Computed with 80 digits, by a series of the matrix with its negative diagonal. */
test('golden: copies and codes, at five failures in a hundred device years and a day of repair', () => {
  const rounded = (model: Partial<DurabilityModel>) =>
    lossProbabilityPerYear({ ...BASE, ...model }).toPrecision(3)
  const sites = (count: number) => Array.from({ length: count }, () => 1)
  assert.equal(rounded({ sharesPerSite: [1] }), (1 - Math.exp(-0.05)).toPrecision(3))
  assert.equal(rounded({ sharesPerSite: [1, 1] }), '0.0000136')
  assert.equal(rounded({}), '2.80e-9')
  assert.equal(rounded({ neededShares: 6, sharesPerSite: sites(9) }), '6.42e-11')
  assert.equal(rounded({ neededShares: 10, sharesPerSite: sites(14) }), '1.74e-13')
})

test('law: worse devices, slower repair, fewer streams and sites that fall make loss more likely', () => {
  const spread = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 6 })
  fc.assert(
    fc.property(spread, fc.nat(3), (sharesPerSite, spare) => {
      const shares = sharesPerSite.reduce((sum, count) => sum + count, 0)
      const model = {
        ...BASE,
        sharesPerSite,
        neededShares: Math.max(1, shares - spare),
        lossesPerSiteYear: 0.001
      }
      const loss = lossProbabilityPerYear(model)
      assert.ok(loss > 0 && loss <= 1)
      for (const worse of [
        { failuresPerDeviceYear: 0.06 },
        { repairHours: 30 },
        { repairStreams: 1 },
        { lossesPerSiteYear: 0.002 }
      ])
        assert.ok(lossProbabilityPerYear({ ...model, ...worse }) >= loss * (1 - 1e-9), JSON.stringify(worse))
    })
  )
})

test('devices that never fail lose nothing, and what can not be is our bug', () => {
  assert.equal(lossProbabilityPerYear({ ...BASE, failuresPerDeviceYear: 0 }), 0)
  assert.throws(() => lossProbabilityPerYear({ ...BASE, neededShares: 4 }), /as many shares as are needed/)
  assert.throws(() => lossProbabilityPerYear({ ...BASE, repairHours: 0 }), /repaired some time/)
})
