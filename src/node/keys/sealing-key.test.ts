import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { decodeIdentity } from '../../content/sealing/age-x25519.ts'
import { X25519Key } from '../../store/sealing/x25519.ts'
import { loadSealingKey } from './sealing-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-sealing-key-'))
const path = join(folder, 'sealing.key')
after(() => rmSync(folder, { recursive: true, force: true }))

test('is made once, for its owner alone, as an identity of age', async () => {
  const made = await loadSealingKey(path)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const secret = decodeIdentity(readFileSync(path, 'utf8').trim())
  assert.ok(secret)
  assert.deepEqual(new X25519Key(secret).publicKey, made.publicKey)
  assert.deepEqual((await loadSealingKey(path)).publicKey, made.publicKey)
  assert.deepEqual(readdirSync(folder), ['sealing.key'])
  const other = await loadSealingKey(join(folder, 'other.key'))
  assert.notDeepEqual(other.publicKey, made.publicKey)
})

test('what others may read, or is none, is refused and left alone', async () => {
  const corrupt = { code: 'HOME_CORRUPT' }
  const bad = join(folder, 'bad.key')
  writeFileSync(bad, 'AGE-SECRET-KEY-1NOT\n', { mode: 0o600 })
  await assert.rejects(loadSealingKey(bad), corrupt)
  assert.equal(readFileSync(bad, 'utf8'), 'AGE-SECRET-KEY-1NOT\n')
  writeFileSync(bad, 'x'.repeat(5000), { mode: 0o600 })
  await assert.rejects(loadSealingKey(bad), corrupt)
  await assert.rejects(loadSealingKey(folder), corrupt)
  if (process.platform === 'win32') return
  chmodSync(path, 0o640)
  await assert.rejects(loadSealingKey(path), corrupt)
})
