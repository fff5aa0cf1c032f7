/**
 * A member gone bad: enrolled like any other, it links with honest nodes and answers their swarm streams as a test
 * says. It uses the real transport and the real codec, so what reaches the honest side is what an attacker could send.
 */

import { parseDeviceId } from '../src/base/ids.ts'
import type { AdminClient } from '../src/cli/client.ts'
import type { Version } from '../src/content/version.ts'
import { decodeTicket } from '../src/ledger/join/ticket.ts'
import { newNameSalt } from '../src/node/home.ts'
import { DeviceKey } from '../src/node/keys/device-key.ts'
import { redeemTicket } from '../src/node/ledger/join-desk.ts'
import { SWARM_PROTOCOL } from '../src/node/swarm/swarm-hub.ts'
import { Libp2pTransport } from '../src/node/transport/libp2p-transport.ts'
import type { PeerStream } from '../src/node/transport/transport.ts'
import { sha256 } from '../src/store/sha256.ts'
import { Bitfield } from '../src/swarm/bitfield.ts'
import { Transfer } from '../src/swarm/transfer.ts'
import { peerKey, type TransferEffect, type TransferEvent } from '../src/swarm/transfer-types.ts'
import { WireDecoder } from '../src/swarm/wire-decoder.ts'
import { encodeMessages } from '../src/swarm/wire-encoder.ts'
import type { WireMessage } from '../src/swarm/wire-messages.ts'

export class HostileMember {
  readonly key: DeviceKey
  readonly transport: Libp2pTransport

  private constructor(key: DeviceKey, transport: Libp2pTransport) {
    this.key = key
    this.transport = transport
  }

  /** Joins with a ticket and answers every swarm stream with `behave`. */
  static async join(
    ticketText: string,
    behave: (stream: PeerStream) => void,
    listen = '/ip4/127.0.0.1/tcp/0'
  ): Promise<HostileMember> {
    const ticket = decodeTicket(ticketText, sha256)
    if (!ticket.ok) throw new Error(ticket.detail)
    const key = DeviceKey.generate()
    const signal = AbortSignal.timeout(20_000)
    const joiner = new Libp2pTransport({ key, listen: [] })
    joiner.setGate(() => 'member')
    await joiner.start()
    const newcomer = { key, name: 'hostile', nameSalt: newNameSalt(), kind: 'server' as const }
    await redeemTicket(joiner, { ticket: ticket.value, newcomer, signal })
    await joiner.stop()
    const transport = new Libp2pTransport({ key, listen: [listen] })
    transport.setGate(() => 'member')
    transport.handle(SWARM_PROTOCOL, behave)
    await transport.start()
    return new HostileMember(key, transport)
  }

  /** Links with an honest node, as soon as that node knows of its enrolment. */
  async befriend(client: AdminClient): Promise<void> {
    const { device, addresses } = await client.call('status', {})
    const id = parseDeviceId(device.id)
    if (id === undefined) throw new Error('the node has no device id')
    for (let attempt = 0; attempt < 50; attempt++) {
      const outcome = await this.transport.dial({ device: id, addresses }, AbortSignal.timeout(10_000))
      if (outcome.kind === 'connected') return
      await new Promise(resolve => setTimeout(resolve, 200))
    }
    throw new Error('the node does not let the hostile member in')
  }
}

/** What a hostile seed may change of what an honest one would send. */
export interface Tampering {
  readonly block?: (block: Uint8Array) => Uint8Array
  readonly messages?: (messages: readonly WireMessage[]) => readonly WireMessage[]
  /** Sends nothing at all in answer to requests. */
  readonly stall?: boolean
}

export interface SeedContent {
  readonly version: Version
  readonly layers: ReadonlyMap<number, Uint8Array>
  readonly read: (piece: number, begin: number, length: number) => Uint8Array
}

/** A seed that does all that an honest one does, but for the tampering. */
export function tamperingSeed(content: SeedContent, key: DeviceKey | undefined, tampering: Tampering) {
  return (stream: PeerStream): void => {
    const { version, layers } = content
    const transfer = new Transfer({
      versionId: version.id,
      version,
      have: Bitfield.full(version.pieceCount),
      wantsData: false,
      self: (key ?? DeviceKey.generate()).id,
      site: 'lab',
      sha256,
      knownLayer: fileIndex => layers.get(fileIndex),
      seed: 1
    })
    const peer = peerKey(0)
    const send = (messages: readonly WireMessage[]): void => {
      stream.send(encodeMessages(tampering.messages?.(messages) ?? messages))
    }
    const handle = (event: TransferEvent): void => {
      for (const effect of transfer.handle(event, performance.now())) perform(effect)
    }
    const perform = (effect: TransferEffect): void => {
      if (effect.type === 'send') send(effect.messages)
      else if (effect.type === 'serve' && tampering.stall !== true) {
        const { piece, begin, length } = effect
        const block = content.read(piece, begin, length)
        send([{ type: 'piece', piece, begin, block: tampering.block?.(block) ?? block }])
        queueMicrotask(() => handle({ type: 'served', peer, piece, begin, length, sent: true }))
      }
    }
    const decoder = new WireDecoder({ allocate: length => new Uint8Array(length) })
    stream.onClose(() => undefined)
    stream.onEnd(() => undefined)
    handle({ type: 'peerConnected', peer, device: stream.peer, site: '', sameSite: false, outbound: false })
    stream.onData(chunk => {
      for (const message of decoder.push(chunk).messages) handle({ type: 'message', peer, message })
    })
  }
}
