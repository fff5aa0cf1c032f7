/** One real transfer, and peers that say exactly what a test makes them say. */

import assert from 'node:assert/strict'
import { pieceIndex } from '../base/ids.ts'
import { Bitfield } from './bitfield.ts'
import { encodeExtendedHandshake } from './extension-messages.ts'
import { infoHashOf } from './session.ts'
import { deviceOf, type Fixture, sha256 } from './swarm-fixture.conformance.ts'
import { Transfer } from './transfer.ts'
import type { TransferLimits } from './transfer-limits.ts'
import { type PeerKey, peerKey, type TransferEffect, type TransferEvent } from './transfer-types.ts'
import type { HandshakeMessage, MessageOf, WireMessage } from './wire-messages.ts'

export const SELF = 99

export interface StageInit {
  readonly fixture: Fixture
  /** Pieces that are stored at the start; absent while not even the version is known. */
  readonly have?: 'all' | 'none' | readonly number[]
  readonly wantsData?: boolean
  /** Pieces that it wants; absent: all. */
  readonly wants?: readonly number[]
  /** Blocks that its own files are said to hold. */
  readonly local?: Bitfield
  readonly limits?: Partial<TransferLimits>
}

type EffectOf<Type extends TransferEffect['type']> = Extract<TransferEffect, { readonly type: Type }>

export class Stage {
  nowMs = 1000
  readonly fixture: Fixture
  readonly transfer: Transfer
  readonly effects: TransferEffect[] = []
  readonly #reported = new Set<TransferEffect>()
  #peers = 0

  constructor(init: StageInit) {
    this.fixture = init.fixture
    const { version, layers } = init.fixture
    const have = new Bitfield(version.pieceCount)
    for (let piece = 0; piece < version.pieceCount; piece++)
      if (init.have === 'all' || (Array.isArray(init.have) && init.have.includes(piece))) have.add(piece)
    this.transfer = new Transfer({
      versionId: version.id,
      ...(init.have === undefined ? {} : { version, have, ...this.#wanted(init.wants) }),
      ...(init.local === undefined ? {} : { local: init.local }),
      wantsData: init.wantsData ?? true,
      self: deviceOf(SELF),
      site: 'berlin',
      sha256,
      knownLayer: index => (init.have === undefined ? undefined : layers.get(index)),
      seed: 1,
      ...(init.limits === undefined ? {} : { limits: init.limits })
    })
  }

  #wanted(pieces: readonly number[] | undefined): { wanted?: Bitfield } {
    if (pieces === undefined) return {}
    const wanted = new Bitfield(this.fixture.version.pieceCount)
    for (const piece of pieces) wanted.add(piece)
    return { wanted }
  }

  /** Hands an event over and returns what it led to. */
  post(event: TransferEvent): TransferEffect[] {
    const effects = this.transfer.handle(event, this.nowMs)
    this.effects.push(...effects)
    return effects
  }

  /** Lets time pass as a driver would, with a tick whenever one is due. */
  wait(ms: number): void {
    const endMs = this.nowMs + ms
    for (let dueMs = this.transfer.nextWakeMs(); dueMs !== undefined; dueMs = this.transfer.nextWakeMs()) {
      if (dueMs > endMs) break
      this.nowMs = Math.max(this.nowMs, dueMs)
      this.post({ type: 'tick' })
    }
    this.nowMs = endMs
  }

  all<Type extends TransferEffect['type']>(type: Type): EffectOf<Type>[] {
    return this.effects.filter((effect): effect is EffectOf<Type> => effect.type === type)
  }

  /** Forgets what has happened so far. */
  clear(): void {
    this.effects.length = 0
  }

  connect(device = this.#peers + 1): ScriptedPeer {
    const peer = new ScriptedPeer(this, peerKey(this.#peers++), device)
    this.post({
      type: 'peerConnected',
      peer: peer.key,
      device: deviceOf(device),
      site: 'berlin',
      sameSite: true,
      outbound: true
    })
    return peer
  }

  /** A peer of ours with these pieces, which lets us ask. */
  join(pieces: 'all' | 'none' | readonly number[], device?: number): ScriptedPeer {
    const peer = this.connect(device)
    peer.greet()
    if (pieces === 'all') peer.say({ type: 'have-all' })
    else if (pieces === 'none') peer.say({ type: 'have-none' })
    else peer.say({ type: 'bitfield', bits: this.bits(pieces) })
    peer.sayExtensions()
    peer.say({ type: 'unchoke' })
    return peer
  }

  bits(pieces: readonly number[]): Uint8Array {
    const field = new Bitfield(this.fixture.version.pieceCount)
    for (const piece of pieces) field.add(piece)
    return field.toBytes()
  }

  /** Reports every piece that was handed over for storing and is not reported yet as stored. */
  storeAll(): void {
    for (const effect of this.all('storePiece')) {
      if (this.#reported.has(effect)) continue
      this.#reported.add(effect)
      this.post({ type: 'pieceStored', piece: effect.piece })
    }
  }

  assertCutOff(peer: ScriptedPeer, reason: string): void {
    const misbehaviours = this.all('misbehaviour').filter(effect => effect.device === deviceOf(peer.device))
    assert.deepEqual(
      misbehaviours.map(effect => effect.reason),
      [reason]
    )
    const cuts = this.all('disconnect').filter(effect => effect.peer === peer.key)
    assert.deepEqual(
      cuts.map(effect => effect.reason),
      [reason]
    )
    assert.ok((cuts[0]?.banMs ?? 0) > 0)
  }
}

export class ScriptedPeer {
  readonly key: PeerKey
  readonly device: number
  readonly #stage: Stage
  #heard = 0

  constructor(stage: Stage, key: PeerKey, device: number) {
    this.#stage = stage
    this.key = key
    this.device = device
  }

  say(message: WireMessage): TransferEffect[] {
    return this.#stage.post({ type: 'message', peer: this.key, message })
  }

  greet(changes: Partial<HandshakeMessage> = {}): TransferEffect[] {
    return this.say({
      type: 'handshake',
      extended: true,
      fast: true,
      v2: true,
      infoHash: infoHashOf(this.#stage.fixture.version.id),
      peerId: new Uint8Array(20),
      ...changes
    })
  }

  sayExtensions(metadataBytes: number | undefined = undefined): TransferEffect[] {
    const payload = encodeExtendedHandshake({ metadataBytes, requestCountMax: 512 })
    return this.say({ type: 'extended', extensionId: 0, payload })
  }

  /** All that it was sent. */
  get inbox(): WireMessage[] {
    return this.#stage
      .all('send')
      .filter(effect => effect.peer === this.key)
      .flatMap(effect => effect.messages)
  }

  /** What it was sent of some type. */
  got<Type extends WireMessage['type']>(type: Type): MessageOf<Type>[] {
    return this.inbox.filter((message): message is MessageOf<Type> => message.type === type)
  }

  /** Requests that it was sent since it last took them. */
  takeRequests(): MessageOf<'request'>[] {
    const requests = this.got('request')
    const fresh = requests.slice(this.#heard)
    this.#heard = requests.length
    return fresh
  }

  /** To be called after the stage forgot its effects. */
  forget(): void {
    this.#heard = 0
  }

  /** The true bytes of a request. */
  answer(
    { piece, begin, length }: MessageOf<'request'>,
    change?: (block: Uint8Array) => void
  ): TransferEffect[] {
    const block = this.#stage.fixture.piece(piece).slice(begin, begin + length)
    change?.(block)
    return this.say({ type: 'piece', piece, begin, block })
  }

  /** Answers every request until there is none left. */
  serveAll(change?: (block: Uint8Array) => void): void {
    for (let fresh = this.takeRequests(); fresh.length > 0; fresh = this.takeRequests())
      for (const request of fresh) {
        this.answer(request, change)
        this.#stage.nowMs++
      }
  }

  leave(): void {
    this.#stage.post({ type: 'peerDisconnected', peer: this.key })
  }

  /** Whether the transfer has cut it off. */
  get isCutOff(): boolean {
    return this.#stage.all('disconnect').some(effect => effect.peer === this.key)
  }
}

/** The piece under test in most scenes. */
export const FIRST = pieceIndex(0)
