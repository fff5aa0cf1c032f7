/** The flows of the streams of one version through the limits of this device: two for each, one in each direction. */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { DataClass, Direction } from '../../swarm/bandwidth/policy.ts'
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

  #open(direction: Direction, peer: DeviceId, sameSite: boolean): Flow {
    const { bandwidth, version, classNow } = this.#init
    return bandwidth.open({ direction, link: sameSite ? 'lan' : 'wan', classNow, peer, version })
  }

  close(peer: PeerKey): void {
    const flows = this.#flows.get(peer)
    this.#flows.delete(peer)
    flows?.up.close()
    flows?.down.close()
  }

  readonly asking: AskGate = {
    mayAsk: peer => {
      const down = this.#flows.get(peer)?.down
      if (down === undefined || down.isFree) return Number.POSITIVE_INFINITY
      return down.mayPass() ? down.turnBytes : 0
    },
    asked: (peer, bytes) => this.#flows.get(peer)?.down.passed(bytes),
    pace: peer => this.#flows.get(peer)?.down.pace
  }
}
