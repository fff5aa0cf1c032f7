/**
 * `npm run bench:scrape`: what a scrape of the metrics costs a node of a large org: processor time, bytes, and how
 * long it keeps the event loop from its next turn; beside turns without a scrape. The node is a real one; the ledger
 * of its org is made here. Times are those of the thread on its processor, so that what else the machine does is not
 * in them.
 *
 *   node lab/bench-scrape.ts --devices 10000 --versions 10000 --scrapes 20
 */

import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { type VersionId, versionIdFromBytes } from '../src/base/ids.ts'
import { GIB } from '../src/base/units.ts'
import { Exposition } from '../src/gateway/metrics/exposition.ts'
import { commitName } from '../src/ledger/fold/invite.ts'
import { Ledger } from '../src/ledger/ledger.ts'
import { createOperation } from '../src/ledger/operation/operation.ts'
import type { OperationContent } from '../src/ledger/operation/operation-content.ts'
import { COPIES_TOLD_MAX } from '../src/ledger/operation/operation-limits.ts'
import { keyPath } from '../src/node/home.ts'
import { DeviceKey, loadDeviceKey } from '../src/node/keys/device-key.ts'
import { verify } from '../src/node/ledger/ledger-keeper.ts'
import type { Node } from '../src/node/node.ts'
import { sha256 } from '../src/store/sha256.ts'
import { OrgInProcess } from './org-in-process.ts'

const INCARNATION = '00000000000000a1'
const PAGE_RECORDS = 8192
const SITES = 50
const COPIES = 3
const DATASETS = 500
/** Erasures that nobody has confirmed: each is compared with every device. */
const ERASURES = 50
/** Longer than a survey of the org is good for. */
const REST_MS = 500

interface Counts {
  readonly devices: number
  readonly versions: number
}

/** Signs for any device, on top of what the node has. */
class Writer {
  readonly records: Uint8Array[] = []
  readonly #ledger: Ledger
  readonly #timeMs = Date.now()

  constructor({ keeper }: Node) {
    this.#ledger = new Ledger(keeper.chain, { verify, sha256 })
    for (const { record } of keeper.ledger.operations()) this.#add(record)
  }

  write(key: DeviceKey, content: OperationContent): void {
    const from = { author: key.id, incarnation: INCARNATION, content, nowMs: this.#timeMs }
    const draft = this.#ledger.draft(from)
    if (!draft.ok) throw new Error(draft.detail)
    const sign = (message: Uint8Array): Uint8Array => key.sign(message)
    const terms = { ...draft.value, timeMs: this.#timeMs, expiresMs: null }
    const { record } = createOperation(terms, { sign, sha256 })
    this.#add(record)
    this.records.push(record)
  }

  #add(record: Uint8Array): void {
    this.#ledger.add([record], { verifiedBefore: true })
  }
}

function writeOrg(writer: Writer, admin: DeviceKey, counts: Counts): void {
  const devices = Array.from({ length: counts.devices }, () => DeviceKey.generate())
  for (const [index, { id: device }] of devices.entries()) {
    const nameCommitment = commitName('device', new Uint8Array(16), sha256)
    const kind = (['server', 'desktop', 'laptop'] as const)[index % 3] ?? 'server'
    writer.write(admin, { type: 'device.enrol', device, kind, nameCommitment, redemption: null })
    const site = `site-${index % SITES}`
    writer.write(admin, { type: 'device.storage', device, site, capacityBytes: 100 * GIB })
  }
  for (let index = 0; index < DATASETS; index++)
    writer.write(admin, {
      ...{ type: 'dataset.storage', name: `data-${index}`, copies: COPIES, sites: 2 },
      ...{ regions: [], kinds: [], shares: null, retentionMs: null }
    })
  const versions = Array.from({ length: counts.versions }, (_, index) => {
    const version = versionIdFromBytes(sha256(Buffer.from(`version ${index}`)))
    writer.write(admin, {
      ...{ type: 'dataset.publish', name: `data-${index % DATASETS}`, version, class: 'internal' },
      ...{ sealed: false, pieceBytes: 16_384, files: 1, bytes: 1_000_000 }
    })
    return version
  })
  const kept = new Map<DeviceKey, VersionId[]>()
  for (const [index, version] of versions.entries())
    for (let copy = 0; copy < COPIES; copy++) {
      const device = devices[(index * 7 + copy * 331) % devices.length] as DeviceKey
      kept.set(device, [...(kept.get(device) ?? []), version])
    }
  for (const [device, all] of kept) {
    const copies = [...new Set(all)].sort().slice(0, COPIES_TOLD_MAX)
    writer.write(device, {
      ...{ type: 'copy.state', device: device.id, untilMs: null },
      copies: copies.map(version => ({ version, share: null }))
    })
  }
  for (const version of versions.slice(0, ERASURES))
    writer.write(admin, {
      ...{ type: 'content.erase', version, case: String(version).slice(0, 32) },
      ...{ reason: null, basis: 'art17', subject: null }
    })
}

/** What this thread has used of its processor. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Watches the turns of the event loop; answers the longest in milliseconds. */
function watchTurns(): () => number {
  let longestMs = 0
  let lastMs = cpuMs()
  let isOn = true
  const look = (): void => {
    const nowMs = cpuMs()
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

function say(what: string, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1)
  console.log(`| ${what} | ${at(0.5)} ms | ${at(1)} ms |`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      devices: { type: 'string', default: '10000' },
      versions: { type: 'string', default: '10000' },
      scrapes: { type: 'string', default: '20' }
    }
  })
  const counts = { devices: Number(values.devices), versions: Number(values.versions) }
  const org = new OrgInProcess()
  try {
    const { node, service } = await org.found('nas')
    const writer = new Writer(node)
    writeOrg(writer, await loadDeviceKey(keyPath(join(org.folder, 'nas'))), counts)
    for (let at = 0; at < writer.records.length; at += PAGE_RECORDS)
      await node.keeper.takeAll(writer.records.slice(at, at + PAGE_RECORDS))
    const { devices, datasets } = node.keeper.state()
    console.log(`${devices.size} devices, ${counts.versions} versions in ${datasets.size} datasets`)
    console.log('| | median | at most |\n|---|---|---|')
    const exposition = Exposition.of(service, 'peerage/0')
    let body = ''
    const scrape = async (): Promise<{ readonly ms: number; readonly turnMs: number }> => {
      await nextTurn()
      const longest = watchTurns()
      const startMs = cpuMs()
      body = (await exposition.expose('text')).body
      const ms = cpuMs() - startMs
      await nextTurn()
      return { ms, turnMs: longest() }
    }
    const first = await scrape()
    say('the first scrape, with a survey of the org begun', [first.ms])
    say('its longest turn', [first.turnMs])
    const surveyed = async (): Promise<boolean> => (await service.measures()).survey !== null
    const surveying = watchTurns()
    while (!(await surveyed())) await delay(REST_MS)
    say('the longest turn until the survey is there', [surveying()])
    const taken: { readonly ms: number; readonly turnMs: number }[] = []
    for (let index = 0; index < Number(values.scrapes); index++) {
      taken.push(await scrape())
      await delay(REST_MS)
    }
    say(
      'a scrape',
      taken.map(({ ms }) => ms)
    )
    say(
      'its longest turn',
      taken.map(({ turnMs }) => turnMs)
    )
    const idle = watchTurns()
    await delay(5 * REST_MS)
    say('the longest turn without a scrape', [idle()])
    const { survey } = await service.measures()
    console.log(`survey: ${survey?.tookMs.toFixed(0)} ms in turns, ${JSON.stringify(survey?.units)}`)
    console.log(`a scrape is ${body.length} bytes, ${gzipSync(body).length} compressed`)
  } finally {
    await org.stop()
  }
}

await main()
