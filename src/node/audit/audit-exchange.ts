/**
 * The audit protocol over the transport: answers what peers ask, and lets the parts of this device ask them.
 * messages.ts of the pure layer has the questions; who may ask for entries is decided by whoever makes this.
 */

import { isSameLog, type SignedCheckpoint } from '../../audit/checkpoint.ts'
import { DROPPED } from '../../audit/entry.ts'
import { type AuditMessage, INCARNATIONS_MAX } from '../../audit/messages.ts'
import { decodeReceipt } from '../../audit/receipt.ts'
import { AssertionFailure } from '../../base/assert.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import { QuestionBudget } from '../transport/question-budget.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import { AuditCollector } from './audit-collector.ts'
import type { AuditLog } from './audit-log.ts'
import { AuditSightings } from './audit-sightings.ts'
import { AuditTalk } from './audit-talk.ts'
import { AuditWitness, type WitnessPolicy } from './audit-witness.ts'

export const AUDIT_PROTOCOL = '/peerage/audit/1'

const STREAMS_PER_PEER_MAX = 4
const QUESTIONS_MAX = 100_000
const OPEN_TIMEOUT_MS = 10 * SECOND_MS
const LOOK_MS = 5 * SECOND_MS
/** Of one peer in a minute; each becomes an entry of ours. */
const RECEIPTS_PER_MINUTE_MAX = 120

export interface AuditExchangeInit {
  readonly transport: Transport
  readonly audit: AuditLog
  readonly key: DeviceKey
  readonly log: Log
  readonly isMember: (device: DeviceId) => boolean
  /** Whether any other device was ever enrolled, so that somebody can know what this one signed. */
  readonly hasCompany: () => boolean
  /** Whether a device may read the entries of this device's log, or why not, as a slug. */
  readonly mayAudit: (device: DeviceId) => true | string
  /** Whether a device was served a version from here. */
  readonly wasServed: (device: DeviceId, version: string) => boolean
  readonly datasetOf: (version: string) => string | null
  readonly policy?: WitnessPolicy
}

export class AuditExchange {
  readonly witness: AuditWitness
  readonly sightings: AuditSightings
  readonly #init: AuditExchangeInit
  readonly #collector: AuditCollector
  readonly #collecting = new Map<DeviceId, Promise<void>>()
  readonly #receipts = new QuestionBudget(RECEIPTS_PER_MINUTE_MAX)
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout

  constructor(init: AuditExchangeInit) {
    this.#init = init
    const { transport, audit, key, log, isMember, hasCompany, policy } = init
    this.sightings = new AuditSightings({ audit, log, isMember })
    this.witness = new AuditWitness({
      ...{ audit, sightings: this.sightings, key, log, hasCompany },
      ...(policy && { policy }),
      peers: () => transport.peers().map(({ device }) => device),
      talk: (peer, exchange) => this.talk(peer, exchange)
    })
    this.#collector = new AuditCollector({ audit, sightings: this.sightings })
    transport.handle(AUDIT_PROTOCOL, stream => void this.#answer(stream), {
      streamsPerPeerMax: STREAMS_PER_PEER_MAX
    })
    this.#timer = setInterval(() => void this.#look(), LOOK_MS)
    this.#timer.unref()
  }

  /** Brings what is here of a peer's log up to date; one run for each peer at a time. Rejects with AppError. */
  collect(device: DeviceId): Promise<void> {
    const running = this.#collecting.get(device)
    if (running !== undefined) return running
    const run = this.talk(device, async talk => {
      await this.#collector.collect(device, talk)
      await this.sightings.exchange(device, talk)
    }).finally(() => this.#collecting.delete(device))
    this.#collecting.set(device, run)
    return run
  }

  /** Gives a server our receipt; false when it does not take it. */
  async giveReceipt(server: DeviceId, receipt: Uint8Array): Promise<boolean> {
    const answer = await this.talk(server, talk => talk.ask({ kind: 'receipt', receipt }))
    return answer.kind === 'taken'
  }

  /** Runs one exchange over a stream of its own. Rejects with AppError. */
  async talk<T>(peer: DeviceId, exchange: (talk: AuditTalk) => Promise<T>): Promise<T> {
    const opening = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(OPEN_TIMEOUT_MS)])
    let talk: AuditTalk | undefined
    try {
      const stream = await this.#init.transport.open(peer, AUDIT_PROTOCOL, opening)
      talk = new AuditTalk(stream, this.#stop.signal)
      return await exchange(talk)
    } catch (thrown) {
      const isCalledOff = this.#stop.signal.aborted || (talk === undefined && opening.aborted)
      if (!isCalledOff || thrown instanceof AppError || thrown instanceof AssertionFailure) throw thrown
      throw new AppError('PEER_UNREACHABLE', `the peer did not answer: ${messageOf(thrown)}`, {
        cause: thrown
      })
    } finally {
      void talk?.leave()
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#stop.abort()
  }

  async #look(): Promise<void> {
    try {
      await this.witness.look()
    } catch (thrown) {
      if (!(thrown instanceof AppError) && !this.#stop.signal.aborted) throw thrown
      this.#init.log.error({}, `signing the audit log: ${messageOf(thrown)}`)
    }
  }

  async #answer(stream: PeerStream): Promise<void> {
    const { peer } = stream
    const talk = new AuditTalk(stream, this.#stop.signal)
    try {
      for (let count = 0; count < QUESTIONS_MAX; count++) {
        const question = await talk.next()
        if (question === undefined) return
        await talk.send(await this.#answerTo(peer, question))
      }
    } catch (thrown) {
      if (!(thrown instanceof AppError) && !this.#stop.signal.aborted) throw thrown
      this.#init.log.debug({ device: peer }, `audit answer: ${messageOf(thrown)}`)
      stream.abort('the audit exchange ended')
    } finally {
      await stream.close().catch(() => undefined)
    }
  }

  async #answerTo(peer: DeviceId, question: AuditMessage): Promise<AuditMessage> {
    switch (question.kind) {
      case 'cosign':
        return await this.witness.answer(peer, question)
      case 'logs':
        return this.#logs(peer)
      case 'fetch':
        return await this.#page(peer, question)
      case 'prove':
        return this.#proof(question)
      case 'checkpoints':
        await this.sightings.take(question.notes)
        return { kind: 'checkpoints', notes: this.sightings.latest(peer) }
      case 'receipt':
        return await this.#takeReceipt(peer, question.receipt)
      default:
        return { kind: 'refuse', reason: 'no-question' }
    }
  }

  /** Undefined when the peer may read the log, and else what it is told. */
  #refusal(peer: DeviceId): AuditMessage | undefined {
    const { audit, mayAudit } = this.#init
    const may = mayAudit(peer)
    if (may === true) return undefined
    audit.refused({ action: 'denied', peer, reason: may, version: null })
    return { kind: 'refuse', reason: may }
  }

  #logs(peer: DeviceId): AuditMessage {
    const { audit } = this.#init
    const refusal = this.#refusal(peer)
    if (refusal !== undefined) return refusal
    const logs = audit.store.database.logsOf(audit.device).slice(-INCARNATIONS_MAX)
    return { kind: 'logs', incarnations: logs.map(({ incarnation }) => incarnation) }
  }

  async #page(
    peer: DeviceId,
    { incarnation, from, limit }: Extract<AuditMessage, { kind: 'fetch' }>
  ): Promise<AuditMessage> {
    const { audit } = this.#init
    const refusal = this.#refusal(peer)
    if (refusal !== undefined) return refusal
    const log = { device: audit.device, incarnation }
    if (audit.store.database.log(log) === undefined) return { kind: 'refuse', reason: 'no-such-log' }
    const isEnded = !isSameLog(log, audit.id)
    const checkpoint = isEnded ? audit.latest(log) : await this.#newest(from)
    if (checkpoint === undefined) return { kind: 'page', dropped: [], entries: [], note: null, proof: [] }
    const { size, note } = checkpoint
    if (from > size && isEnded) return { kind: 'refuse', reason: 'lost' }
    if (from > size) return { kind: 'page', dropped: [], entries: [], note, proof: [] }
    const items = audit.store.database.items(log, { from, limit: Math.min(limit, size - from) })
    return {
      kind: 'page',
      dropped: items.flatMap(({ leaf }) => leaf ?? []),
      entries: items.map(({ bytes }) => bytes ?? DROPPED),
      note,
      proof: audit.prove(from + items.length, size, log)
    }
  }

  /** The newest checkpoint of our log, signed now if the asker has all of the one before. */
  async #newest(from: number): Promise<SignedCheckpoint | undefined> {
    const { audit } = this.#init
    const latest = audit.latest()
    const signedSize = latest?.size ?? 0
    const isBehind = from >= signedSize && audit.size > signedSize
    return latest === undefined || isBehind ? await audit.checkpoint() : latest
  }

  #proof({ incarnation, old, size }: Extract<AuditMessage, { kind: 'prove' }>): AuditMessage {
    const { audit } = this.#init
    const log = { device: audit.device, incarnation }
    if (old > size || size > (audit.store.database.log(log)?.size ?? 0))
      return { kind: 'refuse', reason: 'no-such-size' }
    return { kind: 'proof', proof: audit.prove(old, size, log) }
  }

  async #takeReceipt(peer: DeviceId, receipt: Uint8Array): Promise<AuditMessage> {
    const { audit, wasServed, datasetOf } = this.#init
    const decoded = decodeReceipt(receipt, { verify, sha256 })
    if (!decoded.ok) return { kind: 'refuse', reason: decoded.reason }
    const { org, server, reader, version, purpose } = decoded.value
    if (org !== audit.org || server !== audit.device || reader !== peer)
      return { kind: 'refuse', reason: 'not-for-me' }
    if (!wasServed(peer, version)) return { kind: 'refuse', reason: 'not-served' }
    if (!this.#receipts.takes(peer)) return { kind: 'refuse', reason: 'too-many' }
    await audit.record({ action: 'receipted', peer, receipt, purpose, version, dataset: datasetOf(version) })
    return { kind: 'taken' }
  }
}
