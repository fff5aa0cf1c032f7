/** What a SwarmDriver is made with, what it tells, and what is between it and a stream. */

import type { AppError } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { BlockBuffers } from '../../store/block-buffers.ts'
import type { Holding, PieceLayers } from '../../store/store.ts'
import type { DataClass } from '../../swarm/bandwidth/policy.ts'
import type { Bitfield } from '../../swarm/bitfield.ts'
import type { BringersOfSite } from '../../swarm/neighbours.ts'
import type { DisconnectReason, EventOf, PeerFacts } from '../../swarm/transfer-types.ts'
import type { WireDecoder } from '../../swarm/wire-decoder.ts'
import type { BlockRange, MisbehaviourReason, WireMessage } from '../../swarm/wire-messages.ts'
import type { Bandwidth } from '../bandwidth/bandwidth.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { OriginDesk } from '../origin/origin-desk.ts'
import type { PeerStream } from '../transport/transport.ts'
import type { PastHolders } from './past-holders.ts'
import type { Tally } from './tally.ts'

export interface DataWant extends Omit<EventOf<'wantData'>, 'type' | 'deadlineMs'> {
  /** By the date. */
  readonly deadlineEpochMs?: number
}

/** Other files of this device that hold blocks of the version, as far as hints say. */
export interface LocalSource {
  /** By piece times blocks per piece, plus block. */
  readonly blocks: Bitfield
  /** False when the range can not be had. What is read may be anything: it is verified with its piece. */
  readonly read: (range: BlockRange, into: Uint8Array) => Promise<boolean>
}

export interface SwarmDriverInit {
  readonly versionId: VersionId
  /** What is here of the version; undefined while not even its info dictionary is. */
  readonly holding: Holding | undefined
  /** Only with `holding`. */
  readonly local?: LocalSource | undefined
  readonly wantsData: boolean
  readonly self: DeviceId
  readonly site: string
  readonly bringers?: BringersOfSite | undefined
  readonly seed: number
  readonly buffers: BlockBuffers
  readonly log: Log
  readonly listener: SwarmDriverListener
  /** Where an HTTP origin can be had for a version that is to be fetched. */
  readonly origins?: Pick<OriginDesk, 'open'> | undefined
  readonly clock?: Clock
  /** Told what a device had when its stream ended. */
  readonly past?: PastHolders | undefined
  /** What limits the payload of this device, and of which class the version is now; absent where nothing does. */
  readonly limits?:
    | { readonly bandwidth: Bandwidth; readonly classNow: () => DataClass | undefined }
    | undefined
}

export interface SwarmDriverListener {
  /** The info dictionary came, and hashes to the version id, with layers if they came too. Answer with `useHolding`. */
  onInfo(infoBytes: Uint8Array, layers?: PieceLayers): void
  onComplete(): void
  /** Storing a piece failed: the disk, not a peer. The core tries again after a while. */
  onStorageFailure(failure: AppError): void
  onMisbehaviour(device: DeviceId, reason: MisbehaviourReason, detail: string): void
  onBan(device: DeviceId, reason: DisconnectReason, banMs: number): void
  /** A stream began. */
  onPeer(device: DeviceId): void
  /** Before the first block goes to a peer over a stream: nothing is sent until it resolves, or if it rejects. */
  onServing(device: DeviceId): Promise<void>
  /** A stream ended; there may be none left. `tally` is of that stream. */
  onPeerGone(device: DeviceId, tally: Tally): void
  /** So much came from the HTTP origin, and was verified, since it was last said. */
  onOrigin(host: string, bytes: number): void
}

export interface AttachedStream {
  readonly stream: PeerStream
  readonly facts: PeerFacts
  /** For a stream whose handshake was read to find this driver. */
  readonly decoder?: WireDecoder
  readonly received?: readonly WireMessage[]
}

/** Where the events of an attached stream go. */
export interface StreamSink {
  /** Where the next bytes belong, if that is known. */
  target(): Uint8Array | undefined
  onData(chunk: Uint8Array): void
  onEnd(): void
  onClose(): void
}
