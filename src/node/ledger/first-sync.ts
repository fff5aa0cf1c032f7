/**
 * Has whoever asks this device for content wait until this device has asked it what it knows of the ledger: a device
 * that was away serves nothing that was erased, recalled or taken from somebody meanwhile, to anybody who knows of
 * that.
 *
 * It is about the first round of questions that began since the two are linked: gossip has peers asked that are not,
 * and a link can end in the middle of a round. One that ends badly lets them go on as well: what that peer knows can
 * not be had from it then, and who does not know of an erasure asks in good faith. It is never long: who waits longer
 * is turned away, and asks again.
 */

import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import type { LedgerSync } from './ledger-sync.ts'

const WAIT_MS_MAX = 10 * SECOND_MS
/** Streams of one peer that wait. */
const WAITING_MAX = 64

export class FirstSync {
  readonly #asking = new Set<DeviceId>()
  readonly #asked = new Set<DeviceId>()
  readonly #waiting = new Map<DeviceId, Set<() => void>>()

  constructor(init: { transport: Pick<Transport, 'on' | 'peers'>; sync: Pick<LedgerSync, 'on'> }) {
    const { transport, sync } = init
    transport.on({
      onDisconnect: device => {
        this.#asking.delete(device)
        this.#asked.delete(device)
      }
    })
    sync.on({
      onStart: device => {
        if (transport.peers().some(link => link.device === device)) this.#asking.add(device)
      },
      onComplete: device => this.#open(device),
      onEnd: device => this.#open(device)
    })
  }

  /** Serves a stream at once, or when its peer was asked; or ends it. */
  readonly admit =
    (serve: (stream: PeerStream) => void) =>
    (stream: PeerStream): void =>
      this.#admit(stream, serve)

  #admit(stream: PeerStream, serve: (stream: PeerStream) => void): void {
    const { peer } = stream
    if (this.#asked.has(peer)) {
      serve(stream)
      return
    }
    const waiting = this.#waiting.get(peer) ?? new Set()
    this.#waiting.set(peer, waiting)
    if (waiting.size >= WAITING_MAX) {
      stream.abort('too many streams wait')
      return
    }
    const timer = setTimeout(() => {
      waiting.delete(go)
      stream.abort('the ledgers were not compared in time')
    }, WAIT_MS_MAX)
    timer.unref()
    const go = (): void => {
      clearTimeout(timer)
      serve(stream)
    }
    waiting.add(go)
  }

  #open(device: DeviceId): void {
    if (!this.#asking.delete(device)) return
    this.#asked.add(device)
    const waiting = this.#waiting.get(device) ?? []
    this.#waiting.delete(device)
    for (const go of waiting) go()
  }
}
