/** Which addresses a dial tries, and what it says when none of them led to the device. */

import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { messageOf } from '../../base/errors.ts'
import { parsePeerId, toPeerId } from './libp2p-identity.ts'
import { WRONG_DEVICE } from './libp2p-tls.ts'
import type { DialOutcome, DialTarget } from './transport.ts'

export const DIAL_ADDRESSES_MAX = 16

/** Of what was stated for a device, the addresses that can be dialled, each with the key that has to answer. */
export function usableAddresses({ device, addresses }: DialTarget): {
  addresses: Multiaddr[]
  invalid: string[]
} {
  const usable: Multiaddr[] = []
  const invalid: string[] = []
  const peer = toPeerId(device).toString()
  for (const text of new Set(addresses.slice(0, DIAL_ADDRESSES_MAX))) {
    try {
      const address = multiaddr(text)
      const named = address.getComponents().findLast(component => component.name === 'p2p')?.value
      if (named === undefined) usable.push(address.encapsulate(`/p2p/${peer}`))
      else if (parsePeerId(named) === device) usable.push(address)
      else invalid.push(`${text} names another device`)
    } catch (error) {
      invalid.push(`${text}: ${messageOf(error)}`)
    }
  }
  return { addresses: usable, invalid }
}

/** What became of a dial that nobody answered as was wanted. */
export function dialFailure(invalid: readonly string[], errors: readonly unknown[]): DialOutcome {
  const details = [...invalid, ...errors.map(messageOf)]
  const wrong = details.find(detail => detail.includes(WRONG_DEVICE))
  if (wrong !== undefined) return { kind: 'wrong-device', detail: wrong }
  return { kind: 'unreachable', detail: details.length === 0 ? 'no address is known' : details.join('; ') }
}
