/** `peers` and `status`: how this node and its neighbours are. */

import { z } from 'zod'
import type { Peer } from '../../api/peer.ts'
import type { Status } from '../../api/status.ts'
import { shortId } from '../../base/ids.ts'
import { formatBytes, formatDuration, formatRate } from '../../base/units.ts'
import { command } from '../command.ts'
import {
  type Column,
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
        ['transfers', `${status.transfersActive} active`],
        ['received', `${formatBytes(status.receivedBytes)}, ${formatRate(status.receiveBytesPerSecond)} now`],
        ['sent', `${formatBytes(status.sentBytes)}, ${formatRate(status.sendBytesPerSecond)} now`],
        ['wasted', formatBytes(status.wastedBytes)]
      ],
      paint
    ),
    ...(status.problems.length === 0 ? [] : ['', paint('yellow', plural(status.problems.length, 'problem'))]),
    ...status.problems.map(({ code, message }) => `  ${code}: ${printable(message)}`)
  ]
}

export const status = command({
  usage: 'status',
  summary: 'show this node: who it is, what it moves and what is wrong with it',
  examples: ['peerage status', 'peerage status --json | jq .problems'],
  input: z.object({}),
  run: async invocation => {
    const status = await invocation.client.call('status', {})
    invocation.result(status, paint => renderStatus(status, invocation.context.nowMs(), paint))
  }
})
