/**
 * Logs for tests: keys from fixed seeds, and entries, checkpoints and cosignatures made by the product's own
 * functions. A log keeps all its nodes, so that proofs can be made at any size.
 */

import { defined } from '../base/assert.ts'
import { orgIdFromBytes } from '../base/ids.ts'
import {
  keyNamed,
  START_MS,
  sha256,
  type TestKey,
  verify,
  versionNamed
} from '../ledger/fold/org-fixture.conformance.ts'
import { addCosignatures, openCheckpoint, type SignedCheckpoint, signCheckpoint } from './checkpoint.ts'
import { createCosignature } from './cosignature.ts'
import { type AuditEvent, encodeEntry } from './entry.ts'
import { CompactRange, hashLeaf, type NodePosition, proveConsistency, rootOf } from './tree.ts'

export const ORG = orgIdFromBytes(sha256(Buffer.from('test org')))
export const keys = { verify, sha256 }

const nodeKey = ({ level, index }: NodePosition) => `${level}/${index}`

/** A tree over leaves, with every node that ever became full. */
export class TestTree {
  readonly range = CompactRange.empty(sha256)
  readonly #nodes = new Map<string, Uint8Array>()

  get size(): number {
    return this.range.size
  }

  append(entry: Uint8Array): void {
    for (const node of this.range.append(hashLeaf(entry, sha256))) this.#nodes.set(nodeKey(node), node.hash)
  }

  node = (position: NodePosition): Uint8Array =>
    defined(this.#nodes.get(nodeKey(position)), `node ${nodeKey(position)}`)
}

export class TestLog {
  readonly key: TestKey
  readonly entries: Uint8Array[] = []
  readonly tree = new TestTree()

  readonly incarnation: number

  constructor(name: string, incarnation = START_MS) {
    this.key = keyNamed(name)
    this.incarnation = incarnation
  }

  add(event: AuditEvent, timeMs = START_MS + 1000 * this.entries.length): Uint8Array {
    const encoded = encodeEntry({ seq: this.entries.length, timeMs, event })
    this.entries.push(encoded)
    this.tree.append(encoded)
    return encoded
  }

  /** `count` entries of different content; `variant` gives other ones at the same positions. */
  grow(count: number, variant = ''): this {
    for (let index = 0; index < count; index++) this.add(storedEvent(`${variant}${this.entries.length}`))
    return this
  }

  copy(name: string, size = this.entries.length): TestLog {
    const log = new TestLog(name)
    for (const entry of this.entries.slice(0, size)) {
      log.entries.push(entry)
      log.tree.append(entry)
    }
    return log
  }

  note(size = this.entries.length, witnesses: readonly TestKey[] = []): Uint8Array {
    const root = rootOf(size, this.tree.node, sha256)
    const note = signCheckpoint(
      { org: ORG, device: this.key.id, incarnation: this.incarnation, size, root },
      { sign: this.key.sign, sha256 }
    )
    return witnesses.reduce((cosigned, witness) => cosignedBy(cosigned, witness), note)
  }

  checkpoint(size = this.entries.length, witnesses: readonly TestKey[] = []): SignedCheckpoint {
    return opened(this.note(size, witnesses))
  }

  prove(oldSize: number, size = this.entries.length): Uint8Array[] {
    return proveConsistency({ oldSize, size }, this.tree.node, sha256)
  }
}

export function storedEvent(name: string): AuditEvent {
  return { action: 'stored', version: versionNamed(name), dataset: 'os/image', bytes: 1000, kind: 'fetched' }
}

export function opened(note: Uint8Array): SignedCheckpoint {
  const result = openCheckpoint(note, keys)
  if (!result.ok) throw new Error(`a checkpoint of ours is valid: ${result.detail}`)
  return result.value
}

export function cosignedBy(note: Uint8Array, witness: TestKey, timeSeconds = 1_800_000_000): Uint8Array {
  const { text } = opened(note)
  const statement = { org: ORG, witness: witness.id, timeSeconds, text }
  return addCosignatures(note, [createCosignature(statement, { sign: witness.sign, sha256 })])
}
