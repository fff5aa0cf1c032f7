/**
 * An exported ledger: a folder from which any machine, never a member, can compute the state of the org and check how
 * it came about (docs/protocol-ledger.md, section 13).
 *
 *     roots.cborseq        every root record that was kept, by version
 *     operations.cborseq   every operation record, each after all that it names
 *     export.json          {"v": 1, "org", "roots", "operations", "atMs"}; written last
 *
 * Nothing in it is believed for being there. The org's id is the hash of the first root, so who knows the id knows
 * whether it is that org's ledger; every other fact follows from signatures. What a folder can not show is what was
 * left out at the ends of feeds.
 */

import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { encodeByteSequence, splitByteSequence } from '../../audit/byte-sequence.ts'
import { toHex } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { type OrgId, parseOrgId, shortId } from '../../base/ids.ts'
import { makeFolderSync } from '../../files/make-folder.ts'
import { ROOT_RECORD_BYTES_MAX } from '../../ledger/chain/root.ts'
import { openRootChain, type RootChain } from '../../ledger/chain/root-chain.ts'
import { feedKey } from '../../ledger/fold/feed.ts'
import { Ledger } from '../../ledger/ledger.ts'
import { OPERATION_RECORD_BYTES_MAX } from '../../ledger/operation/operation.ts'
import { appErrorOf, failureOf } from '../../store/failure.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Task } from '../task.ts'
import { verify } from './ledger-keeper.ts'
import {
  LEDGER_FINDINGS_MAX,
  type LedgerExported,
  type LedgerFinding,
  type LedgerFindingKind,
  type LedgerFolderRequest,
  type LedgerProgress,
  type LedgerVerification
} from './ledger-terms.ts'

const MANIFEST = 'export.json'
const ROOTS = 'roots.cborseq'
const OPERATIONS = 'operations.cborseq'
const PAGE_RECORDS = 1000

interface Manifest {
  readonly org: OrgId
  readonly roots: number
  readonly operations: number
}

/** AppError DEST_EXISTS when something is there already; INTERRUPTED leaves a folder without manifest. */
export async function writeLedgerFolder(
  path: string,
  ledger: {
    readonly org: OrgId
    readonly roots: readonly Uint8Array[]
    readonly operations: readonly Uint8Array[]
    readonly atMs: number
    readonly task: Task<LedgerProgress>
  }
): Promise<LedgerExported> {
  const { org, roots, operations, atMs, task } = ledger
  if (existsSync(path))
    throw new AppError('DEST_EXISTS', `can not export to ${path}: it exists already; name a new folder`, {
      details: { path }
    })
  let file: number | undefined
  try {
    makeFolderSync(path, { mode: 0o700 })
    writeFileSync(join(path, ROOTS), encodeByteSequence(roots), { mode: 0o600 })
    file = openSync(join(path, OPERATIONS), 'wx', 0o600)
    for (let from = 0; from < operations.length; from += PAGE_RECORDS) {
      if (task.signal.aborted)
        throw new AppError('INTERRUPTED', `the export was called off; ${path} is not whole, remove it`)
      writeSync(file, encodeByteSequence(operations.slice(from, from + PAGE_RECORDS)))
      task.onProgress({ recordsDone: Math.min(from + PAGE_RECORDS, operations.length) })
      await new Promise(resolve => setImmediate(resolve))
    }
    const counts = { org, roots: roots.length, operations: operations.length }
    writeFileSync(join(path, MANIFEST), `${JSON.stringify({ v: 1, ...counts, atMs }, null, 2)}\n`, {
      mode: 0o600
    })
    return { path, ...counts }
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : appErrorOf(failureOf('write', path, thrown), thrown)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Checks an exported ledger on any machine. AppError LEDGER_BROKEN when there is nothing to check. */
export async function verifyLedgerFolder(request: LedgerFolderRequest): Promise<LedgerVerification> {
  const { folder, onProgress } = request
  const manifest = readManifest(join(folder, MANIFEST))
  const org = request.org ?? manifest.org
  const findings = new Findings()
  const roots = readRecords(join(folder, ROOTS), ROOT_RECORD_BYTES_MAX, findings)
  const opened = openRootChain(roots, { org, verify, sha256 })
  if (!opened.ok) throw broken(join(folder, ROOTS), `it founds no org ${org}: ${opened.detail}`)
  const { chain, refused } = opened.value
  for (const { reason, detail } of refused) findings.add('bad-root', null, `${reason}: ${detail}`)
  const ledger = new Ledger(chain, { verify, sha256 })
  const records = readRecords(join(folder, OPERATIONS), OPERATION_RECORD_BYTES_MAX, findings)
  for (let from = 0; from < records.length; from += PAGE_RECORDS) {
    addRecords(ledger, records.slice(from, from + PAGE_RECORDS), findings)
    onProgress({ recordsDone: Math.min(from + PAGE_RECORDS, records.length) })
    await new Promise(resolve => setImmediate(resolve))
  }
  const { waiting, missing } = ledger.add([])
  for (const id of missing) findings.add('missing', id, `${shortId(id)} is named by others and is not here`)
  if (waiting > 0) findings.add('missing', null, `${waiting} operations rest on what is not here`)
  compareCounts(manifest, { roots: roots.length, operations: records.length }, findings)
  noteChain(chain, findings)
  return summary(ledger, chain, findings)
}

class Findings {
  readonly listed: LedgerFinding[] = []
  count = 0

  add(kind: LedgerFindingKind, id: string | null, detail: string): void {
    this.count++
    if (this.listed.length < LEDGER_FINDINGS_MAX) this.listed.push({ kind, id, detail })
  }
}

function addRecords(ledger: Ledger, records: readonly Uint8Array[], findings: Findings): void {
  const { duplicates, rejected } = ledger.add(records)
  for (const { id, reason, detail } of rejected) {
    const isForm = reason === 'too-large' || reason === 'too-deep' || reason === 'not-canonical'
    findings.add(isForm ? 'malformed' : reason, id ?? null, detail)
  }
  if (duplicates > 0) findings.add('duplicate', null, `${duplicates} operations are in the file twice`)
}

function compareCounts(
  manifest: Manifest,
  found: { readonly roots: number; readonly operations: number },
  findings: Findings
): void {
  for (const what of ['roots', 'operations'] as const)
    if (manifest[what] !== found[what])
      findings.add('count', null, `${found[what]} ${what} are here, and ${manifest[what]} were exported`)
}

function noteChain(chain: RootChain, findings: Findings): void {
  for (const { hash, version, prev } of chain.waiting())
    findings.add(
      'missing',
      toHex(hash),
      `root version ${version} follows root ${toHex(prev)}, which is not here`
    )
  for (const { hash, version } of chain.freeze?.roots ?? [])
    findings.add(
      'contested-root',
      toHex(hash),
      `root version ${version} is one of several that contest each other`
    )
  for (const { key, version, hashes } of chain.equivocations)
    findings.add('equivocation', key, `key ${key} signed ${hashes.length} roots of version ${version}`)
}

function summary(ledger: Ledger, chain: RootChain, findings: Findings): LedgerVerification {
  const state = ledger.state()
  for (const { author, incarnation, seq, operations } of state.forks.values())
    findings.add(
      'forked',
      operations[0] ?? null,
      `device ${author} signed ${operations.length} operations at position ${seq} of feed ${incarnation}`
    )
  const reasons = new Map<string, number>()
  for (const { reason } of state.inert.values()) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  const feeds = new Set<string>()
  for (const operation of ledger.operations()) feeds.add(feedKey(operation))
  const standings = [...state.devices.values()].map(({ standing }) => standing)
  const count = (wanted: string) => standings.filter(standing => standing === wanted).length
  return {
    ...{ org: ledger.org, orgName: chain.head.orgName, rootVersion: chain.head.version },
    ...{ roots: chain.records().length, operations: ledger.size, feeds: feeds.size },
    inForce: ledger.size - state.inert.size,
    inert: [...reasons].sort().map(([reason, operations]) => ({ reason, operations })),
    devices: { members: count('member'), suspended: count('suspended'), revoked: count('revoked') },
    datasets: state.datasets.size,
    ...{ findings: findings.listed, findingCount: findings.count }
  }
}

function read(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (thrown) {
    throw broken(path, messageOf(thrown))
  }
}

/** What can be read of a file; that it ends in the middle of a record is a finding. */
function readRecords(path: string, recordBytesMax: number, findings: Findings): readonly Uint8Array[] {
  const { records, rest, fault } = splitByteSequence(read(path), recordBytesMax)
  if (fault !== undefined || rest.length > 0)
    findings.add(
      'truncated',
      null,
      `${path}: after ${records.length} records, ${fault ?? `${rest.length} bytes are no whole record`}`
    )
  return records
}

function readManifest(path: string): Manifest {
  let manifest: unknown
  try {
    manifest = JSON.parse(Buffer.from(read(path)).toString('utf8'))
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : broken(path, 'it is not JSON')
  }
  const given = (typeof manifest === 'object' && manifest !== null ? manifest : {}) as Record<string, unknown>
  const org = typeof given.org === 'string' ? parseOrgId(given.org) : undefined
  const { v, roots, operations } = given
  if (v !== 1) throw broken(path, 'it is not of version 1 of this format')
  if (org === undefined || !Number.isSafeInteger(roots) || !Number.isSafeInteger(operations))
    throw broken(path, 'it does not say of which org it is, and how many records it has')
  return { org, roots: roots as number, operations: operations as number }
}

function broken(path: string, why: string): AppError {
  return new AppError('LEDGER_BROKEN', `the ledger can not be checked: ${path}: ${why}`, {
    details: { path }
  })
}
