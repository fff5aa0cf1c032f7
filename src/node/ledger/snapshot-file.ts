/**
 * Keeps a snapshot of the ledger in the home folder, so that a node that starts again has its state at once. It is only
 * ever a shortcut: whatever is wrong with the file, it is as if there were none, and every operation is read instead.
 *
 * The file is a CBOR sequence of byte strings (audit/byte-sequence.ts): first [head, signature], then the chunks of
 * ledger/snapshot. The head says what the snapshot is of, and this device's key signs it:
 *
 * - the set of operations that the store holds, each by its id. One more, one fewer or another makes it void, so a
 *   snapshot that a crash left behind never answers for what was stored after it;
 * - the set of root records, those aside included;
 * - the code of the ledger, since other rules make another state of the same operations;
 * - the SHA-256 of all the chunks: damage is seen before anything is decoded.
 *
 * There is no time in it: the state has no clock, and what ends with time carries its end.
 */

import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readFileSync, rmSync } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { splitByteSequence } from '../../audit/byte-sequence.ts'
import { equalBytes } from '../../base/bytes.ts'
import { messageOf, systemCodeOf } from '../../base/errors.ts'
import { idBytes, type OrgId } from '../../base/ids.ts'
import type { ChainView } from '../../ledger/chain/chain-view.ts'
import { orgIdOf } from '../../ledger/chain/root.ts'
import { decodeCbor, encodeCbor } from '../../ledger/encoding/cbor.ts'
import { hash } from '../../ledger/encoding/names.ts'
import { bytes, bytesUpTo, exactly, Misshape, object, tuple } from '../../ledger/encoding/shape.ts'
import { domainMessage, SIGNATURE_BYTES, signId } from '../../ledger/encoding/signature.ts'
import {
  CHUNK_BYTES_MAX,
  decodeSnapshot,
  encodeSnapshot,
  type LedgerSnapshot
} from '../../ledger/snapshot/snapshot.ts'
import { sha256 } from '../../store/sha256.ts'
import { type DeviceKey, verifySignature } from '../keys/device-key.ts'
import { syncFolder } from '../keys/private-file.ts'
import type { Log } from '../log.ts'

const FILE_BYTES_MAX = 1024 * 1024 * 1024
const HEAD_BYTES_MAX = 1024
const OWNER_ONLY = 0o600
/** Chunks that are encoded before other work has its turn. */
const TURN_MS = 4

/** What a state is made of. */
export interface SnapshotBasis {
  readonly org: OrgId
  /** The hash of the store's set of records. */
  readonly records: Uint8Array
  /** The hash of its root records. */
  readonly roots: Uint8Array
  /** The hash of the code. */
  readonly rules: Uint8Array
}

const headShape = object({ v: exactly(1), org: hash, records: hash, roots: hash, rules: hash, chunks: hash })
const recordShape = tuple(bytesUpTo(HEAD_BYTES_MAX), bytes(SIGNATURE_BYTES))

export interface SnapshotFileInit {
  readonly path: string
  readonly key: DeviceKey
  readonly log: Log
}

export class SnapshotFile {
  readonly #path: string
  readonly #key: DeviceKey
  readonly #log: Log

  constructor({ path, key, log }: SnapshotFileInit) {
    this.#path = path
    this.#key = key
    this.#log = log
  }

  /** The snapshot of exactly this; undefined, and the log says why, when there is none that can be relied on. */
  read(basis: () => SnapshotBasis, chain: ChainView): LedgerSnapshot | undefined {
    const read = this.#readFile()
    // As at every first start: nothing is wrong.
    if (read === undefined) {
      this.#log.debug({ path: this.#path }, 'no snapshot of the ledger: there is none')
      return undefined
    }
    if (typeof read === 'string') {
      this.#log.info({ path: this.#path }, `no snapshot of the ledger: ${read}`)
      return undefined
    }
    const opened = this.#open(read, basis(), chain)
    if (typeof opened !== 'string') return opened
    this.#log.info({ path: this.#path }, `the snapshot of the ledger is passed over: ${opened}`)
    return undefined
  }

  /**
   * Takes the place of the file in one step, once it is on disk. False when it can not be written, or when `isStill`
   * says that the snapshot is no longer of the ledger; then the file is as it was before.
   */
  async write(
    basis: SnapshotBasis,
    snapshot: LedgerSnapshot,
    isStill: () => boolean = () => true
  ): Promise<boolean> {
    const parts: Uint8Array[] = []
    const chunksHash = createHash('sha256')
    let turnMs = performance.now()
    for (const chunk of encodeSnapshot(snapshot)) {
      const part = encodeCbor(chunk)
      parts.push(part)
      chunksHash.update(part)
      if (performance.now() - turnMs < TURN_MS) continue
      await nextTurn()
      if (!isStill()) return false
      turnMs = performance.now()
    }
    const head = encodeCbor({
      v: 1,
      ...{ org: idBytes(basis.org), records: basis.records, roots: basis.roots, rules: basis.rules },
      chunks: new Uint8Array(chunksHash.digest())
    })
    const signature = signId('snapshot', sha256(head), message => this.#key.sign(message))
    try {
      await this.#replace([encodeCbor(encodeCbor([head, signature])), ...parts])
      return true
    } catch (thrown) {
      this.#log.warn({ path: this.#path }, `can not keep a snapshot of the ledger: ${messageOf(thrown)}`)
      return false
    }
  }

  /** For one that proved wrong. */
  discard(): void {
    rmSync(this.#path, { force: true })
  }

  async #replace(parts: readonly Uint8Array[]): Promise<void> {
    // One process at a time uses a home, so what a crash left under this name is written over.
    const partPath = `${this.#path}.part`
    try {
      const part = await open(partPath, 'w', OWNER_ONLY)
      try {
        for (const bytes of parts) await part.writeFile(bytes)
        await part.sync()
      } finally {
        await part.close()
      }
      await rename(partPath, this.#path)
      await syncFolder(dirname(this.#path))
    } finally {
      await unlink(partPath).catch(() => undefined)
    }
  }

  #readFile(): Uint8Array | string | undefined {
    try {
      const file = openSync(this.#path, 'r')
      try {
        const { size } = fstatSync(file)
        return size > FILE_BYTES_MAX ? `it has ${size} bytes, at most ${FILE_BYTES_MAX}` : readFileSync(file)
      } finally {
        closeSync(file)
      }
    } catch (thrown) {
      return systemCodeOf(thrown) === 'ENOENT' ? undefined : messageOf(thrown)
    }
  }

  #open(file: Uint8Array, basis: SnapshotBasis, chain: ChainView): LedgerSnapshot | string {
    const { records, rest, fault } = splitByteSequence(file, CHUNK_BYTES_MAX)
    const [first, ...chunks] = records
    if (first === undefined || fault !== undefined || rest.length > 0) return 'it is cut short or damaged'
    const outer = decodeCbor(first, { bytesMax: HEAD_BYTES_MAX, depthMax: 1 })
    const parts = outer.ok ? recordShape(outer.value) : undefined
    if (parts === undefined || parts instanceof Misshape) return 'its head is damaged'
    const [encoded, signature] = parts
    if (!verifySignature(this.#key.id, domainMessage('snapshot', sha256(encoded)), signature))
      return 'it is not signed by this device'
    const inner = decodeCbor(encoded, { bytesMax: HEAD_BYTES_MAX, depthMax: 1 })
    const head = inner.ok ? headShape(inner.value) : undefined
    if (head === undefined || head instanceof Misshape) return 'it is of another version of this program'
    if (!equalBytes(head.org, idBytes(basis.org))) return 'it is of another org'
    if (!equalBytes(head.rules, basis.rules)) return 'it was made by other code'
    if (!equalBytes(head.roots, basis.roots)) return 'it is of other roots'
    if (!equalBytes(head.records, basis.records)) return 'it is of other operations'
    const firstBytes = encodeCbor(first).length
    if (!equalBytes(head.chunks, sha256(file.subarray(firstBytes)))) return 'it is damaged'
    const decoded = decodeSnapshot(chunks, chain)
    return decoded.ok ? decoded.value : decoded.detail
  }
}

/** What a state would be made of that is folded now. */
export function snapshotBasis(init: {
  readonly chain: ChainView
  readonly roots: readonly { readonly key: string; readonly bytes: Uint8Array }[]
  readonly records: Uint8Array
  readonly rules: Uint8Array
}): SnapshotBasis {
  const roots = createHash('sha256')
  for (const { key, bytes: record } of init.roots) roots.update(`${key}\0${record.length}\0`).update(record)
  return {
    org: orgIdOf(init.chain.founding),
    records: init.records,
    roots: new Uint8Array(roots.digest()),
    rules: init.rules
  }
}
