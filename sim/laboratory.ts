/**
 * What the laboratory measured, to hold the simulator against: one run each on 2 x AMD EPYC, Linux 6.18, Node 24.21.0
 * (docs/BENCHMARKS.md, "The laboratory"). Copies are bytes that passed a link over bytes of content, headers included.
 */

export interface LaboratoryFigures {
  readonly measured: string
  readonly commit: string
  readonly medianSeconds: number
  readonly lastSeconds: number
  readonly sourceCopies: number
  /** Copies into each site, in the order of the sites, and out of each. */
  readonly wanIn: readonly number[]
  readonly wanOut: readonly number[]
}

const RACES = { measured: '2026-11-25', commit: '915282a', wanIn: [], wanOut: [] }
const LATER = { measured: '2026-11-25', commit: 'd3dd448', wanIn: [], wanOut: [] }

export const LABORATORY: Readonly<Record<string, LaboratoryFigures>> = {
  flat9: { ...RACES, medianSeconds: 11.0, lastSeconds: 11.2, sourceCopies: 1.29 },
  flat9slow: { ...RACES, medianSeconds: 10.8, lastSeconds: 11.1, sourceCopies: 1.28 },
  flat17: { ...RACES, medianSeconds: 17.4, lastSeconds: 20.6, sourceCopies: 1.76 },
  sites3x4: {
    ...{ ...RACES, medianSeconds: 13.5, lastSeconds: 13.6, sourceCopies: 2.88 },
    ...{ wanIn: [0.07, 1.13, 1.13], wanOut: [1.18, 0.65, 0.57] }
  },
  sites5: {
    ...{ ...RACES, medianSeconds: 15.3, lastSeconds: 24.9, sourceCopies: 2.91 },
    ...{ wanIn: [0.08, 1.18, 1.18, 1.12, 1.08], wanOut: [2.46, 1.2, 0.8, 0.99, 0.4] }
  },
  mixed: { ...LATER, medianSeconds: 14.28, lastSeconds: 19.29, sourceCopies: 1.78 },
  churn: { ...LATER, medianSeconds: 13.33, lastSeconds: 20.4, sourceCopies: 1.5 },
  latejoin: { ...LATER, medianSeconds: 11.96, lastSeconds: 15.71, sourceCopies: 1.46 },
  manyfiles: { ...LATER, medianSeconds: 22.72, lastSeconds: 23.51, sourceCopies: 1.6 },
  hostile: { ...LATER, medianSeconds: 11.11, lastSeconds: 11.24, sourceCopies: 1.23 }
}

export interface Comparison {
  readonly what: string
  readonly simulated: number
  readonly measured: number
  readonly errorPercent: number
}

export function compare(
  figures: LaboratoryFigures,
  simulated: {
    readonly medianSeconds: number
    readonly lastSeconds: number
    readonly sourceCopies: number
    readonly wan: readonly { readonly site: string; readonly copiesIn: number; readonly copiesOut: number }[]
  }
): Comparison[] {
  const row = (what: string, ours: number, measured: number): Comparison => ({
    ...{ what, simulated: ours, measured },
    errorPercent: 100 * (ours / measured - 1)
  })
  return [
    row('median host, s', simulated.medianSeconds, figures.medianSeconds),
    row('last host, s', simulated.lastSeconds, figures.lastSeconds),
    row('copies by the source', simulated.sourceCopies, figures.sourceCopies),
    ...simulated.wan.flatMap(({ site, copiesIn, copiesOut }, index) => {
      const [into, out] = [figures.wanIn[index], figures.wanOut[index]]
      return [
        ...(into === undefined ? [] : [row(`copies into ${site}`, copiesIn, into)]),
        ...(out === undefined ? [] : [row(`copies out of ${site}`, copiesOut, out)])
      ]
    })
  ]
}
