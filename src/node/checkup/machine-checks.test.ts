import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { GIB, MIB } from '../../base/units.ts'
import type { Check } from './checkup-terms.ts'
import {
  fileSystemOf,
  judgeFileSystem,
  judgeHome,
  judgeOpenFiles,
  judgePort,
  judgeSpace,
  judgeSpeed,
  machineChecks
} from './machine-checks.ts'

const said = ({ outcome, found }: Check): string => `${outcome}: ${found}`

describe('judgements of a machine', () => {
  const CLOSED = { folder: 0o40700, key: 0o100600, sealingKey: 0o100600 }
  for (const [check, expected] of [
    [judgeHome('/h', CLOSED), /^good/],
    [judgeHome('/h', { ...CLOSED, key: undefined }), /^bad: \/h belongs to no device yet/],
    [judgeHome('/h', { ...CLOSED, folder: 0o40755 }), /^bad: \/h can be opened by others \(mode 755\)/],
    [judgeHome('/h', { ...CLOSED, key: 0o100644 }), /^bad: device.key can be read by others/],
    [judgeFileSystem('ext4'), /^good: ext4/],
    [judgeFileSystem('nfs4'), /^attention/],
    [judgeFileSystem('fuse.sshfs'), /^attention/],
    [judgeFileSystem('tmpfs'), /^bad/],
    [judgeFileSystem(undefined), /^unknown/],
    [judgeSpace({ freeBytes: 80 * GIB, totalBytes: 200 * GIB }), /^good/],
    [judgeSpace({ freeBytes: 80 * GIB, totalBytes: 2000 * GIB }), /^attention/],
    [judgeSpace({ freeBytes: 100 * MIB, totalBytes: 200 * GIB }), /^bad/],
    [judgeSpeed({ bytesPerSecond: 400 * MIB, syncMs: 1 }), /^good/],
    [judgeSpeed({ bytesPerSecond: 10 * MIB, syncMs: 1 }), /^attention: .*no faster than the disk$/],
    [judgeSpeed({ bytesPerSecond: 400 * MIB, syncMs: 80 }), /^attention: .*wait for durable writes$/],
    [judgeOpenFiles(1024), /^attention: only 1024/],
    [judgeOpenFiles(65536), /^good/],
    [judgePort(4701, undefined), /^good/],
    [judgePort(4701, 'EADDRINUSE'), /^bad: .*EADDRINUSE/]
  ] as const)
    it(said(check), () => {
      assert.match(said(check), expected)
      assert.equal(check.remedy !== null, check.outcome === 'bad' || check.outcome === 'attention')
    })

  it('the file system is that of the nearest mount', () => {
    const mounts = 'a / ext4 rw\nb /srv nfs4 rw\nc /srv/fast xfs rw\nd /srvx btrfs rw\n'
    assert.equal(fileSystemOf('/srv/peerage', mounts), 'nfs4')
    assert.equal(fileSystemOf('/srv/fast/peerage', mounts), 'xfs')
    assert.equal(fileSystemOf('/home/x', mounts), 'ext4')
  })
})

describe('this machine', () => {
  const home = mkdtempSync(join(tmpdir(), 'peerage-checks-'))
  after(() => rmSync(home, { recursive: true }))

  it('is looked at, and nothing is left in the home folder', async () => {
    chmodSync(home, 0o700)
    for (const name of ['device.key', 'sealing.key']) writeFileSync(join(home, name), 'x', { mode: 0o600 })
    const found: Check[] = []
    for await (const check of machineChecks(home)) found.push(check)
    assert.deepEqual(
      found.map(({ id }) => id),
      ['home', 'file-system', 'disk-space', 'disk-speed', 'open-files']
    )
    assert.equal(found[0]?.outcome, 'good')
    assert.match(found[3]?.found ?? '', /^writes .*B\/s/)
    assert.deepEqual(readdirSync(home).sort(), ['device.key', 'sealing.key'])
  })
})
