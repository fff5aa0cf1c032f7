/**
 * Erasure as an org meets it: real processes on loopback and the command line. What is searched for afterwards is a
 * marker that was in the content and in the names of its files: in every byte of every file of homes and folders.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Cluster, type ClusterNode, runCommand, until } from '../lab/cluster.ts'
import type { Certificate, EraseActed, ErasureCase } from '../src/api/erasure.ts'
import type { Acted } from '../src/api/governance.ts'

const MARKER = 'jane-doe-7f3a91c2'
const WAIT_MS = 60_000
const SCAN_BYTES = 70_000
const KILLS_MAX = 3
const folder = mkdtempSync(join(tmpdir(), 'peerage-erasure-'))
const cluster = new Cluster(folder)
let build: ClusterNode
let lab: ClusterNode
let office: ClusterNode

before(async () => {
  build = await cluster.found('build-1', 'berlin')
  const ticket = await cluster.invite(2)
  lab = await cluster.join(ticket, 'lab-7', 'paris')
  office = await cluster.join(ticket, 'office-3', 'paris')
  await cluster.meshed()
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

const at = (...path: string[]) => join(folder, ...path)

/** A folder whose content and names have the marker. */
function plant(name: string, { files = 3 } = {}): string {
  const source = at(name)
  mkdirSync(join(source, `of-${MARKER}`), { recursive: true })
  for (let i = 0; i < files; i++)
    writeFileSync(
      join(source, `of-${MARKER}`, `scan-${i}`),
      Buffer.alloc(SCAN_BYTES + i, `${MARKER} ${name} ${i} `)
    )
  return source
}

async function run(node: ClusterNode, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await node.run(...args)
  assert.equal(exitCode, 0, stderr)
  return stdout
}

async function publish(name: string, source: string): Promise<void> {
  await run(build, 'publish', source, '--name', name, '--class', 'internal')
  for (const node of [lab, office])
    await until(`${node.name} knows ${name}`, WAIT_MS, async () =>
      (await node.client.call('datasets', {})).datasets.some(dataset => dataset.name === name)
    )
}

async function get(node: ClusterNode, name: string, place: string, ...more: string[]): Promise<void> {
  await run(node, 'get', name, at(place), '--timeout', '20s', ...more)
}

/** A file read through the local socket of a node. */
async function contentOf(node: ClusterNode, path: string): Promise<Buffer> {
  const { socket } = JSON.parse(readFileSync(join(node.home, 'admin.json'), 'utf8')) as { socket: string }
  const call = request({ socketPath: socket, path, agent: false })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 200)
  return Buffer.concat(await response.toArray())
}

function statusOf(id: string, node = build): Promise<ErasureCase> {
  return node.client.call('erasureCase', { id })
}

async function stateOf(id: string, node: ClusterNode): Promise<string | undefined> {
  return (await statusOf(id)).devices.find(({ name }) => name === node.name)?.state
}

async function confirmed(id: string, ...nodes: ClusterNode[]): Promise<void> {
  for (const node of nodes)
    await until(`${node.name} confirmed`, WAIT_MS, async () => (await stateOf(id, node)) === 'confirmed')
}

/** Files under these paths that have the marker, in a name or in a byte. */
function withMarker(...paths: string[]): string[] {
  return paths.flatMap(path => {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return []
    if (path.includes(MARKER)) return [path]
    if (stats.isDirectory()) return withMarker(...readdirSync(path).map(name => join(path, name)))
    return stats.isFile() && readFileSync(path).includes(MARKER) ? [path] : []
  })
}

test('nothing is left on any device, one that was away included, and it is certified', async () => {
  const source = plant('source')
  await publish('scans', source)
  await get(lab, 'scans', 'lab-scans')
  await get(lab, 'scans', 'lab-part', '--only', '**/scan-1')
  await run(lab, 'follow', 'scans', at('lab-follow'))
  const read = await contentOf(office, `/content/scans/of-${MARKER}/scan-0`)
  assert.equal(read.length, SCAN_BYTES)
  assert.notDeepEqual(withMarker(at('office-3', 'home', 'cache')), [], 'what was read is kept for a while')
  await get(office, 'scans', 'office-scans')
  await until('the follow is there', WAIT_MS, async () =>
    existsSync(at('lab-follow', `of-${MARKER}`, 'scan-0'))
  )
  assert.notDeepEqual(withMarker(lab.home), [], 'its index names the files')
  await office.kill()

  const { case: id } = await build.json<EraseActed>(
    ...['erase', 'scans', '--basis', 'art17', '--reason', 'asked for by letter', '--delete-source']
  )
  await confirmed(id, build, lab)
  const places = ['lab-scans', 'lab-part', 'lab-follow', 'lab-follow.versions', 'source'].map(each =>
    at(each)
  )
  assert.deepEqual(withMarker(build.home, lab.home, ...places), [])
  assert(!existsSync(at('lab-scans')) && !existsSync(at('source')))
  assert.throws(() => lstatSync(at('lab-follow')), /ENOENT/)
  assert.equal(await stateOf(id, office), 'away')
  assert.notDeepEqual(withMarker(at('office-scans')), [])
  assert.match(
    await run(build, 'erase', 'status', id.slice(0, 12)),
    /2 of 3 devices confirmed[\s\S]*office-3 .*away/
  )

  await office.up()
  await confirmed(id, office)
  assert.deepEqual(withMarker(office.home, at('office-scans')), [])
  const all = await statusOf(id)
  const bytes = (node: ClusterNode) =>
    all.devices.find(({ name }) => name === node.name)?.confirmations.map(each => [each.outcome, each.bytes])
  assert.deepEqual(bytes(office), [['deleted', 210_003 + SCAN_BYTES]])
  assert.deepEqual(bytes(build), [['deleted', 210_003]])
  assert.deepEqual(bytes(lab), [['deleted', 2 * 210_003 + 70_001]])

  await run(build, 'erase', 'certificate', id.slice(0, 8), '--out', at('evidence'))
  const path = at('evidence', `erasure-${id}.json`)
  const checked = await runCommand(['erase', 'verify', path])
  assert.equal((await runCommand(['erase', 'verify', at('missing.json')])).exitCode, 66)
  assert.equal(checked.exitCode, 0, checked.stderr)
  assert.match(checked.stdout, /5 signatures checked; 3 devices confirmed, 0 did not/)
  const certificate: Certificate = JSON.parse(readFileSync(path, 'utf8'))
  const page = readFileSync(at('evidence', `erasure-${id}.html`), 'utf8')
  assert(page.includes('asked for by letter') && !/src=|href=|<script/.test(page))
  const forged = { ...certificate, issuedAtMs: certificate.issuedAtMs + 1 }
  writeFileSync(at('forged.json'), JSON.stringify(forged))
  assert.match(
    (await runCommand(['erase', 'verify', at('forged.json')])).stderr,
    /not what its issuer signed/
  )

  plant('source')
  const again = await lab.run('publish', source, '--name', 'mine')
  assert.equal(again.exitCode, 77)
  assert.match(again.stderr, /was erased: asked for by letter/)
  rmSync(source, { recursive: true })
})

test('a hold delays that it is deleted, and nobody reads it meanwhile', async () => {
  await publish('held', plant('held-source'))
  await get(lab, 'held', 'lab-held')
  const hold = await build.json<Acted>('hold', 'place', 'held', '--reason', 'case 17')
  const { case: id } = await build.json<EraseActed>('erase', 'held', '--basis', 'art17', '--delete-source')
  await until('lab-7 knows it', WAIT_MS, async () =>
    (await lab.client.call('erasureCases', {})).cases.some(each => each.case === id && each.held === 1)
  )
  const { exitCode, stderr } = await office.run('get', 'held', at('office-held'), '--timeout', '2s')
  assert.notEqual(exitCode, 0)
  assert.match(stderr, /erased/)
  assert.match(await run(build, 'erase', 'status', id), /held by build-1 .*case 17; nothing is deleted until/)
  assert.equal(readdirSync(at('lab-held', `of-${MARKER}`)).length, 3)
  assert.equal(await stateOf(id, lab), 'waiting')
  await build.json<Acted>('hold', 'lift', hold.operation)
  await confirmed(id, build, lab, office)
  assert.deepEqual(withMarker(build.home, lab.home, office.home, at('lab-held'), at('held-source')), [])
})

test('a device that is killed in the midst goes on at its next start', async t => {
  await publish('many', plant('many-source', { files: 300 }))
  await get(lab, 'many', 'lab-many')
  const left = () =>
    existsSync(at('lab-many', `of-${MARKER}`)) ? readdirSync(at('lab-many', `of-${MARKER}`)).length : 0
  assert.equal(left(), 300)
  const erasing = build.json<EraseActed>('erase', 'many', '--basis', 'art17', '--delete-source')
  const atKills: number[] = []
  for (let known = left(); known > 0; known = left()) {
    if (atKills.length > 0) void lab.up().catch(() => undefined)
    // All of it takes some tens of milliseconds.
    while (left() === known) await delay(1)
    await lab.kill()
    atKills.push(left())
    if (atKills.length === KILLS_MAX) break
  }
  t.diagnostic(`files left at kills: ${atKills.join(', ')}`)
  await lab.up()
  const { case: id } = await erasing
  await confirmed(id, lab, build)
  assert.equal(left(), 0)
  assert.deepEqual(withMarker(lab.home, at('lab-many')), [])
  const [said] = (await statusOf(id)).devices.find(({ name }) => name === lab.name)?.confirmations ?? []
  assert.equal(said?.outcome, 'deleted')
})

test('a source is its owner’s: the confirmation says that it is kept, until it is deleted', async () => {
  const source = plant('kept-source')
  await publish('kept', source)
  const { case: id } = await build.json<EraseActed>('erase', 'kept', '--basis', 'contract')
  await until('it is said', WAIT_MS, async () => (await stateOf(id, build)) === 'source-kept')
  assert.equal(readdirSync(join(source, `of-${MARKER}`)).length, 3)
  const { problems } = await build.client.call('status', {})
  assert(problems.some(({ code, path }) => code === 'ERASURE_UNFINISHED' && path === source))
  await run(build, 'erase', 'finish', id.slice(0, 12))
  assert.equal(await stateOf(id, build), 'source-kept', 'it is still there')
  rmSync(source, { recursive: true })
  await run(build, 'erase', 'finish', id.slice(0, 12))
  assert.equal(await stateOf(id, build), 'confirmed')
  assert.deepEqual(withMarker(build.home), [])
  assert(!(await build.client.call('status', {})).problems.some(({ path }) => path === source))
  assert.match(await run(build, 'erase', 'list'), /kept .*contract/)
})

test('what was sealed from plain files is told of too, while they are there', async () => {
  const source = plant('sealed-source')
  await run(build, 'publish', source, '--name', 'sealed', '--class', 'confidential')
  const { case: id } = await build.json<EraseActed>('erase', 'sealed', '--basis', 'art17')
  await until('it is said', WAIT_MS, async () => (await stateOf(id, build)) === 'source-kept')
  assert.equal(readdirSync(join(source, `of-${MARKER}`)).length, 3)
  const { problems } = await build.client.call('status', {})
  assert(problems.some(({ code, path }) => code === 'ERASURE_UNFINISHED' && path === source))
  rmSync(source, { recursive: true })
  await run(build, 'erase', 'finish', id.slice(0, 12))
  assert.equal(await stateOf(id, build), 'confirmed')
  assert.deepEqual(withMarker(build.home), [])
  const gone = plant('gone-source')
  await run(build, 'publish', gone, '--name', 'gone', '--class', 'confidential')
  rmSync(gone, { recursive: true })
  const { case: other } = await build.json<EraseActed>('erase', 'gone', '--basis', 'art17')
  await confirmed(other, build)
  assert.deepEqual(withMarker(build.home), [])
})
