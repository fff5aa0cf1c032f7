/**
 * `npm run demo`: the main job on real input. Six nodes of one org in two sites, as separate processes on loopback;
 * one publishes, five fetch at once, one of them is killed hard halfway and resumes, strangers are refused, and every
 * byte is compared; then one device is revoked in the middle of a transfer, and the audit trail verified offline;
 * then a folder is kept in copies on two sites, one of which is lost, and erased. What the table shows is what the
 * nodes measured.
 *
 *   npm run demo -- --path FILE_OR_FOLDER     other input than the Node runtime of this checkout
 *   npm run demo -- --keep                    go on with a living network to try things in, until Ctrl-C
 */

import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { stdout } from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Transfer } from '../src/api/transfer.ts'
import { ERROR_CODES } from '../src/base/error-codes.ts'
import { AppError, messageOf } from '../src/base/errors.ts'
import { parseDeviceId } from '../src/base/ids.ts'
import { formatBytes, formatDuration, formatRate } from '../src/base/units.ts'
import { DeviceKey } from '../src/node/keys/device-key.ts'
import { SWARM_PROTOCOL } from '../src/node/swarm/swarm-hub.ts'
import { Libp2pTransport } from '../src/node/transport/libp2p-transport.ts'
import { Cluster, type ClusterNode, LOOPBACK, runCommand, until } from './cluster.ts'
import { endAll, live, stopSignal } from './demo-living.ts'
import { buildStoringOrg, eraseAndProve, keepAndLose, storingCluster } from './demo-storage.ts'
import { freePort } from './free-port.ts'
import { buildProgram } from './program.ts'

const DATASET = 'node-runtime'
const FETCHERS = [
  ['ber-2', 'berlin'],
  ['ber-3', 'berlin'],
  ['par-1', 'paris'],
  ['par-2', 'paris'],
  ['par-3', 'paris']
] as const
const VICTIM = 'par-2'
const KILL_AT = 0.5
const REVOKED = 'par-3'
const SECOND_BYTES = 256_000_000
const POLL_MS = 40
const DONE_TIMEOUT_MS = 120_000

interface Outcome {
  readonly node: ClusterNode
  readonly transfer: Transfer
  readonly tookMs: number
}

function say(text: string): void {
  stdout.write(`${text}\n`)
}

function step(text: string): void {
  say(`\n== ${text}`)
}

/** The runtime that this checkout installed: real, large and here without a download. */
function runtimeFolder(): string {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  } catch {
    return process.execPath
  }
}

function inputPath(path: string | undefined): string {
  const input = resolve(path ?? runtimeFolder())
  statSync(input) // a wrong path is told before anything starts
  return input
}

/** With `api`, where its first node answers programs and browsers. */
async function buildOrg(cluster: Cluster, api: string | undefined): Promise<void> {
  await cluster.found('build-1', 'berlin', LOOPBACK, api === undefined ? [] : ['--api', api])
  const ticket = await cluster.invite(FETCHERS.length)
  for (const [name, site] of FETCHERS) await cluster.join(ticket, name, site)
  await cluster.meshed()
  say(
    `org acme: ${cluster.nodes.map(node => `${node.name} (${node.site})`).join(', ')}; all linked over mutual TLS`
  )
  await showRefusals(cluster, ticket)
}

/** A spent ticket, and a key that nobody enrolled: both get a refusal and nothing else. */
async function showRefusals(cluster: Cluster, spentTicket: string): Promise<void> {
  const home = join(cluster.folder, 'late')
  const late = await runCommand(['join', spentTicket, '--site', 'paris', '--device', 'late', '--home', home])
  if (late.exitCode === 0) throw new Error('a spent ticket was accepted')
  say(`joining with the spent ticket: exit ${late.exitCode}, ${late.stderr.trim()}`)
  say(`a stranger's key asking for content: ${await strangerIsRefused(cluster)}`)
}

async function strangerIsRefused(cluster: Cluster): Promise<string> {
  const [publisher] = cluster.nodes
  const status = await publisher?.client.call('status', {})
  const device = status && parseDeviceId(status.device.id)
  if (status === undefined || device === undefined) throw new Error('the publisher does not answer')
  const stranger = new Libp2pTransport({ key: DeviceKey.generate(), listen: [] })
  stranger.setGate(() => 'member')
  await stranger.start()
  try {
    const signal = AbortSignal.timeout(10_000)
    const outcome = await stranger.dial({ device, addresses: status.addresses, asStranger: true }, signal)
    if (outcome.kind === 'refused') return `refused at connect: ${outcome.detail}`
    await stranger.open(device, SWARM_PROTOCOL, signal)
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'PEER_REFUSED') throw thrown
    return `refused: ${messageOf(thrown)}`
  } finally {
    await stranger.stop()
  }
  throw new Error('a stranger was let in')
}

function progressLine(transfers: ReadonlyMap<string, Transfer>): string {
  return [...transfers]
    .map(([name, { haveBytes, totalBytes, state }]) => {
      const percent = Math.floor((100 * haveBytes) / Math.max(1, totalBytes))
      return `${name} ${state === 'complete' ? 'done' : `${String(percent).padStart(3)}%`}`
    })
    .join('   ')
}

class Progress {
  #shownMs = 0

  show(transfers: ReadonlyMap<string, Transfer>): void {
    const everyMs = stdout.isTTY ? 100 : 1000
    if (performance.now() - this.#shownMs < everyMs) return
    this.#shownMs = performance.now()
    if (stdout.isTTY) stdout.write(`\r\x1b[2K  ${progressLine(transfers)}`)
    else say(`  ${progressLine(transfers)}`)
  }

  end(): void {
    if (stdout.isTTY) stdout.write('\r\x1b[2K')
  }
}

function isHalfway({ state, haveBytes, totalBytes }: Transfer): boolean {
  return state !== 'complete' && haveBytes >= KILL_AT * totalBytes && haveBytes < totalBytes
}

/** Starts the fetch everywhere at once, kills the victim halfway, and waits for the others. */
async function distribute(
  cluster: Cluster
): Promise<{ outcomes: Outcome[]; killedAt: Transfer | undefined }> {
  const nodes = cluster.nodes.slice(1)
  const startMs = performance.now()
  const ids = new Map<string, string>()
  for (const node of nodes) {
    const destination = join(cluster.folder, node.name, 'data')
    ids.set(
      node.name,
      (await node.client.call('startTransfer', { name: DATASET, version: null, destination })).id
    )
  }
  const progress = new Progress()
  const latest = new Map<string, Transfer>()
  const outcomes = new Map<string, Outcome>()
  let killedAt: Transfer | undefined
  while (outcomes.size + (killedAt === undefined ? 0 : 1) < nodes.length) {
    if (performance.now() - startMs > DONE_TIMEOUT_MS) throw new Error('the fetches did not end in time')
    for (const node of nodes) {
      if (outcomes.has(node.name) || !node.isRunning) continue
      const transfer = await node.client.call('transfer', { id: ids.get(node.name) ?? '' })
      latest.set(node.name, transfer)
      if (transfer.state === 'failed') throw new Error(`${node.name}: ${transfer.problem?.message}`)
      if (node.name === VICTIM && killedAt === undefined && isHalfway(transfer)) {
        await node.kill()
        killedAt = transfer
        progress.end()
        say(`  killed ${VICTIM} (SIGKILL) when it had ${formatBytes(transfer.haveBytes)}`)
      } else if (transfer.state === 'complete')
        outcomes.set(node.name, { node, transfer, tookMs: performance.now() - startMs })
    }
    progress.show(latest)
    await delay(POLL_MS)
  }
  progress.end()
  return { outcomes: [...outcomes.values()], killedAt }
}

/** The killed node starts again by itself where it was. */
async function resume(cluster: Cluster, killedAt: Transfer): Promise<Outcome> {
  const node = cluster.nodes.find(each => each.name === VICTIM)
  if (node === undefined) throw new Error(`there is no ${VICTIM}`)
  const startMs = performance.now()
  await node.up()
  let transfer = killedAt
  await until(`${VICTIM} is complete`, DONE_TIMEOUT_MS, async () => {
    transfer = await node.client.call('transfer', { id: killedAt.id })
    return transfer.state === 'complete'
  })
  const { resumedBytes, receivedBytes, totalBytes } = transfer
  if (receivedBytes === 0 && resumedBytes === 0) {
    say(`${VICTIM} restarted: it had just finished when it was killed`)
    return { node, transfer, tookMs: performance.now() - startMs }
  }
  say(
    `${VICTIM} restarted: ${formatBytes(resumedBytes)} were there, ${formatBytes(receivedBytes)} were fetched, ` +
      `${formatBytes(resumedBytes + receivedBytes - totalBytes)} of what it had was fetched again`
  )
  if (resumedBytes < killedAt.haveBytes) throw new Error(`${VICTIM} lost pieces that it had claimed`)
  if (resumedBytes + receivedBytes !== totalBytes) throw new Error(`${VICTIM} refetched what it had`)
  return { node, transfer, tookMs: performance.now() - startMs }
}

function listFiles(root: string): string[] {
  if (!statSync(root).isDirectory()) return ['']
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

/** Byte for byte, and that there is nothing else. */
function compare(source: string, copy: string): { files: number; bytes: number } {
  const files = listFiles(source)
  if (listFiles(copy).join('\0') !== files.join('\0'))
    throw new Error(`${copy} has other files than ${source}`)
  let bytes = 0
  for (const file of files) {
    const content = readFileSync(join(source, file))
    if (!content.equals(readFileSync(join(copy, file))))
      throw new Error(`${join(copy, file)} differs from its source`)
    bytes += content.length
  }
  return { files: files.length, bytes }
}

function table(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map(({ node, transfer, tookMs }) => {
    const fromPublisher = transfer.sources.find(source => source.publisher)?.receivedBytes ?? 0
    return [
      node.name,
      node.site,
      formatDuration(tookMs),
      formatRate((1000 * transfer.receivedBytes) / tookMs),
      formatBytes(fromPublisher),
      formatBytes(transfer.receivedBytes - fromPublisher),
      formatBytes(transfer.resumedBytes),
      formatBytes(transfer.wastedBytes)
    ]
  })
  const head = ['device', 'site', 'time', 'rate', 'from publisher', 'from peers', 'was there', 'wasted']
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map(row => (row[column] ?? '').length))
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
      )
      .join('  ')
  say(line(head))
  for (const row of rows) say(line(row))
}

async function run(cluster: Cluster, input: string): Promise<void> {
  const [publisher] = cluster.nodes
  if (publisher === undefined) throw new Error('there is no publisher')
  step('Publish, in place')
  const published = await publisher.client.stream(
    'publish',
    { path: input, name: DATASET, dataClass: 'internal' },
    { signal: new AbortController().signal, onProgress: () => undefined }
  )
  say(
    `${DATASET}: ${published.files} files, ${formatBytes(published.bytes)}, pieces of ${formatBytes(published.pieceBytes)}, ` +
      `hashed in ${formatDuration(published.durationMs)}`
  )
  say(published.magnet)
  for (const node of cluster.nodes)
    await until(`${node.name} knows ${DATASET}`, 10_000, async () => {
      const { datasets } = await node.client.call('datasets', {})
      return datasets.some(dataset => dataset.name === DATASET)
    })
  step(`Fetch on ${FETCHERS.length} devices at once; kill ${VICTIM} halfway`)
  const { outcomes, killedAt } = await distribute(cluster)
  if (killedAt === undefined) say(`${VICTIM} was done before it could be killed: the input is small`)
  else {
    step(`Restart ${VICTIM}`)
    outcomes.push(await resume(cluster, killedAt))
  }
  step('Compare every file with the source, byte for byte')
  const compared = outcomes.map(({ node }) => compare(input, join(cluster.folder, node.name, 'data')))
  say(
    `${compared.length} copies of ${compared[0]?.files} files, ${formatBytes(compared[0]?.bytes ?? 0)} each: identical`
  )
  step('What each device measured')
  table(outcomes.toSorted((a, b) => a.node.name.localeCompare(b.node.name)))
  const { sentBytes } = await publisher.client.call('status', {})
  say(
    `\nThe publisher sent ${(sentBytes / published.bytes).toFixed(2)} copies for ${FETCHERS.length} devices.`
  )
}

/** A device is revoked in the middle of a transfer: what it costs is measured, what is left behind is checked. */
async function revokeOne(cluster: Cluster): Promise<void> {
  const [admin] = cluster.nodes
  const revoked = cluster.nodes.find(node => node.name === REVOKED)
  if (admin === undefined || revoked === undefined) throw new Error('the org has its devices')
  const path = join(cluster.folder, 'second-release.bin')
  writeFileSync(path, randomBytes(SECOND_BYTES))
  await admin.done('publish', path, '--name', 'second-release')
  await until(`${REVOKED} knows it`, 10_000, async () => {
    const { datasets } = await revoked.client.call('datasets', {})
    return datasets.some(dataset => dataset.name === 'second-release')
  })
  const destination = join(cluster.folder, REVOKED, 'second')
  const order = { name: 'second-release', version: null, destination }
  const { id } = await revoked.client.call('startTransfer', order)
  const transfer = () => revoked.client.call('transfer', { id })
  await until('it is under way', 10_000, async () => (await transfer()).haveBytes > 0)
  await admin.done('device', 'revoke', REVOKED, '--reason', 'stolen from a car')
  const startMs = performance.now()
  await until('nobody is linked with it any more', 10_000, async () => {
    return (await revoked.client.call('status', {})).peersConnected === 0
  })
  const tookMs = performance.now() - startMs
  const { haveBytes, totalBytes, state } = await transfer()
  if (state === 'complete') say(`${REVOKED} had finished before it was revoked`)
  else say(`${REVOKED} got ${formatBytes(haveBytes)} of ${formatBytes(totalBytes)}, and nothing more`)
  say(`the last device hung up on it ${formatDuration(tookMs)} after the command had returned`)
  let why: string | undefined
  await until('it is told why', 20_000, async () => {
    const { problems } = await revoked.client.call('status', {})
    why = problems.find(problem => problem.message.includes('revoked'))?.message
    return why !== undefined
  })
  say(`${REVOKED} shows its user: ${why}`)
  const evidence = join(cluster.folder, 'evidence')
  await admin.done('audit', 'export', evidence)
  const verified = await runCommand(['audit', 'verify', evidence])
  if (verified.exitCode !== 0) throw new Error(`the audit trail does not verify: ${verified.stdout}`)
  say('the audit logs of all who could be reached, exported and verified without any node:')
  say(verified.stdout.trimEnd().replace(/^/gm, '  '))
  say(
    `the log that is not here is that of ${REVOKED}, which is revoked and gives nothing any more; a trace can be missing`
  )
  say('of a stream that was cut by a kill: what it brought is noted when it ends, and every few minutes')
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { path: { type: 'string' }, keep: { type: 'boolean', default: false } }
  })
  const startMs = performance.now()
  const input = inputPath(values.path)
  const folder = mkdtempSync(join(tmpdir(), 'peerage-demo-'))
  const api = values.keep ? `127.0.0.1:${await freePort()}` : undefined
  const cluster = new Cluster(folder)
  const storing = storingCluster(folder)
  const interrupted = (): void => {
    for (const node of [...cluster.nodes, ...storing.nodes]) void node.kill()
    rmSync(folder, { recursive: true, force: true })
    process.exit(ERROR_CODES.INTERRUPTED.exitCode)
  }
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted)
  say('building the program that all of them run')
  buildProgram()
  try {
    step('Found an org of six devices in two sites')
    await buildOrg(cluster, api)
    await run(cluster, input)
    step(`Revoke ${REVOKED} in the middle of a transfer`)
    await revokeOne(cluster)
    step('Keep copies on two sites, and lose one of them')
    try {
      await buildStoringOrg(storing)
      await keepAndLose(storing, say)
      step('Erase it everywhere, and prove it')
      await eraseAndProve(storing, say)
    } finally {
      await storing.stop()
    }
    say(`\nDone in ${formatDuration(performance.now() - startMs)}.`)
    if (api !== undefined) {
      step('A living network, until Ctrl-C')
      await live(cluster, { api, revoked: REVOKED, dataset: DATASET, say })
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
      await stopSignal()
      say('\nstopping the nodes and removing their folders')
    }
  } finally {
    await endAll(cluster)
    rmSync(folder, { recursive: true, force: true })
  }
}

try {
  await main()
} catch (thrown) {
  console.error(`demo: ${messageOf(thrown)}`)
  process.exitCode = thrown instanceof AppError ? ERROR_CODES[thrown.code].exitCode : 1
}
