/**
 * An exported folder of audit logs: everything that a machine which was never a member needs to check them.
 *
 *     export.json                  {"v": 1, org, exportedBy, atMs, logs: [{device, entries}], missing}; written last
 *     ledger/roots.cborseq         the authority chain, oldest first
 *     ledger/operations.cborseq    every operation that was known
 *     <device>/entries.cborseq     the log's entries, in order
 *     <device>/leaves.bin          their leaf hashes, 32 bytes each: tells which entry was edited
 *     <device>/checkpoint          the newest checkpoint with its cosignatures, a C2SP signed note
 *     <device>/seen.cborseq        other checkpoints of that device that were seen anywhere
 *
 * Nothing in it is believed for being there: org and members follow from the ledger, whose first root is the org's id,
 * and logs from the signatures of their devices.
 */

import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { decodeByteSequence, encodeByteSequence, splitByteSequence } from '../../audit/byte-sequence.ts'
import { openCheckpoint, type SignedCheckpoint } from '../../audit/checkpoint.ts'
import { ENTRY_BYTES_MAX } from '../../audit/entry.ts'
import { NOTE_BYTES_MAX } from '../../audit/signed-note.ts'
import { hashLeaf } from '../../audit/tree.ts'
import { concatBytes } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { type DeviceId, type OrgId, parseDeviceId, shortId } from '../../base/ids.ts'
import { decodeRoot, orgIdOf } from '../../ledger/chain/root.ts'
import { openRootChain } from '../../ledger/chain/root-chain.ts'
import type { State } from '../../ledger/fold/state.ts'
import { Ledger } from '../../ledger/ledger.ts'
import { OPERATION_RECORD_BYTES_MAX } from '../../ledger/operation/operation.ts'
import { appErrorOf, failureOf } from '../../store/failure.ts'
import { sha256 } from '../../store/sha256.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import { CopiesCheck } from './audit-copy.ts'
import {
  type AuditFolderRequest,
  type AuditMissing,
  type AuditVerification,
  nameless
} from './audit-report.ts'

const MANIFEST = 'export.json'
const ROOT_BYTES_MAX = 128 * 1024
const HASH_BYTES = 32
const READ_BYTES = 1024 * 1024

export interface ExportedLog {
  readonly device: DeviceId
  readonly pages: Iterable<readonly Uint8Array[]>
  readonly checkpoint: Uint8Array | undefined
  readonly seen: readonly Uint8Array[]
}

interface Manifest {
  readonly v: 1
  readonly org: string
  readonly exportedBy: string
  readonly atMs: number
  readonly logs: { readonly device: string; readonly entries: number }[]
  readonly missing: readonly AuditMissing[]
}

/** Writes a folder of this form, log by log. AppError DEST_EXISTS when something is there already. */
export class AuditFolderWriter {
  readonly #path: string
  readonly #logs: Manifest['logs'] = []

  constructor(
    path: string,
    ledger: { readonly roots: readonly Uint8Array[]; readonly operations: readonly Uint8Array[] }
  ) {
    this.#path = path
    if (existsSync(path))
      throw new AppError('DEST_EXISTS', `can not export to ${path}: it exists already; name a new folder`, {
        details: { path }
      })
    this.#writing(() => {
      mkdirSync(join(path, 'ledger'), { recursive: true, mode: 0o700 })
      writeFileSync(join(path, 'ledger', 'roots.cborseq'), encodeByteSequence(ledger.roots))
      writeFileSync(join(path, 'ledger', 'operations.cborseq'), encodeByteSequence(ledger.operations))
    })
  }

  /** Resolves to how many entries were written. */
  async add({ device, pages, checkpoint, seen }: ExportedLog): Promise<number> {
    const folder = join(this.#path, device)
    let entries = 0
    const [entriesFile, leavesFile] = this.#writing(() => {
      mkdirSync(folder, { mode: 0o700 })
      if (checkpoint !== undefined) writeFileSync(join(folder, 'checkpoint'), checkpoint)
      writeFileSync(join(folder, 'seen.cborseq'), encodeByteSequence(seen))
      return ['entries.cborseq', 'leaves.bin'].map(name => openSync(join(folder, name), 'wx', 0o600))
    }) as [number, number]
    try {
      for (const page of pages) {
        this.#writing(() => {
          writeSync(entriesFile, encodeByteSequence(page))
          writeSync(leavesFile, concatBytes(page.map(entry => hashLeaf(entry, sha256))))
        })
        entries += page.length
        await new Promise(resolve => setImmediate(resolve))
      }
    } finally {
      closeSync(entriesFile)
      closeSync(leavesFile)
    }
    this.#logs.push({ device, entries })
    return entries
  }

  finish(manifest: Omit<Manifest, 'v' | 'logs'>): void {
    const text = JSON.stringify({ v: 1, ...manifest, logs: this.#logs }, null, 2)
    this.#writing(() => writeFileSync(join(this.#path, MANIFEST), `${text}\n`))
  }

  #writing<T>(work: () => T): T {
    try {
      return work()
    } catch (thrown) {
      throw appErrorOf(failureOf('write', this.#path, thrown), thrown)
    }
  }
}

function read(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (thrown) {
    throw broken(path, messageOf(thrown))
  }
}

function broken(path: string, why: string): AppError {
  return new AppError('AUDIT_BROKEN', `the export can not be checked: ${path}: ${why}`, { details: { path } })
}

function readSequence(path: string, recordBytesMax: number): Uint8Array[] {
  const records = decodeByteSequence(read(path), recordBytesMax)
  if (records === undefined) throw broken(path, 'it does not end with a whole record, or is damaged')
  return records
}

function readManifest(folder: string): {
  logs: { device: DeviceId; entries: number }[]
  missing: AuditMissing[]
} {
  const path = join(folder, MANIFEST)
  try {
    const { v, logs, missing } = JSON.parse(Buffer.from(read(path)).toString('utf8')) as Manifest
    if (v !== 1) throw broken(path, `it is of version ${v}, and this program knows version 1`)
    return {
      logs: logs.map(({ device, entries }) => {
        const id = parseDeviceId(device)
        if (id === undefined) throw broken(path, `${device} is no device id`)
        return { device: id, entries: Number(entries) }
      }),
      missing: missing.map(({ device, reason }) => ({ device, reason: String(reason) }))
    }
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : broken(path, messageOf(thrown))
  }
}

function readLedger(folder: string): { org: OrgId; state: State } {
  const path = join(folder, 'ledger', 'roots.cborseq')
  const records = readSequence(path, ROOT_BYTES_MAX)
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
  ledger.add(readSequence(join(folder, 'ledger', 'operations.cborseq'), OPERATION_RECORD_BYTES_MAX))
  return { org: ledger.org, state: ledger.state() }
}

async function* pagesOf(path: string): AsyncGenerator<readonly Uint8Array[]> {
  if (!existsSync(path)) return
  let rest: Uint8Array = new Uint8Array(0)
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const part = splitByteSequence(concatBytes([rest, chunk as Buffer]), ENTRY_BYTES_MAX)
    yield part.records
    // What can not be read ends the copy here: it is then shorter than what was signed for, and found to be.
    if (part.fault !== undefined) return
    rest = part.rest
  }
}

function openedOf(notes: readonly Uint8Array[], device: DeviceId, org: OrgId): SignedCheckpoint[] {
  return notes.flatMap(note => {
    const opened = openCheckpoint(note, { verify, sha256 })
    return opened.ok && opened.value.device === device && opened.value.org === org ? [opened.value] : []
  })
}

/** Checks a folder. Rejects with AppError AUDIT_BROKEN when it is not one, or of another org than it must be. */
export async function verifyAuditFolder(request: AuditFolderRequest): Promise<AuditVerification> {
  const { folder, org: pinned, onProgress } = request
  const manifest = readManifest(folder)
  const { org, state } = readLedger(folder)
  if (pinned !== null && pinned !== org) throw broken(folder, `it is of org ${org}, and must be of ${pinned}`)
  const isMember = (device: DeviceId): boolean => state.devices.has(device)
  const check = new CopiesCheck({ org, isMember, nameOf: nameless, onProgress })
  for (const { device, entries } of manifest.logs) {
    const path = join(folder, device)
    if (!existsSync(path)) {
      const detail = `log of ${shortId(device)}: its ${entries} entries were exported, and its folder is gone`
      check.findings.push({ kind: 'truncated', device, position: 0, witnesses: [], detail })
      continue
    }
    const notePath = join(path, 'checkpoint')
    const [checkpoint] = existsSync(notePath) ? openedOf([read(notePath)], device, org) : []
    const seenPath = join(path, 'seen.cborseq')
    const seen = existsSync(seenPath) ? readSequence(seenPath, NOTE_BYTES_MAX) : []
    const leavesPath = join(path, 'leaves.bin')
    const leaves = existsSync(leavesPath) ? read(leavesPath) : new Uint8Array(0)
    await check.add({
      ...{ device, checkpoint, seen: openedOf(seen, device, org) },
      pages: pagesOf(join(path, 'entries.cborseq')),
      leafHash: position =>
        (position + 1) * HASH_BYTES <= leaves.length
          ? leaves.subarray(position * HASH_BYTES, (position + 1) * HASH_BYTES)
          : undefined
    })
  }
  const listed = new Set(manifest.logs.map(({ device }) => device))
  const named = new Set(manifest.missing.map(({ device }) => device.device))
  const unlisted = [...state.devices.keys()]
    .filter(device => !listed.has(device) && !named.has(device))
    .map(device => ({ device: nameless(device), reason: 'a member whose log is not in the export' }))
  const reads = check.reads()
  const readsComplete = reads.filter(isComplete).length
  return {
    ...{ org, logs: check.logs, missing: [...manifest.missing, ...unlisted] },
    findings: check.findings.map(({ device, witnesses, ...finding }) => ({
      ...finding,
      device: nameless(device),
      witnesses: witnesses.map(nameless)
    })),
    ...{ readsComplete, readsIncomplete: reads.length - readsComplete }
  }
}

export function isComplete(read: { serverEntry: string; readerEntry: string; receipt: string }): boolean {
  return read.serverEntry === 'present' && read.readerEntry === 'present' && read.receipt === 'present'
}
