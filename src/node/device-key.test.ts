import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { fromHex, toHex, utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { deviceIdFromBytes } from '../base/ids.ts'
import { DeviceKey, loadDeviceKey, saveDeviceKey, verifySignature } from './device-key.ts'
import { parsePeerId, toDeviceId, toLibp2pKey, toPeerId } from './libp2p-identity.ts'

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text)
  assert.ok(bytes)
  return bytes
}
const withCode = (code: string, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AppError)
  assert.equal(error.code, code)
  assert.match(error.message, pattern)
  return true
}

describe('device key', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peerage-key-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('survives a round through its file, which only the owner can read', async () => {
    const key = DeviceKey.generate()
    const path = join(folder, 'device.pem')
    await saveDeviceKey(path, key)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const loaded = await loadDeviceKey(path)
    assert.equal(loaded.id, key.id)
    assert.deepEqual(loaded.seed(), key.seed())
    assert.deepEqual(
      (await readdir(folder)).filter(name => name.endsWith('.part')),
      []
    )
  })

  it('is never written over', async () => {
    const path = join(folder, 'kept.pem')
    const first = DeviceKey.generate()
    await saveDeviceKey(path, first)
    await assert.rejects(saveDeviceKey(path, DeviceKey.generate()), withCode('HOME_EXISTS', /kept\.pem/))
    assert.equal((await loadDeviceKey(path)).id, first.id)
  })

  it('is refused when others may read it', async () => {
    for (const mode of [0o640, 0o604, 0o660]) {
      const path = join(folder, `open-${mode}.pem`)
      await saveDeviceKey(path, DeviceKey.generate())
      await chmod(path, mode)
      await assert.rejects(loadDeviceKey(path), withCode('HOME_CORRUPT', /chmod 600/))
    }
  })

  it('is refused when it is missing, garbage, too large, or of another kind', async () => {
    const write = async (name: string, content: string): Promise<string> => {
      const path = join(folder, name)
      await writeFile(path, content, { mode: 0o600 })
      return path
    }
    const other = generateKeyPairSync('ed448').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    await assert.rejects(loadDeviceKey(join(folder, 'none.pem')), withCode('HOME_MISSING', /init or join/))
    await assert.rejects(loadDeviceKey(await write('junk.pem', 'junk')), withCode('HOME_CORRUPT', /PEM/))
    await assert.rejects(
      loadDeviceKey(await write('large.pem', 'x'.repeat(5000))),
      withCode('HOME_CORRUPT', /5000/)
    )
    await assert.rejects(loadDeviceKey(await write('ed448.pem', other)), withCode('HOME_CORRUPT', /ed448/))
  })

  it('verifies the second test vector of RFC 8032, section 7.1', () => {
    const device = deviceIdFromBytes(hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'))
    const signature = hex(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'
    )
    assert.equal(verifySignature(device, Uint8Array.of(0x72), signature), true)
    assert.equal(verifySignature(device, Uint8Array.of(0x73), signature), false)
    assert.equal(verifySignature(device, Uint8Array.of(0x72), signature.subarray(1)), false)
  })

  it('accepts what it signed and nothing else', () => {
    const key = DeviceKey.generate()
    const other = DeviceKey.generate()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(511), (message, bit) => {
        const signature = key.sign(message)
        assert.equal(verifySignature(key.id, message, signature), true)
        assert.equal(verifySignature(other.id, message, signature), false)
        const forged = Uint8Array.from(signature)
        const at = bit >> 3
        forged[at] = (forged[at] ?? 0) ^ (1 << (bit & 7))
        assert.equal(verifySignature(key.id, message, forged), false)
      }),
      { numRuns: 50 }
    )
  })

  it('is the same identity in libp2p, both ways', async () => {
    const key = DeviceKey.generate()
    const theirs = await toLibp2pKey(key)
    assert.equal(toHex(theirs.publicKey.raw), key.id)
    assert.deepEqual(await theirs.sign(utf8('x')), Buffer.from(key.sign(utf8('x'))))
    assert.equal(toDeviceId(toPeerId(key.id)), key.id)
    assert.equal(parsePeerId(toPeerId(key.id).toString()), key.id)
    assert.equal(parsePeerId('QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR'), undefined)
    assert.equal(parsePeerId('nonsense'), undefined)
  })
})
