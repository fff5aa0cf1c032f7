/**
 * Bounds connections to a server, in all and of one host (base/ip-host.ts), from the first byte on: each takes a
 * descriptor of the node, which needs them for its peers, and strangers may open as many as they like. One too many is
 * cut off.
 */

import type { Server } from 'node:net'
import { hostOfAddress } from '../../base/ip-host.ts'
import { OpenCounts } from '../../base/open-counts.ts'

const ALL_MAX = 2048
/** Of one host, which may be that of a proxy for many. */
const EACH_MAX = 512

export interface ConnectionLimits {
  readonly allMax?: number | undefined
  readonly eachMax?: number | undefined
}

export function shareConnections(
  server: Server,
  { allMax = ALL_MAX, eachMax = EACH_MAX }: ConnectionLimits = {}
): void {
  const counts = new OpenCounts<string>()
  server.maxConnections = allMax
  server.on('connection', socket => {
    const { remoteAddress } = socket
    // It has gone already.
    if (remoteAddress === undefined) return
    const host = hostOfAddress(remoteAddress)
    if (counts.of(host) >= eachMax) socket.destroy()
    else socket.once('close', counts.open(host))
  })
}
