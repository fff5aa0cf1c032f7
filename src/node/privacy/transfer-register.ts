/**
 * The register of transfers: of each version that is not erased, where outside the territory it is, who may read it
 * from there and who has, since when, and by which basis; and what policies of storage and access forbid of that. A
 * place without a country is in no territory that is known, and listed apart: it is neither called a transfer nor
 * left out.
 */

import type { DeviceId } from '../../base/ids.ts'
import { storageTerms } from '../../ledger/fold/class-policy.ts'
import { copiesOf } from '../../ledger/fold/copies.ts'
import { readersOf } from '../../ledger/fold/readers.ts'
import { type DatasetEntry, type DatasetVersion, isMember } from '../../ledger/fold/state.ts'
import type { AuditMissing } from '../audit/audit-report.ts'
import type { Who } from '../audit/who-read.ts'
import { byName } from '../keys/device-name.ts'
import type { Place } from './places.ts'
import { RECIPIENTS_LISTED_MAX, type RegisterHead } from './privacy-terms.ts'
import { keptVersionsOf, type RegisterView, readersNow } from './processing-record.ts'
import type { TransferEntry, TransferKind, TransferRegister, TransferRule } from './transfer-terms.ts'

export interface TransferView extends RegisterView {
  readonly head: RegisterHead
  /** By dataset, what audit logs that could be had tell. */
  readonly who: ReadonlyMap<string, Who>
  readonly missing: readonly AuditMissing[]
}

/** Something of a version that is at a device, or that a device may do. */
interface Trace {
  readonly device: DeviceId
  readonly kind: TransferKind
  readonly sinceMs: number
  readonly lastMs: number | null
}

const LIMITS = [
  'Only moves between devices of this network are known here: mail, exports and people are not.',
  'Where a device is, is where its site is noted to be; a laptop may be elsewhere.',
  'Who reads over the API of a node, from outside the network, is in no place that is known.'
]

export function transferRegister(view: TransferView): TransferRegister {
  const datasets = [...view.state.datasets.values()]
    .filter(({ name }) => view.notes.datasets.find(note => note.name === name)?.personal !== false)
    .map(dataset => ({ dataset, kept: keptVersionsOf(view.state, dataset) }))
    .filter(({ kept }) => kept.length > 0)
    .sort((a, b) => (a.dataset.name < b.dataset.name ? -1 : 1))
  const entries = datasets.flatMap(({ dataset, kept }) => entriesOf(dataset, kept, view))
  const transfers = entries.filter(({ place }) => place.inside === false)
  const unplaced = entries.filter(({ place }) => place.inside === null)
  return {
    ...view.head,
    ...{ transfers, unplaced },
    rules: datasets.map(({ dataset, kept }) => ruleOf(dataset, kept, view)),
    origins: datasets.flatMap(({ dataset: { name }, kept }) => {
      const hosts = kept.flatMap(({ origin }) => (origin === undefined ? [] : [new URL(origin).host]))
      return [...new Set(hosts)].map(host => ({ name, host }))
    }),
    toFillIn: [
      ...new Set([
        ...transfers
          .filter(({ place }) => place.basis === null)
          .map(({ place }) => `basis for ${where(place)}`),
        ...unplaced.map(({ place }) => `country of ${where(place)}`)
      ])
    ],
    ...{ missing: view.missing, limits: LIMITS }
  }
}

function where({ site, region, country }: TransferEntry['place']): string {
  const of = site === null ? 'devices whose site is not known' : `site ${site}`
  return country === null && region !== null ? `${of} (region ${region})` : of
}

function entriesOf(
  { name }: DatasetEntry,
  kept: readonly DatasetVersion[],
  view: TransferView
): TransferEntry[] {
  const newest = new Map(kept.map(published => [published.class, published]))
  return kept.flatMap(published => {
    const traces = [
      ...ledgerTraces(published, view),
      ...auditTraces(name, published, view),
      ...(newest.get(published.class) === published ? readerTraces(published, view) : [])
    ].filter(({ device }) => view.places.of(device).inside !== true)
    const keyOf = ({ device, kind }: Trace) => `${kind} ${JSON.stringify(view.places.of(device))}`
    return [...Map.groupBy(traces, keyOf).values()].map(of => entryOf({ name, published }, of, view))
  })
}

function entryOf(
  { name, published }: { readonly name: string; readonly published: DatasetVersion },
  traces: readonly Trace[],
  { places, nameOf }: TransferView
): TransferEntry {
  const [first] = traces as readonly [Trace, ...Trace[]]
  const { countryAtMs: _, basisAtMs, ...place }: Place = places.of(first.device)
  const devices = [...new Set(traces.map(({ device }) => device))]
  const lasts = traces.flatMap(({ lastMs }) => (lastMs === null ? [] : [lastMs]))
  return {
    ...{ name, version: published.version, ordinal: published.ordinal },
    ...{ dataClass: published.class, sealed: published.sealed, kind: first.kind, place },
    count: devices.length,
    devices: devices.map(nameOf).sort(byName).slice(0, RECIPIENTS_LISTED_MAX),
    sinceAtMs: Math.min(...traces.map(({ sinceMs }) => sinceMs)),
    lastAtMs: lasts.length === 0 ? null : Math.max(...lasts),
    basisAtMs
  }
}

function ledgerTraces({ version, publisher, timeMs }: DatasetVersion, { state }: TransferView): Trace[] {
  return [
    { device: publisher, kind: 'published', sinceMs: timeMs, lastMs: null },
    ...copiesOf(state, version).map(
      ({ device, timeMs: sinceMs }): Trace => ({
        ...{ device, kind: 'kept', sinceMs, lastMs: null }
      })
    )
  ]
}

function auditTraces(name: string, { version }: DatasetVersion, { who }: TransferView): Trace[] {
  const { holders = [], reads = [] } = who.get(name) ?? {}
  return [
    ...holders
      .filter(each => each.version === version && each.endedAtMs === null && each.kind === 'fetched')
      .map(
        ({ device, sinceAtMs }): Trace => ({
          ...{ device: device.device, kind: 'held', sinceMs: sinceAtMs, lastMs: null }
        })
      ),
    ...reads
      .filter(each => each.version === version)
      .map(
        ({ reader, firstAtMs, lastAtMs }): Trace => ({
          ...{ device: reader.device, kind: 'was-read', sinceMs: firstAtMs, lastMs: lastAtMs }
        })
      )
  ]
}

/** Who may read it, since it was published, the device was enrolled, and the grant that lets it was given. */
function readerTraces(
  { version, timeMs, publisher }: DatasetVersion,
  { state, nowMs }: TransferView
): Trace[] {
  return [...readersOf(state, version, nowMs).devices]
    .filter(([device]) => device !== publisher)
    .map(([device, { grant }]) => {
      const grantedMs = grant === undefined ? 0 : (state.grants.get(grant)?.timeMs ?? 0)
      const enrolledMs = state.devices.get(device)?.enrolment?.timeMs ?? 0
      return { device, kind: 'may-read', sinceMs: Math.max(timeMs, grantedMs, enrolledMs), lastMs: null }
    })
}

function ruleOf(dataset: DatasetEntry, kept: readonly DatasetVersion[], view: TransferView): TransferRule {
  const { state, places, nameOf, nowMs } = view
  const { name, policy } = dataset
  const regions = [...new Set(kept.flatMap(each => storageTerms(state, { name, class: each.class }).regions))]
  const members = [...state.devices.keys()].filter(device => isMember(state, device, nowMs))
  const outside = members.filter(device => places.of(device).inside === false)
  const readers = readersNow(kept, view)
  const isClosed = (region: string | null) =>
    regions.length > 0 && (region === null || !regions.includes(region))
  const sites = [...places.sites(members)].filter(([, { inside }]) => inside === false)
  const keepers = new Set(kept.flatMap(({ version }) => copiesOf(state, version).map(({ device }) => device)))
  return {
    ...{ name, regions, access: policy?.access ?? 'members' },
    closedSites: sites.flatMap(([site, { region }]) => (isClosed(region) ? [site] : [])).sort(),
    outsideMay: outside.filter(device => readers.has(device)).length,
    outsideMayNot: outside.filter(device => !readers.has(device)).length,
    strays: [...keepers]
      .filter(device => isClosed(places.of(device).region))
      .map(nameOf)
      .sort(byName)
  }
}
