import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AILMENTS, afflict, ailingLink, missingForAilments, removeLeftAilments } from './ailment.ts'

const isRoot = process.getuid?.() === 0
const missing = isRoot ? missingForAilments(AILMENTS) : ['root']
const skip = missing.length === 0 ? false : `ailments can not be brought about here: ${missing.join('; ')}`
const DISK_RULE = '/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device'

test('an ailment of the link changes that alone', () => {
  const link = { upMbit: 20, downMbit: 20 }
  assert.deepEqual(ailingLink('uplink', link), { upMbit: 2, downMbit: 20 })
  assert.ok((ailingLink('loss', link).loss ?? 0) > 0)
  for (const ailment of ['disk', 'reads', 'cpu', undefined] as const)
    assert.equal(ailingLink(ailment, link), link)
})

test('what a node stands on is slow from the beginning to the end, and a killed run leaves nothing', {
  skip
}, () => {
  const parent = mkdtempSync(join(tmpdir(), 'peerage-test-ailment-'))
  const group = `peerage-test-ailment-${process.pid}`
  const quota = join('/sys/fs/cgroup/cpu', group, 'cpu.cfs_quota_us')
  const isHeld = (dev: number): boolean =>
    readFileSync(DISK_RULE, 'utf8')
      .split('\n')
      .some(line => line.startsWith(`${Math.floor(dev / 256)}:${dev % 256} `))
  try {
    for (const isKilled of [false, true]) {
      const folder = join(parent, `disk-${isKilled}`)
      const [disk, processor] = [afflict('disk', { folder, group }), afflict('cpu', { folder, group })]
      const { dev } = statSync(folder)
      assert.notEqual(dev, statSync(parent).dev, 'it is a disk of its own')
      assert.equal(isHeld(dev), false)
      assert.equal(Number(readFileSync(quota, 'utf8')), -1)
      for (const ailment of [disk, processor]) ailment.begin()
      assert.equal(isHeld(dev), true)
      assert.ok(Number(readFileSync(quota, 'utf8')) > 0)
      if (isKilled) removeLeftAilments(name => name === group || `${parent}/`.endsWith(`/${name}/`))
      else {
        for (const ailment of [disk, processor]) ailment.ease()
        assert.equal(Number(readFileSync(quota, 'utf8')), -1)
        for (const ailment of [disk, processor]) ailment.end()
      }
      assert.equal(isHeld(dev), false)
      assert.equal(statSync(folder).dev, statSync(parent).dev)
      assert.equal(existsSync(quota), false)
    }
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
})
