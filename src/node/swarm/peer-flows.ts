/**
 * The flows of the streams of one version through the limits of this device: two for each, one in each direction; and
 * one of its HTTP origin, which counts as traffic over the WAN.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { DataClass, Direction } from '../../swarm/bandwidth/policy.ts'
import { ORIGIN_PEER } from '../../swarm/open-piece.ts'
import type { AskGate, EventOf, PeerFacts, PeerKey } from '../../swarm/transfer-types.ts'
import type { Bandwidth } from '../bandwidth/bandwidth.ts'
import type { Flow } from '../bandwidth/flow.ts'

export interface PeerFlowsInit {
  readonly bandwidth: Bandwidth
  readonly version: VersionId
  readonly classNow: () => DataClass | undefined
  readonly post: (event: EventOf<'paced' | 'askTurn'>) => void
}

export class PeerFlows {
  readonly #init: PeerFlowsInit
  readonly #flows = new Map<PeerKey, Readonly<Record<Direction, Flow>>>()
  #origin: Flow | undefined

  constructor(init: PeerFlowsInit) {
    this.#init = init
  }

  /** The flow of what goes to a peer. */
  open(peer: PeerKey, { device, sameSite }: PeerFacts): Flow {
    const [up, down] = [this.#open('up', device, sameSite), this.#open('down', device, sameSite)]
    const { post } = this.#init
    up.onPace = bytesPerSecond => post({ type: 'paced', peer, bytesPerSecond })
    down.onTurn = () => post({ type: 'askTurn', peer })
    this.#flows.set(peer, { up, down })
    return up
  }

  /** Says what goes to a peer from the beginning. */
  tell(peer: PeerKey): void {
    const up = this.#flows.get(peer)?.up
    if (up?.pace !== undefined) up.onPace(up.pace)
  }

  #open(direction: Direction, peer: DeviceId | 'origin', sameSite: boolean): Flow {
    const { bandwidth, version, classNow } = this.#init
    return bandwidth.open({ direction, link: sameSite ? 'lan' : 'wan', classNow, peer, version })
  }

  /** Pieces are asked of the origin from now on. */
  openOrigin(): void {
    this.#origin = this.openOther()
    this.#origin.onTurn = () => this.#init.post({ type: 'askTurn', peer: ORIGIN_PEER })
  }

  /** A flow of what else comes from the origin; the caller closes it. */
  openOther(): Flow {
    return this.#open('down', 'origin', false)
  }

  closeOrigin(): void {
    this.#origin?.close()
    this.#origin = undefined
  }

  #down(peer: PeerKey): Flow | undefined {
    return peer === ORIGIN_PEER ? this.#origin : this.#flows.get(peer)?.down
  }

  close(peer: PeerKey): void {
    const flows = this.#flows.get(peer)
    this.#flows.delete(peer)
    flows?.up.close()
    flows?.down.close()
  }

  readonly asking: AskGate = {
    mayAsk: peer => {
      const down = this.#down(peer)
      if (down === undefined || down.isFree) return Number.POSITIVE_INFINITY
      return down.mayPass() ? down.turnBytes : 0
    },
    asked: (peer, bytes) => this.#down(peer)?.passed(bytes),
    pace: peer => this.#down(peer)?.pace
  }
}
