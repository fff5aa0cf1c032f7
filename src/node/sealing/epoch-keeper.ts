/**
 * Begins epochs of groups, where this device may, and opens the keys of those that it is a member of.
 *
 * An epoch's key is random, made by the device that begins it, and forgotten by it: what it keeps are the records that
 * wrap it to the members. They are durable before the ledger hears of the epoch, so whoever hears of it can get its key
 * from somebody. Two that begin at once both did; the ledger says which epoch counts, and the other is sealed to by
 * nobody for long. Nobody needs an old key to begin a new epoch: so it takes one device that may and is online.
 *
 * Whoever may takes a place in an order, and waits for those before: mostly one of them begins.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { compareBytes, concatBytes, equalBytes, toHex, utf8 } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { type DeviceId, idBytes, type OperationId, type OrgId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { FILE_KEY_BYTES } from '../../content/sealing/payload.ts'
import type { GroupEntry, State } from '../../ledger/fold/state.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import { createEpochRecord, PART_MEMBERS_MAX, PARTS_MAX } from '../../ledger/sealing/epoch-record.ts'
import { epochDue, epochMembers, grantedGroups, mayBeginEpoch } from '../../ledger/sealing/epoch-rules.ts'
import { openStanza, wrapEnvelope } from '../../store/sealing/envelope.ts'
import { hkdf, randomBytes } from '../../store/sealing/openssl-ciphers.ts'
import { X25519Key } from '../../store/sealing/x25519.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import type { Log } from '../log.ts'
import type { EpochShelf } from './epoch-shelf.ts'

/** Between one of those who may begin and the next. */
const TURN_MS = 3 * SECOND_MS
/** So long the records of an epoch are asked for before another is begun instead. */
const LOST_MS = MINUTE_MS
/** Before this device tries again what it could not sign. */
const REFUSED_MS = 10 * MINUTE_MS
/** Of a group: envelopes may still be wrapped to an epoch before the current one. */
export const EPOCHS_KEPT = 8
const KEY_INFO = utf8('peerage/group-epoch/v1')
const KEY_BYTES = 32

export interface EpochKeeperInit {
  readonly org: OrgId
  readonly key: Pick<DeviceKey, 'id' | 'sign'>
  readonly sealingKey: X25519Key
  readonly state: () => State
  readonly shelf: EpochShelf
  readonly append: (content: OperationContent) => unknown
  /** Looks again after a while. */
  readonly lookAfter: (ms: number) => void
  readonly log: Log
}

/** The key pair of an epoch, from the seed that its records wrap. */
export function epochKey(seed: Uint8Array): X25519Key {
  return new X25519Key(hkdf({ secret: seed, salt: new Uint8Array(0), info: KEY_INFO, bytes: KEY_BYTES }))
}

export class EpochKeeper {
  readonly #init: EpochKeeperInit
  /** By the public key in hex; undefined for those that this device can not open. */
  readonly #opened = new Map<string, X25519Key>()
  /** When a group was first seen to need an epoch after the one that is named. */
  readonly #dueSince = new Map<OperationId, { readonly after: number; readonly atMs: number }>()
  readonly #lackedSince = new Map<string, number>()
  readonly #refusedUntilMs = new Map<OperationId, number>()
  #running: Promise<void> | undefined
  #isClosed = false

  constructor(init: EpochKeeperInit) {
    this.#init = init
  }

  close(): void {
    this.#isClosed = true
  }

  /** The private key of an epoch, where this device is a member of it. */
  keyOf(recipient: Uint8Array): X25519Key | undefined {
    const hex = toHex(recipient)
    const known = this.#opened.get(hex)
    if (known !== undefined) return known
    const opened = this.#open(recipient)
    if (opened !== undefined) this.#opened.set(hex, opened)
    return opened
  }

  #open(recipient: Uint8Array): X25519Key | undefined {
    const { shelf, key, sealingKey, log } = this.#init
    const part = shelf.partFor(recipient, key.id)
    const record = part === undefined ? undefined : shelf.record(recipient, part)
    if (record === undefined) return undefined
    const at = record.members.findIndex(({ device }) => device === key.id)
    try {
      const seed = openStanza(record.envelope, at, sealingKey)
      const opened = seed && epochKey(seed)
      if (opened !== undefined && equalBytes(opened.publicKey, recipient)) return opened
      log.warn({ author: record.author }, 'the key of an epoch of a group is not what its record says')
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      log.warn({ author: record.author }, messageOf(thrown))
    }
    return undefined
  }

  /** Begins what is due and this device's turn to begin; at most one run at a time. */
  upkeep(): Promise<void> {
    this.#running ??= this.#goThrough().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #goThrough(): Promise<void> {
    const { state, shelf, key } = this.#init
    const groups = state().groups
    shelf.keepOnly([...groups.values()].flatMap(({ epochs }) => epochs.slice(-EPOCHS_KEPT)))
    if (!mayBeginEpoch(state(), key.id, Date.now())) return
    for (const group of grantedGroups(state(), Date.now())) {
      if (this.#isClosed) return
      const entry = state().groups.get(group)
      if (entry !== undefined && this.#isTurn(entry)) await this.#begin(entry)
    }
  }

  #isTurn(group: GroupEntry): boolean {
    const { state, shelf, key, lookAfter } = this.#init
    const nowMs = Date.now()
    const current = group.epochs.at(-1)
    const known = current && shelf.membersOf(current.recipient)
    const isLost = current !== undefined && known === undefined && this.#isLost(current.recipient)
    if ((this.#refusedUntilMs.get(group.operation) ?? 0) > nowMs) return false
    if (epochDue(state(), group, { known, isLost, nowMs }) === undefined) {
      this.#dueSince.delete(group.operation)
      return false
    }
    const after = current?.epoch ?? 0
    const seen = this.#dueSince.get(group.operation)
    const since = seen?.after === after ? seen : { after, atMs: nowMs }
    this.#dueSince.set(group.operation, since)
    const waitMs = since.atMs + TURN_MS * turnOf(state(), key.id, { group: group.operation, after }) - nowMs
    if (waitMs > 0) lookAfter(waitMs)
    return waitMs <= 0
  }

  /** Whether nobody could be found that has all of an epoch. */
  #isLost(recipient: Uint8Array): boolean {
    const hex = toHex(recipient)
    const sinceMs = this.#lackedSince.get(hex) ?? Date.now()
    this.#lackedSince.set(hex, sinceMs)
    const waitMs = sinceMs + LOST_MS - Date.now()
    if (waitMs > 0) this.#init.lookAfter(waitMs)
    return waitMs <= 0
  }

  async #begin({ operation: group, epochs }: GroupEntry): Promise<void> {
    const { org, key, sealingKey, state, shelf, append, log } = this.#init
    const seed = randomBytes(FILE_KEY_BYTES)
    const { publicKey: recipient } = epochKey(seed)
    const members = [...epochMembers(state(), group, Date.now())]
      .map(([device, by]) => ({ device, recipient: by }))
      // A device may have said a key to which nobody can seal.
      .filter(({ recipient: by }) => sealingKey.sharedSecret(by) !== undefined)
      .sort((a, b) => compareBytes(idBytes(a.device), idBytes(b.device)))
    const parts = Math.ceil(members.length / PART_MEMBERS_MAX)
    if (parts === 0 || parts > PARTS_MAX) return
    for (let part = 0; part < parts; part++) {
      await nextTurn()
      if (this.#isClosed) return
      const of = members.slice(part * PART_MEMBERS_MAX, (part + 1) * PART_MEMBERS_MAX)
      const envelope = wrapEnvelope(
        seed,
        of.map(({ recipient: by }) => by)
      )
      const terms = { org, group, recipient, author: key.id, part, parts, members: of, envelope }
      shelf.put(createEpochRecord(terms, { sign: message => key.sign(message), sha256 }))
    }
    seed.fill(0)
    const before = epochs.at(-1)?.epoch ?? 0
    // Somebody else may have begun one meanwhile.
    if ((state().groups.get(group)?.epochs.at(-1)?.epoch ?? 0) !== before) return
    this.#refusedUntilMs.set(group, Date.now() + REFUSED_MS)
    append({ type: 'group.epoch', group, epoch: before + 1, recipient })
    this.#refusedUntilMs.delete(group)
    log.info({ group, epoch: before + 1, members: members.length }, 'began a key epoch of a group')
  }
}

/** The place of a device among those who may begin the next epoch of a group: another order each time. */
function turnOf(
  state: State,
  device: DeviceId,
  { group, after }: { readonly group: OperationId; readonly after: number }
): number {
  const nowMs = Date.now()
  const score = (of: DeviceId) => toHex(sha256(concatBytes([idBytes(of), idBytes(group), utf8(`${after}`)])))
  const own = score(device)
  let before = 0
  for (const other of state.devices.keys())
    if (other !== device && mayBeginEpoch(state, other, nowMs) && score(other) < own) before++
  return before
}
