/**
 * What is measured for the register, each measure once: its unit, and which way is better. An indicator of a risk is a
 * measure with a factor, a target and a limit; two risks may use the same measure. src/node/risk reads them.
 */

import type { Factor, IndicatorSpec, Unit } from '../risk.ts'

interface Measure {
  readonly title: string
  readonly unit: Unit
  readonly better: 'lower' | 'higher'
}

const lower = (unit: Unit, title: string): Measure => ({ title, unit, better: 'lower' })
const higher = (unit: Unit, title: string): Measure => ({ title, unit, better: 'higher' })

export const MEASURES = {
  'unsafe-versions': lower('share', 'versions with fewer copies than their rule asks for'),
  'unruled-versions': lower('share', 'versions for which nobody asked for copies'),
  'lost-by-one-device': lower('share', 'versions that nobody could read if the worst one device were lost'),
  'lost-by-one-site': lower('share', 'versions that nobody could read if the worst one site were lost'),
  'storage-sites': higher('count', 'sites with devices that hold copies for others'),
  'damaged-copies': lower('count', 'copies on this device that are damaged and not healed yet'),
  'scrub-age': lower('ms', 'time since all that this device holds was read again'),
  'bad-pieces': lower('count', 'bad pieces that the last scrub of this device found'),
  'room-used': lower('share', 'room of the org that is used or owed'),
  'own-disk-used': lower('share', 'disk of this device that is in use'),
  'unplaced-bytes': lower('bytes', 'bytes of copies that have no place'),
  'unsealed-sensitive': lower('share', 'confidential and restricted versions that are not sealed'),
  'refused-reads': lower('count', 'reads that were refused in the last 24 hours, by the audit logs'),
  'access-detections': lower('count', 'findings about denials and unknown keys that nobody has acknowledged'),
  'insider-detections': lower(
    'count',
    'findings about reads of members, medium or worse, that nobody has acknowledged'
  ),
  'powerful-tokens': lower('count', 'API tokens of this node with far-reaching scopes and a long life'),
  'broad-grants': lower('share', 'grants in force that cover every dataset'),
  'endless-grants': lower('share', 'grants in force without an end'),
  'privileged-devices': lower('share', 'members with a role that may sign more than every device may'),
  'erase-admins': higher('count', 'admins who have to agree to an erasure'),
  'root-threshold': higher('count', 'admin keys that have to sign a root'),
  'recovery-keys': higher('count', 'recovery keys of the root'),
  equivocations: lower('count', 'admin keys that signed two roots of one version'),
  'admin-margin': higher('count', 'admin keys beyond those that have to sign'),
  'absent-members': lower('share', 'members that were not seen for 30 days'),
  'beacon-life': lower('ms', 'time for which a device may go on without a new beacon'),
  'unlimited-staleness': lower(
    'count',
    'of the classes confidential and restricted, those read on a view of any age'
  ),
  'view-age': lower('ms', 'age of the view of the ledger that beacons prove'),
  'signer-margin': higher('count', 'beacon signers heard beyond the quorum'),
  'infected-open': lower('count', 'versions found infected that can still be read'),
  'infected-kept': lower('count', 'versions found infected that are neither recalled nor erased'),
  'last-scan-age': lower('ms', 'time since any device last told of a scan'),
  'unscanned-versions': lower('share', 'versions that no scan has found clean'),
  'misbehaved-peers': lower(
    'count',
    'peers that broke the rules in the last 24 hours, seen from this device'
  ),
  'wasted-bytes': lower(
    'share',
    'bytes received here that were no use: duplicates and blocks that failed their hash'
  ),
  'audit-findings': lower('count', 'findings against audit logs'),
  'audit-missing': lower('share', 'members whose audit log could not be had now'),
  'uncosigned-entries': lower('share', 'audit entries that no witness has cosigned'),
  'other-software': lower('share', 'members that run another version than this device'),
  'copies-outside': lower('count', 'copies kept outside the regions that their rule names'),
  'sites-without-region': lower(
    'count',
    'sites that hold copies and have no region, where rules name regions'
  ),
  'leaving-classes': lower(
    'count',
    'of the classes confidential and restricted, those that may leave the org'
  ),
  'sensitive-origins': lower('count', 'confidential and restricted versions with an origin outside'),
  'overdue-erasures': lower('count', 'erasures that not all devices have confirmed after 30 days'),
  'unconfirmed-erasures': lower('share', 'confirmations of erasures that are still awaited'),
  'over-retention': lower('share', 'versions kept for longer than their rule says'),
  'kept-for-ever': lower('share', 'versions without a rule of retention'),
  'linked-sites': higher('count', 'sites that this device is linked with'),
  'open-invites': lower('count', 'devices that open invites still let in'),
  'forked-feeds': lower('count', 'feeds whose device signed two histories'),
  'budget-used': lower('share', 'part of the WAN budget of this device for today that is used'),
  'late-transfers': lower('count', 'transfers of this device that will miss their deadline'),
  'members-present': higher('share', 'members that were heard of in the last 15 minutes'),
  'storage-present': higher('share', 'devices that hold copies for others and are present'),
  'clock-offset': lower('ms', 'difference of the clock of this device from those of beacon signers')
} as const satisfies Readonly<Record<string, Measure>>

export type MeasureId = keyof typeof MEASURES

/** An indicator of that measure; between target and limit it is fair. */
export function indicator(
  id: MeasureId,
  factor: Factor,
  { target, limit }: { readonly target: number; readonly limit: number }
): IndicatorSpec {
  return { id, factor, target, limit, ...MEASURES[id] }
}
