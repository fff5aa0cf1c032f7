import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { State } from './state.ts'
export interface CopyEntry {
  readonly device: DeviceId
  readonly share: number | null
  readonly untilMs: number
  readonly timeMs: number
}
export declare function copiesOf(state: State, version: VersionId): readonly CopyEntry[]
export declare function ownCopies(state: State, device: DeviceId): ReadonlyMap<VersionId, CopyEntry>
