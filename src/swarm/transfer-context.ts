/**
 * What the parts of a Transfer share: its facts, its peers, and the effects of the event that is being handled.
 * Messages to one peer are gathered and leave together; they are dropped when the peer is cut off.
 */

import type { DeviceId, VersionId } from '../base/ids.ts'
import type { Sha256 } from '../content/hash.ts'
import { encodePeerage, type PeerageMessage } from './extension-messages.ts'
import type { BringersOfSite } from './neighbours.ts'
import type { Session } from './session.ts'
import type { TransferLimits } from './transfer-limits.ts'
import type {
  AskGate,
  DisconnectReason,
  EventOf,
  PeerKey,
  PieceFailures,
  TransferEffect
} from './transfer-types.ts'
import type { MisbehaviourReason, Violation, WireMessage } from './wire-messages.ts'

/** How many peers that have gone are remembered, so that their bad blocks can still be laid to them. */
const DEPARTED_MAX = 1024

export interface TransferContextInit {
  readonly versionId: VersionId
  readonly self: DeviceId
  readonly site: string
  readonly bringers: BringersOfSite | undefined
  readonly sha256: Sha256
  readonly limits: TransferLimits
  readonly seed: number
}

export class TransferContext {
  readonly versionId: VersionId
  readonly self: DeviceId
  readonly site: string
  readonly bringers: BringersOfSite | undefined
  readonly sha256: Sha256
  readonly limits: TransferLimits
  readonly seed: number
  readonly sessions = new Map<PeerKey, Session>()
  readonly misbehaviours = new Map<MisbehaviourReason, number>()
  readonly pieceFailures: PieceFailures = { mismatch: 0, storage: 0, lost: 0 }
  nowMs = 0
  wantsData = false
  /** When a block last left for any peer. */
  blockLeftMs = Number.NEGATIVE_INFINITY
  /** Whether the HTTP origin can be asked, since when data is wanted, and by when it should be here. */
  readonly origin: {
    isReady: boolean
    wantedMs: number | undefined
    deadlineMs: number | undefined
  } = { isReady: false, wantedMs: undefined, deadlineMs: undefined }
  /** What our own limits let us ask for; undefined when there can be none. */
  asking: AskGate | undefined
  /** The share of this transfer in what all of the device may have in flight. */
  inFlightBytesMax: number
  #effects: TransferEffect[] = []
  readonly #outboxes = new Map<Session, { readonly messages: WireMessage[]; canWait: boolean }>()
  readonly #bans = new Map<DeviceId, number>()
  readonly #departed = new Map<PeerKey, DeviceId>()
  /** Closes the books of a session that was cut off, before anything else happens. */
  onLeave: (session: Session) => void = () => {}

  constructor(init: TransferContextInit) {
    this.versionId = init.versionId
    this.self = init.self
    this.site = init.site
    this.bringers = init.bringers
    this.sha256 = init.sha256
    this.limits = init.limits
    this.inFlightBytesMax = init.limits.inFlightBytesMax
    this.seed = init.seed
  }

  want({ wantsData, inFlightBytesMax, deadlineMs }: EventOf<'wantData'>): void {
    this.wantsData = wantsData
    this.origin.deadlineMs = deadlineMs
    this.inFlightBytesMax = Math.min(inFlightBytesMax ?? Infinity, this.limits.inFlightBytesMax)
  }

  emit(effect: TransferEffect): void {
    this.#effects.push(effect)
  }

  send(session: Session, message: WireMessage): void {
    const outbox = this.#outboxOf(session)
    outbox.messages.push(message)
    outbox.canWait = false
  }

  /** Sends what is of use whenever it is heard: the driver may let it wait for company. */
  mention(session: Session, message: WireMessage): void {
    this.#outboxOf(session).messages.push(message)
  }

  /** In our extension, if the peer speaks it: at once, or when it suits. */
  tell(session: Session, said: PeerageMessage, canWait = false): void {
    const { peerageId } = session.extensions
    if (peerageId === undefined) return
    const message = { type: 'extended', extensionId: peerageId, payload: encodePeerage(said) } as const
    if (canWait) this.mention(session, message)
    else this.send(session, message)
  }

  #outboxOf(session: Session): { readonly messages: WireMessage[]; canWait: boolean } {
    let outbox = this.#outboxes.get(session)
    if (outbox === undefined) {
      outbox = { messages: [], canWait: true }
      this.#outboxes.set(session, outbox)
    }
    return outbox
  }

  isHere(session: Session): boolean {
    return this.sessions.get(session.key) === session
  }

  /** Cuts a peer off. */
  disconnect(session: Session, reason: DisconnectReason, banMs?: number): void {
    if (!this.isHere(session)) return
    this.emit({
      type: 'disconnect',
      peer: session.key,
      reason,
      ...(banMs === undefined ? {} : { banMs })
    })
    this.forget(session)
  }

  /** The session is over. */
  forget(session: Session): void {
    this.sessions.delete(session.key)
    this.#outboxes.delete(session)
    this.#departed.set(session.key, session.facts.device)
    for (const key of this.#departed.keys()) {
      if (this.#departed.size <= DEPARTED_MAX) break
      this.#departed.delete(key)
    }
    this.onLeave(session)
  }

  /** A peer broke the protocol: count it, say so, cut it off and keep it out for a while. */
  punish(session: Session, violation: Violation): void {
    this.#punish(session.key, session.facts.device, violation)
  }

  /** The same for one that may have gone. */
  punishKey(peer: PeerKey, violation: Violation): void {
    const device = this.sessions.get(peer)?.facts.device ?? this.#departed.get(peer)
    if (device !== undefined) this.#punish(peer, device, violation)
  }

  #punish(peer: PeerKey, device: DeviceId, { reason, detail }: Violation): void {
    this.misbehaviours.set(reason, (this.misbehaviours.get(reason) ?? 0) + 1)
    this.emit({ type: 'misbehaviour', peer, device, reason, detail })
    const { banMs, banCountMax } = this.limits
    this.#bans.delete(device)
    this.#bans.set(device, this.nowMs + banMs)
    for (const banned of this.#bans.keys()) {
      if (this.#bans.size <= banCountMax) break
      this.#bans.delete(banned)
    }
    for (const session of [...this.sessions.values()])
      if (session.facts.device === device) this.disconnect(session, reason, banMs)
  }

  /** How much longer a device is kept out. */
  banLeftMs(device: DeviceId): number {
    const untilMs = this.#bans.get(device)
    if (untilMs === undefined) return 0
    if (untilMs <= this.nowMs) this.#bans.delete(device)
    return Math.max(0, untilMs - this.nowMs)
  }

  takeEffects(): TransferEffect[] {
    for (const [session, outbox] of this.#outboxes)
      this.#effects.push({ type: 'send', peer: session.key, ...outbox })
    this.#outboxes.clear()
    const effects = this.#effects
    this.#effects = []
    return effects
  }
}
