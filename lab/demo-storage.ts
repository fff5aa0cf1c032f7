/**
 * A scene of the demo: a folder is put into the storage of an org over three sites, its source deleted, a site that has
 * a copy lost for good; everything is read back elsewhere and compared, and the lost copy made anew.
 */

import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { VersionStorage } from '../src/api/storage.ts'
import { formatBytes, formatDuration } from '../src/base/units.ts'
import { Cluster, type ClusterNode, until } from './cluster.ts'

const DATASET = 'payroll'
/** Not the hours for which a server is waited for, so that the repair can be watched. */
const GRACE = '6s'
const HOLDERS = [
  ['nas-ber', 'berlin'],
  ['nas-par', 'paris'],
  ['nas-rom', 'rome']
] as const
const TIMEOUT_MS = 60_000

type Say = (text: string) => void

/** An org with three devices that keep copies, on a site each. */
export async function storingOrg(folder: string): Promise<Cluster> {
  const cluster = new Cluster(join(folder, 'storage'), ['--storage-grace', GRACE])
  await cluster.found('office', 'berlin')
  const ticket = await cluster.invite(HOLDERS.length)
  for (const [name, site] of HOLDERS) await cluster.join(ticket, name, site)
  await cluster.meshed()
  for (const node of cluster.nodes.slice(1)) await node.json('capacity', 'set', '2GB', '--keep-free', '0%')
  return cluster
}

export async function keepAndLose(cluster: Cluster, say: Say): Promise<void> {
  const [office] = cluster.nodes
  if (office === undefined) throw new Error('the org has its devices')
  const source = join(cluster.folder, 'source')
  const files = writeFiles(source)
  const startMs = performance.now()
  await said(office, 'put', source, '--name', DATASET, '--policy', 'copies=2,sites=2')
  say(`peerage put returned after ${formatDuration(performance.now() - startMs)}`)
  const before = await statusOf(office)
  say(`  ${before.says}`)
  const [lost] = keepersOf(before, cluster)
  if (lost === undefined) throw new Error('a device keeps a copy')
  say((await said(office, 'whatif', '--lose', `site:${lost.site}`)).replace(/^/gm, '  '))

  rmSync(source, { recursive: true })
  const lostMs = performance.now()
  await lost.kill()
  rmSync(lost.home, { recursive: true })
  say(`the source is deleted, and ${lost.name}, all of site ${lost.site}, is gone with its disk`)

  const destination = join(cluster.folder, 'read back')
  await said(office, 'get', DATASET, destination)
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

function writeFiles(folder: string): Map<string, Buffer> {
  const files = new Map([
    ['2031/january.db', randomBytes(48_000_000)],
    ['2031/february.db', randomBytes(16_000_000)],
    ['read me.txt', Buffer.from('who earns what\n')]
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

/** What a command that must succeed prints. */
async function said(node: ClusterNode, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await node.run(...args)
  if (exitCode !== 0) throw new Error(`peerage ${args[0]} exited with ${exitCode}: ${stdout}${stderr}`)
  return stdout.trimEnd()
}
