/**
 * Disks that fill up while copies are made: that of a holder, and that of who puts. Nothing is said to be safe that is
 * not, other holders take over, and what was acknowledged before stays. The disks are small file systems in memory, so
 * this runs as root only; homes and all they hold lie on them.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { filesBelow } from '../lab/ack-log.ts'
import { OFTEN } from '../lab/faulty-org.ts'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { VersionId } from '../src/base/ids.ts'
import { GIB, MIB } from '../src/base/units.ts'

const IS_ROOT = process.getuid?.() === 0 && process.platform === 'linux'
const SMALL_MIB = 24
const FILE_BYTES = 4 * MIB
const TASK = { signal: new AbortController().signal, onProgress: () => undefined }

class SmallDisks extends OrgInProcess {
  readonly mounts: string[] = []

  mount(name: string): void {
    const path = join(this.folder, name)
    mkdirSync(path, { mode: 0o700 })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_MIB}m,mode=0700`, 'tmpfs', path])
    this.mounts.push(path)
  }

  override async stop(): Promise<void> {
    await Promise.all(this.running.map(({ node }) => node.stop()))
    for (const path of this.mounts) execFileSync('umount', [path])
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const vaultOf = ({ node }: Running, version: VersionId) => join(node.home, 'vault', version)

/** Fills a disk but for so many bytes. */
function fill(folder: string, leftBytes: number): string {
  const { bavail, bsize } = statfsSync(folder)
  const path = join(folder, 'filler')
  writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)))
  return path
}

describe('a disk that fills up', { skip: !IS_ROOT, concurrency: false }, () => {
  const org = new SmallDisks()
  let office: Running
  let small: Running
  let large: Running
  let puts = 0

  before(async () => {
    org.mount('disks')
    office = await org.found('disks/office', { storage: OFTEN })
    org.mount('full')
    small = await org.join(office, 'full/small', { site: 'paris', storage: OFTEN })
    large = await org.join(office, 'large', { site: 'rome', storage: OFTEN })
    await org.settled()
    for (const each of [small, large])
      await each.service.storage.setCapacity({
        capacityBytes: each === small ? SMALL_MIB * MIB : GIB,
        keepFreeShare: 0
      })
  })
  after(() => org.stop())

  async function publish(policy: string, bytes = FILE_BYTES): Promise<{ name: string; version: VersionId }> {
    const name = `data-${puts++}`
    const path = join(org.folder, name)
    writeFileSync(path, randomBytes(bytes))
    const { version } = await office.service.publish({ path, name, dataClass: 'internal' }, TASK)
    await office.service.storage.setStoragePolicy({ name, policy })
    return { name, version }
  }

  const isWhole = (running: Running, { name, version }: { name: string; version: VersionId }): boolean => {
    const [file] = filesBelow(vaultOf(running, version))
    const source = readFileSync(join(org.folder, name))
    return file !== undefined && readFileSync(join(vaultOf(running, version), file)).equals(source)
  }
  const statusOf = ({ name, version }: { name: string; version: VersionId }) =>
    office.service.storage.versionStorage({ name, version })

  test('at a holder: it says no copy that it has not, says why, offers less, and goes on when there is room', async () => {
    const first = await publish('copies=2,sites=2')
    await eventually('the first is safe', async () => (await statusOf(first)).isSafe)
    const filler = fill(join(org.folder, 'full'), MIB)
    const second = await publish('copies=2,sites=2', 3 * FILE_BYTES)
    await eventually('one copy is made', async () => (await statusOf(second)).copies === 1)
    await eventually('the full one offers less', async () => {
      const { toldBytes, capacityBytes } = (await small.service.storage.storage()).own
      return toldBytes < capacityBytes
    })
    const { isSafe, copies, says } = await statusOf(second)
    assert.equal(isSafe, false)
    assert.equal(copies, 1)
    assert.match(says, /not safe/)
    assert.equal(isWhole(small, second), false)
    assert.ok(isWhole(small, first) && isWhole(large, first), 'what was acknowledged before is there')
    assert.equal((await statusOf(first)).isSafe, true)
    rmSync(filler)
    await small.service.storage.setCapacity({ capacityBytes: SMALL_MIB * MIB, keepFreeShare: 0 })
    await eventually('the second is safe', async () => (await statusOf(second)).isSafe)
    assert.ok(isWhole(small, second) && isWhole(large, second))
  })

  test('at who puts what is sealed: the put fails and leaves nothing, and can be done again', async () => {
    const filler = fill(join(org.folder, 'disks'), MIB)
    const path = join(org.folder, 'secret')
    writeFileSync(path, randomBytes(2 * FILE_BYTES))
    const request = { path, name: 'secret', dataClass: 'confidential' } as const
    await assert.rejects(office.service.publish(request, TASK), { code: 'DISK_FULL' })
    assert.equal(office.node.keeper.state().datasets.has('secret'), false)
    const left = filesBelow(office.node.home).filter(file => file.includes('objects'))
    assert.deepEqual(left, [], 'no object of it stays')
    rmSync(filler)
    const { version } = await office.service.publish(request, TASK)
    assert.ok(office.node.sealing.keeper.keysOf(version).length > 0)
    assert.ok(!existsSync(filler))
  })
})
