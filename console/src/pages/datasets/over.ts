/** Which versions are over by a rule that nobody has signed yet, as the node will count: the margin included. */

import { RETENTION_MARGIN_MS } from '../../../../src/base/retention-margin.ts'

interface Published {
  readonly publishedAtMs: number
}

interface Over<Version> {
  readonly over: readonly Version[]
  /** The one that is over first of the others, and when; null where there is none. */
  readonly next: { readonly version: Version; readonly atMs: number } | null
}

export function overBy<Version extends Published>(
  versions: readonly Version[],
  keepMs: number,
  nowMs: number
): Over<Version> {
  const overAtMs = ({ publishedAtMs }: Published): number => publishedAtMs + keepMs + RETENTION_MARGIN_MS
  const left = versions.filter(each => overAtMs(each) > nowMs)
  const [version] = left.toSorted((a, b) => a.publishedAtMs - b.publishedAtMs)
  return {
    over: versions.filter(each => overAtMs(each) <= nowMs),
    next: version === undefined ? null : { version, atMs: overAtMs(version) }
  }
}
