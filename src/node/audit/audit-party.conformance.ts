/**
 * Devices for tests of the audit protocol: each with its own log on disk, over a network in memory. Two parties of one
 * key are one device that shows two faces, or the same machine before and after its disk was changed.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach } from 'node:test'
import type { WitnessKey } from '../../audit/cosignature.ts'
import { type DeviceId, orgIdFromBytes, versionIdFromBytes } from '../../base/ids.ts'
import { AuditStore } from '../../store/audit-store.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { MemoryNetwork, type MemoryTransport } from '../transport/memory-transport.ts'
import { CopiesCheck, type LogCopy } from './audit-copy.ts'
import { AuditExchange } from './audit-exchange.ts'
import { AuditLog } from './audit-log.ts'
import { nameless } from './audit-report.ts'
import { WITNESS_POLICY } from './audit-witness.ts'
import { CheckpointReader } from './checkpoint-reader.ts'

export const org = orgIdFromBytes(new Uint8Array(32).fill(1))
export const version = versionIdFromBytes(new Uint8Array(32).fill(2))
export const START_MS = 1_800_000_000_000

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export interface Party {
  readonly key: DeviceKey
  readonly home: string
  readonly audit: AuditLog
  readonly store: AuditStore
  readonly transport: MemoryTransport
  readonly exchange: AuditExchange
  /** As the device stops; its home stays until the test is over. */
  stop(): Promise<void>
}

/** A device that tampers does not begin anew when it is shown what it signed; it goes on as if it had not. */
export function tampering(of: Party): Party {
  of.audit.confront = async () => undefined
  return of
}

export function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'peerage-audit-'))
  cleanups.push(() => rmSync(home, { recursive: true, force: true }))
  return home
}

export async function party(
  network: MemoryNetwork,
  {
    key = DeviceKey.generate(),
    isAuditor = () => true,
    nowMs = START_MS,
    home = newHome(),
    witnesses = [],
    hasCompany = true
  }: {
    key?: DeviceKey
    isAuditor?: (device: DeviceId) => boolean
    nowMs?: number
    home?: string
    witnesses?: readonly WitnessKey[]
    hasCompany?: boolean
  } = {}
): Promise<Party> {
  const store = new AuditStore({ home })
  const transport = network.create(key.id)
  const notes = new CheckpointReader(witnesses)
  const audit = new AuditLog({ store, org, key, log: SILENT_LOG, notes, nowMs: () => nowMs })
  const exchange = new AuditExchange({
    ...{ transport, audit, key, log: SILENT_LOG },
    isMember: () => true,
    hasCompany: () => hasCompany,
    mayAudit: device => isAuditor(device) || 'not-an-auditor',
    wasServed: (_, of) => of === version,
    datasetOf: () => 'os',
    policy: { ...WITNESS_POLICY, witnessesMin: 3 }
  })
  transport.setGate(() => 'member')
  await transport.start()
  let isRunning = true
  const stop = async (): Promise<void> => {
    if (!isRunning) return
    isRunning = false
    exchange.close()
    await transport.stop()
    await audit.close()
    await store.close()
  }
  cleanups.push(stop)
  return { key, home, audit, store, transport, exchange, stop }
}

export async function link(from: Party, to: Party): Promise<void> {
  const target = { device: to.key.id, addresses: to.transport.addresses() }
  const outcome = await from.transport.dial(target, AbortSignal.timeout(5000))
  assert.equal(outcome.kind, 'connected')
}

/** Two devices on a network of their own, the first of which has dialled the second. */
export async function linkedPair(): Promise<[Party, Party]> {
  const network = new MemoryNetwork()
  const pair: [Party, Party] = [await party(network), await party(network)]
  await link(...pair)
  return pair
}

export async function fill(of: Party, count: number, dataset = 'os'): Promise<void> {
  const event = { action: 'stored', version, dataset, bytes: 1, kind: 'source' } as const
  await Promise.all(Array.from({ length: count }, () => of.audit.record(event)))
}

export const findings = (of: Party) => of.store.database.findings().map(({ kind, device }) => [kind, device])

/** What `at` has of the log of another, with the newest checkpoint that the entries reach. */
export function copyOf(at: Party, of: Party, changes: Partial<LogCopy> = {}): LogCopy {
  const log = of.audit.id
  const seen = at.exchange.sightings.known(log)
  const items = at.store.database.items(log, { from: 0, limit: 10_000 })
  const checkpoint = seen.toSorted((a, b) => b.size - a.size).find(({ size }) => size <= items.length)
  const copy = { ...log, checkpoint, seen, endedAt: undefined, droppedHere: undefined }
  return { ...copy, pages: Readable.from([items]), ...changes }
}

/** Holds a copy against every checkpoint that is known, as `audit verify` does. */
export async function check(at: Party, copy: LogCopy): Promise<CopiesCheck> {
  const checked = new CopiesCheck({
    ...{ org: at.audit.org, isMember: () => true, nameOf: nameless },
    onProgress: () => undefined
  })
  await checked.add(copy)
  return checked
}
