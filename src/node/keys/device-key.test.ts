import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { deviceIdFromBytes } from '../../base/ids.ts'
import { parsePeerId, toDeviceId, toLibp2pKey, toPeerId } from '../transport/libp2p-identity.ts'
import {
  DeviceKey,
  isOfStrictForm,
  loadDeviceKey,
  SMALL_ORDER_POINTS,
  saveDeviceKey,
  verifySignature
} from './device-key.ts'

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

/** The order of the group that Ed25519 signs in (RFC 8032, section 5.1). */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.toReversed())}`)
const inLittleEndian = (value: bigint): Uint8Array => hex(value.toString(16).padStart(64, '0')).toReversed()
const sha512 = (...parts: Uint8Array[]): Uint8Array =>
  createHash('sha512').update(Buffer.concat(parts)).digest()

/** The secret scalar's bits that RFC 8032 sets and clears. */
function clamped(secret: Uint8Array): Uint8Array {
  const bits = Uint8Array.from(secret)
  bits[0] = (bits[0] ?? 0) & 0xf8
  bits[31] = ((bits[31] ?? 0) & 0x7f) | 0x40
  return bits
}

const FIELD = 2n ** 255n - 19n

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base % FIELD]
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % FIELD
    square = (square * square) % FIELD
  }
  return result
}

/** By the curve's equation: doubled three times, the point is the neutral one, whose y is 1. */
function isOfSmallOrder(point: Uint8Array): boolean {
  const inverse = (value: bigint) => power(((value % FIELD) + FIELD) % FIELD, FIELD - 2n)
  const d = (-121665n * inverse(121666n)) % FIELD
  let y = (littleEndian(point) & (2n ** 255n - 1n)) % FIELD
  for (let doubling = 0; doubling < 3; doubling++) {
    const ySquared = (y * y) % FIELD
    const xSquared = ((ySquared - 1n) * inverse(d * ySquared + 1n)) % FIELD
    // -x² + y² = 1 + d x² y², so the doubled y is (y² + x²) / (2 - y² + x²).
    y = ((ySquared + xSquared) * inverse(2n - ySquared + xSquared)) % FIELD
  }
  return (y + FIELD) % FIELD === 1n
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

  it('has one signature for a message: S is below the order of the group', () => {
    const key = DeviceKey.generate()
    for (let index = 0; index < 16; index++) {
      const message = Uint8Array.of(index)
      const signature = key.sign(message)
      const scalar = littleEndian(signature.subarray(32))
      assert.ok(scalar < GROUP_ORDER)
      for (let times = 1n; scalar + times * GROUP_ORDER < 2n ** 256n; times++) {
        // The same scalar modulo the order: a verifier that reduces it accepts a second signature.
        const other = Uint8Array.from([
          ...signature.subarray(0, 32),
          ...inLittleEndian(scalar + times * GROUP_ORDER)
        ])
        assert.equal(verifySignature(key.id, message, other), false)
      }
    }
  })

  it('is of no small order, and neither is the R of a signature, whatever OpenSSL says', () => {
    const points = [...SMALL_ORDER_POINTS].map(hex)
    assert.deepEqual(
      points.filter(point => !isOfSmallOrder(point)),
      []
    )
    assert.equal(new Set(points.map(toHex)).size, 14)
    const nothing = new Uint8Array(32)
    for (const device of points.map(deviceIdFromBytes))
      for (const point of points)
        for (let index = 0; index < 8; index++) {
          // With S = 0 a verifier that takes such keys accepts one message in eight, or every one, without any secret.
          const signature = Uint8Array.from([...point, ...nothing])
          assert.equal(verifySignature(device, Uint8Array.of(index), signature), false)
        }
    // R is the neutral element and S the hash times the secret: the equation holds, and only the rule refuses it.
    const key = DeviceKey.generate()
    const neutral = Uint8Array.of(1, ...nothing.subarray(1))
    const secret = littleEndian(clamped(sha512(key.seed()).subarray(0, 32)))
    const challenge = littleEndian(sha512(neutral, hex(key.id), utf8('x')))
    const signature = Uint8Array.from([...neutral, ...inLittleEndian((challenge * secret) % GROUP_ORDER)])
    assert.equal(verifySignature(key.id, utf8('x'), signature), false)
  })

  it('is refused for a point of small order without asking OpenSSL, of which some versions accept it', () => {
    const key = DeviceKey.generate()
    const good = key.sign(utf8('x'))
    assert.equal(isOfStrictForm(key.id, good), true)
    assert.equal(isOfStrictForm(key.id, good.subarray(1)), false)
    for (const point of [...SMALL_ORDER_POINTS].map(hex)) {
      assert.equal(isOfStrictForm(deviceIdFromBytes(point), good), false)
      assert.equal(isOfStrictForm(key.id, Uint8Array.from([...point, ...good.subarray(32)])), false)
    }
  })

  it('is the same identity in libp2p, both ways', async () => {
    const key = DeviceKey.generate()
    const theirs = toLibp2pKey(key)
    assert.equal(toHex(theirs.publicKey.raw), key.id)
    assert.deepEqual(await theirs.sign(utf8('x')), Buffer.from(key.sign(utf8('x'))))
    assert.equal(toDeviceId(toPeerId(key.id)), key.id)
    assert.equal(parsePeerId(toPeerId(key.id).toString()), key.id)
    assert.equal(parsePeerId('QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR'), undefined)
    assert.equal(parsePeerId('nonsense'), undefined)
  })
})
