/** `peers` and `status`: how this node and its neighbours are. */

import { z } from 'zod'
import type { Freshness } from '../../api/freshness.ts'
import type { Peer } from '../../api/peer.ts'
import type { Status } from '../../api/status.ts'
import { shortId } from '../../base/ids.ts'
import { formatBytes, formatDuration, formatRate } from '../../base/units.ts'
import { named } from '../acted.ts'
import { command } from '../command.ts'
import { datasetReference } from '../dataset-reference.ts'
import { restraintText } from '../restraint-text.ts'
import { renderVersionStorage } from '../storage-text.ts'
import {
  type Column,
  isoTime,
  type Paint,
  plural,
  printable,
  relativeTime,
  renderFields,
  renderTable
} from '../text.ts'

function stateOf(peer: Peer, nowMs: number): string {
  if (peer.banned !== null)
    return `banned, ${relativeTime(peer.banned.untilMs, nowMs)} again: ${peer.banned.reason}`
  if (peer.connected) return 'connected'
  return peer.lastSeenAtMs === null ? 'never seen' : `seen ${relativeTime(peer.lastSeenAtMs, nowMs)}`
}

function peerColumns(nowMs: number): Column<Peer>[] {
  return [
    { title: 'NAME', value: row => row.name ?? '-' },
    { title: 'SITE', value: row => row.site ?? '-' },
    { title: 'DEVICE', value: row => shortId(row.device) },
    { title: 'RTT', align: 'right', value: row => (row.rttMs === null ? '-' : `${row.rttMs.toFixed(1)} ms`) },
    { title: 'RECEIVED', align: 'right', value: row => formatBytes(row.receivedBytes) },
    { title: 'SENT', align: 'right', value: row => formatBytes(row.sentBytes) },
    { title: 'ADDRESS', value: row => row.address ?? '-' },
    { title: 'STATE', value: row => stateOf(row, nowMs) }
  ]
}

export const peers = command({
  usage: 'peers',
  summary: 'list the other devices of the org',
  examples: ['peerage peers'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('peers', {})
    invocation.result(list, paint =>
      list.peers.length === 0
        ? ['no other devices yet; make a ticket for one with: peerage invite']
        : renderTable(list.peers, peerColumns(invocation.context.nowMs()), paint)
    )
  }
})

function freshnessFields(freshness: Freshness, nowMs: number): [string, string][] {
  if (!freshness.enforced) return [['freshness', 'not enforced: the org runs without beacons']]
  const { asOfAtMs, ageMs, signersHeard, signersTotal, quorum } = freshness
  const view =
    asOfAtMs === null || ageMs === null
      ? 'not known to be recent'
      : `as of ${isoTime(asOfAtMs)}, ${formatDuration(ageMs)} old`
  const heard = `${signersHeard} of ${signersTotal} signers heard, ${quorum} needed`
  const fields: [string, string][] = [['freshness', `${view}; ${heard}`]]
  const { clock, clockOffsetMs, signersUncovered, signersRegressed } = freshness
  if (clockOffsetMs !== null)
    fields.push(['clock', `${clock} by about ${formatDuration(Math.abs(clockOffsetMs))}`])
  if (signersUncovered > 0)
    fields.push(['to sync', `what ${plural(signersUncovered, 'signer')} spoke of is not all here`])
  if (signersRegressed.length > 0)
    fields.push(['went back', signersRegressed.map(device => shortId(device)).join(' ')])
  for (const { dataClass, allowed, reason, override } of freshness.classes) {
    if (!allowed) fields.push([dataClass, `would be denied: ${reason ?? ''}`])
    if (override !== null) fields.push([dataClass, `allowed only by override ${override.slice(0, 12)}`])
  }
  for (const { id, classes, devices, reason, expiresAtMs } of freshness.overrides) {
    const whom = devices === null ? '' : ` to ${plural(devices.length, 'device')}`
    const what = `${id.slice(0, 12)} opens ${classes.join(', ')}${whom}, ends ${relativeTime(expiresAtMs, nowMs)}`
    fields.push(['override', `${what}: ${reason}`])
  }
  return fields
}

function misbehavedFields(status: Status, nowMs: number): [string, string][] {
  return status.misbehaved.map(({ name, device, site, reason, detail, count, lastAtMs, bannedUntilMs }) => {
    const who = `${named({ name, device })} (${site ?? 'site not known'})`
    const until =
      bannedUntilMs === null ? 'let in again' : `cut off, let in ${relativeTime(bannedUntilMs, nowMs)}`
    const last = `last ${relativeTime(lastAtMs, nowMs)}: ${detail}`
    return ['misbehaved', `${who}: ${reason}, ${plural(count, 'time')}, ${until}; ${last}`]
  })
}

function renderStatus(status: Status, nowMs: number, paint: Paint): string[] {
  const { device, org } = status
  return [
    ...renderFields(
      [
        ['device', `${device.name} (${device.id})`],
        ['site', device.site],
        ['kind', `${device.kind}, ${device.admin ? 'admin' : 'member'}`],
        ['org', `${org.name} (${org.id})`],
        [
          'running',
          `${status.software}, pid ${status.pid}, for ${formatDuration(nowMs - status.startedAtMs)}`
        ],
        ['home', status.home],
        ['addresses', status.addresses.join(' ')],
        ['peers', `${status.peersConnected} of ${status.peersKnown} connected`],
        ['datasets', String(status.datasets)],
        [
          'transfers',
          `${status.transfersActive} active${status.transfersLate > 0 ? `, ${status.transfersLate} will miss their deadline` : ''}`
        ],
        ['received', `${formatBytes(status.receivedBytes)}, ${formatRate(status.receiveBytesPerSecond)} now`],
        ['sent', `${formatBytes(status.sentBytes)}, ${formatRate(status.sendBytesPerSecond)} now`],
        ['wasted', formatBytes(status.wastedBytes)],
        ...status.restraints.map((restraint): [string, string] => ['limited', restraintText(restraint)]),
        ...freshnessFields(status.freshness, nowMs),
        ...misbehavedFields(status, nowMs)
      ],
      paint
    ),
    ...(status.problems.length === 0 ? [] : ['', paint('yellow', plural(status.problems.length, 'problem'))]),
    ...status.problems.map(({ code, message }) => `  ${code}: ${printable(message)}`)
  ]
}

export const status = command({
  usage: 'status [dataset]',
  summary: 'show this node: who it is, what it moves, how fresh its view is and what is wrong with it',
  description:
    'With the name of a dataset: whether its newest version is safe now, what is missing, and who has copies.',
  examples: ['peerage status', 'peerage status --json | jq .problems', 'peerage status payroll'],
  input: z.object({ dataset: datasetReference.optional() }),
  run: async (invocation, { dataset }) => {
    if (dataset !== undefined) {
      const storage = await invocation.client.call('versionStorage', dataset)
      invocation.result(storage, paint => renderVersionStorage(storage, paint))
      return
    }
    const status = await invocation.client.call('status', {})
    invocation.result(status, paint => renderStatus(status, invocation.context.nowMs(), paint))
  }
})
