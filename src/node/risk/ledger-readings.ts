/** Readings of what the ledger says: grants, roles, authority, classes, erasures, scans. */

import { DAY_MS } from '../../base/units.ts'
import { approvalsNeeded } from '../../ledger/fold/fold-judge.ts'
import { hasEnded, isMember, rolesOf } from '../../ledger/fold/state.ts'
import type { NetworkView } from './network-view.ts'
import { type Readings, reading, readingOf, share } from './reading.ts'
import { versionsInUse } from './storage-readings.ts'

const SENSITIVE: readonly string[] = ['confidential', 'restricted']
/** Art. 12(3) GDPR: within one month. */
const ERASURE_DUE_MS = 30 * DAY_MS

export function accessReadings(
  view: NetworkView
): Readings<
  'unsealed-sensitive' | 'broad-grants' | 'endless-grants' | 'privileged-devices' | 'sensitive-origins'
> {
  const { state, nowMs, self } = view
  const sensitive = versionsInUse(view).filter(version => SENSITIVE.includes(version.class))
  const unsealed = sensitive.filter(({ sealed }) => !sealed).length
  const grants = [...state.grants.values()].filter(({ expiresMs }) => !hasEnded(expiresMs, nowMs))
  const broad = grants.filter(({ scope }) => scope.kind === 'all').length
  const endless = grants.filter(({ expiresMs }) => expiresMs === null).length
  const members = [...state.devices.keys()].filter(device => isMember(state, device, nowMs))
  const common = new Set(state.root.roles.get('device') ?? [])
  const privileged = members.filter(device =>
    rolesOf(state, device, nowMs).some(role => state.root.roles.get(role)?.some(type => !common.has(type)))
  )
  const of = (part: number, whole: number) => ({
    ...{ value: share(part, whole), devices: [self], detail: `${part} of ${whole}` }
  })
  return {
    'unsealed-sensitive': reading(view, of(unsealed, sensitive.length)),
    'broad-grants': reading(view, of(broad, grants.length)),
    'endless-grants': reading(view, of(endless, grants.length)),
    'privileged-devices': reading(view, of(privileged.length, members.length)),
    'sensitive-origins': reading(view, {
      ...{ value: sensitive.filter(({ origin }) => origin !== undefined).length, devices: [self] }
    })
  }
}

export function authorityReadings(
  view: NetworkView
): Readings<
  | 'erase-admins'
  | 'root-threshold'
  | 'recovery-keys'
  | 'equivocations'
  | 'admin-margin'
  | 'beacon-life'
  | 'forked-feeds'
  | 'open-invites'
> {
  const { state, authority, invites, self } = view
  const devices = [self]
  return {
    'erase-admins': reading(view, { value: approvalsNeeded(state.root, 'content.erase'), devices }),
    'root-threshold': readingOf(view, authority, ({ threshold }) => ({ value: threshold, devices })),
    'recovery-keys': readingOf(view, authority, ({ recovery }) => ({ value: recovery.length, devices })),
    equivocations: readingOf(view, authority, ({ equivocations }) => ({
      value: equivocations.length,
      devices
    })),
    'admin-margin': readingOf(view, authority, ({ admins, threshold }) => ({
      ...{ value: admins.length - threshold, devices },
      detail: `${admins.length} admin keys, ${threshold} have to sign`
    })),
    'beacon-life': readingOf(view, authority, ({ beacon }) =>
      beacon === null
        ? { why: 'the org runs without beacons, so nothing bounds how late a device hears of a revocation' }
        : { value: beacon.lifeMs, devices }
    ),
    'forked-feeds': reading(view, {
      value: state.forks.size,
      devices: state.forks.size === 0 ? devices : [...state.forks.values()].map(({ author }) => author)
    }),
    'open-invites': readingOf(view, invites, all => ({
      value: all
        .filter(each => each.state === 'open')
        .reduce((sum, { uses, redeemedBy }) => sum + uses - redeemedBy.length, 0),
      devices
    }))
  }
}

export function scanReadings(
  view: NetworkView
): Readings<'infected-open' | 'infected-kept' | 'last-scan-age' | 'unscanned-versions'> {
  const { state, malware, nowMs, self } = view
  const scans = [...state.content.values()].flatMap(entry => entry.scans)
  const newestMs = scans.reduce((newest, { timeMs }) => Math.max(newest, timeMs), 0)
  const scanners = [...new Set(scans.map(({ by }) => by))]
  const inUse = versionsInUse(view)
  const unscanned = inUse.filter(
    ({ version }) => state.content.get(version)?.scans.some(({ verdict }) => verdict === 'clean') !== true
  ).length
  return {
    'infected-open': readingOf(view, malware, found => {
      const open = new Set(found.filter(({ quarantined }) => !quarantined).map(({ version }) => version))
      return { value: open.size, devices: scanners }
    }),
    'infected-kept': readingOf(view, malware, found => {
      const kept = found.filter(({ version }) => {
        const content = state.content.get(version)
        return (content?.recalls.length ?? 0) + (content?.erasures.length ?? 0) === 0
      })
      const names = kept.map(({ name, ordinal }) => `${name}@${ordinal}`).slice(0, NAMED_MAX)
      return {
        value: new Set(kept.map(({ version }) => version)).size,
        devices: scanners,
        ...(names.length > 0 && { detail: names.join(', ') })
      }
    }),
    'last-scan-age': reading(
      view,
      scans.length === 0
        ? { why: 'no device has told of a scan (peerage scan setup)' }
        : { value: Math.max(0, nowMs - newestMs), devices: scanners }
    ),
    'unscanned-versions': reading(view, {
      value: share(unscanned, inUse.length),
      devices: scanners.length > 0 ? scanners : [self],
      detail: `${unscanned} of ${inUse.length}`
    })
  }
}

const NAMED_MAX = 8

export function dutyReadings(
  view: NetworkView
): Readings<
  | 'overdue-erasures'
  | 'unconfirmed-erasures'
  | 'over-retention'
  | 'kept-for-ever'
  | 'leaving-classes'
  | 'unlimited-staleness'
> {
  const { cases, retention, classes, nowMs, self } = view
  const devices = [self]
  return {
    'overdue-erasures': readingOf(view, cases, all => ({
      value: all.filter(
        each =>
          each.inForce > each.held && each.confirmed < each.devices && nowMs - each.atMs > ERASURE_DUE_MS
      ).length,
      devices
    })),
    'unconfirmed-erasures': readingOf(view, cases, all => {
      const running = all.filter(({ inForce }) => inForce > 0)
      const asked = running.reduce((sum, each) => sum + each.devices, 0)
      const confirmed = running.reduce((sum, each) => sum + each.confirmed, 0)
      return { value: share(asked - confirmed, asked), devices, detail: `${asked - confirmed} of ${asked}` }
    }),
    'over-retention': readingOf(view, retention, all => {
      const over = all.filter(({ state }) => state === 'over').length
      return { value: share(over, all.length), devices, detail: `${over} of ${all.length}` }
    }),
    'kept-for-ever': readingOf(view, retention, all => {
      const endless = all.filter(({ keptMs }) => keptMs === null).length
      return { value: share(endless, all.length), devices, detail: `${endless} of ${all.length}` }
    }),
    'leaving-classes': readingOf(view, classes, all => ({
      value: all.filter(({ dataClass, leaves }) => SENSITIVE.includes(dataClass) && leaves).length,
      devices
    })),
    'unlimited-staleness': readingOf(view, classes, all => ({
      value: all.filter(each => SENSITIVE.includes(each.dataClass) && each.stalenessLimitMs === null).length,
      devices
    }))
  }
}
