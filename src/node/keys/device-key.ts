/**
 * The key that a device is: Ed25519 (RFC 8032), made, kept and used by node:crypto alone, so that the whole project has
 * one signer and one verifier. On disk it is PKCS#8 PEM that only its owner can read.
 *
 * It does not encrypt the file: whoever can read the owner's files is the device.
 */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify
} from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { platform } from 'node:process'
import { assert } from '../../base/assert.ts'
import { toHex } from '../../base/bytes.ts'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { type DeviceId, deviceIdFromBytes, ID_BYTES, idBytes } from '../../base/ids.ts'
import { SIGNATURE_BYTES } from '../../ledger/encoding/signature.ts'
import { writePrivateFile } from './private-file.ts'

const POINT_BYTES = 32
const SEED_BYTES = 32
/** A PKCS#8 PEM of an Ed25519 key has about a hundred bytes; whatever is much larger is something else. */
const KEY_FILE_BYTES_MAX = 4096
const GROUP_OR_WORLD = 0o077
/** PKCS#8 of an Ed25519 key (RFC 8410) up to the 32 bytes of its seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) up to the 32 bytes of the key itself. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

export class DeviceKey {
  readonly id: DeviceId
  readonly #key: KeyObject

  constructor(key: KeyObject) {
    assert(
      key.type === 'private' && key.asymmetricKeyType === 'ed25519',
      'a device key is a private Ed25519 key'
    )
    this.#key = key
    const { x } = createPublicKey(key).export({ format: 'jwk' })
    assert(typeof x === 'string', 'an Ed25519 public key has its x')
    this.id = deviceIdFromBytes(Buffer.from(x, 'base64url'))
  }

  /** The key of 32 secret bytes (RFC 8032). */
  static fromSeed(seed: Uint8Array): DeviceKey {
    assert(seed.length === SEED_BYTES, `an Ed25519 seed has ${SEED_BYTES} bytes`)
    const key = Buffer.concat([PKCS8_PREFIX, seed])
    return new DeviceKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' }))
  }

  static generate(): DeviceKey {
    return new DeviceKey(generateKeyPairSync('ed25519').privateKey)
  }

  sign(message: Uint8Array): Uint8Array {
    return sign(null, message, this.#key)
  }

  toPem(): string {
    return this.#key.export({ format: 'pem', type: 'pkcs8' }).toString()
  }

  /** The 32 secret bytes of RFC 8032. */
  seed(): Uint8Array {
    const { d } = this.#key.export({ format: 'jwk' })
    assert(typeof d === 'string', 'an Ed25519 private key has its d')
    const seed = Buffer.from(d, 'base64url')
    assert(seed.length === SEED_BYTES, 'an Ed25519 seed has its length')
    return seed
  }
}

/** Verifying makes a KeyObject of the id each time; the same few devices sign nearly everything. */
const PUBLIC_KEYS_MAX = 4096
const publicKeys = new Map<DeviceId, KeyObject>()

function publicKeyOf(device: DeviceId): KeyObject {
  const known = publicKeys.get(device)
  if (known !== undefined) return known
  const bytes = idBytes(device)
  assert(bytes.length === ID_BYTES, 'a device id is a raw public key')
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' })
  const oldest = publicKeys.keys().next().value
  if (publicKeys.size >= PUBLIC_KEYS_MAX && oldest !== undefined) publicKeys.delete(oldest)
  publicKeys.set(device, key)
  return key
}

/**
 * Every encoding of a point of order 1, 2, 4 or 8, canonical or not. Under such a key anybody can sign. Versions of
 * OpenSSL differ in whether they refuse them, as a key and as the R of a signature; two members that do not agree about
 * one signature would hold two ledgers, so neither is left to them.
 */
export const SMALL_ORDER_POINTS: ReadonlySet<string> = new Set(
  [
    ['00000000000000000000000000000000000000000000000000000000000000', '00', '80'],
    ['01000000000000000000000000000000000000000000000000000000000000', '00', '80'],
    ['26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc', '05', '85'],
    ['c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03', '7a', 'fa'],
    ['ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '7f', 'ff'],
    ['edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '7f', 'ff'],
    ['eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '7f', 'ff']
  ].flatMap(([start, ...ends]) => ends.map(end => `${start}${end}`))
)

/** What is refused before the equation is looked at, so that no version of OpenSSL is asked about it. */
export function isOfStrictForm(device: DeviceId, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || SMALL_ORDER_POINTS.has(device)) return false
  return !SMALL_ORDER_POINTS.has(toHex(signature.subarray(0, POINT_BYTES)))
}

/** RFC 8032 without cofactor, and strictly: S is reduced, and neither the key nor R is of small order. */
export function verifySignature(device: DeviceId, message: Uint8Array, signature: Uint8Array): boolean {
  return isOfStrictForm(device, signature) && verify(null, message, publicKeyOf(device), signature)
}

/**
 * Writes a key that appears at `path` whole and fsynced, or not at all, and never over another file: AppError
 * HOME_EXISTS when something is there, STORAGE_FAILED otherwise.
 */
export async function saveDeviceKey(path: string, key: DeviceKey): Promise<void> {
  try {
    await writePrivateFile(path, key.toPem(), 'create')
  } catch (cause) {
    if (systemCodeOf(cause) === 'EEXIST') {
      const message = `Can not save the device key at ${path}: a file is there already. Use another home folder.`
      throw new AppError('HOME_EXISTS', message, { details: { path }, cause })
    }
    const message = `Can not save the device key at ${path}: ${messageOf(cause)}. Check the folder and its disk.`
    throw new AppError('STORAGE_FAILED', message, { details: { path }, cause })
  }
}

/** AppError HOME_MISSING, HOME_CORRUPT, or STORAGE_FAILED; a file that others may read is refused as corrupt. */
export async function loadDeviceKey(path: string): Promise<DeviceKey> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY)
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') {
      const message = `There is no device key at ${path}. Run init or join first.`
      throw new AppError('HOME_MISSING', message, { details: { path }, cause })
    }
    throw unreadable(path, cause)
  }
  try {
    return await readKey(file, path)
  } finally {
    await file.close()
  }
}

async function readKey(file: FileHandle, path: string): Promise<DeviceKey> {
  const { mode, size } = await file.stat()
  // Windows has no such mode bits: there the home folder's access list protects the file.
  if (platform !== 'win32' && (mode & GROUP_OR_WORLD) !== 0) {
    const bits = (mode & 0o777).toString(8).padStart(3, '0')
    const message = `The device key at ${path} has mode ${bits}, so that others may use it; only 600 is accepted. Run chmod 600 on it, and if somebody may have read it, enrol this device anew.`
    throw new AppError('HOME_CORRUPT', message, { details: { path, mode: bits } })
  }
  if (size > KEY_FILE_BYTES_MAX) throw notAKey(path, `it has ${size} bytes, at most ${KEY_FILE_BYTES_MAX}`)
  const pem = await file.readFile('utf8').catch(cause => {
    throw unreadable(path, cause)
  })
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pem, format: 'pem' })
  } catch (cause) {
    throw notAKey(path, 'it is no private key in PEM', cause)
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw notAKey(path, `it is of type ${key.asymmetricKeyType}, not ed25519`)
  return new DeviceKey(key)
}

function unreadable(path: string, cause: unknown): AppError {
  const message = `Can not read the device key at ${path}: ${messageOf(cause)}. Check its owner and the disk.`
  return new AppError('STORAGE_FAILED', message, { details: { path }, cause })
}

function notAKey(path: string, why: string, cause?: unknown): AppError {
  const message = `The file at ${path} is not a device key: ${why}. Restore it from a backup, or enrol this device anew.`
  return new AppError('HOME_CORRUPT', message, { details: { path }, cause })
}
