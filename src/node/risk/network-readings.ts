/** Readings of links, peers, audit logs and the node itself; and all readings together. */

import { DAY_MS, MINUTE_MS } from '../../base/units.ts'
import { isMember } from '../../ledger/fold/state.ts'
import type { MeasureId } from '../../risk/register/measures.ts'
import type { Reading } from '../../risk/risk.ts'
import type { AuditReport } from '../audit/audit-report.ts'
import type { PeerStatus } from '../service.ts'
import { detectionReadings } from './detection-readings.ts'
import { accessReadings, authorityReadings, dutyReadings, scanReadings } from './ledger-readings.ts'
import type { NetworkView } from './network-view.ts'
import { type Readings, readingOf, type Said, share } from './reading.ts'
import { copyReadings, regionReadings, roomReadings } from './storage-readings.ts'

const ABSENT_MS = 30 * DAY_MS
const HEARD_MS = 15 * MINUTE_MS
const TOKEN_LIFE_MS = 90 * DAY_MS
const FAR_SCOPES: readonly string[] = ['host', 'govern', 'privacy', 'settings', 'authority']
const LOGS_MISSING_SHARE_MAX = 0.1
const NO_BEACONS = 'the org runs without beacons, so nothing says how old the view is'
const ALONE = 'this device is the only member'

/** Every measure of the register. */
export function allReadings(view: NetworkView): ReadonlyMap<string, Reading> {
  const readings: Readings<MeasureId> = {
    ...copyReadings(view),
    ...roomReadings(view),
    ...regionReadings(view),
    ...accessReadings(view),
    ...authorityReadings(view),
    ...scanReadings(view),
    ...dutyReadings(view),
    ...auditReadings(view),
    ...peerReadings(view),
    ...nodeReadings(view),
    ...detectionReadings(view)
  }
  return new Map(Object.entries(readings))
}

function auditReadings(
  view: NetworkView
): Readings<'refused-reads' | 'audit-findings' | 'audit-missing' | 'uncosigned-entries'> {
  const { state, audit, nowMs } = view
  const members = [...state.devices.keys()].filter(device => isMember(state, device, nowMs))
  const devices = audit.known ? audit.value.logs.map(({ device }) => device.device) : []
  const goneOf = (missing: AuditReport['missing']) =>
    new Set(missing.map(({ device }) => device.device).filter(device => members.includes(device)))
  /** What only some logs say is the least that there can be: a good word of them is none. */
  const counted = (value: number, missing: AuditReport['missing'], said: Said): Said => {
    const gone = goneOf(missing).size
    if (value > 0 || gone <= LOGS_MISSING_SHARE_MAX * members.length) return said
    return { why: `the audit logs of ${gone} of ${members.length} members could not be had` }
  }
  return {
    'refused-reads': readingOf(view, audit, ({ entries, missing }) =>
      counted(entries.length, missing, { value: entries.length, devices })
    ),
    'audit-findings': readingOf(view, audit, ({ findings, missing }) => {
      const [first] = findings
      const about = findings.map(({ device }) => device.device)
      return first === undefined
        ? counted(0, missing, { value: 0, devices })
        : { value: findings.length, devices: about, detail: first.detail }
    }),
    'audit-missing': readingOf(view, audit, ({ missing }) => {
      const gone = goneOf(missing)
      return {
        value: share(gone.size, members.length),
        devices: gone.size > 0 ? [...gone] : devices,
        detail: `${gone.size} of ${members.length}`
      }
    }),
    'uncosigned-entries': readingOf(view, audit, ({ logs }) => {
      const open = logs.filter(({ ended }) => !ended)
      const entries = open.reduce((sum, log) => sum + log.entries, 0)
      const cosigned = open.reduce((sum, log) => {
        const byOne = log.cosigned.find(({ witnesses }) => witnesses === 1)?.entries ?? 0
        return sum + Math.min(log.entries, Math.max(byOne, ...log.outside.map(each => each.entries)))
      }, 0)
      return {
        ...{ value: share(entries - cosigned, entries), devices },
        detail: `${entries - cosigned} of ${entries}`
      }
    })
  }
}

function peerReadings(
  view: NetworkView
): Readings<'absent-members' | 'members-present' | 'linked-sites' | 'other-software'> {
  const { peers, state, nowMs, self } = view
  const enrolledMs = ({ device }: PeerStatus) => state.devices.get(device)?.enrolment?.timeMs ?? 0
  const seenMs = (peer: PeerStatus) => (peer.connected ? nowMs : (peer.lastSeenAtMs ?? 0))
  return {
    'absent-members': readingOf(view, peers, all => {
      const absent = all.filter(peer => nowMs - Math.max(seenMs(peer), enrolledMs(peer)) > ABSENT_MS)
      return {
        value: share(absent.length, all.length + 1),
        devices: absent.length > 0 ? absent.map(({ device }) => device) : [self],
        detail: `${absent.length} of ${all.length + 1}`
      }
    }),
    'members-present': readingOf(view, peers, all => {
      const present = all.filter(peer => nowMs - seenMs(peer) <= HEARD_MS).length + 1
      return {
        value: share(present, all.length + 1),
        devices: [self],
        detail: `${present} of ${all.length + 1}`
      }
    }),
    'linked-sites': readingOf(view, peers, all => {
      if (all.length === 0) return { why: ALONE }
      const linked = all.filter(({ connected, site }) => connected && site !== null)
      return { value: new Set(linked.map(({ site }) => site)).size, devices: [self] }
    }),
    'other-software': readingOf(view, peers, all =>
      all.length === 0
        ? { value: 0, devices: [self], detail: ALONE }
        : { why: 'devices do not tell each other which version they run' }
    )
  }
}

function nodeReadings(
  view: NetworkView
): Readings<
  | 'powerful-tokens'
  | 'misbehaved-peers'
  | 'wasted-bytes'
  | 'budget-used'
  | 'late-transfers'
  | 'view-age'
  | 'signer-margin'
  | 'clock-offset'
> {
  const { status, tokens, limits, nowMs, self } = view
  const devices = [self]
  return {
    'powerful-tokens': readingOf(view, tokens, all => ({
      value: all.filter(
        ({ scopes, createdAtMs, expiresAtMs }) =>
          expiresAtMs > nowMs &&
          expiresAtMs - createdAtMs > TOKEN_LIFE_MS &&
          scopes.some(scope => FAR_SCOPES.includes(scope))
      ).length,
      devices
    })),
    'misbehaved-peers': readingOf(view, status, ({ misbehaved }) => {
      const late = misbehaved.filter(({ lastAtMs }) => nowMs - lastAtMs <= DAY_MS).map(({ device }) => device)
      const peers = [...new Set(late)]
      return { value: peers.length, devices: peers.length > 0 ? peers : devices }
    }),
    'wasted-bytes': readingOf(view, status, ({ wastedBytes, receivedBytes }) => ({
      ...{ value: share(wastedBytes, Math.max(wastedBytes, receivedBytes)), devices },
      detail: `${wastedBytes} of ${receivedBytes} bytes since the start of the node`
    })),
    'budget-used': readingOf(view, limits, ({ budgets }) =>
      budgets.length === 0
        ? { why: 'no WAN budget is set on this device (peerage limits budget)' }
        : { value: Math.max(...budgets.map(each => share(each.usedBytes, each.bytes))), devices }
    ),
    'late-transfers': readingOf(view, status, ({ transfersLate }) => ({ value: transfersLate, devices })),
    'view-age': readingOf(view, status, ({ freshness: { enforced, ageMs } }) => {
      if (!enforced) return { why: NO_BEACONS }
      return ageMs === null ? { why: 'too few beacon signers were heard' } : { value: ageMs, devices }
    }),
    'signer-margin': readingOf(view, status, ({ freshness: { enforced, signersHeard, quorum } }) =>
      enforced
        ? { value: signersHeard - quorum, devices, detail: `${signersHeard} heard, ${quorum} needed` }
        : { why: NO_BEACONS }
    ),
    'clock-offset': readingOf(view, status, ({ freshness: { enforced, signersHeard, clockOffsetMs } }) => {
      if (!enforced || signersHeard === 0) return { why: 'no beacon signer tells the time' }
      return clockOffsetMs === null
        ? { value: 0, devices, detail: 'within the tolerance of beacons' }
        : { value: Math.abs(clockOffsetMs), devices }
    })
  }
}
