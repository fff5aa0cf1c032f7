/**
 * Brings two ledgers together over a stream: the asker says hello, and while it lacks what the other has, wants and
 * gets it page by page. Both sides ask, each on a stream of its own, when they link and whenever gossip hints that
 * there is something new. Gossip is never believed, only followed.
 *
 * Gossip gets lost, above all just after two have linked. So who took in something new asks those of its peers that
 * have not shown that they hold as much, a moment later: very soon after something was taken from somebody. Who is
 * asked by one that knows more asks back. By that alone a revocation goes on from peer to peer, and where gossip works
 * nobody has to be asked. A slow round now and then makes up for what failed.
 */

import { equalBytes } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { RootQuest, rootsFor } from '../../ledger/chain/root-sync.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import { takes } from '../../ledger/operation/operation-types.ts'
import { decodeAnnouncement, encodeAnnouncement } from '../../ledger/sync/announcement.ts'
import { digestOf, type FeedTip } from '../../ledger/sync/sync.ts'
import {
  decodeSyncMessage,
  encodeSyncMessage,
  SYNC_MESSAGE_BYTES_MAX,
  type SyncMessage
} from '../../ledger/sync/sync-messages.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Log } from '../log.ts'
import { type MessageCodec, MessageTalk } from '../transport/message-talk.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'
import { isSame, type LedgerFace, ShownLedgers } from './shown-ledgers.ts'
import { type Turn, Turns, type TurnTimes } from './turns.ts'

export const LEDGER_PROTOCOL = '/peerage/ledger/1'
/** What a sender has signed, and what its ledger has become by it (ledger/announcement.ts); relayed to everybody. */
export const LEDGER_TOPIC = 'peerage/ledger/1'
/**
 * What a sender's ledger has become by what it took in; to those it is linked with. Each device says so after whatever
 * anybody signs, so it is not relayed: to each would come as many messages as there are devices.
 */
export const LEDGER_FACE_TOPIC = 'peerage/ledger-face/1'

/** What comes in such a time is told of together; well before linked peers would ask. */
const FACE_MS = SECOND_MS / 4
/** After something was taken, or the roots changed; after anything else. Gossip has been everywhere by then. */
const COMPARE_TAKEN_MS = SECOND_MS
const COMPARE_GIVEN_MS = 10 * SECOND_MS
/** From one comparison to the next, if there was somebody to ask: each that differs may send all of its tips. */
const COMPARE_SPACING_MS = 5 * SECOND_MS
const ASK_BACK_MS = 2 * SECOND_MS
const ROUND_MS = 60 * SECOND_MS
/** After a round failed with a peer that is linked, doubled each time: a newer link that takes over ends it. */
const RETRY_MS = SECOND_MS
const RETRIES_MAX = 5
/**
 * What two ledgers differ in is asked of one peer at a time: what one has brought need not come from the others. One
 * whose answers do not come keeps the rest from it for so long.
 */
const TURN_TIMES: TurnTimes = { overMs: 3 * SECOND_MS, lostMs: 5 * SECOND_MS }
/** Who has said hello may ask for more so much later: others have their turn first. */
const ASK_ON_MS = 2 * MINUTE_MS
/** Who has said hello and does not ask for more by then may have more, and is asked for it. */
const ASK_LATE_MS = SECOND_MS / 2
/** Pages that one round asks for or answers with; what is left then comes by the next. */
const PAGES_MAX = 4096
/** Announcements whose records may wait for the ledger to be loaded; what others bring is asked for then. */
const EARLY_MAX = 1024

export interface LedgerSyncInit {
  readonly transport: Transport
  readonly keeper: LedgerKeeper
  readonly log: Log
}

export interface SyncEvents {
  /** A round of questions to a peer begins. */
  readonly onStart: (device: DeviceId) => void
  /** It ended well: we hold all that lies below the tips that the peer showed, of which `digest` is the digest. */
  readonly onComplete: (device: DeviceId, digest: Uint8Array) => void
  /** The rounds with it have ended for now, well or badly. */
  readonly onEnd?: (device: DeviceId) => void
}

interface AskedBack {
  readonly atMs: number
  /** What both sides held. */
  readonly theirs: LedgerFace
  readonly mine: LedgerFace
  timer: NodeJS.Timeout | undefined
}

export class LedgerSync {
  readonly #init: LedgerSyncInit
  readonly #events: SyncEvents[] = []
  readonly #shown = new ShownLedgers()
  #faceTimer: NodeJS.Timeout | undefined
  #comparison: { readonly dueMs: number; readonly timer: NodeJS.Timeout } | undefined
  #comparedMs = Number.NEGATIVE_INFINITY
  readonly #askedBack = new Map<DeviceId, AskedBack>()
  readonly #turns = new Turns(TURN_TIMES)
  readonly #rounds = new Map<DeviceId, { again: boolean }>()
  /** How often the rounds with a peer have failed in a row. */
  readonly #failed = new Map<DeviceId, number>()
  readonly #stop = new AbortController()
  #early = 0
  #completedMs: number | undefined
  readonly #timer: NodeJS.Timeout

  constructor(init: LedgerSyncInit) {
    this.#init = init
    const { transport, keeper } = init
    transport.handle(LEDGER_PROTOCOL, stream => void this.#answer(stream), { streamsPerPeerMax: 4 })
    transport.on({
      onConnect: ({ device }) => {
        this.#shown.linked(device)
        this.ask(device)
      },
      onDisconnect: device => {
        this.#shown.parted(device)
        clearTimeout(this.#askedBack.get(device)?.timer)
        this.#askedBack.delete(device)
      }
    })
    for (const topic of [LEDGER_TOPIC, LEDGER_FACE_TOPIC])
      transport.subscribe(topic, (from, bytes) => this.#onAnnouncement(from, bytes))
    keeper.on({
      onAccepted: accepted => {
        const signed = accepted.filter(({ author }) => author === transport.self)
        if (signed.length > 0) this.#announce(LEDGER_TOPIC, signed)
        if (signed.length < accepted.length) this.#showFaceSoon()
        const isTaken = accepted.some(({ content }) => content !== undefined && takes(content))
        if (accepted.length > 0) this.#compareIn(isTaken ? COMPARE_TAKEN_MS : COMPARE_GIVEN_MS)
      },
      onRoots: () => {
        this.#showFaceSoon()
        this.#compareIn(COMPARE_TAKEN_MS)
      }
    })
    this.#timer = setInterval(() => this.#askOne(), ROUND_MS)
    this.#timer.unref()
  }

  /** How long ago a round of questions ended well; null before the first. */
  get completedAgoMs(): number | null {
    return this.#completedMs === undefined ? null : performance.now() - this.#completedMs
  }

  /** Starts a round with a peer, or has the one that runs followed by another. */
  ask(device: DeviceId): void {
    const running = this.#rounds.get(device)
    if (running !== undefined) {
      running.again = true
      return
    }
    void this.#run(device)
  }

  on(events: SyncEvents): void {
    this.#events.push(events)
  }

  close(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#faceTimer)
    clearTimeout(this.#comparison?.timer)
    this.#stop.abort()
  }

  #showFaceSoon(): void {
    if (this.#faceTimer !== undefined) return
    this.#faceTimer = setTimeout(() => {
      this.#faceTimer = undefined
      this.#announce(LEDGER_FACE_TOPIC, [])
    }, FACE_MS)
    this.#faceTimer.unref()
  }

  #announce(topic: string, signed: readonly Operation[]): void {
    const { transport, keeper } = this.#init
    const { digest, rootHash } = keeper.hello()
    const records = signed.map(operation => operation.record)
    transport.publish(topic, encodeAnnouncement({ digest, root: rootHash, records }))
  }

  #onAnnouncement(from: DeviceId, bytes: Uint8Array): void {
    const { keeper, log } = this.#init
    const decoded = decodeAnnouncement(bytes)
    if (!decoded.ok) {
      log.debug({ device: from }, `ledger announcement: ${decoded.detail}`)
      return
    }
    const { digest, root: rootHash, records } = decoded.value
    this.#shown.show(from, { digest, rootHash })
    const compare = (): void => {
      if (!isSame({ digest, rootHash }, keeper.hello())) this.ask(from)
    }
    if (keeper.isWhole) {
      if (records.length > 0) keeper.take(records)
      compare()
    } else if (records.length === 0 || this.#early === EARLY_MAX) compare()
    else void this.#takeEarly(records).then(compare)
  }

  /** Records of an announcement that came while the ledger is loaded. */
  async #takeEarly(records: readonly Uint8Array[]): Promise<void> {
    this.#early++
    try {
      await this.#init.keeper.takeAll(records)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown // the node stops before it is loaded
    } finally {
      this.#early--
    }
  }

  #compareIn(waitMs: number): void {
    const nowMs = performance.now()
    const dueInMs = Math.max(waitMs, Math.ceil(this.#comparedMs + COMPARE_SPACING_MS - nowMs))
    const dueMs = nowMs + dueInMs
    if (this.#comparison !== undefined && this.#comparison.dueMs <= dueMs) return
    clearTimeout(this.#comparison?.timer)
    const timer = setTimeout(() => this.#compare(), dueInMs)
    timer.unref()
    this.#comparison = { dueMs, timer }
  }

  #compare(): void {
    this.#comparison = undefined
    const differing = this.#shown.differing(this.#init.keeper.hello())
    if (differing.length > 0) this.#comparedMs = performance.now()
    for (const device of differing) this.ask(device)
  }

  /** One of those that may lack something or know more; when there is none, anybody. */
  #askOne(): void {
    const { transport, keeper } = this.#init
    const differing = this.#shown.differing(keeper.hello())
    const from = differing.length > 0 ? differing : transport.peers().map(({ device }) => device)
    const drawn = from[Math.floor(Math.random() * from.length)]
    if (drawn !== undefined) this.ask(drawn)
  }

  async #run(device: DeviceId): Promise<void> {
    const round = { again: false }
    this.#rounds.set(device, round)
    try {
      do {
        round.again = false
        for (const events of this.#events) events.onStart(device)
        const digest = await this.#round(device)
        this.#failed.delete(device)
        this.#completedMs = performance.now()
        if (digest !== undefined) for (const events of this.#events) events.onComplete(device, digest)
      } while (round.again && !this.#stop.signal.aborted)
    } catch (thrown) {
      if (!(thrown instanceof AppError) && !this.#stop.signal.aborted) throw thrown
      this.#init.log.debug({ device }, `ledger sync: ${messageOf(thrown)}`)
      this.#retry(device)
    } finally {
      this.#rounds.delete(device)
      for (const events of this.#events) events.onEnd?.(device)
    }
  }

  #retry(device: DeviceId): void {
    const times = this.#failed.get(device) ?? 0
    if (times >= RETRIES_MAX || !this.#isLinked(device)) {
      this.#failed.delete(device)
      return
    }
    this.#failed.set(device, times + 1)
    setTimeout(() => this.#askLinked(device), RETRY_MS * 2 ** times).unref()
  }

  #isLinked(device: DeviceId): boolean {
    return this.#init.transport.peers().some(link => link.device === device)
  }

  #askLinked(device: DeviceId): void {
    if (!this.#stop.signal.aborted && this.#isLinked(device)) this.ask(device)
  }

  /**
   * One full question. Returns the digest of the tips that the peer showed when it answered, once we hold all that lies
   * below them: computed here, since what a hello claims is only a claim. Undefined when some could not be had.
   */
  async #round(device: DeviceId): Promise<Uint8Array | undefined> {
    const { transport, keeper } = this.#init
    const stream = await transport.open(device, LEDGER_PROTOCOL, this.#stop.signal)
    const talk = new Talk(stream, this.#stop.signal)
    try {
      // What follows is said by what was sent here, whatever came in meanwhile.
      const mine = keeper.hello()
      await talk.send({ kind: 'hello', ...mine })
      const hello = await talk.expect('hello')
      if (hello.org !== mine.org) throw new AppError('PEER_REFUSED', `${device} is of another org`)
      this.#shown.show(device, hello)
      if (!equalBytes(hello.rootHash, mine.rootHash)) await this.#askRoots(talk)
      if (equalBytes(hello.digest, mine.digest)) return hello.digest
      const turn = await this.#turns.take(this.#stop.signal)
      try {
        // Others have brought as much, meanwhile.
        if (equalBytes(hello.digest, keeper.hello().digest)) return hello.digest
        return await this.#askOperations(talk, turn)
      } finally {
        turn.end()
      }
    } finally {
      await talk.leave()
    }
  }

  /** The digest of the tips that the peer shows, once all that lies below is here; undefined if it can not be had. */
  async #askOperations(talk: Talk, turn: Turn): Promise<Uint8Array | undefined> {
    const { keeper } = this.#init
    await talk.send({ kind: 'want-tips' })
    const { tips } = await talk.expect('tips')
    let sent: readonly OperationId[] = []
    for (let page = 0; page < PAGES_MAX; page++) {
      await turn.pass()
      let wants = keeper.wantsFrom(tips, sent)
      if (wants.length === 0 && !keeper.isWhole) {
        await keeper.whole()
        wants = keeper.wantsFrom(tips, sent)
      }
      if (wants.length === 0) return digestOf(tips.toSorted(byId), sha256)
      await talk.send({ kind: 'want', wants })
      const { records, more } = await talk.expect('records')
      const accepted = await keeper.takeAll(records)
      if (accepted.length > 0) turn.hasBrought = true
      if (!more && accepted.length === 0) return undefined // what is left can not be had from this peer
      sent = keeper.ledger.lastOf(accepted.length > 0 ? accepted : records)
    }
    return undefined
  }

  /**
   * At most now and then, so that nobody is kept busy; what comes too early is made up for. Two who can not agree ask
   * each other no more while neither has anything new.
   */
  #askBack(device: DeviceId, theirs: LedgerFace, mine: LedgerFace): void {
    const last = this.#askedBack.get(device)
    const nowMs = performance.now()
    const ask = (): void => {
      this.#askedBack.set(device, { atMs: performance.now(), theirs, mine, timer: undefined })
      this.#askLinked(device)
    }
    if (last === undefined || nowMs >= last.atMs + ASK_BACK_MS) {
      clearTimeout(last?.timer)
      ask()
    } else if (last.timer === undefined && !(isSame(last.theirs, theirs) && isSame(last.mine, mine))) {
      last.timer = setTimeout(ask, last.atMs + ASK_BACK_MS - nowMs)
      last.timer.unref()
    }
  }

  /** Roots come before the operations that name them. */
  async #askRoots(talk: Talk): Promise<void> {
    const { keeper } = this.#init
    const quest = new RootQuest(keeper.chain, sha256)
    for (;;) {
      await talk.send({ kind: 'want-roots', have: quest.have() })
      const page = await talk.expect('roots')
      keeper.takeRoots(page.records)
      if (!quest.isUnfinished(page)) return
    }
  }

  async #answer(stream: PeerStream): Promise<void> {
    const { keeper } = this.#init
    const talk = new Talk(stream, this.#stop.signal)
    let late: NodeJS.Timeout | undefined
    try {
      const hello = await talk.expect('hello')
      const mine = keeper.hello()
      if (hello.org !== mine.org) {
        await talk.send({ kind: 'refuse', reason: 'foreign-org' })
        return
      }
      this.#shown.show(stream.peer, hello)
      await talk.send({ kind: 'hello', ...mine })
      const isSameDigest = equalBytes(hello.digest, mine.digest)
      const isSameRoot = equalBytes(hello.rootHash, mine.rootHash)
      if (!isSameRoot) this.#askBack(stream.peer, hello, mine) // it may know roots that we lack, too
      if (isSameDigest && isSameRoot) return
      let pages = 0
      // What it knows beyond us is not to wait for the turn that it waits for: others may keep that from it.
      if (!isSameDigest) late = setTimeout(() => this.#askBack(stream.peer, hello, mine), ASK_LATE_MS).unref()
      for (let message = 0; message < PAGES_MAX; message++) {
        const want = await talk.next(ASK_ON_MS)
        if (want === undefined) {
          // It wanted nothing of what we know beyond it, so what differs is what it knows beyond us.
          if (pages === 0 && !isSameDigest) this.#askBack(stream.peer, hello, mine)
          return
        }
        if (want.kind === 'want-tips') await talk.send({ kind: 'tips', tips: keeper.tips() })
        else if (want.kind === 'want') {
          pages++
          clearTimeout(late)
          await keeper.whole()
          await talk.send({ kind: 'records', ...keeper.ledger.recordsFor(want.wants) })
        } else if (want.kind === 'want-roots')
          await talk.send({ kind: 'roots', ...rootsFor(keeper.chain, want.have, sha256) })
        else throw new AppError('PEER_REFUSED', `a ${want.kind} where a want belongs`)
      }
    } catch (thrown) {
      if (!(thrown instanceof AppError) && !this.#stop.signal.aborted) throw thrown
      this.#init.log.debug({ device: stream.peer }, `ledger answer: ${messageOf(thrown)}`)
      stream.abort('the sync was malformed')
    } finally {
      clearTimeout(late)
      await stream.close().catch(() => undefined)
    }
  }
}

function byId(a: FeedTip, b: FeedTip): number {
  return a.id < b.id ? -1 : Number(a.id > b.id)
}

/** Sync messages over a stream; what is malformed or refused ends it as an AppError. */
const CODEC: MessageCodec<SyncMessage> = {
  what: 'a sync message',
  bytesMax: SYNC_MESSAGE_BYTES_MAX,
  encode: encodeSyncMessage,
  decode: decodeSyncMessage
}

class Talk extends MessageTalk<SyncMessage> {
  constructor(stream: PeerStream, signal: AbortSignal) {
    super(stream, CODEC, signal)
  }

  override async next(timeoutMs?: number): Promise<SyncMessage | undefined> {
    const message = await super.next(timeoutMs)
    if (message?.kind === 'refuse')
      throw new AppError('PEER_REFUSED', `the peer refused to sync: ${message.reason}`)
    return message
  }
}
