/**
 * What devices ask each other about persons, and who is answered:
 *
 * - A steward tells another what it knows, and takes what that one tells, when they are linked and after each change.
 * - Who publishes has a steward say the pseudonym of a person for a version, and never gets the key. It is answered for
 *   what it alone has published, so that nobody finds out by asking whether what others published is about somebody.
 * - A steward asks any device what it has of some versions, and how.
 *
 * What is sent here goes over links that are encrypted from one device to the other, and to members alone.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { publishersOf } from '../../ledger/fold/deletion.ts'
import { rolesOf, type State } from '../../ledger/fold/state.ts'
import type { Log } from '../log.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { nextMessage } from '../transport/next-message.ts'
import { QuestionBudget } from '../transport/question-budget.ts'
import type { PeerStream, Transport } from '../transport/transport.ts'
import { pseudonymOf } from './pseudonym.ts'
import type { DirectoryChange, SubjectDirectory } from './subject-directory.ts'
import {
  CHANGES_MAX,
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
  MESSAGE_BYTES_MAX,
  type PlaceOf,
  type SubjectAnswer,
  type SubjectQuestion
} from './subject-messages.ts'

export const SUBJECT_PROTOCOL = '/peerage/subjects/1'
/** The role of devices that know whom data is about, besides admins. */
export const PRIVACY_ROLE = 'privacy'
const TIMEOUT_MS = 10 * SECOND_MS
const STREAMS_PER_PEER_MAX = 4
const QUESTIONS_PER_MINUTE_MAX = 600

export interface SubjectExchangeInit {
  readonly self: DeviceId
  readonly state: () => State
  readonly isWhole: () => boolean
  readonly transport: Pick<Transport, 'open' | 'handle' | 'on' | 'peers'>
  readonly directory: SubjectDirectory
  readonly places: (versions: readonly VersionId[]) => readonly PlaceOf[]
  readonly log: Log
}

export function isSteward(state: State, device: DeviceId): boolean {
  const roles = rolesOf(state, device, Date.now())
  return roles.includes('admin') || roles.includes(PRIVACY_ROLE)
}

export class SubjectExchange {
  readonly #init: SubjectExchangeInit
  readonly #stop = new AbortController()
  readonly #asked = new QuestionBudget(QUESTIONS_PER_MINUTE_MAX)
  readonly #sharing = new Map<DeviceId, Promise<void>>()
  #stewards = ''

  constructor(init: SubjectExchangeInit) {
    this.#init = init
    init.transport.handle(SUBJECT_PROTOCOL, stream => void this.#answer(stream), {
      streamsPerPeerMax: STREAMS_PER_PEER_MAX
    })
    init.transport.on({ onConnect: link => void this.#shareWith(link.device) })
  }

  get isSteward(): boolean {
    return isSteward(this.#init.state(), this.#init.self)
  }

  /** AppError NOT_AUTHORISED. */
  checkSteward(): void {
    if (this.isSteward) return
    throw new AppError(
      'NOT_AUTHORISED',
      `only admins and devices with the role ${PRIVACY_ROLE} know whom data is about`
    )
  }

  close(): void {
    this.#stop.abort()
  }

  /** The ledger has changed: who is a steward no more forgets, and who became one asks the others. */
  look(): void {
    const { state, isWhole, self } = this.#init
    if (!isWhole()) return
    const stewards = this.stewards().join()
    if (!isSteward(state(), self)) this.#forget()
    else if (stewards !== this.#stewards)
      for (const device of this.linkedStewards()) void this.#shareWith(device)
    this.#stewards = stewards
  }

  #forget(): void {
    const { directory, log } = this.#init
    try {
      directory.clear()
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      log.error({ code: thrown.code }, `what a steward knew is not forgotten yet: ${thrown.message}`)
    }
  }

  /** Others that are stewards now. */
  stewards(): DeviceId[] {
    const state = this.#init.state()
    return [...state.devices.keys()].filter(each => each !== this.#init.self && isSteward(state, each))
  }

  linkedStewards(): DeviceId[] {
    const linked = new Set(this.#init.transport.peers().map(({ device }) => device))
    return this.stewards().filter(device => linked.has(device))
  }

  /**
   * The pseudonym of a person for a version, from this device or the first steward that answers. With no version, only
   * that there is a key. Rejects with SUBJECTS_UNREACHABLE.
   */
  async mark(id: string, version: VersionId | null): Promise<string | null> {
    if (this.isSteward) return await this.#markHere(id, version)
    let why = 'none is connected'
    for (const device of this.linkedStewards())
      try {
        const answer = await this.ask(device, { kind: 'mark', id, version })
        if (answer.kind === 'mark') return answer.pseudonym
      } catch (thrown) {
        if (!(thrown instanceof AppError) && !(thrown instanceof DOMException)) throw thrown
        why = messageOf(thrown)
      }
    throw new AppError(
      'SUBJECTS_UNREACHABLE',
      `no device that knows whom data is about can be asked (admins and the role ${PRIVACY_ROLE}): ${why}`
    )
  }

  /** Tells all stewards that are linked; resolves to those that know it all then. */
  async shareWithAll(): Promise<ReadonlySet<DeviceId>> {
    const done = new Set<DeviceId>()
    await Promise.all(
      this.linkedStewards().map(async device => {
        if (await this.#tryToShare(device)) done.add(device)
      })
    )
    return done
  }

  async ask(device: DeviceId, question: SubjectQuestion): Promise<SubjectAnswer> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)])
    const framed = framedOf(await this.#init.transport.open(device, SUBJECT_PROTOCOL, signal))
    try {
      await framed.write(encodeQuestion(question))
      const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS, signal })
      const decoded = message === undefined ? undefined : decodeAnswer(message)
      if (decoded?.ok === true && decoded.value.kind === question.kind) return decoded.value
      throw new AppError('PEER_REFUSED', `device ${device} gave no answer about persons that can be read`)
    } finally {
      void framed.leave(this.#stop.signal)
    }
  }

  async #markHere(id: string, version: VersionId | null): Promise<string | null> {
    const { key, isNew } = this.#init.directory.keyFor(id)
    // A key that one device alone has is lost with it, and with it whom the data is about.
    if (isNew) await this.shareWithAll()
    return version === null ? null : pseudonymOf(key, version)
  }

  /** One at a time with each. */
  #shareWith(device: DeviceId): Promise<void> {
    const before = this.#sharing.get(device) ?? Promise.resolve()
    const after = before.then(() => void this.#tryToShare(device))
    this.#sharing.set(device, after)
    return after
  }

  async #tryToShare(device: DeviceId): Promise<boolean> {
    const { state, log, isWhole } = this.#init
    if (!isWhole() || !this.isSteward || !isSteward(state(), device)) return false
    try {
      await this.#share(device)
      return true
    } catch (thrown) {
      if (!(thrown instanceof AppError) && !(thrown instanceof DOMException)) throw thrown
      log.debug({ device }, `the directory of persons: ${messageOf(thrown)}`)
      return false
    }
  }

  async #share(device: DeviceId): Promise<void> {
    const own = this.#init.directory.changes()
    let from: number | null = 0
    for (let at = 0; from !== null || at < own.length; at += CHANGES_MAX) {
      const page = pageOf(own.slice(at, at + CHANGES_MAX))
      // Beyond the other's end it is asked for nothing more.
      const answer = await this.ask(device, { kind: 'share', from: from ?? 2 ** 32, ...page })
      if (answer.kind !== 'share') return
      this.#take(answer)
      from = answer.next
    }
  }

  #take({ entries, erased }: Pick<SubjectAnswer & { kind: 'share' }, 'entries' | 'erased'>): void {
    this.#init.directory.erase(erased)
    for (const entry of entries) this.#init.directory.take(entry)
  }

  async #answer(stream: PeerStream): Promise<void> {
    const { log } = this.#init
    try {
      const framed = framedOf(stream)
      const message = await nextMessage(framed, { timeoutMs: TIMEOUT_MS, signal: this.#stop.signal })
      if (message === undefined) return
      const question = decodeQuestion(message)
      if (!question.ok) return stream.abort(`the question is ${question.reason}`)
      const answer = this.#asked.takes(stream.peer)
        ? await this.#answerTo(stream.peer, question.value)
        : undefined
      if (answer === undefined) return stream.abort('not answered')
      await framed.write(encodeAnswer(answer))
      await stream.close()
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      log.debug({ device: stream.peer }, `asked about persons: ${thrown.message}`)
      stream.abort('the question was not answered')
    }
  }

  async #answerTo(peer: DeviceId, question: SubjectQuestion): Promise<SubjectAnswer | undefined> {
    const { state, directory, places, isWhole } = this.#init
    if (!isWhole()) return undefined
    switch (question.kind) {
      case 'mark': {
        if (!this.isSteward || !this.#mayMark(peer, question.version)) return undefined
        return { kind: 'mark', pseudonym: await this.#markHere(question.id, question.version) }
      }
      case 'share': {
        if (!this.isSteward || !isSteward(state(), peer)) return undefined
        this.#take(question)
        const all = directory.changes()
        const end = question.from + CHANGES_MAX
        const page = pageOf(all.slice(question.from, end))
        return { kind: 'share', next: end < all.length ? end : null, ...page }
      }
      case 'where':
        return isSteward(state(), peer) ? { kind: 'where', places: places(question.versions) } : undefined
    }
  }

  #mayMark(peer: DeviceId, version: VersionId | null): boolean {
    const state = this.#init.state()
    if (isSteward(state, peer)) return true
    const roles = rolesOf(state, peer, Date.now())
    if (!roles.some(role => state.root.roles.get(role)?.includes('dataset.subjects') === true)) return false
    if (version === null) return true
    const publishers = publishersOf(state, version)
    return publishers.size === 1 && publishers.has(peer)
  }
}

function pageOf(changes: readonly DirectoryChange[]) {
  return {
    entries: changes.flatMap(change => (change.kind === 'known' ? [change.entry] : [])),
    erased: changes.flatMap(change => (change.kind === 'erased' ? [change.hash] : []))
  }
}

function framedOf(stream: PeerStream): FramedStream {
  return new FramedStream(stream, { messageBytesMax: MESSAGE_BYTES_MAX })
}
