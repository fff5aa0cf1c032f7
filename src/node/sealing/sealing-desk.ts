/**
 * Sealing on this device, put together: which key others seal to, envelopes, publishing and reading. What is sealed,
 * by whom it is held and who may open it is in docs/protocol-sealing.md; this file only knows what hangs on what.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { equalBytes, toHex } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { publishersOf } from '../../ledger/fold/deletion.ts'
import { isInGroup, rolesOf } from '../../ledger/fold/state.ts'
import { envelopeWriters, mayWriteEnvelope, sealedVersions } from '../../ledger/sealing/envelope-rules.ts'
import { grantedGroups, mayBeginEpoch } from '../../ledger/sealing/epoch-rules.ts'
import type { X25519Key } from '../../store/sealing/x25519.ts'
import type { Store } from '../../store/store.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { Transport } from '../transport/transport.ts'
import { EnvelopeAsking } from './envelope-asking.ts'
import { EnvelopeExchange } from './envelope-exchange.ts'
import { EnvelopeKeeper } from './envelope-keeper.ts'
import { EnvelopeShelf } from './envelope-shelf.ts'
import { EpochExchange, type WantedEpoch } from './epoch-exchange.ts'
import { EPOCHS_KEPT, EpochKeeper } from './epoch-keeper.ts'
import { EpochShelf } from './epoch-shelf.ts'
import { SealedFolders } from './sealed-folders.ts'
import { SealedPublisher, type SealedPublisherInit } from './sealed-publisher.ts'
import { SealedReader } from './sealed-reader.ts'
import { SealedSources } from './sealed-sources.ts'

/** A burst of operations is looked at once. */
const LOOK_MS = 200

export interface SealingDeskInit {
  readonly home: string
  readonly key: DeviceKey
  readonly sealingKey: X25519Key
  readonly ledger: LedgerKeeper
  readonly store: Store
  readonly transport: Transport
  readonly hashTree: SealedPublisherInit['hashTree']
  /** Whether a device may be served a version, and keep it. */
  readonly mayHold: (device: DeviceId, version: VersionId) => boolean
  /** Why a device may not read a version now. */
  readonly readFault: (device: DeviceId, version: VersionId) => string | undefined
  /** What people call a device. */
  readonly nameOf: (device: DeviceId) => string
  readonly log: Log
}

export class SealingDesk {
  readonly #init: SealingDeskInit
  readonly shelf: EnvelopeShelf
  readonly keeper: EnvelopeKeeper
  readonly exchange: EnvelopeExchange
  readonly #asking: EnvelopeAsking
  readonly epochs: EpochKeeper
  readonly #epochShelf: EpochShelf
  readonly #epochExchange: EpochExchange
  readonly publisher: SealedPublisher
  readonly sources: SealedSources
  readonly reader: SealedReader
  #timer: NodeJS.Timeout | undefined
  #askedEpochs: ReadonlySet<string> = new Set()
  #later: NodeJS.Timeout | undefined
  #laterAtMs = Number.POSITIVE_INFINITY
  #isClosed = false

  constructor(init: SealingDeskInit) {
    this.#init = init
    const { ledger, store, key, sealingKey, transport, mayHold, hashTree, log } = init
    const { records } = store
    const state = () => ledger.state()
    const folders = new SealedFolders(init.home)
    this.shelf = new EnvelopeShelf({ records, state, log })
    const org = state().org
    const lookAfter = (ms: number) => this.#lookAfter(ms)
    this.#epochShelf = new EpochShelf({
      ...{ records, state, log },
      authorOf: operation => (ledger.isWhole ? ledger.ledger.get(operation)?.author : undefined)
    })
    this.epochs = new EpochKeeper({
      ...{ org, key, sealingKey, state, shelf: this.#epochShelf, lookAfter, log },
      append: content => ledger.append(content)
    })
    this.#epochExchange = new EpochExchange({
      ...{ transport, shelf: this.#epochShelf, wanted: () => this.#wantedEpochs(), log }
    })
    this.keeper = new EnvelopeKeeper({
      ...{ org, key, sealingKey, state, records, shelf: this.shelf, lookAfter, log },
      epochs: { known: () => this.#epochShelf.known(), keyOf: recipient => this.epochs.keyOf(recipient) },
      versionOf: version => store.holdings().find(held => held.version.id === version)?.version,
      onMade: record => this.exchange.tell(record)
    })
    const wanted = () => this.#wanted()
    this.exchange = new EnvelopeExchange({ transport, shelf: this.shelf, wanted, mayHold, log })
    this.#asking = new EnvelopeAsking({
      peers: () => transport.peers().map(({ device }) => device),
      publishersOf: version => publishersOf(state(), version),
      ask: device => this.exchange.ask(device),
      lookAfter
    })
    const parts = { store, folders, shelf: this.shelf, keeper: this.keeper, log }
    this.sources = new SealedSources(records)
    this.publisher = new SealedPublisher({ ...parts, sources: this.sources, state, hashTree })
    this.reader = new SealedReader({
      ...{ ...parts, exchange: this.exchange },
      readFault: version => init.readFault(key.id, version),
      keyGivers: version =>
        envelopeWriters(state(), version, Date.now())
          .filter(device => device !== key.id)
          .map(init.nameOf)
    })
    this.shelf.onChange(() => this.look())
    this.#epochShelf.onChange(() => {
      this.keeper.reopen()
      this.look()
    })
    ledger.onWhole(() => this.look())
  }

  async start(): Promise<void> {
    await this.publisher.sweep()
    this.exchange.start()
    this.#epochExchange.start()
    this.look()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#later)
    this.exchange.close()
    this.#epochExchange.close()
    this.epochs.close()
    this.keeper.close()
  }

  /**
   * Destroys what opens a version on this device: every envelope of it that is here, with which the keys of all its
   * objects go, since they are nowhere but in its manifest. None is taken again. Durable when it returns, and the
   * same when it is done again; objects stay where they are. Gives how many envelopes there were.
   */
  destroyKeys(version: VersionId): number {
    // In this order: as long as the records are there it is done again after a crash.
    this.keeper.forget(version)
    return this.shelf.destroy(version)
  }

  /** The ledger, or how fresh the view of it is, has changed, or time alone has. */
  look(): void {
    if (this.#timer !== undefined || this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#announce()
      this.reader.recheck()
      void this.#upkeep().catch(thrown => {
        if (!(thrown instanceof AppError)) throw thrown
        this.#init.log.error({}, `envelopes could not be kept in step: ${messageOf(thrown)}`)
      })
    }, LOOK_MS)
    this.#timer.unref()
  }

  async #upkeep(): Promise<void> {
    const { ledger, log } = this.#init
    const wanted = new Set(this.#wantedEpochs().map(({ recipient }) => toHex(recipient)))
    // What nobody had is asked for now and then.
    if ([...wanted].some(recipient => !this.#askedEpochs.has(recipient))) this.#epochExchange.askAll()
    this.#askedEpochs = wanted
    if (ledger.isWhole)
      await this.epochs.upkeep().catch(thrown => {
        if (!(thrown instanceof AppError)) throw thrown
        log.warn({}, `no key epoch of a group could be begun: ${messageOf(thrown)}`)
      })
    await this.keeper.upkeep()
    this.#asking.look(await this.#lacking())
  }

  /** Of what is wanted, what this device may read and can not open, or holds and has no envelope of. */
  async #lacking(): Promise<ReadonlySet<VersionId>> {
    const { ledger, store, key, readFault } = this.#init
    const lacking = new Set<VersionId>()
    const held = new Set(store.holdings().map(({ version }) => version.id))
    for (const version of sealedVersions(ledger.state())) {
      await nextTurn()
      if (this.#isClosed) break
      if (this.shelf.isDestroyed(version)) continue
      const isRead = readFault(key.id, version) === undefined
      if (isRead ? this.keeper.keysOf(version).length === 0 : held.has(version) && !this.shelf.has(version))
        lacking.add(version)
    }
    return lacking
  }

  /** The soonest of those that were asked for. */
  #lookAfter(ms: number): void {
    const atMs = Date.now() + ms
    if (this.#isClosed || this.#laterAtMs <= atMs) return
    clearTimeout(this.#later)
    this.#laterAtMs = atMs
    this.#later = setTimeout(() => {
      this.#laterAtMs = Number.POSITIVE_INFINITY
      this.look()
    }, ms)
    this.#later.unref()
  }

  /** All of what may be sealed to here; and of each epoch of a group that this device is in what is for it. */
  #wantedEpochs(): WantedEpoch[] {
    const { ledger, key } = this.#init
    const state = ledger.state()
    const nowMs = Date.now()
    const wanted: WantedEpoch[] = []
    let seals: boolean | undefined
    for (const group of grantedGroups(state, nowMs)) {
      const { epochs = [] } = state.groups.get(group) ?? {}
      const current = epochs.at(-1)
      if (current !== undefined && !this.#epochShelf.isWhole(current.recipient)) {
        seals ??=
          mayBeginEpoch(state, key.id, nowMs) ||
          sealedVersions(state).some(version => mayWriteEnvelope(state, key.id, version, nowMs))
        if (seals) wanted.push({ recipient: current.recipient, isAll: true })
      }
      if (!isInGroup(state, { group, device: key.id, nowMs })) continue
      for (const { recipient } of epochs.slice(-EPOCHS_KEPT))
        if (this.#epochShelf.partFor(recipient, key.id) === undefined)
          wanted.push({ recipient, isAll: false })
    }
    return wanted
  }

  /** Says to which key things are sealed for this device, once it is a member that may say so. */
  #announce(): void {
    const { ledger, key, sealingKey, log } = this.#init
    if (!ledger.isWhole) return
    const state = ledger.state()
    const said = state.devices.get(key.id)?.sealing?.recipient
    if (said !== undefined && equalBytes(said, sealingKey.publicKey)) return
    const roles = rolesOf(state, key.id, Date.now())
    if (!roles.some(role => state.root.roles.get(role)?.includes('device.sealing') === true)) return
    try {
      ledger.append({ type: 'device.sealing', device: key.id, recipient: sealingKey.publicKey })
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      log.warn({}, `this device could not say its sealing key yet: ${messageOf(thrown)}`)
    }
  }

  /** Of what this device holds or may read. */
  #wanted(): VersionId[] {
    const { ledger, store, key, readFault } = this.#init
    const held = new Set(store.holdings().map(({ version }) => version.id))
    return sealedVersions(ledger.state()).filter(
      version =>
        !this.shelf.isDestroyed(version) && (held.has(version) || readFault(key.id, version) === undefined)
    )
  }
}
