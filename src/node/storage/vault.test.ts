import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, it } from 'node:test'
import type { VersionId } from '../../base/ids.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import { Vault, type VaultInit } from './vault.ts'

const home = mkdtempSync(join(tmpdir(), 'peerage-vault-'))
after(() => rmSync(home, { recursive: true, force: true }))

const vault = new Vault(scripted<VaultInit>({ home, folder: 'vault' }))
const versionNamed = (digit: string) => digit.repeat(64) as VersionId

it('an empty folder of a version goes, and one with anything in it stays', async () => {
  const [empty, full, none] = [versionNamed('1'), versionNamed('2'), versionNamed('3')]
  const kept = join(vault.placeOf(full), 'some', 'file')
  mkdirSync(dirname(kept), { recursive: true })
  writeFileSync(kept, 'bytes')
  mkdirSync(vault.placeOf(empty))
  for (const version of [empty, full, none]) await vault.removeEmpty(version)
  assert.equal(existsSync(vault.placeOf(empty)), false)
  assert.ok(existsSync(kept))
})

it('a folder that can not be removed is told of, as one of which an erasure tries again', async () => {
  const version = versionNamed('4')
  writeFileSync(vault.placeOf(version), 'no folder')
  await assert.rejects(vault.removeEmpty(version), {
    code: 'STORAGE_FAILED',
    message: /can not remove a copy/
  })
})
