/**
 * A scene of the demo: a folder is put into the storage of an org over three sites, its source deleted, a site that has
 * a copy lost for good; everything is read back elsewhere and compared, and the lost copy made anew. Then it is erased,
 * which every device that is left confirms and a certificate proves.
 */

import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { VersionStorage } from '../src/api/storage.ts'
import { formatBytes, formatDuration } from '../src/base/units.ts'
import { Cluster, type ClusterNode, runCommand, until } from './cluster.ts'

const DATASET = 'payroll'
/** Not the hours for which a server is waited for, so that the repair can be watched. */
const GRACE = '6s'
const HOLDERS = [
  ['nas-ber', 'berlin'],
  ['nas-par', 'paris'],
  ['nas-rom', 'rome']
] as const
const TIMEOUT_MS = 60_000
const MARKER = Buffer.from('who earns what: nobody is to know once it is erased\n')

type Say = (text: string) => void

/** What an org is made of that keeps copies. */
export function storingCluster(folder: string): Cluster {
  return new Cluster(join(folder, 'storage'), ['--storage-grace', GRACE])
}

/** An org with three devices that keep copies, on a site each. */
export async function buildStoringOrg(cluster: Cluster): Promise<void> {
  await cluster.found('office', 'berlin')
  const ticket = await cluster.invite(HOLDERS.length)
  for (const [name, site] of HOLDERS) await cluster.join(ticket, name, site)
  await cluster.meshed()
  for (const node of cluster.nodes.slice(1)) await node.json('capacity', 'set', '2GB', '--keep-free', '0%')
}

export async function keepAndLose(cluster: Cluster, say: Say): Promise<void> {
  const [office] = cluster.nodes
  if (office === undefined) throw new Error('the org has its devices')
  const source = join(cluster.folder, 'source')
  const files = writeFiles(source)
  const startMs = performance.now()
  await office.done('put', source, '--name', DATASET, '--policy', 'copies=2,sites=2')
  say(`peerage put returned after ${formatDuration(performance.now() - startMs)}`)
  const before = await statusOf(office)
  say(`  ${before.says}`)
  const [lost] = keepersOf(before, cluster)
  if (lost === undefined) throw new Error('a device keeps a copy')
  say((await office.done('whatif', '--lose', `site:${lost.site}`)).trimEnd().replace(/^/gm, '  '))

  rmSync(source, { recursive: true })
  const lostMs = performance.now()
  await lost.kill()
  rmSync(lost.home, { recursive: true })
  say(`the source is deleted, and ${lost.name}, all of site ${lost.site}, is gone with its disk`)

  const destination = join(cluster.folder, 'read back')
  await office.done('get', DATASET, destination)
  for (const [name, bytes] of files)
    if (!readFileSync(join(destination, name)).equals(bytes)) throw new Error(`${name} was not read back`)
  const total = [...files.values()].reduce((sum, { length }) => sum + length, 0)
  say(`read back from what is left and compared: ${files.size} files, ${formatBytes(total)}, every byte`)

  await until('the lost copy is made anew', TIMEOUT_MS, async () => {
    const { isSafe, devices } = await statusOf(office)
    return isSafe && devices.every(({ name, state }) => name !== lost.name || state !== 'kept')
  })
  const after = await statusOf(office)
  const made = keepersOf(after, cluster).map(({ name }) => name)
  say(`${formatDuration(performance.now() - lostMs)} after the loss, with a grace of ${GRACE}: ${after.says}`)
  say(`  copies are on ${made.join(' and ')}`)
}

/** Erased, confirmed by every device that is left, and certified; then no byte of a file is found in any home. */
export async function eraseAndProve(cluster: Cluster, say: Say): Promise<void> {
  const [office] = cluster.nodes
  if (office === undefined) throw new Error('the org has its devices')
  const alive = cluster.nodes.filter(node => node.isRunning)
  const erased = await office.json<{ case: string }>('erase', DATASET, '--basis', 'art17')
  await until('all who are left confirm', TIMEOUT_MS, async () => {
    const { devices } = await office.client.call('erasureCase', { id: erased.case })
    return (
      devices.filter(({ state }) => state === 'confirmed' || state === 'source-kept').length >= alive.length
    )
  })
  say((await office.done('erase', 'status', erased.case)).trimEnd().replace(/^/gm, '  '))
  const out = join(cluster.folder, 'certificate')
  mkdirSync(out, { recursive: true })
  await office.done('erase', 'certificate', erased.case, '--out', out)
  const [certificate] = readdirSync(out).filter(name => name.endsWith('.json'))
  const verified = await runCommand(['erase', 'verify', join(out, certificate ?? '')])
  if (verified.exitCode !== 0) throw new Error(`the certificate does not verify: ${verified.stdout}`)
  say('its certificate, verified without any node:')
  say(verified.stdout.trimEnd().replace(/^/gm, '  '))
  const found = alive.flatMap(({ home }) => filesWith(home, MARKER))
  if (found.length > 0) throw new Error(`bytes of it are left in ${found.join(', ')}`)
  say('and no byte of what it said is found in the home folders of those who confirmed')
}

/** Every file below a folder that has these bytes in it. */
function filesWith(folder: string, bytes: Buffer): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  return paths.filter(path => readFileSync(path).includes(bytes))
}

function writeFiles(folder: string): Map<string, Buffer> {
  const files = new Map([
    ['2031/january.db', randomBytes(48_000_000)],
    ['2031/february.db', randomBytes(16_000_000)],
    ['read me.txt', MARKER]
  ])
  mkdirSync(join(folder, '2031'), { recursive: true })
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes)
  return files
}

async function statusOf(node: ClusterNode): Promise<VersionStorage> {
  return await node.client.call('versionStorage', { name: DATASET, version: null })
}

function keepersOf({ devices }: VersionStorage, { nodes }: Cluster): ClusterNode[] {
  const names = devices.filter(({ state }) => state === 'kept').map(({ name }) => name)
  return nodes.filter(({ name }) => names.includes(name))
}
