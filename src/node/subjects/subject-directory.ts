/**
 * Which persons versions are about: the only place where a person's id stands beside the key of its pseudonyms. It
 * is on the devices of stewards alone (admins and the role `privacy`), in their records, and never in the ledger.
 *
 *     subject/<hash of the key>           the id of a person and a key, as JSON with a version marker
 *     subject-erased/<hash of the key>    this key is not to be known here any more
 *
 * Two stewards who first hear of a person at once draw two keys, and both stay: a person has all keys under its id.
 * What was erased is marked by the key's hash, which tells nothing; so it does not come back from a steward that was
 * away, nor from a backup, once the two have met. Who is a steward no more forgets all of it.
 *
 * Not here: who may ask (subject-exchange.ts), and which versions are about whom, which the ledger and a key say.
 */

import { randomBytes } from 'node:crypto'
import { fromHex, fromUtf8, toHex, utf8 } from '../../base/bytes.ts'
import { isVisibleLine } from '../../ledger/encoding/names.ts'
import type { RecordStore } from '../../store/records.ts'
import { keyHashOf, SUBJECT_KEY_BYTES } from './pseudonym.ts'

const PREFIX = 'subject/'
const ERASED_PREFIX = 'subject-erased/'
const RECORD_VERSION = 1
export const SUBJECT_CHARACTERS_MAX = 128

export interface SubjectKey {
  readonly id: string
  readonly key: Uint8Array
}

/** What became known here, in the order in which it did: a key, or the hash of one that was erased. */
export type DirectoryChange =
  | { readonly kind: 'known'; readonly entry: SubjectKey }
  | { readonly kind: 'erased'; readonly hash: string }

export class SubjectDirectory {
  readonly #records: RecordStore
  /** By the hash of the key. */
  readonly #known = new Map<string, SubjectKey>()
  readonly #erased = new Set<string>()
  readonly #clearers: (() => void)[] = []
  readonly #forgetters: ((ids: readonly string[]) => void)[] = []

  constructor(records: RecordStore) {
    this.#records = records
    for (const { key } of records.listBlobs(ERASED_PREFIX)) this.#erased.add(key.slice(ERASED_PREFIX.length))
    const left: string[] = []
    for (const { key, bytes } of records.listBlobs(PREFIX)) {
      const entry = decodeSubjectRecord(bytes)
      const hash = entry && keyHashOf(entry.key)
      if (entry === undefined || hash === undefined) continue
      if (this.#erased.has(hash)) left.push(key)
      else this.#known.set(hash, entry)
    }
    // A crash came between.
    for (const key of left) records.deleteBlobs(key)
  }

  /** The ids of all persons. */
  ids(): string[] {
    return [...new Set([...this.#known.values()].map(({ id }) => id))].sort()
  }

  keysOf(id: string): Uint8Array[] {
    return [...this.#known.values()].flatMap(entry => (entry.id === id ? [entry.key] : []))
  }

  /** The key of a person for what is said from now on; one is drawn, and durable, where there is none. */
  keyFor(id: string): { readonly key: Uint8Array; readonly isNew: boolean } {
    const least = this.keysOf(id).sort((a, b) => (keyHashOf(a) < keyHashOf(b) ? -1 : 1))[0]
    if (least !== undefined) return { key: least, isNew: false }
    const key = new Uint8Array(randomBytes(SUBJECT_KEY_BYTES))
    this.take({ id, key })
    return { key, isNew: true }
  }

  /** False for what is known already, or was erased. */
  take(entry: SubjectKey): boolean {
    const hash = keyHashOf(entry.key)
    if (this.#erased.has(hash) || this.#known.has(hash)) return false
    this.#records.putBlob(PREFIX + hash, encodeSubjectRecord(entry))
    this.#known.set(hash, entry)
    return true
  }

  /** Forgets keys for good, by their hashes; nothing of them is left on the disk when it returns. */
  erase(hashes: readonly string[]): void {
    const fresh = hashes.filter(hash => !this.#erased.has(hash))
    if (fresh.length === 0) return
    this.#tellForgotten(new Set(fresh))
    this.#records.putBlobs(fresh.map(hash => ({ key: ERASED_PREFIX + hash, bytes: new Uint8Array(0) })))
    for (const hash of fresh) this.#records.deleteBlob(PREFIX + hash)
    this.#records.scrub()
    // Only then: what was not done, as on a full disk, is done when it is asked for again.
    for (const hash of fresh) {
      this.#erased.add(hash)
      this.#known.delete(hash)
    }
  }

  /** Calls `listener` with the ids of persons whose last key is about to be erased here. */
  onForgotten(listener: (ids: readonly string[]) => void): void {
    this.#forgetters.push(listener)
  }

  /** Calls `listener` when everything is forgotten, which this device is no steward to know. */
  onCleared(listener: () => void): void {
    this.#clearers.push(listener)
  }

  /** Forgets everything but what was erased. */
  clear(): void {
    for (const listener of this.#clearers) listener()
    if (this.#known.size === 0) return
    this.#records.deleteBlobs(PREFIX)
    this.#records.scrub()
    this.#known.clear()
  }

  #tellForgotten(hashes: ReadonlySet<string>): void {
    const kept = new Set([...this.#known].flatMap(([hash, { id }]) => (hashes.has(hash) ? [] : [id])))
    const ids = [...hashes].flatMap(hash => this.#known.get(hash)?.id ?? [])
    const forgotten = [...new Set(ids)].filter(id => !kept.has(id))
    if (forgotten.length > 0) for (const listener of this.#forgetters) listener(forgotten)
  }

  /** Those of these hashes that are not known here any more, and never will be. */
  areErased(hashes: readonly string[]): boolean {
    return hashes.every(hash => this.#erased.has(hash))
  }

  /** All that is known: first what was erased, so that who takes it in order takes nothing in vain. */
  changes(): DirectoryChange[] {
    return [
      ...[...this.#erased].map(hash => ({ kind: 'erased', hash }) as const),
      ...[...this.#known.values()].map(entry => ({ kind: 'known', entry }) as const)
    ]
  }
}

export function isSubjectId(text: string): boolean {
  return isVisibleLine(text, SUBJECT_CHARACTERS_MAX)
}

export function encodeSubjectRecord({ id, key }: SubjectKey): Uint8Array {
  return utf8(JSON.stringify({ v: RECORD_VERSION, id, key: toHex(key) }))
}

/** Undefined for what no version of this program wrote. */
export function decodeSubjectRecord(bytes: Uint8Array): SubjectKey | undefined {
  let value: { v?: unknown; id?: unknown; key?: unknown } | null
  try {
    value = JSON.parse(fromUtf8(bytes) ?? '') as typeof value
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value?.v !== RECORD_VERSION) return undefined
  const key = typeof value.key === 'string' ? fromHex(value.key) : undefined
  if (key?.length !== SUBJECT_KEY_BYTES || typeof value.id !== 'string' || !isSubjectId(value.id))
    return undefined
  return { id: value.id, key }
}
