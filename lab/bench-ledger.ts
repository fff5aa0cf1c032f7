/**
 * `npm run bench:ledger`: what a large ledger costs. A history of an org is made, then taken in as a device that joins
 * does (cold), as one that starts does (warm: what it verified before), from a snapshot and without, and one operation
 * at a time. Nothing else may run beside it.
 *
 *   node lab/bench-ledger.ts --operations 100000 --devices 1000
 *   node lab/bench-ledger.ts --copies 100000 --devices 1000     versions of which three devices keep a copy each
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type VersionId, versionIdFromBytes } from '../src/base/ids.ts'
import { MIB } from '../src/base/units.ts'
import { HEAP_FLAGS } from '../src/cli/heap-shape.ts'
import { singleRoot } from '../src/ledger/chain/chain-view.ts'
import { createRootRecord, decodeRoot, foundingTerms, type Root } from '../src/ledger/chain/root.ts'
import { commitName } from '../src/ledger/fold/invite.ts'
import { Ledger } from '../src/ledger/ledger.ts'
import { createOperation, type Operation } from '../src/ledger/operation/operation.ts'
import type { OperationContent } from '../src/ledger/operation/operation-content.ts'
import { COPIES_TOLD_MAX } from '../src/ledger/operation/operation-limits.ts'
import { DeviceKey } from '../src/node/keys/device-key.ts'
import { saveRoots } from '../src/node/ledger/kept-records.ts'
import { LedgerKeeper, verify } from '../src/node/ledger/ledger-keeper.ts'
import { SnapshotFile } from '../src/node/ledger/snapshot-file.ts'
import { SILENT_LOG } from '../src/node/log.ts'
import { FilesystemStore } from '../src/store/filesystem.ts'
import { sha256 } from '../src/store/sha256.ts'

const START_MS = Date.UTC(2026, 0, 1)
const INCARNATION = '00000000000000a1'
const PAGE_RECORDS = 8192

function foundRoot(admin: DeviceKey): Root {
  const terms = foundingTerms({ orgName: 'bench', admin: admin.id, timeMs: START_MS })
  const signer = { key: admin.id, sign: (message: Uint8Array) => admin.sign(message) }
  const root = decodeRoot(createRootRecord(terms, { signers: [signer], sha256 }), { verify, sha256 })
  if (!root.ok) throw new Error(root.detail)
  return root.value
}

/** A ledger that writes, for any of its devices. */
class History {
  readonly ledger: Ledger
  readonly records: Uint8Array[] = []
  #timeMs = START_MS

  constructor(root: Root) {
    this.ledger = new Ledger(singleRoot(root), { verify, sha256 })
  }

  sign(key: DeviceKey, content: OperationContent): Operation {
    const draft = this.ledger.draft({
      author: key.id,
      incarnation: INCARNATION,
      content,
      nowMs: this.#timeMs
    })
    if (!draft.ok) throw new Error(draft.detail)
    this.#timeMs += 1000
    const sign = (message: Uint8Array): Uint8Array => key.sign(message)
    return createOperation({ ...draft.value, timeMs: this.#timeMs, expiresMs: null }, { sign, sha256 })
  }

  write(key: DeviceKey, content: OperationContent): Operation {
    const operation = this.sign(key, content)
    this.ledger.add([operation.record], { verifiedBefore: true })
    this.records.push(operation.record)
    return operation
  }
}

function enrolment(device: DeviceKey): OperationContent {
  const nameCommitment = commitName('device', new Uint8Array(16), sha256)
  return { type: 'device.enrol', device: device.id, kind: 'server', nameCommitment, redemption: null }
}

function publication(index: number, name: string): OperationContent {
  const version = versionIdFromBytes(sha256(Buffer.from(`version ${index}`)))
  return {
    type: 'dataset.publish',
    name,
    version,
    class: 'internal',
    sealed: false,
    pieceBytes: 16_384,
    files: 1,
    bytes: 1000
  }
}

/** What an org does: devices come, get roles and groups, publish and retire; grants are given. */
function write(
  history: History,
  admin: DeviceKey,
  counts: { devices: number; operations: number }
): DeviceKey[] {
  const devices = Array.from({ length: counts.devices }, () => DeviceKey.generate())
  history.write(admin, enrolment(admin))
  for (const device of devices) history.write(admin, enrolment(device))
  const group = history.write(admin, { type: 'group.create', name: 'everybody' }).id
  for (const [index, device] of devices.entries()) {
    if (index % 10 === 0) history.write(admin, { type: 'role.grant', device: device.id, role: 'publisher' })
    history.write(admin, { type: 'group.add', group, device: device.id })
  }
  for (let index = 0; history.records.length < counts.operations; index++) {
    const device = devices[index % devices.length] as DeviceKey
    const name = `team-${index % devices.length}/data-${Math.floor(index / devices.length) % 20}`
    if (index % 10 < 7) history.write(device, publication(index, name))
    else if (index % 10 === 7) history.write(device, { type: 'dataset.retire', name, version: null })
    else if (index % 10 === 8) history.write(device, { type: 'note', about: null, text: 'looked at it' })
    else {
      const grantee = { kind: 'device' as const, device: device.id }
      history.write(admin, {
        type: 'access.grant',
        grantee,
        scope: { kind: 'prefix', prefix: 'team-1/' },
        purpose: null
      })
    }
  }
  return devices
}

const COPIES_OF_EACH = 3
/** How often each holder has said again that it keeps them. */
const RENEWALS = 5

function copiesSaid(device: DeviceKey, versions: readonly VersionId[]): OperationContent {
  const copies = versions.map(version => ({ version, share: null }))
  return { type: 'copy.state', device: device.id, untilMs: null, copies }
}

/** What an org does that stores: versions are published, and their holders say again and again what they keep. */
function writeCopies(
  history: History,
  admin: DeviceKey,
  counts: { devices: number; versions: number }
): DeviceKey[] {
  const devices = Array.from({ length: counts.devices }, () => DeviceKey.generate())
  history.write(admin, enrolment(admin))
  for (const device of devices) {
    history.write(admin, enrolment(device))
    history.write(admin, { type: 'role.grant', device: device.id, role: 'publisher' })
  }
  const kept = new Map<DeviceKey, VersionId[]>(devices.map(device => [device, []]))
  for (let index = 0; index < counts.versions; index++) {
    const published = publication(index, `data-${index % 5000}`)
    history.write(devices[index % devices.length] as DeviceKey, published)
    if (published.type !== 'dataset.publish') continue
    for (let copy = 0; copy < COPIES_OF_EACH; copy++)
      kept.get(devices[(index * 7 + copy * 331) % devices.length] as DeviceKey)?.push(published.version)
  }
  for (const [device, versions] of kept) {
    const sorted = [...new Set(versions)].sort()
    for (let at = 0; at < sorted.length; at += COPIES_TOLD_MAX)
      history.write(device, copiesSaid(device, sorted.slice(at, at + COPIES_TOLD_MAX)))
  }
  for (let renewal = 1; renewal <= RENEWALS; renewal++)
    for (const device of devices)
      history.write(device, { type: 'copy.renew', device: device.id, untilMs: START_MS + renewal })
  return devices
}

function say(what: string, value: string): void {
  console.log(`| ${what} | ${value} |`)
}

async function seconds(work: () => void | Promise<void>): Promise<number> {
  const startMs = performance.now()
  await work()
  return (performance.now() - startMs) / 1000
}

/** A device that joins: every page is parsed, verified, placed, folded and made durable. */
async function joinOrg(store: FilesystemStore, records: readonly Uint8Array[]): Promise<void> {
  const keeper = new LedgerKeeper({ records: store.records, key: DeviceKey.generate(), log: SILENT_LOG })
  for (let at = 0; at < records.length; at += PAGE_RECORDS)
    await keeper.takeAll(records.slice(at, at + PAGE_RECORDS))
  keeper.state()
  await keeper.close()
}

/** Watches how long the event loop is kept from its next turn; answers the longest in milliseconds. */
function watchTurns(): () => number {
  let longestMs = 0
  let lastMs = performance.now()
  let isOn = true
  const look = (): void => {
    const nowMs = performance.now()
    longestMs = Math.max(longestMs, nowMs - lastMs)
    lastMs = nowMs
    if (isOn) setImmediate(look)
  }
  setImmediate(look)
  return () => {
    isOn = false
    return longestMs
  }
}

function memory(): { heap: number } {
  globalThis.gc?.()
  return { heap: process.memoryUsage().heapUsed / MIB }
}

/** A device that starts again in a process of its own, as a node does, and stops in order. */
async function restart(home: string): Promise<void> {
  const store = await FilesystemStore.open({ home })
  const path = join(home, 'ledger.snapshot')
  const key = DeviceKey.fromSeed(sha256(Buffer.from('bench')))
  const ms = (value: number): string => `${value.toFixed(0)} ms`
  const before = memory()
  const snapshots = new SnapshotFile({ path, key, log: SILENT_LOG })
  const startMs = performance.now()
  const keeper = new LedgerKeeper({ records: store.records, key, log: SILENT_LOG, snapshots })
  keeper.state()
  const started = `${((performance.now() - startMs) / 1000).toFixed(2)} s`
  const isFull = keeper.isWhole
  if (isFull) say('warm, without a snapshot: read back, parsed and folded', started)
  else {
    say('warm, from a snapshot: until the state is there', started)
    const longestMs = watchTurns()
    const whole = await seconds(() => keeper.whole())
    say('and then until every operation is', `${whole.toFixed(2)} s, longest turn ${ms(longestMs())}`)
  }
  const { rss } = process.memoryUsage()
  const { heap } = memory()
  say('memory of it', `${(heap - before.heap).toFixed(0)} MiB of heap, ${(rss / MIB).toFixed(0)} MiB RSS`)
  const longestMs = watchTurns()
  const closed = await seconds(() => keeper.close())
  const size = (statSync(path).size / 1e6).toFixed(1)
  const wrote = `${size} MB in ${ms(closed * 1000)}, longest turn ${ms(longestMs())}`
  if (isFull) say('snapshot written at the stop', wrote)
  await store.close()
}

/** Milliseconds of adding each operation by itself and asking for the state, beyond checking its signature. */
function oneByOne(history: History, next: (index: number) => Operation, count: number): string {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const operation = next(index)
    const startMs = performance.now()
    history.ledger.add([operation.record], { verifiedBefore: true })
    history.ledger.state()
    times.push(performance.now() - startMs)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(3)
  return `${at(0.5)} ms median, ${at(0.99)} ms p99`
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      operations: { type: 'string', default: '100000' },
      devices: { type: 'string', default: '1000' },
      copies: { type: 'string' },
      restart: { type: 'string' }
    }
  })
  if (values.restart !== undefined) return await restart(values.restart)
  const counts = { operations: Number(values.operations), devices: Number(values.devices) }
  const versions = Number(values.copies ?? 0)
  const admin = DeviceKey.generate()
  const root = foundRoot(admin)
  const history = new History(root)
  let devices: DeviceKey[] = []
  const made = await seconds(() => {
    devices =
      versions > 0 ? writeCopies(history, admin, { ...counts, versions }) : write(history, admin, counts)
  })
  const { records } = history
  const bytes = records.reduce((sum, record) => sum + record.length, 0)
  say('operations, devices, size', `${records.length}, ${counts.devices}, ${(bytes / 1e6).toFixed(1)} MB`)
  say('made: signed and folded one by one', `${made.toFixed(1)} s`)
  const home = mkdtempSync(join(tmpdir(), 'peerage-bench-ledger-'))
  const store = await FilesystemStore.open({ home })
  try {
    saveRoots(store.records, [root])
    const cold = await seconds(() => joinOrg(store, records))
    say('cold: parsed, verified, folded and made durable', `${cold.toFixed(2)} s`)
    await store.close()
    for (let start = 0; start < 2; start++)
      spawnSync(
        process.execPath,
        [...process.execArgv, ...HEAP_FLAGS, import.meta.filename, '--restart', home],
        {
          stdio: 'inherit'
        }
      )
  } finally {
    rmSync(home, { recursive: true })
  }
  const someone = (index: number) => devices[index % devices.length] as DeviceKey
  say(
    'one more publication',
    oneByOne(history, index => history.sign(someone(index), publication(1e6 + index, `more/${index}`)), 500)
  )
  if (versions > 0) {
    const some = Array.from({ length: COPIES_TOLD_MAX }, (_, index) => publication(index * 11, ''))
      .flatMap(each => (each.type === 'dataset.publish' ? each.version : []))
      .sort()
    say(
      `one more word about ${COPIES_TOLD_MAX} copies`,
      oneByOne(history, index => history.sign(someone(index), copiesSaid(someone(index), some)), 200)
    )
    say(
      'one more dispute',
      oneByOne(
        history,
        index => {
          const copies = [{ version: some[0] as VersionId, share: null }]
          return history.sign(someone(index + 1), {
            ...{ type: 'copy.dispute', device: someone(index).id, copies, reason: 'it has it not' }
          })
        },
        100
      )
    )
  }
  say(
    'one more suspension',
    oneByOne(
      history,
      index => {
        const device = someone(index).id
        const cutoffs = history.ledger.cutoffsOf(device)
        return history.sign(admin, { type: 'device.suspend', device, cutoffs, reason: null })
      },
      100
    )
  )
}

await main()
