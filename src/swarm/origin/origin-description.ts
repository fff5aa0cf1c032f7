/**
 * What is in a version, from the HTTP origin when no peer tells: its info dictionary, and the layers of its files.
 * Peers are asked first; the origin when nothing new came for a while, and by one member before the others, so that
 * these have it from that one. An origin that does not have it, or has that of another version, is asked ever less.
 */

import { textHash32 } from '../../base/hash32.ts'
import type { MetadataExchange } from '../metadata-exchange.ts'
import type { TransferContext } from '../transfer-context.ts'
import type { EventOf } from '../transfer-types.ts'
import type { VersionParts } from '../version-parts.ts'

const TURNS_MAX = 8
const DOUBLINGS_MAX = 8

export class OriginDescription {
  readonly #context: TransferContext
  readonly #metadata: MetadataExchange
  /** What was known when that last changed, and when that was. */
  #known = -1
  #knownMs = 0
  #isAsked = false
  /** Attempts in a row of which nothing came. */
  #attempts = 0

  constructor(context: TransferContext, metadata: MetadataExchange) {
    this.#context = context
    this.#metadata = metadata
  }

  /** Whether something is missing that the origin may have. */
  isWanted(parts: VersionParts | undefined): boolean {
    if (!this.#context.origin.isReady) return false
    return !this.#metadata.isKnown || (this.#context.wantsData && (parts?.layers.missingCount ?? 0) > 0)
  }

  tick(parts: VersionParts | undefined): void {
    const { nowMs, limits, sessions, origin, wantsData } = this.#context
    origin.wantedMs = wantsData ? (origin.wantedMs ?? nowMs) : undefined
    const known = this.#metadata.receivedBytes - (parts?.layers.missingCount ?? 0)
    if (known !== this.#known || !this.isWanted(parts)) {
      this.#known = known
      this.#knownMs = nowMs
      this.#attempts = 0
    }
    if (this.#isAsked || !this.isWanted(parts)) return
    const patienceMs = (sessions.size > 0 ? 1 : 2) * limits.originPatienceMs * 2 ** this.#attempts
    if (nowMs < this.#knownMs + patienceMs + this.#turnsBefore() * 2 * limits.claimGraceMs) return
    this.#isAsked = true
    this.#context.emit({ type: 'fetchDescription' })
  }

  onEvent(event: EventOf<'originReady' | 'originDescribed'>, parts: VersionParts | undefined): void {
    if (event.type === 'originReady') {
      this.#context.origin.isReady = event.isReady
      parts?.origin.tick()
    } else this.#onDescribed(event.layers, parts)
  }

  /** An attempt is over. The next comes, if it is still of use, after twice as long. */
  #onDescribed(layers: ReadonlyMap<number, Uint8Array>, parts: VersionParts | undefined): void {
    this.#isAsked = false
    this.#knownMs = this.#context.nowMs
    this.#attempts = Math.min(DOUBLINGS_MAX, this.#attempts + 1)
    for (const [fileIndex, layer] of layers) parts?.layers.provide(fileIndex, layer)
    parts?.downloads.fillAll()
    parts?.origin.tick()
  }

  /** Whoever of those that are here comes first asks first; it does not matter that some may know already. */
  #turnsBefore(): number {
    const { self, versionId, sessions } = this.#context
    const own = textHash32(`${self}${versionId}`)
    let before = 0
    for (const { facts, isComplete } of sessions.values())
      if (!isComplete && textHash32(`${facts.device}${versionId}`) < own) before++
    return Math.min(before, TURNS_MAX)
  }
}
