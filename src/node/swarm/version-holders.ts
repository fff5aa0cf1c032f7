/**
 * Who holds how much of a version, as far as this device knows: what is here; what those who have, or had, a stream for
 * it said; what devices said in the ledger that they keep; and who published it. Of the others nothing is known, which
 * is said as a number and not guessed at.
 */

import type { DeviceId } from '../../base/ids.ts'
import { copiesOf } from '../../ledger/fold/copies.ts'
import { type DatasetVersion, isMember, type State } from '../../ledger/fold/state.ts'
import type { Holding } from '../../store/store.ts'
import type { TransferStatus } from '../../swarm/transfer-types.ts'
import { byName, type DeviceName } from '../keys/device-name.ts'
import { findPublication } from '../ledger/publication-reference.ts'
import type { Node } from '../node.ts'
import type { VersionHolder, VersionHolders } from './holder-terms.ts'
import type { PastHolder } from './past-holders.ts'

type HoldingNode = Pick<Node, 'catalogue' | 'keeper' | 'hub' | 'identity'>

type Known = Omit<VersionHolder, keyof DeviceName | 'isMember'>

export function versionHolders(
  { catalogue, keeper, hub, identity }: HoldingNode,
  of: { readonly name: string; readonly version: string | null },
  nowMs: number
): VersionHolders {
  const published = findPublication(catalogue.entry(of.name), of.version, nowMs)
  const { version, ordinal, bytes } = published
  const state = keeper.state()
  const holdings = catalogue.holdings(published)
  const status = hub.status(version)
  const known = knownHolders({
    ...{ published, state, holdings, status, past: hub.past.of(version), nowMs },
    self: identity.device
  })
  const members = new Set([...state.devices.keys()].filter(device => isMember(state, device, nowMs)))
  const holders = [...known]
    .map(([device, what]) => ({ ...catalogue.nameOf(device), isMember: members.has(device), ...what }))
    .sort((a, b) => amountOf(b) - amountOf(a) || byName(a, b))
  return {
    ...{ name: of.name, version, ordinal, bytes, atMs: nowMs },
    totalPieces: status?.pieceCount || (holdings[0]?.have.pieceCount ?? null),
    ...{ holders, members: members.size },
    unknown: [...members].filter(device => !known.has(device)).length
  }
}

function amountOf({ isWhole, havePieces }: Known): number {
  return isWhole ? Number.POSITIVE_INFINITY : (havePieces ?? 0)
}

interface Evidence {
  readonly published: DatasetVersion
  readonly state: State
  readonly holdings: readonly Holding[]
  readonly status: TransferStatus | undefined
  readonly past: ReadonlyMap<DeviceId, PastHolder>
  readonly self: DeviceId
  readonly nowMs: number
}

/** What is known best of each device. */
export function knownHolders(evidence: Evidence): Map<DeviceId, Known> {
  const { published, state, holdings, status, past, self, nowMs } = evidence
  const known = new Map<DeviceId, Known>()
  const { version, publisher, timeMs } = published
  if (publisher !== self)
    known.set(publisher, { by: 'publisher', isWhole: true, havePieces: null, asOfAtMs: timeMs })
  for (const copy of copiesOf(state, version))
    if (copy.untilMs > nowMs)
      known.set(copy.device, { by: 'ledger', isWhole: true, havePieces: null, asOfAtMs: copy.timeMs })
  for (const [device, { haveCount, isComplete, atMs }] of past) {
    // What it said in the ledger since then counts more.
    if (haveCount === 0 || (known.get(device)?.by === 'ledger' && !isComplete)) continue
    known.set(device, { by: 'past stream', isWhole: isComplete, havePieces: haveCount, asOfAtMs: atMs })
  }
  for (const { device, haveCount, isComplete } of status?.peers ?? [])
    if (haveCount > 0)
      known.set(device, { by: 'stream', isWhole: isComplete, havePieces: haveCount, asOfAtMs: nowMs })
  const [most] = holdings.toSorted((a, b) => b.have.size - a.have.size)
  if (most !== undefined && most.have.size > 0)
    known.set(self, {
      ...{ by: 'here', isWhole: most.have.size === most.have.pieceCount },
      ...{ havePieces: most.have.size, asOfAtMs: nowMs }
    })
  return known
}
