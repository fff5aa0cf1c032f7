/** Which versions are said to be shares of a version, under whatever name. */

import type { VersionId } from '../../base/ids.ts'
import type { State } from './state.ts'

export function sharesOf(state: State, version: VersionId): ReadonlySet<VersionId> {
  const published = [...(state.publishedAs.get(version) ?? [])].flatMap(
    name => state.datasets.get(name)?.versions.filter(each => each.version === version) ?? []
  )
  return new Set(published.flatMap(({ shares }) => shares.flatMap(set => set.shares)))
}
