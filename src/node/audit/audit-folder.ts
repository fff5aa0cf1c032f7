/**
 * An exported folder of audit logs: everything that a machine which was never a member needs to check them.
 *
 *     export.json                  {"v": 1, org, exportedBy, atMs, logs, missing}; written last
 *     ledger/roots.cborseq         the authority chain, oldest first
 *     ledger/operations.cborseq    every operation that was known
 *     <log>/entries.cborseq        the log's entries, in order; an empty one was dropped by retention
 *     <log>/leaves.bin             their leaf hashes, 32 bytes each: stand for dropped ones, tell which was edited
 *     <log>/checkpoint             the newest checkpoint with its cosignatures, a C2SP signed note
 *     <log>/seen.cborseq           other checkpoints of that log that were seen anywhere
 *
 * where <log> is `<device>/<incarnation>`. Files of any length are written and read piece by piece.
 *
 * Nothing in it is believed for being there: org and members follow from the ledger, whose first root is the org's id,
 * and logs from the signatures of their devices.
 */

import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodeByteSequence, splitByteSequence } from '../../audit/byte-sequence.ts'
import type { LogId, SignedCheckpoint } from '../../audit/checkpoint.ts'
import { DROPPED, ENTRY_BYTES_MAX, isDropped } from '../../audit/entry.ts'
import { NOTE_BYTES_MAX } from '../../audit/signed-note.ts'
import { concatBytes } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { type DeviceId, ID_BYTES, type OrgId, shortId } from '../../base/ids.ts'
import { makeFolderSync } from '../../files/make-folder.ts'
import { decodeRoot, orgIdOf } from '../../ledger/chain/root.ts'
import { openRootChain } from '../../ledger/chain/root-chain.ts'
import type { State } from '../../ledger/fold/state.ts'
import { Ledger } from '../../ledger/ledger.ts'
import { OPERATION_RECORD_BYTES_MAX } from '../../ledger/operation/operation.ts'
import type { LogItem } from '../../store/audit-rows.ts'
import { appErrorOf, failureOf } from '../../store/failure.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceName } from '../keys/device-name.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import { CopiesCheck, type DroppedHere } from './audit-copy.ts'
import { leafOf } from './audit-log.ts'
import {
  type AuditFolderRequest,
  type AuditMissing,
  type AuditVerification,
  nameless
} from './audit-report.ts'
import { CheckpointReader, witnessKeysOf } from './checkpoint-reader.ts'
import {
  decodeManifest,
  encodeManifest,
  MANIFEST_BYTES_MAX,
  type Manifest,
  type ManifestLog
} from './export-manifest.ts'

const MANIFEST = 'export.json'
const ROOT_BYTES_MAX = 128 * 1024
const READ_BYTES = 1024 * 1024
const OPERATIONS_AT_ONCE = 2048
/** Leaf hashes that are read at once. */
const LEAVES_AT_ONCE = 16_384

export interface ExportedLog extends LogId {
  readonly pages: Iterable<readonly LogItem[]>
  readonly checkpoint: Uint8Array | undefined
  readonly seen: readonly Uint8Array[]
  readonly droppedHere: DroppedHere | undefined
}

/** Writes a folder of this form, log by log. AppError DEST_EXISTS when something is there already. */
export class AuditFolderWriter {
  readonly #path: string
  readonly #logs: ManifestLog[] = []

  constructor(
    path: string,
    ledger: { readonly roots: readonly Uint8Array[]; readonly operations: Iterable<Uint8Array> }
  ) {
    this.#path = path
    if (existsSync(path))
      throw new AppError('DEST_EXISTS', `can not export to ${path}: it exists already; name a new folder`, {
        details: { path }
      })
    this.#writing(() => {
      makeFolderSync(join(path, 'ledger'), { mode: 0o700 })
      writeFileSync(join(path, 'ledger', 'roots.cborseq'), encodeByteSequence(ledger.roots))
      const file = openSync(join(path, 'ledger', 'operations.cborseq'), 'wx', 0o600)
      try {
        for (const some of batches(ledger.operations, OPERATIONS_AT_ONCE))
          writeWhole(file, encodeByteSequence(some))
      } finally {
        closeSync(file)
      }
    })
  }

  /** Resolves to how many entries were written. */
  async add({ device, incarnation, pages, checkpoint, seen, droppedHere }: ExportedLog): Promise<number> {
    const folder = folderOf(this.#path, { device, incarnation })
    let entries = 0
    const [entriesFile, leavesFile] = this.#writing(() => {
      makeFolderSync(folder, { mode: 0o700 })
      if (checkpoint !== undefined) writeFileSync(join(folder, 'checkpoint'), checkpoint)
      writeFileSync(join(folder, 'seen.cborseq'), encodeByteSequence(seen))
      return ['entries.cborseq', 'leaves.bin'].map(name => openSync(join(folder, name), 'wx', 0o600))
    }) as [number, number]
    try {
      for (const page of pages) {
        this.#writing(() => {
          writeWhole(entriesFile, encodeByteSequence(page.map(({ bytes }) => bytes ?? DROPPED)))
          writeWhole(leavesFile, concatBytes(page.map(leafOf)))
        })
        entries += page.length
        await nextTurn()
      }
    } finally {
      closeSync(entriesFile)
      closeSync(leavesFile)
    }
    this.#logs.push({ device, incarnation, entries, dropped: droppedHere ?? null })
    return entries
  }

  finish(manifest: Omit<Manifest, 'logs'>): void {
    const bytes = encodeManifest({ ...manifest, logs: this.#logs })
    this.#writing(() => writeFileSync(join(this.#path, MANIFEST), bytes))
  }

  #writing<T>(work: () => T): T {
    try {
      return work()
    } catch (thrown) {
      throw appErrorOf(failureOf('write', this.#path, thrown), thrown)
    }
  }
}

function folderOf(path: string, { device, incarnation }: LogId): string {
  return join(path, device, String(incarnation))
}

function* batches<T>(items: Iterable<T>, count: number): Generator<T[]> {
  let batch: T[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length < count) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

function broken(path: string, why: string): AppError {
  return new AppError('AUDIT_BROKEN', `the export can not be checked: ${path}: ${why}`, { details: { path } })
}

/** A file that has a limit by its format, read whole. */
function read(path: string, bytesMax: number): Uint8Array {
  try {
    const { size } = statSync(path)
    if (size > bytesMax) throw broken(path, `it has ${size} bytes, at most ${bytesMax}`)
    return new Uint8Array(readFileSync(path))
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : broken(path, messageOf(thrown))
  }
}

/** The records of a file of any length, some at a time. What is not whole is handed to `onFault`, and ends it. */
async function* recordsOf(
  path: string,
  recordBytesMax: number,
  onFault: (why: string) => void
): AsyncGenerator<readonly Uint8Array[]> {
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const part = splitByteSequence(concatBytes([rest, chunk as Buffer]), recordBytesMax)
    yield part.records
    rest = part.rest
    if (part.fault === undefined) continue
    onFault(part.fault)
    return
  }
  if (rest.length > 0) onFault('it does not end with a whole record')
}

async function* readSequence(path: string, recordBytesMax: number): AsyncGenerator<readonly Uint8Array[]> {
  const onFault = (why: string): never => {
    throw broken(path, why)
  }
  try {
    yield* recordsOf(path, recordBytesMax, onFault)
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : broken(path, messageOf(thrown))
  }
}

async function allOf(sequence: AsyncIterable<readonly Uint8Array[]>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const some of sequence) all.push(...some)
  return all
}

function readManifest(folder: string): Manifest {
  const path = join(folder, MANIFEST)
  const decoded = decodeManifest(read(path, MANIFEST_BYTES_MAX))
  if (!decoded.ok) throw broken(path, decoded.detail)
  return decoded.value
}

async function readLedger(folder: string): Promise<{ org: OrgId; state: State }> {
  const path = join(folder, 'ledger', 'roots.cborseq')
  const records = await allOf(readSequence(path, ROOT_BYTES_MAX))
  const [first] = records
  if (first === undefined) throw broken(path, 'it has no root')
  const founding = decodeRoot(first, { verify, sha256 })
  if (!founding.ok) throw broken(path, `root 1 is ${founding.reason}: ${founding.detail}`)
  const opened = openRootChain(records, { org: orgIdOf(founding.value), verify, sha256 })
  if (!opened.ok) throw broken(path, opened.detail)
  const { chain, refused } = opened.value
  const [fault] = refused
  if (fault !== undefined)
    throw broken(path, `root record ${records.indexOf(fault.record) + 1} is ${fault.reason}: ${fault.detail}`)
  const ledger = new Ledger(chain, { verify, sha256 })
  const operations = join(folder, 'ledger', 'operations.cborseq')
  for await (const some of readSequence(operations, OPERATION_RECORD_BYTES_MAX)) ledger.add([...some])
  return { org: ledger.org, state: ledger.state() }
}

/** Leaf hashes of a file, which is gone through from front to back, a part of it in memory. */
class LeavesFile {
  readonly #file: number | undefined
  readonly #count: number
  #from = 0
  #part: Uint8Array = new Uint8Array(0)

  constructor(path: string) {
    this.#file = existsSync(path) ? openSync(path, 'r') : undefined
    this.#count = this.#file === undefined ? 0 : Math.floor(fstatSync(this.#file).size / ID_BYTES)
  }

  at(position: number): Uint8Array | undefined {
    if (this.#file === undefined || position >= this.#count) return undefined
    if (position < this.#from || position >= this.#from + this.#part.length / ID_BYTES)
      this.#load(this.#file, position)
    const at = (position - this.#from) * ID_BYTES
    return this.#part.slice(at, at + ID_BYTES)
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
  }

  #load(file: number, position: number): void {
    const part = new Uint8Array(Math.min(LEAVES_AT_ONCE, this.#count - position) * ID_BYTES)
    const bytes = readSync(file, part, 0, part.length, position * ID_BYTES)
    this.#from = position
    this.#part = part.subarray(0, bytes - (bytes % ID_BYTES))
  }
}

/** What can not be read ends the copy: it is then shorter than what was signed for, and found to be. */
async function* itemsOf(path: string, leaves: LeavesFile): AsyncGenerator<Omit<LogItem, 'seq'>[]> {
  if (!existsSync(path)) return
  let position = 0
  for await (const records of recordsOf(path, ENTRY_BYTES_MAX, () => undefined))
    yield records.map(bytes => {
      const at = position++
      return isDropped(bytes) ? { bytes: null, leaf: leaves.at(at) ?? null } : { bytes, leaf: null }
    })
}

interface ReadLog extends ManifestLog {
  readonly path: string
  readonly checkpoint: SignedCheckpoint | undefined
  readonly seen: readonly SignedCheckpoint[]
}

async function readLog(
  folder: string,
  log: ManifestLog,
  { org, notes }: { org: OrgId; notes: CheckpointReader }
): Promise<ReadLog> {
  const path = folderOf(folder, log)
  const ofLog = (found: readonly Uint8Array[]): SignedCheckpoint[] =>
    notes
      .valid(found)
      .filter(each => each.org === org && each.device === log.device && each.incarnation === log.incarnation)
  const notePath = join(path, 'checkpoint')
  const [checkpoint] = existsSync(notePath) ? ofLog([read(notePath, NOTE_BYTES_MAX)]) : []
  const seenPath = join(path, 'seen.cborseq')
  const seen = existsSync(seenPath) ? ofLog(await allOf(readSequence(seenPath, NOTE_BYTES_MAX))) : []
  return { ...log, path, checkpoint, seen }
}

async function checkLog(check: CopiesCheck, log: ReadLog, endedAt: number | undefined): Promise<void> {
  const { device, incarnation, entries, path, checkpoint, seen, dropped } = log
  if (!existsSync(path)) {
    const detail = `log of ${shortId(device)}: its ${entries} entries were exported, and its folder is gone`
    check.findings.push({ kind: 'truncated', device, incarnation, position: 0, witnesses: [], detail })
    return
  }
  const leaves = new LeavesFile(join(path, 'leaves.bin'))
  try {
    await check.add({
      ...{ device, incarnation, checkpoint, seen, endedAt, droppedHere: dropped ?? undefined },
      pages: itemsOf(join(path, 'entries.cborseq'), leaves),
      leafHash: position => leaves.at(position)
    })
  } finally {
    leaves.close()
  }
}

/** When the device began its next log, as its own signatures in the folder show. */
function endOf(log: ReadLog, logs: readonly ReadLog[]): number | undefined {
  const later = logs.filter(
    ({ device, incarnation, checkpoint, seen }) =>
      device === log.device && incarnation > log.incarnation && (checkpoint !== undefined || seen.length > 0)
  )
  return later.length === 0 ? undefined : Math.min(...later.map(({ incarnation }) => incarnation))
}

/** Checks a folder. Rejects with AppError AUDIT_BROKEN when it is not one, or of another org than it must be. */
export async function verifyAuditFolder(request: AuditFolderRequest): Promise<AuditVerification> {
  const { folder, org: pinned, witnesses, onProgress } = request
  const manifest = readManifest(folder)
  const { org, state } = await readLedger(folder)
  if (pinned !== null && pinned !== org) throw broken(folder, `it is of org ${org}, and must be of ${pinned}`)
  const isMember = (device: DeviceId): boolean => state.devices.has(device)
  const check = new CopiesCheck({ org, isMember, nameOf: nameless, onProgress })
  const notes = new CheckpointReader(witnessKeysOf(witnesses))
  const logs: ReadLog[] = []
  for (const log of manifest.logs) logs.push(await readLog(folder, log, { org, notes }))
  for (const log of logs) await checkLog(check, log, endOf(log, logs))
  const listed = new Set(manifest.logs.map(({ device }) => device))
  const named = new Set(manifest.missing.map(({ device }) => device.device))
  const unlisted = [...state.devices.keys()]
    .filter(device => !listed.has(device) && !named.has(device))
    .map(device => missingOf({ device: nameless(device), reason: 'a member whose log is not in the export' }))
  return {
    ...{ org, logs: check.logs },
    missing: [...manifest.missing.map(missingOf), ...unlisted, ...check.gaps],
    findings: check.findings.map(({ device, witnesses: by, ...finding }) => ({
      ...finding,
      device: nameless(device),
      witnesses: by.map(nameless)
    })),
    ...check.readCounts()
  }
}

function missingOf({ device, reason }: { device: DeviceName; reason: string }): AuditMissing {
  return { device, lostEntries: 0, reason }
}
