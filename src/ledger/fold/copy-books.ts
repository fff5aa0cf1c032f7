/**
 * The books of copies: what is said about the copies of each device, by itself and by who disputes it. A device keeps a
 * copy when its last word about it in causal order says so, and knows of every dispute about it (remove-wins): a word
 * that was given without knowing that somebody had asked in vain does not answer that.
 *
 * A holder says the same of many versions again and again. So its words are kept in causal order, and the one about a
 * version is looked for from the end, where it is near.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { CopyDispute, CopyOf, CopyState } from '../operation/operation-content.ts'
import { compareCausal, type Placed } from './feed.ts'
import type { CopyEntry } from './state.ts'
import type { Knows } from './subject.ts'

interface OfDevice {
  /** Every version that a word was ever about: of the others there is none to look for. */
  readonly told: Set<VersionId>
  readonly words: Placed[]
  readonly disputes: Placed[]
}

export class CopyBooks {
  readonly #knows: Knows
  readonly #devices = new Map<DeviceId, OfDevice>()

  constructor(knows: Knows) {
    this.#knows = knows
  }

  /** Takes an operation that came into force, or no longer is. */
  book(placed: Placed, content: CopyState | CopyDispute, isIn: boolean): void {
    const of = this.#devices.get(content.device) ?? nothingSaid()
    this.#devices.set(content.device, of)
    const all = content.type === 'copy.state' ? of.words : of.disputes
    if (isIn) {
      for (const { version } of content.copies) of.told.add(version)
      const before = all.findLastIndex(other => compareCausal(other, placed) < 0)
      all.splice(before + 1, 0, placed)
      return
    }
    const at = all.indexOf(placed)
    if (at >= 0) all.splice(at, 1)
  }

  /** The words of a device about any of these, the last for each; and all disputes about them. */
  about(
    device: DeviceId,
    copies: readonly CopyOf[]
  ): { readonly words: readonly Placed[]; readonly disputes: readonly Placed[] } {
    const { words, disputes, told } = this.#devices.get(device) ?? nothingSaid()
    const last = copies.flatMap(({ version }) =>
      told.has(version) ? (words.findLast(word => isAbout(word, version)) ?? []) : []
    )
    const isMeant = (dispute: Placed): boolean => copies.some(({ version }) => isAbout(dispute, version))
    return { words: [...new Set(last)], disputes: disputes.filter(isMeant) }
  }

  /** What a device keeps of a version; undefined where it does not, or it is disputed. */
  entry(device: DeviceId, version: VersionId): CopyEntry | undefined {
    const { words = [], disputes = [] } = this.#devices.get(device) ?? {}
    const last = words.findLast(word => isAbout(word, version))
    const { id, content, timeMs } = last?.operation ?? {}
    if (last === undefined || id === undefined || timeMs === undefined || content?.type !== 'copy.state')
      return undefined
    const isDisputed = disputes.some(dispute => isAbout(dispute, version) && !this.#knows(last, dispute))
    const share = content.copies.find(copy => copy.version === version)?.share
    if (isDisputed || content.untilMs === 0 || share === undefined) return undefined
    return { operation: id, share, untilMs: content.untilMs, timeMs }
  }
}

function nothingSaid(): OfDevice {
  return { told: new Set(), words: [], disputes: [] }
}

function isAbout({ operation: { content } }: Placed, version: VersionId): boolean {
  if (content?.type !== 'copy.state' && content?.type !== 'copy.dispute') return false
  // They are in the order of their versions.
  let [from, to] = [0, content.copies.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const at = content.copies[middle]?.version ?? ''
    if (at === version) return true
    if (at < version) from = middle + 1
    else to = middle
  }
  return false
}
