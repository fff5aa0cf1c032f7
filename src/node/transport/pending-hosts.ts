/**
 * Counts, by the network that they come from, inbound connections that have proved no key yet. libp2p bounds their sum;
 * this keeps one host, which may say nothing for as long as a handshake may take, from using up all of it.
 * What a host is, base/ip-host.ts says. An office behind one address is one host, so its share is large.
 */

import type { Multiaddr } from '@multiformats/multiaddr'
import { hostOfBytes } from '../../base/ip-host.ts'
import { OpenCounts } from '../../base/open-counts.ts'

/** Codes of a multiaddr that begins with an address (https://github.com/multiformats/multiaddr). */
const IP4 = 4
const IP6 = 41
const IP4_BYTES = 4
const IP6_BYTES = 16

export interface PendingConnection {
  /** The one thing that all stages of a connection share. */
  readonly timeline: object
  readonly remoteAddr: Multiaddr
  addEventListener(event: 'close', listener: () => void): void
}

export function hostOf(address: Multiaddr): string {
  const { bytes } = address
  if (bytes[0] === IP4) return hostOfBytes(bytes.subarray(1, 1 + IP4_BYTES))
  if (bytes[0] === IP6) return hostOfBytes(bytes.subarray(1, 1 + IP6_BYTES))
  return address.toString()
}

export class PendingHosts {
  readonly #countMax: number
  readonly #counts = new OpenCounts<string>()
  readonly #ends = new WeakMap<object, () => void>()

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  /** False when its host has as many as it may. */
  begin(connection: PendingConnection): boolean {
    const host = hostOf(connection.remoteAddr)
    if (this.#counts.of(host) >= this.#countMax) return false
    this.#ends.set(connection.timeline, this.#counts.open(host))
    connection.addEventListener('close', () => this.end(connection.timeline))
    return true
  }

  /** It has proved its key, or is gone. */
  end(timeline: object): void {
    this.#ends.get(timeline)?.()
  }
}
