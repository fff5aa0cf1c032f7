/**
 * Makes facts for the rules of detection out of entries of audit logs, with what the ledger and the board say beside.
 */

import type { AuditEvent } from '../../audit/entry.ts'
import type { LoggedEntry } from '../../audit/evidence.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { Fact, ReadFact } from '../../detection/facts.ts'
import { classOf } from '../../ledger/fold/access.ts'
import type { State } from '../../ledger/fold/state.ts'

export interface FactSources {
  readonly state: State
  readonly siteOf: (device: DeviceId) => string | null
  /** Whether placement asks a device for a copy. */
  readonly owes: (device: DeviceId, version: VersionId) => boolean
}

const STRANGER = 'not-enrolled'
const FLOOD = 'flood'

export function factsOf(entry: LoggedEntry, sources: FactSources): Fact[] {
  const { device, incarnation, seq, timeMs, event } = entry
  const at = { atMs: timeMs, place: { device, incarnation, seq } }
  switch (event.action) {
    case 'serving':
      return readOf(event, event.peer, sources).map(fact => ({ ...fact, ...at }))
    case 'read':
      return readOf(event, device, sources).map(fact => ({ ...fact, ...at }))
    case 'served':
      return event.dataset === null
        ? []
        : [
            {
              ...{ kind: 'bytes', ...at, session: `${device}/${incarnation}/${event.since}` },
              ...{ reader: event.peer, dataset: event.dataset, bytes: event.bytes },
              isOwed: sources.owes(event.peer, event.version)
            }
          ]
    case 'violation':
      return [{ kind: 'bad', ...at, peer: event.peer, by: device, reason: event.reason, count: event.count }]
    case 'denied':
      return [denialOf(event, at, { by: device, state: sources.state })]
    default:
      return []
  }
}

type Placed = Pick<ReadFact, 'atMs' | 'place'>

function denialOf(
  { peer, reason, version, count }: Extract<AuditEvent, { action: 'denied' | 'violation' }>,
  at: Placed,
  { by, state }: { readonly by: DeviceId; readonly state: State }
): Fact {
  if (reason === FLOOD) return { kind: 'knock', ...at, key: null, by, count }
  if (reason === STRANGER && !state.devices.has(peer)) return { kind: 'knock', ...at, key: peer, by, count }
  return { kind: 'denied', ...at, peer, by, reason, version, count }
}

function readOf(
  of: { readonly dataset: string | null; readonly version: VersionId },
  reader: DeviceId,
  { state, siteOf, owes }: FactSources
): Omit<ReadFact, 'atMs' | 'place'>[] {
  const { dataset, version } = of
  const dataClass = classOf(state, version)
  const published = state.datasets.get(dataset ?? '')?.versions.find(each => each.version === version)
  // A share of a version is opaque, and what is published no more has nothing to be judged by.
  if (dataset === null || dataClass === undefined || published === undefined) return []
  return [
    {
      ...{ kind: 'read', reader, readerKind: state.devices.get(reader)?.enrolment?.kind ?? null },
      ...{ readerSite: siteOf(reader), dataset, version, dataClass, publishedMs: published.timeMs },
      ...{ homeSite: siteOf(published.publisher), isOwed: owes(reader, version) }
    }
  ]
}
