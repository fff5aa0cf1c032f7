/**
 * A device that is enrolled like any other and means harm. It speaks the protocol with the product's own core, says
 * that it has everything, and then gives garbage, or nothing, or ends in the middle of a message.
 */

import { concatBytes } from '../src/base/bytes.ts'
import { SWARM_PROTOCOL } from '../src/node/swarm/swarm-hub.ts'
import { sha256 } from '../src/store/sha256.ts'
import { Bitfield } from '../src/swarm/bitfield.ts'
import { Transfer } from '../src/swarm/transfer.ts'
import { peerKey, type TransferEffect, type TransferEvent } from '../src/swarm/transfer-types.ts'
import { WireDecoder } from '../src/swarm/wire-decoder.ts'
import { encodeMessages } from '../src/swarm/wire-encoder.ts'
import type { Host } from './host.ts'
import type { SimStream } from './transport.ts'

export const BEHAVIOURS = ['garbage', 'stall', 'sometimes', 'malformed'] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

/** Of the blocks of one that is sometimes bad. */
const BAD_SHARE = 0.2
const MALFORMED_AFTER = 5

export class HostileHost {
  readonly host: Host
  readonly behaviour: Behaviour

  constructor(host: Host, behaviour: Behaviour) {
    this.host = host
    this.behaviour = behaviour
    host.isHostile = true
    host.onStart = transport => transport.handle(SWARM_PROTOCOL, stream => this.#accept(stream as SimStream))
  }

  #accept(stream: SimStream): void {
    const { world, device, site } = this.host
    const { version, layers } = world.content
    const transfer = new Transfer({
      versionId: version.id,
      version,
      have: Bitfield.full(version.pieceCount),
      wantsData: false,
      self: device,
      site,
      sha256,
      knownLayer: fileIndex => layers.get(fileIndex),
      seed: 1
    })
    const peer = peerKey(0)
    const handle = (event: TransferEvent): void => {
      if (!stream.isOpen) return
      for (const effect of transfer.handle(event, world.engine.nowMs)) perform(effect)
    }
    let served = 0
    const perform = (effect: TransferEffect): void => {
      if (effect.type === 'send') stream.send(encodeMessages(effect.messages))
      else if (effect.type === 'serve') {
        const { piece, begin, length } = effect
        if (this.behaviour === 'stall') return
        if (this.behaviour === 'malformed' && ++served > MALFORMED_AFTER) {
          stream.send(world.content.piece(piece).subarray(0, 64))
          return
        }
        const block = this.#spoil(world.content.piece(piece).subarray(begin, begin + length))
        stream.send(concatBytes(encodeMessages([{ type: 'piece', piece, begin, block }])))
        world.engine.after(0, () => handle({ type: 'served', peer, piece, begin, length, sent: true }))
      }
    }
    const decoder = new WireDecoder({ allocate: length => new Uint8Array(length) })
    const facts = { device: stream.peer, site: stream.far.site, sameSite: stream.far.site === site }
    handle({ type: 'peerConnected', peer, ...facts, outbound: false })
    stream.onData(chunk => {
      for (const message of decoder.push(chunk).messages) handle({ type: 'message', peer, message })
    })
  }

  #spoil(block: Uint8Array): Uint8Array {
    const isBad =
      this.behaviour === 'garbage' ||
      (this.behaviour === 'sometimes' && this.host.world.random.chance(BAD_SHARE))
    return isBad ? block.map(byte => byte ^ 0xff) : block
  }
}
