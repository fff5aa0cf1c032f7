/** Puts together what a node is doing this moment, from what its parts say. */

import type { DeviceId, VersionId } from '../base/ids.ts'
import { isMember } from '../ledger/fold/state.ts'
import { etaMs } from '../swarm/rates.ts'
import type { PeerStatus, TransferStatus } from '../swarm/transfer-types.ts'
import {
  ACTIVE_PEERS_MAX,
  type ActivePeer,
  type ActiveTransfer,
  type Activity,
  ENDED_TRANSFERS_MAX,
  type Misbehaved,
  type SiteLink
} from './activity-terms.ts'
import { peerRestraints, restraintsOf } from './bandwidth/restraints.ts'
import type { Node } from './node.ts'
import type { Problem } from './service.ts'
import { refusedEverywhere } from './standing.ts'
import { addTally, NO_TALLY, type Tally } from './swarm/tally.ts'
import type { TransferView } from './swarm/transfer-desk.ts'
import { deadlineFields } from './swarm/transfer-extras.ts'
import { isSettled } from './swarm/transfer-orders.ts'

interface Stream extends PeerStatus {
  readonly pieceCount: number
}

export function activityOf(
  node: Node,
  { startedAtMs, problems }: { readonly startedAtMs: number; readonly problems: readonly Problem[] }
): Activity {
  const { identity, transport, hub, keeper } = node
  const nowMs = Date.now()
  const state = keeper.state()
  const known = [...state.devices.keys()].filter(device => isMember(state, device, nowMs))
  const statuses = hub.statuses()
  const tallies = hub.tallies()
  const total = [...tallies.values()].reduce(addTally, NO_TALLY)
  const sum = (rate: (status: TransferStatus) => number) =>
    statuses.reduce((all, { status }) => all + rate(status), 0)
  const peers = activePeers(node, { statuses, tallies })
  return {
    atMs: nowMs,
    startedAtMs,
    org: { id: identity.org, name: identity.orgName },
    device: node.ownDevice(),
    operations: keeper.size,
    peersConnected: transport.peers().length,
    peersKnown: known.filter(device => device !== identity.device).length,
    ...total,
    receiveBytesPerSecond: sum(({ downloadRate }) => downloadRate),
    sendBytesPerSecond: sum(({ uploadRate }) => uploadRate),
    transfers: activeTransfers(node, statuses),
    peers: peers.slice(0, ACTIVE_PEERS_MAX),
    links: siteLinks(peers, identity.site),
    misbehaved: misbehavedPeers(node, nowMs),
    problems
  }
}

export function misbehavedPeers({ hub, catalogue }: Node, nowMs: number): Misbehaved[] {
  return hub.misbehaviours.entries(nowMs).map(entry => ({ ...entry, ...catalogue.nameOf(entry.device) }))
}

type Statuses = readonly { readonly versionId: VersionId; readonly status: TransferStatus }[]

function activePeers(
  node: Node,
  { statuses, tallies }: { readonly statuses: Statuses; readonly tallies: ReadonlyMap<DeviceId, Tally> }
): ActivePeer[] {
  const { transport, catalogue, hub, identity } = node
  const links = new Map(transport.peers().map(link => [link.device, link]))
  const streams = Map.groupBy(
    statuses.flatMap(({ status }) =>
      status.peers.map((peer): Stream => ({ ...peer, pieceCount: status.pieceCount }))
    ),
    ({ device }) => device
  )
  const bad = hub.misbehaviours.entries(Date.now()).map(({ device }) => device)
  const devices = new Set([...links.keys(), ...streams.keys(), ...tallies.keys(), ...bad])
  devices.delete(identity.device)
  return [...devices].map(device => {
    const own = streams.get(device) ?? []
    const sum = (value: (stream: Stream) => number) => own.reduce((all, stream) => all + value(stream), 0)
    const name = catalogue.nameOf(device)
    const { receivedBytes, sentBytes } = tallies.get(device) ?? NO_TALLY
    return {
      ...name,
      sameSite: name.site === identity.site,
      connected: links.has(device),
      rttMs: links.get(device)?.rttMs ?? null,
      ...{ receivedBytes, sentBytes },
      receiveBytesPerSecond: sum(({ downloadRate }) => downloadRate),
      sendBytesPerSecond: sum(({ uploadRate }) => uploadRate),
      inFlightBytes: sum(({ inFlightBytes }) => inFlightBytes),
      stalled: own.some(({ snubbed }) => snubbed),
      chokesUs: own.some(({ chokesUs, haveCount }) => chokesUs && haveCount > 0),
      streams: own.length,
      havePieces: sum(({ haveCount }) => haveCount),
      totalPieces: sum(({ pieceCount }) => pieceCount)
    }
  })
}

function siteLinks(peers: readonly ActivePeer[], ownSite: string): SiteLink[] {
  const sites = Map.groupBy(peers, ({ site }) => site)
  return [...sites]
    .map(([site, there]) => {
      const sum = (value: (peer: ActivePeer) => number) => there.reduce((all, peer) => all + value(peer), 0)
      const rtts = there.flatMap(({ rttMs }) => rttMs ?? [])
      return {
        site,
        own: site === ownSite,
        connected: there.filter(({ connected }) => connected).length,
        rttMs: rtts.length === 0 ? null : Math.min(...rtts),
        receivedBytes: sum(({ receivedBytes }) => receivedBytes),
        sentBytes: sum(({ sentBytes }) => sentBytes),
        receiveBytesPerSecond: sum(({ receiveBytesPerSecond }) => receiveBytesPerSecond),
        sendBytesPerSecond: sum(({ sendBytesPerSecond }) => sendBytesPerSecond),
        inFlightBytes: sum(({ inFlightBytes }) => inFlightBytes)
      }
    })
    .sort((a, b) => Number(b.own) - Number(a.own) || (a.site ?? '').localeCompare(b.site ?? ''))
}

function activeTransfers(node: Node, statuses: Statuses): ActiveTransfer[] {
  const { desk } = node
  const byVersion = new Map(statuses.map(({ versionId, status }) => [versionId, status]))
  const views = desk.views()
  const running = views.filter(({ state }) => !isSettled(state))
  const ended = views.filter(view => !running.includes(view)).slice(0, ENDED_TRANSFERS_MAX)
  const told = new Set(running.map(({ version }) => version))
  const served = statuses.filter(({ versionId, status }) => !told.has(versionId) && status.peers.length > 0)
  return [
    ...running.map(view => ofView(node, view, byVersion.get(view.version))),
    ...served.map(({ versionId, status }) => ofServed(node, versionId, status)),
    ...ended.map(view => ofView(node, view, undefined))
  ]
}

function ofView(node: Node, view: TransferView, status: TransferStatus | undefined): ActiveTransfer {
  const { id, name, ordinal, version, state, destination, haveBytes, tallies } = view
  const totalBytes = view.selected?.bytes ?? view.totalBytes
  const receiveBytesPerSecond = state === 'fetching' ? (status?.downloadRate ?? 0) : 0
  return {
    ...{ id, name, ordinal, version, state, destination, totalBytes, haveBytes, receiveBytesPerSecond },
    sendBytesPerSecond: status?.uploadRate ?? 0,
    etaMs: etaMs(totalBytes - haveBytes, receiveBytesPerSecond),
    outlook: deadlineFields(view, {
      lackingBytes: totalBytes - haveBytes,
      bytesPerSecond: receiveBytesPerSecond,
      nowMs: Date.now()
    }).outlook,
    originBytes: view.originBytes,
    peers: status?.peers.length ?? 0,
    inFlightBytes: status?.inFlightBytes ?? 0,
    wanBytes: fromOtherSites(node, tallies),
    restraints:
      state === 'fetching' || state === 'waiting' || state === 'queued'
        ? [...restraintsOf(node.bandwidth, version), ...peerRestraints(status)]
        : [],
    problem: view.problem ?? view.holding?.problem ?? refusedEverywhere(node, state)
  }
}

function ofServed(node: Node, version: VersionId, status: TransferStatus): ActiveTransfer {
  const { keeper, hub } = node
  const state = keeper.state()
  const [name] = state.publishedAs.get(version) ?? []
  const versions = name === undefined ? [] : (state.datasets.get(name)?.versions ?? [])
  const { totalBytes, haveBytes, inFlightBytes } = status
  return {
    ...{ id: null, name: name ?? null, version, state: 'serving', destination: null, totalBytes, haveBytes },
    ordinal: versions.findLast(each => each.version === version)?.ordinal ?? null,
    receiveBytesPerSecond: status.downloadRate,
    sendBytesPerSecond: status.uploadRate,
    etaMs: null,
    outlook: null,
    originBytes: 0,
    peers: status.peers.length,
    inFlightBytes,
    wanBytes: fromOtherSites(node, hub.talliesOf(version)),
    restraints: restraintsOf(node.bandwidth, version),
    problem: null
  }
}

function fromOtherSites({ catalogue, identity }: Node, tallies: ReadonlyMap<DeviceId, Tally>): number {
  let bytes = 0
  for (const [device, { receivedBytes }] of tallies)
    if (catalogue.nameOf(device).site !== identity.site) bytes += receivedBytes
  return bytes
}
