/**
 * A node whose home has not a byte of room left. It goes on: what others decide counts there at once, what it can not
 * do says why, and once there is room all of it is on disk. The disk is a small file system in memory, so this runs as
 * root only.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import { KIB, SECOND_MS } from '../src/base/units.ts'

const IS_ROOT = process.getuid?.() === 0 && process.platform === 'linux'
const SIZE_MIB = 24
const KNOWN_MS = 60 * SECOND_MS

/** Leaves no room for a single byte; returns what to remove for there to be room again. */
function fill(folder: string): string {
  const path = join(folder, 'filler')
  for (const bytes of [64 * KIB, 512])
    try {
      for (;;) appendFileSync(path, Buffer.alloc(bytes))
    } catch {
      // no room for that many
    }
  assert.equal(statfsSync(folder).bavail, 0)
  return path
}

describe('a home without room', { skip: !IS_ROOT, concurrency: false }, () => {
  let folder: string
  let home: string
  let filler: string
  let office: ClusterNode
  let full: ClusterNode
  let nodes: readonly ClusterNode[] = []

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'peerage-full-'))
    home = join(folder, 'full', 'home')
    mkdirSync(home, { recursive: true, mode: 0o700 })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m,mode=0700`, 'tmpfs', home])
    const org = new Cluster(folder)
    office = await org.found('office', 'berlin')
    full = await org.join(await org.invite(), 'full', 'paris')
    await org.join(await org.invite(), 'lab-7', 'rome')
    await org.meshed()
    nodes = org.nodes
    await publish('held')
    await publish('followed')
    assert.equal((await full.run('get', 'held', join(folder, 'got'))).exitCode, 0)
    assert.equal((await full.run('follow', 'followed', join(folder, 'app'))).exitCode, 0)
    await until('it follows', KNOWN_MS, async () => (await followed()) === 1)
    filler = fill(home)
  })
  after(async () => {
    await Promise.all(nodes.map(node => node.stop()))
    execFileSync('umount', [home])
    rmSync(folder, { recursive: true, force: true })
  })

  async function publish(name: string): Promise<void> {
    const path = join(folder, name)
    writeFileSync(path, randomBytes(200_000))
    assert.equal((await office.run('publish', path, '--name', name)).exitCode, 0)
  }
  const followed = async (): Promise<number | undefined> =>
    (await full.client.call('follows', {})).follows[0]?.current?.ordinal
  const isOwed = async (): Promise<boolean> =>
    (await full.client.call('status', {})).problems.some(
      ({ code, message }) => code === 'DISK_FULL' && /^the ledger: .*ledger\.db/.test(message)
    )
  const operations = async ({ client }: ClusterNode): Promise<number> =>
    (await client.call('operations', {})).matched

  test('it knows and enforces what others decide, and says that it can not keep it', async () => {
    await publish('followed')
    assert.equal((await office.run('device', 'suspend', 'lab-7', '--reason', 'lost')).exitCode, 0)
    assert.equal((await office.run('quarantine', 'held', '--reason', 'malware')).exitCode, 0)
    await until('it knows of the quarantine', KNOWN_MS, async () => {
      const { closed } = await full.client.call('readers', { name: 'held' })
      return closed?.reason === 'quarantined'
    })
    await until('it has cut the suspended device off', KNOWN_MS, async () => {
      const { peers } = await full.client.call('peers', {})
      return peers.every(({ name, connected }) => name !== 'lab-7' || !connected)
    })
    assert.ok(await isOwed())
  })

  test('what it can not do says why, and nothing of it is left', async () => {
    const before = await operations(full)
    for (const args of [
      ['note', 'lost'],
      ['publish', join(folder, 'held'), '--name', 'own'],
      ['get', 'followed', join(folder, 'more')],
      ['token', 'create', 'more', '--scope', 'read'],
      ['limits', 'set', '--down', '5MB/s']
    ]) {
      const { exitCode, stderr } = await full.run(...args)
      assert.deepEqual([exitCode, /\(DISK_FULL\)/.test(stderr)], [74, true], `${args[0]}: ${stderr}`)
    }
    assert.equal(await operations(full), before)
    assert.equal((await full.run('risk')).exitCode, 0, 'what it knows it still tells')
    assert.ok(full.isRunning, readFileSync(join(folder, 'full', 'log'), 'utf8').slice(-2000))
  })

  test('with room again it has kept everything, and goes on where it was', async () => {
    rmSync(filler)
    await until('nothing is owed to the disk', KNOWN_MS, async () => !(await isOwed()))
    assert.equal((await full.run('note', 'after')).exitCode, 0)
    await until(
      'both know the same',
      KNOWN_MS,
      async () => (await operations(full)) === (await operations(office))
    )
    await until('it follows again', KNOWN_MS, async () => (await followed()) === 2)
    const known = await operations(full)
    await full.kill()
    await office.stop()
    await full.up()
    assert.equal(await operations(full), known, 'all of it is on disk')
    assert.equal((await full.client.call('readers', { name: 'held' })).closed?.reason, 'quarantined')
  })
})
