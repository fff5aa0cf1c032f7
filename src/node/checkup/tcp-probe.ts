/** Whether something accepts TCP connections at an address: it is opened and closed again, and nothing is said. */

import { connect, createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { systemCodeOf } from '../../base/errors.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Reached } from './reach-messages.ts'

export const PROBE_TIMEOUT_MS = 3 * SECOND_MS

interface TcpAddress {
  readonly host: string
  readonly port: number
}

const HOSTS: readonly string[] = ['ip4', 'ip6', 'dns', 'dns4', 'dns6']

/** Undefined for what is no plain TCP address. */
export function tcpAddressOf(address: string): TcpAddress | undefined {
  try {
    const parts = multiaddr(address).getComponents()
    const host = parts.find(({ name }) => HOSTS.includes(name))?.value
    const port = Number(parts.find(({ name }) => name === 'tcp')?.value)
    return host !== undefined && Number.isInteger(port) && port > 0 ? { host, port } : undefined
  } catch {
    return undefined
  }
}

export function probe(address: string, timeoutMs = PROBE_TIMEOUT_MS): Promise<Reached> {
  const target = tcpAddressOf(address)
  if (target === undefined) return Promise.resolve('no-route')
  return new Promise(resolve => {
    const socket = connect({ ...target, timeout: timeoutMs })
    const end = (reached: Reached): void => {
      socket.destroy()
      resolve(reached)
    }
    socket.once('connect', () => end('open'))
    socket.once('timeout', () => end('silent'))
    socket.once('error', failure => {
      const code = systemCodeOf(failure)
      end(code === 'ECONNREFUSED' ? 'refused' : code === 'ETIMEDOUT' ? 'silent' : 'no-route')
    })
  })
}

/** Why a port can not be listened on; undefined when it can. */
export function listenFailure(port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', failure => resolve(systemCodeOf(failure) ?? failure.message))
    server.listen(port, () => server.close(() => resolve(undefined)))
  })
}
