/**
 * What a rule of storage would do to a dataset before anybody signs it: by the places that would follow if the ledger
 * said it already. The rule that counts may ask for more than the one that is written, as that of the class is a floor.
 */

import { type DeviceId, operationIdFromBytes } from '../../base/ids.ts'
import { isAvailable, type State } from '../../ledger/fold/state.ts'
import type { Unmet } from '../../placement/assignment.ts'
import type { Terms } from '../../placement/holding.ts'
import { formatPolicy, type Policy } from '../../placement/policy.ts'
import { type Outlook, outlookOf, worstOf } from '../../placement/policy-outlook.ts'
import { type Safety, safetyOf, survivalText } from '../../placement/safety.ts'
import { byName, type DeviceName } from '../keys/device-name.ts'
import { countedParts, provedHolders } from './proved-holders.ts'
import type { StoragePlaces } from './storage-map.ts'
import type { PolicyPreview, StorageOutlook } from './storage-terms.ts'
import type { StoredVersion } from './storage-units.ts'

export interface PreviewInit {
  readonly state: State
  readonly name: string
  readonly policy: Policy
  readonly terms: Terms
  readonly places: StoragePlaces
  readonly placesUnder: (state: State) => Promise<StoragePlaces>
  readonly nameOf: (device: DeviceId) => DeviceName
}

const NOBODY = operationIdFromBytes(new Uint8Array(32))

/** As if an operation of the owner had said it. */
function withPolicy(state: State, name: string, { copies, sites, regions, kinds, shares }: Policy): State {
  const dataset = state.datasets.get(name)
  if (dataset === undefined) return state
  const storage = {
    ...{
      operation: NOBODY,
      copies,
      sites,
      regions,
      kinds,
      retentionMs: dataset.storage?.retentionMs ?? null
    },
    shares: shares && { data: shares.k, parity: shares.m }
  }
  return { ...state, datasets: new Map(state.datasets).set(name, { ...dataset, storage }) }
}

export async function previewPolicy(init: PreviewInit): Promise<PolicyPreview> {
  const { state, name, policy, places, terms, nameOf } = init
  const future = await init.placesUnder(withPolicy(state, name, policy))
  const versions = new Set(
    state.datasets
      .get(name)
      ?.versions.filter(published => isAvailable(published, terms.nowMs))
      .map(({ version }) => version)
  )
  const of = ({ stored }: StoragePlaces): readonly StoredVersion[] =>
    stored.filter(({ unit }) => versions.has(unit.version))
  const holdersOf = (stored: StoredVersion) =>
    provedHolders(countedParts(stored), { state, devices: future.devices, terms })
  const moves = of(future).flatMap(stored => {
    const assignment = future.assignments.get(stored.unit.version)
    if (assignment === undefined) return []
    const outlook = outlookOf(assignment, { holders: holdersOf(stored), devices: future.devices })
    return [{ bytes: stored.unit.bytes, outlook, unmet: assignment.unmet }]
  })
  const now = of(places).map(stored => safetyOf(stored.unit.policy, holdersOf(stored)))
  return {
    ...{ name, policy: formatPolicy(policy), versions: versions.size },
    before: outlookIn(of(places), now),
    after: outlookIn(
      of(future),
      moves.map(({ outlook }) => outlook.safety)
    ),
    devices: changesOf(
      moves.map(({ outlook }) => outlook),
      nameOf
    ),
    comingBytes: moves.reduce((sum, { outlook }) => sum + outlook.comingBytes, 0),
    unmet: unmetIn(moves.flatMap(({ unmet }) => unmet))
  }
}

function outlookIn(stored: readonly StoredVersion[], safeties: readonly Safety[]): StorageOutlook {
  const worst = worstOf(safeties)
  const newest = stored.at(-1)
  return {
    policy: newest === undefined ? null : formatPolicy(newest.unit.policy),
    safeVersions: safeties.filter(({ isKept }) => isKept).length,
    survives: worst?.survives ?? null,
    says:
      worst === undefined
        ? 'no copies are asked for'
        : worst.survives === undefined
          ? 'it can not be read from copies'
          : survivalText(worst.survives)
  }
}

/** Who would be asked to do what, for how many versions. */
function changesOf(
  outlooks: readonly Outlook[],
  nameOf: (device: DeviceId) => DeviceName
): PolicyPreview['devices'] {
  const changes = ['stays', 'comes', 'goes'] as const
  const counted = new Map<DeviceId, Record<(typeof changes)[number], number>>()
  for (const outlook of outlooks)
    for (const change of changes)
      for (const id of outlook[change]) {
        const counts = counted.get(id) ?? { stays: 0, comes: 0, goes: 0 }
        counted.set(id, { ...counts, [change]: counts[change] + 1 })
      }
  return [...counted].map(([id, counts]) => ({ ...nameOf(id), ...counts })).sort(byName)
}

/** Of each part what is missing most. */
function unmetIn(all: readonly Unmet[]): readonly Unmet[] {
  const worst = new Map<Unmet['part'], Unmet>()
  for (const each of all) {
    const known = worst.get(each.part)
    if (known === undefined || each.wanted - each.got > known.wanted - known.got) worst.set(each.part, each)
  }
  return [...worst.values()]
}
