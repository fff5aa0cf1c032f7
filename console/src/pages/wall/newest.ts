/** Which versions a screen on a wall shows: those that came last, as they are on their way, and may be read. */

import type { Answer } from '../../api/routes.ts'

type Dataset = Answer<'datasets'>['datasets'][number]

export function newest(datasets: readonly Dataset[], countMax: number): readonly Dataset[] {
  return datasets
    .filter(({ retired, closed }) => !retired && closed === null)
    .toSorted((a, b) => b.publishedAtMs - a.publishedAtMs || (a.name < b.name ? -1 : 1))
    .slice(0, countMax)
}
