import assert from 'node:assert/strict'
import { createDecipheriv, scryptSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { orgIdFromBytes } from '../../base/ids.ts'
import { domainMessage } from '../../ledger/encoding/signature.ts'
import { overrideBytes } from '../../ledger/freshness/override.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey, verifySignature } from './device-key.ts'
import {
  changePassphrase,
  createKeyFile,
  formatKeyFile,
  KEY_FILE_BYTES_MAX,
  KEY_FILE_COST,
  openKeyFile,
  parseKeyFile,
  readKeyFile,
  sealKey,
  signOverrideWithFile,
  unsealKey
} from './key-file.ts'

const VECTOR_URL = new URL('../../../test/vectors/key-file-v1.json', import.meta.url)
/** The passphrase and the seed in the vector. */
const VECTOR_PASSPHRASE = 'Grüße aus dem Tresor'
const VECTOR_SEED = '6c'.repeat(32)
const PASSPHRASE = 'correct horse battery'
/** The least that a reader accepts: these tests are of the format and not of the cost. */
const cost = { n: 2 ** 14, r: 8, p: 1 }

const withCode = (code: string, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, pattern)
  return true
}

describe('key file', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peerage-key-file-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('gives back its key for its passphrase, and is its owner’s alone', async () => {
    const path = join(folder, 'admin.key')
    const key = DeviceKey.generate()
    assert.equal(await createKeyFile(path, { passphrase: PASSPHRASE, key, cost }), key.id)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual((await openKeyFile(path, PASSPHRASE)).seed(), key.seed())
    assert.equal((await readKeyFile(path)).key, key.id)
    const text = await readFile(path, 'utf8')
    for (const secret of [key.seed(), Buffer.from(key.seed()).toString('base64')])
      assert.ok(!text.includes(Buffer.from(secret).toString('hex')))
  })

  it('is never written over', async () => {
    const path = join(folder, 'kept.key')
    const key = await createKeyFile(path, { passphrase: PASSPHRASE, cost })
    await assert.rejects(
      createKeyFile(path, { passphrase: PASSPHRASE, cost }),
      withCode('KEY_FILE_EXISTS', /kept\.key/)
    )
    assert.equal((await readKeyFile(path)).key, key)
  })

  it('signs an override whose bytes are those of its id, and nothing else', async () => {
    const path = join(folder, 'signing.key')
    const key = await createKeyFile(path, { passphrase: PASSPHRASE, cost })
    const [org, hash] = [orgIdFromBytes(new Uint8Array(32)), new Uint8Array(32)]
    const terms = { org, rootHash: hash, classes: ['restricted'] as const, reason: 'CHG-1', devices: null }
    const bytes = overrideBytes({ ...terms, timeMs: 1, expiresMs: 2 })
    const id = toHex(sha256(bytes))
    const signature = await signOverrideWithFile(path, PASSPHRASE, { id, bytes: toHex(bytes) })
    const message = domainMessage('override', sha256(bytes))
    assert.equal(verifySignature(key, message, Buffer.from(signature, 'hex')), true)
    const refused = withCode('RECORD_INVALID', /nothing was signed/)
    for (const wrong of [
      { id: 'ab'.repeat(32), bytes: toHex(bytes) },
      { id: toHex(sha256(hash)), bytes: toHex(hash) },
      { id, bytes: 'zz' }
    ])
      await assert.rejects(signOverrideWithFile(path, PASSPHRASE, wrong), refused)
  })

  it('changes its passphrase and keeps its key, whole or not at all', async () => {
    const path = join(folder, 'changed.key')
    const key = await createKeyFile(path, { passphrase: PASSPHRASE, cost })
    const before = await readFile(path, 'utf8')
    await assert.rejects(
      changePassphrase(path, { from: 'not the passphrase', to: 'another one', cost }),
      withCode('PASSPHRASE_WRONG', /changed\.key/)
    )
    await assert.rejects(
      changePassphrase(path, { from: PASSPHRASE, to: 'short', cost }),
      withCode('USAGE', /shorter/)
    )
    assert.equal(await readFile(path, 'utf8'), before)
    await chmod(path, 0o644)
    assert.equal(await changePassphrase(path, { from: PASSPHRASE, to: 'another one', cost }), key)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await openKeyFile(path, 'another one')).id, key)
    await assert.rejects(openKeyFile(path, PASSPHRASE), withCode('PASSPHRASE_WRONG', /file itself is whole/))
    assert.deepEqual(
      (await readdir(folder)).filter(name => name.endsWith('.part')),
      []
    )
  })

  it('tells a wrong passphrase from damage, and both from a file of another kind', async () => {
    const path = join(folder, 'damaged.key')
    await createKeyFile(path, { passphrase: PASSPHRASE, cost })
    const text = await readFile(path, 'utf8')
    await assert.rejects(openKeyFile(path, 'wrong horse battery'), withCode('PASSPHRASE_WRONG', /passphrase/))
    const cases: readonly (readonly [string, RegExp])[] = [
      [text.slice(0, -20), /damaged/],
      [text.replace(/("sealed": ".)(.)/, (_, head, digit) => head + (digit === '0' ? '1' : '0')), /checksum/],
      [text.replace('"v": 1', '"v": 2'), /version/],
      [text.replace('"v": 1', '"v": 1, "x": 1'), /damaged/],
      [text.replace('16384', '16385'), /cost/],
      [text.replace('16384', String(2 ** 30)), /cost/],
      [text.replace('16384', '2'), /cost/],
      [text.replace('"p": 1', '"p": 1000000'), /cost/],
      [text.replace('"r": 8', '"r": 1024'), /cost/],
      ['-----BEGIN PRIVATE KEY-----', /no key file/],
      ['', /no key file/],
      ['x'.repeat(KEY_FILE_BYTES_MAX + 1), /no key file/]
    ]
    for (const [content, pattern] of cases) {
      await writeFile(path, content)
      await assert.rejects(openKeyFile(path, PASSPHRASE), withCode('KEY_FILE_INVALID', pattern), content)
    }
    await assert.rejects(openKeyFile(join(folder, 'none'), PASSPHRASE), withCode('KEY_FILE_MISSING', /none/))
    await assert.rejects(openKeyFile(folder, PASSPHRASE), withCode('STORAGE_FAILED', /can not read/))
  })

  it('is bound to all that it says: nothing of it can be exchanged', async () => {
    const key = DeviceKey.generate()
    const file = parseKeyFile(await sealKey(key, { passphrase: PASSPHRASE, cost }))
    assert.ok(!('fault' in file))
    const other = DeviceKey.generate().id
    const forged = [
      { ...file, key: other },
      { ...file, cost: { ...cost, p: 2 } },
      { ...file, nonce: new Uint8Array(12) },
      { ...file, salt: new Uint8Array(16) },
      { ...file, sealed: file.sealed.map((byte, index) => (index === 40 ? byte ^ 1 : byte)) }
    ]
    for (const each of forged) {
      const parsed = parseKeyFile(formatKeyFile(each))
      assert.ok(!('fault' in parsed), 'its checksum is right: it was forged, not damaged')
      assert.equal(await unsealKey(parsed, PASSPHRASE), undefined)
    }
    assert.equal((await unsealKey(file, PASSPHRASE))?.id, key.id)
  })

  it('no changed character of it is read as something else', async () => {
    const text = await sealKey(DeviceKey.generate(), { passphrase: PASSPHRASE, cost })
    const original = parseKeyFile(text)
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.string({ maxLength: 2 }), (at, put) => {
        const changed = parseKeyFile(text.slice(0, at) + put + text.slice(at + 1))
        if (!('fault' in changed)) assert.deepEqual(changed, original)
      }),
      { numRuns: 2000 }
    )
  })

  it('of the golden vector opens, also by hand, however its passphrase is composed', async () => {
    const text = readFileSync(VECTOR_URL, 'utf8')
    const file = parseKeyFile(text)
    assert.ok(!('fault' in file))
    assert.deepEqual(file.cost, KEY_FILE_COST)
    assert.equal(formatKeyFile(file), text)
    const key = await unsealKey(file, VECTOR_PASSPHRASE.normalize('NFD'))
    assert.equal(Buffer.from(key?.seed() ?? []).toString('hex'), VECTOR_SEED)
    const { kdf, cipher, sealed, key: id } = JSON.parse(text)
    const hex = (value: string) => Buffer.from(value, 'hex')
    const options = { N: 131_072, r: 8, p: 1, maxmem: 2 ** 28 }
    const secret = scryptSync(VECTOR_PASSPHRASE, hex(kdf.salt), 32, options)
    const decipher = createDecipheriv('aes-256-gcm', secret, hex(cipher.nonce))
    const costs = hex('000200000000000800000001')
    const domain = Buffer.from('peerage/key-file/v1\0')
    decipher.setAAD(Buffer.concat([domain, hex(id), costs, hex(kdf.salt), hex(cipher.nonce)]))
    decipher.setAuthTag(hex(sealed).subarray(32))
    const seed = Buffer.concat([decipher.update(hex(sealed).subarray(0, 32)), decipher.final()])
    assert.equal(seed.toString('hex'), VECTOR_SEED)
  })
})
