/**
 * Streams that peers opened and that have not said yet which version they are for: the handshake is read, within a
 * time, and then the stream goes to who serves that version.
 */

import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { type BlockBuffers, copyBytes } from '../../store/block-buffers.ts'
import { WireDecoder } from '../../swarm/wire-decoder.ts'
import type { WireMessage } from '../../swarm/wire-messages.ts'
import type { Clock } from '../clock.ts'
import type { PeerStream } from '../transport/transport.ts'
import type { StreamSink } from './swarm-driver-types.ts'

const HANDSHAKE_TIMEOUT_MS = 10 * SECOND_MS
/** Streams that wait for their handshake; a member that opens more is not served. */
const UNNAMED_STREAMS_MAX = 1024

export interface UnnamedStreamsInit {
  readonly buffers: BlockBuffers
  readonly clock: Clock
  readonly isRefused: (peer: DeviceId) => boolean
  /** Who takes a stream over by what it began with; undefined when it was ended. */
  readonly route: (
    stream: PeerStream,
    decoder: WireDecoder,
    received: readonly WireMessage[]
  ) => StreamSink | undefined
}

export class UnnamedStreams {
  readonly #init: UnnamedStreamsInit
  #count = 0

  constructor(init: UnnamedStreamsInit) {
    this.#init = init
  }

  take(stream: PeerStream): void {
    const { buffers, clock, isRefused, route } = this.#init
    if (this.#count >= UNNAMED_STREAMS_MAX || isRefused(stream.peer)) {
      stream.abort('not served')
      return
    }
    this.#count++
    const decoder = new WireDecoder({ allocate: length => buffers.allocate(length), copy: copyBytes })
    let isUnnamed = true
    let sink: StreamSink | undefined
    const settle = (): void => {
      if (isUnnamed) this.#count--
      isUnnamed = false
      endPatience()
    }
    const endPatience = clock.after(HANDSHAKE_TIMEOUT_MS, () => stream.abort('no handshake came'))
    stream.readInto?.(() => sink?.target())
    stream.onClose(() => {
      settle()
      sink?.onClose()
    })
    stream.onEnd(() => (sink === undefined ? stream.abort('it ended before its handshake') : sink.onEnd()))
    stream.onData(chunk => {
      if (!isUnnamed) {
        sink?.onData(chunk)
        return
      }
      const { messages, violation } = decoder.push(chunk)
      if (violation === undefined && messages.length === 0) return
      settle()
      if (violation === undefined) sink = route(stream, decoder, messages)
      else stream.abort('it began without a handshake')
    })
  }
}
