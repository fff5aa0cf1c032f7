import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { AppError } from '../base/errors.ts'
import { deviceIdFromBytes, orgIdFromBytes } from '../base/ids.ts'
import {
  createHome,
  discardHome,
  type Identity,
  loadIdentity,
  lockHome,
  newNameSalt,
  saveIdentity
} from './home.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'peerage-home-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const identity: Identity = {
  org: orgIdFromBytes(new Uint8Array(32).fill(1)),
  orgName: 'acme',
  device: deviceIdFromBytes(new Uint8Array(32).fill(2)),
  name: 'build-1',
  nameSalt: newNameSalt(),
  site: 'berlin',
  kind: 'server'
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (thrown) {
    return thrown instanceof AppError ? thrown.code : String(thrown)
  }
}

test('an identity is read back as it was written, in a folder only its owner can enter', () => {
  const home = join(folder, 'deep', 'home')
  createHome(home)
  saveIdentity(home, identity)
  assert.deepEqual(loadIdentity(home), { ...identity, nameSalt: new Uint8Array(identity.nameSalt) })
  assert.equal(statSync(home).mode & 0o777, 0o700)
  assert.equal(statSync(join(home, 'device.json')).mode & 0o777, 0o600)
})

test('a home is made once', () => {
  createHome(folder)
  saveIdentity(folder, identity)
  assert.equal(
    codeOf(() => createHome(folder)),
    'HOME_EXISTS'
  )
})

test('a missing and a damaged home are told apart', () => {
  assert.equal(
    codeOf(() => loadIdentity(folder)),
    'HOME_MISSING'
  )
  for (const text of ['', '{', 'null', '{"v":2}', JSON.stringify({ ...identity, v: 1, nameSalt: 'xyz' })]) {
    writeFileSync(join(folder, 'device.json'), text)
    assert.equal(
      codeOf(() => loadIdentity(folder)),
      'HOME_CORRUPT',
      text
    )
  }
})

test('a discarded home leaves nothing behind', () => {
  createHome(folder)
  saveIdentity(folder, identity)
  lockHome(folder)()
  discardHome(folder)
  assert.deepEqual(readdirSync(folder), [])
})

test('one process at a time uses a home', () => {
  const unlock = lockHome(folder)
  assert.equal(
    codeOf(() => lockHome(folder)),
    'HOME_LOCKED'
  )
  unlock()
  lockHome(folder)()
})

test('a home where nothing can be written is refused, below it too', {
  skip: process.platform !== 'linux' && 'no /proc'
}, () => {
  assert.equal(
    codeOf(() => createHome('/proc/peerage')),
    'STORAGE_FAILED'
  )
  assert.equal(
    codeOf(() => lockHome('/proc')),
    'STORAGE_FAILED'
  )
})

test('a home on a full disk is refused as that, and not as a fault of ours', {
  skip: process.getuid?.() !== 0 || process.platform !== 'linux'
}, () => {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', disk])
  try {
    assert.throws(() => writeFileSync(join(disk, 'filler'), new Uint8Array(2 ** 20)), { code: 'ENOSPC' })
    assert.equal(
      codeOf(() => lockHome(disk)),
      'DISK_FULL'
    )
  } finally {
    execFileSync('umount', [disk])
  }
})
