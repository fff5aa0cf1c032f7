/**
 * What the metrics of a node are called, and where each number comes from: the table that docs/MONITORING.md shows.
 *
 * Names follow the conventions of Prometheus: base units, `_total` for what only grows. A label has few values, known
 * beforehand: never a device, a dataset, a path or a person; sites by SiteLabels.
 */

import { SECOND_MS } from '../../base/units.ts'
import type {
  BudgetMeasures,
  Measures,
  OrgSurvey,
  StorageMeasures
} from '../../node/measures/measures-terms.ts'
import type { SiteLabels } from './site-labels.ts'

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly type: 'gauge' | 'counter'
  readonly help: string
  readonly labels: readonly string[]
  /** None for what is not known or does not apply. */
  readonly samples: (measures: Measures, sites: SiteLabels) => readonly Sample[]
}

type Single = (measures: Measures) => number | boolean | null | undefined

function single(type: Family['type'], name: string, help: string, value: Single): Family {
  const samples = (measures: Measures): Sample[] => {
    const found = value(measures)
    return found === null || found === undefined ? [] : [{ labels: {}, value: Number(found) }]
  }
  return { ...{ name, type, help }, labels: [], samples }
}

const gauge = (name: string, help: string, value: Single): Family => single('gauge', name, help, value)
const counter = (name: string, help: string, value: Single): Family => single('counter', name, help, value)

/** One label, and a number for each of its values. */
function each(
  type: Family['type'],
  name: string,
  help: string,
  by: {
    readonly label: string
    readonly values: (measures: Measures) => Readonly<Record<string, number>> | undefined
  }
): Family {
  const samples = (measures: Measures): Sample[] =>
    Object.entries(by.values(measures) ?? {}).map(([word, value]) => ({
      labels: { [by.label]: word },
      value
    }))
  return { ...{ name, type, help }, labels: [by.label], samples }
}

/** Samples of the same labels are added up: several sites may share one. */
function summed(samples: readonly Sample[]): Sample[] {
  const sums = new Map<string, Sample>()
  for (const { labels, value } of samples) {
    const key = JSON.stringify(labels)
    sums.set(key, { labels, value: (sums.get(key)?.value ?? 0) + value })
  }
  return [...sums.values()]
}

function wan(name: string, help: string, key: 'receivedBytes' | 'sentBytes'): Family {
  return {
    ...{ name, type: 'counter', help, labels: ['site'] },
    samples: ({ transfers }, sites) =>
      summed(transfers.wan.map(bytes => ({ labels: { site: sites.of(bytes.site) }, value: bytes[key] })))
  }
}

const seconds = (ms: number | null | undefined): number | null | undefined =>
  ms === null || ms === undefined ? ms : ms / SECOND_MS
const scrub = ({ storage }: Measures): StorageMeasures['scrub'] => storage.scrub
const surveyed = (value: (survey: OrgSurvey) => Readonly<Record<string, number>>) => ({
  values: ({ survey }: Measures) => (survey === null ? undefined : value(survey))
})

const budgetBytes = (budgets: Measures['budgets'], key: keyof BudgetMeasures): Record<string, number> =>
  Object.fromEntries(Object.entries(budgets).map(([direction, budget]) => [direction, budget[key]]))

const PEERS: readonly Family[] = [
  {
    ...{ name: 'peerage_peers', type: 'gauge', help: 'Devices that this one is linked with.' },
    labels: ['site', 'kind'],
    samples: ({ peers }, sites) =>
      summed(
        peers.map(({ site, kind, count }) => ({
          labels: { site: sites.of(site), kind: kind ?? 'unknown' },
          value: count
        }))
      )
  },
  each('gauge', 'peerage_devices', 'Enrolled devices of the org, this one included.', {
    label: 'kind',
    values: ({ devices }) => devices
  }),
  {
    ...{ name: 'peerage_misbehaviour_total', type: 'counter', labels: ['reason'] },
    help: 'How often a peer broke the rules of the protocol.',
    samples: ({ transfers }) =>
      [...transfers.misbehaviours].map(([reason, value]) => ({ labels: { reason }, value }))
  }
]

const TRANSFERS: readonly Family[] = [
  each('gauge', 'peerage_transfers', 'Transfers that this node knows, by state.', {
    label: 'state',
    values: ({ transfers }) => transfers.byState
  }),
  gauge(
    'peerage_transfers_late',
    'Transfers under way that will miss their deadline at the present rate.',
    ({ transfers }) => transfers.late
  ),
  each('counter', 'peerage_verified_bytes_total', 'Payload that came in, was verified and stored.', {
    label: 'source',
    values: ({ transfers }) => transfers.verifiedBytes
  }),
  each('counter', 'peerage_wasted_bytes_total', 'Payload that came in and was of no use.', {
    label: 'source',
    values: ({ transfers }) => transfers.wastedBytes
  }),
  each('counter', 'peerage_sent_bytes_total', 'Payload that peers were sent.', {
    label: 'link',
    values: ({ transfers }) => transfers.sentBytes
  }),
  wan('peerage_wan_received_bytes_total', 'Payload from devices of another site.', 'receivedBytes'),
  wan('peerage_wan_sent_bytes_total', 'Payload to devices of another site.', 'sentBytes'),
  each(
    'counter',
    'peerage_piece_failures_total',
    'Pieces that could not be kept, or are not here any more.',
    {
      label: 'reason',
      values: ({ transfers }) => transfers.pieceFailures
    }
  )
]

const BUDGETS: readonly Family[] = [
  each('gauge', 'peerage_wan_budget_bytes', 'What may cross to (up) or from (down) other sites in a day.', {
    label: 'direction',
    values: ({ budgets }) => budgetBytes(budgets, 'bytes')
  }),
  each('gauge', 'peerage_wan_budget_used_bytes', 'What has crossed of it today.', {
    label: 'direction',
    values: ({ budgets }) => budgetBytes(budgets, 'usedBytes')
  })
]

const LEDGER: readonly Family[] = [
  gauge('peerage_ledger_feeds', 'Feeds of operations that are known.', ({ ledger }) => ledger.feeds),
  gauge('peerage_ledger_operations', 'Operations that are here.', ({ ledger }) => ledger.operations),
  gauge(
    'peerage_ledger_loaded',
    '1 when every operation is in memory; 0 while they are being read after a start.',
    ({ ledger }) => ledger.isWhole
  ),
  gauge(
    'peerage_ledger_sync_age_seconds',
    'Since a peer was last asked for all that it has, and gave it; absent before the first time.',
    ({ ledger }) => seconds(ledger.syncAgeMs)
  ),
  gauge(
    'peerage_ledger_frozen',
    '1 while the authority is frozen, because an admin key signed two roots.',
    ({ ledger }) => ledger.isFrozen
  ),
  gauge(
    'peerage_datasets',
    'Datasets by the ledger, retired ones included.',
    ({ ledger }) => ledger.datasets
  ),
  gauge(
    'peerage_beacon_age_seconds',
    'How old the view of the ledger can be by the beacons of a quorum; absent without enough of them.',
    ({ ledger }) => seconds(ledger.beacon?.ageMs)
  ),
  gauge(
    'peerage_beacon_expires_seconds',
    'Until too few beacons count if no new ones come; less than 0 when it is over.',
    ({ ledger }) => seconds(ledger.beacon?.expiresInMs)
  ),
  gauge('peerage_beacon_signers', 'Devices that sign beacons.', ({ ledger }) => ledger.beacon?.signers),
  gauge(
    'peerage_beacon_signers_heard',
    'Those of whom a beacon counts.',
    ({ ledger }) => ledger.beacon?.heard
  ),
  gauge('peerage_beacon_quorum', 'Of how many one has to count.', ({ ledger }) => ledger.beacon?.quorum),
  gauge(
    'peerage_beacon_signers_ahead',
    'Signers whose newest beacon speaks of operations that are not here yet.',
    ({ ledger }) => ledger.beacon?.uncovered
  ),
  gauge(
    'peerage_clock_wrong',
    '1 when the clock is off, by the beacons.',
    ({ ledger }) => ledger.isClockWrong
  )
]

const STORAGE: readonly Family[] = [
  gauge('peerage_disk_free_bytes', 'Free on the disk of the home folder.', m => m.storage.diskFreeBytes),
  gauge('peerage_disk_size_bytes', 'Size of that disk.', m => m.storage.diskTotalBytes),
  gauge('peerage_storage_offered_bytes', 'Room that this device offers.', m => m.storage.offeredBytes),
  gauge('peerage_storage_kept_bytes', 'What copies for the org take here.', m => m.storage.keptBytes),
  gauge(
    'peerage_repair_queue',
    'Copies and shares that this device owes and has not got.',
    m => m.storage.lacking
  ),
  gauge('peerage_repair_failing', 'Those of them that could not be stored.', m => m.storage.failing),
  gauge(
    'peerage_boost_versions',
    'Copies that this device has, or fetches, in passing.',
    m => m.storage.boosts.versions
  ),
  gauge('peerage_boost_bytes', 'What those take here.', m => m.storage.boosts.bytes),
  gauge(
    'peerage_boost_lacking_versions',
    'Versions that linked devices want and that too few servers have.',
    m => m.storage.boosts.lacking
  ),
  counter(
    'peerage_boosts_begun_total',
    'Copies in passing that were begun.',
    m => m.storage.boosts.begunTotal
  ),
  counter(
    'peerage_boosts_ended_total',
    'Copies in passing that went again.',
    m => m.storage.boosts.endedTotal
  ),
  each(
    'gauge',
    'peerage_storage_versions',
    'Versions of the org that copies are asked of, by how safe they are.',
    {
      label: 'safety',
      ...surveyed(({ units }) => units)
    }
  ),
  gauge(
    'peerage_storage_unplaced_bytes',
    'What has no place in the org, for want of room or of devices.',
    ({ survey }) => survey?.unplacedBytes
  ),
  counter(
    'peerage_scrub_read_bytes_total',
    'Read again by the scrub, over restarts.',
    m => scrub(m).readBytesTotal
  ),
  counter('peerage_scrub_bad_pieces_total', 'Pieces that the scrub found bad.', m => scrub(m).badPiecesTotal),
  counter(
    'peerage_scrub_healed_pieces_total',
    'Those that are whole again.',
    m => scrub(m).healedPiecesTotal
  ),
  gauge('peerage_scrub_damaged_copies', 'Copies here that are not whole again.', m => scrub(m).damagedCopies),
  gauge('peerage_scrub_held_bytes', 'What the scrub has to read in a pass.', m => scrub(m).heldBytes),
  gauge('peerage_scrub_paused', '1 while the scrub is paused.', m => scrub(m).isPaused),
  gauge(
    'peerage_scrub_pass_ratio',
    'How much of it the pass under way has read, 0 to 1; absent between passes.',
    m => scrub(m).passShare
  ),
  gauge('peerage_scrub_last_pass_age_seconds', 'Since the last pass ended; absent before the first.', m =>
    seconds(scrub(m).lastPassAgeMs)
  )
]

const GOVERNANCE: readonly Family[] = [
  each('gauge', 'peerage_erasure_cases', 'Erasures and recalls in force.', {
    label: 'state',
    ...surveyed(({ cases }) => cases)
  }),
  gauge(
    'peerage_erasure_cases_overdue',
    'Those begun more than 30 days ago that a device has not confirmed.',
    ({ survey }) => survey?.casesOverdue
  ),
  gauge(
    'peerage_erasure_confirmations_missing',
    'Confirmations of devices that are missing, of all cases.',
    ({ survey }) => survey?.confirmationsMissing
  ),
  gauge(
    'peerage_survey_age_seconds',
    'How old the numbers about versions and erasures of the org are.',
    ({ survey }) => seconds(survey?.ageMs)
  ),
  gauge('peerage_survey_duration_seconds', 'How long it took to count them.', ({ survey }) =>
    seconds(survey?.tookMs)
  ),
  gauge('peerage_audit_entries', 'Entries of the audit log of this device.', m => m.audit.entries),
  gauge('peerage_audit_signed_entries', 'Those under a checkpoint.', m => m.audit.signedEntries),
  gauge(
    'peerage_audit_uncosigned_entries',
    'Entries that no peer has cosigned; absent in an org of one device.',
    m => m.audit.uncosigned?.entries
  ),
  gauge('peerage_audit_uncosigned_seconds', 'Age of the oldest of them.', m =>
    seconds(m.audit.uncosigned?.ageMs)
  ),
  gauge('peerage_audit_findings', 'Contradictions that were found in audit logs.', m => m.audit.findings),
  each('counter', 'peerage_detections_total', 'Findings that detection ever made on this device.', {
    label: 'rule',
    values: ({ detection }) => detection.raised
  }),
  each('gauge', 'peerage_detections_open', 'Those that nobody has acknowledged.', {
    label: 'rule',
    values: ({ detection }) => detection.open
  })
]

export const FAMILIES: readonly Family[] = [
  ...PEERS,
  ...TRANSFERS,
  ...BUDGETS,
  ...LEDGER,
  ...STORAGE,
  ...GOVERNANCE
]
