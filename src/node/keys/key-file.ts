/**
 * Key files: an Ed25519 private key under a passphrase, for keys that live apart from a device (an admin's, a
 * recovery key). JSON text, so that people see what it is; docs/PROTOCOL.md has the format.
 *
 * The passphrase goes through scrypt (RFC 7914), and its result encrypts the key's seed with AES-256-GCM, whose
 * associated data are the public key and every parameter: none of them can be exchanged. The parameters are in the
 * file and bounded when it is read, so that no file can have us use up memory, nor pass with ones that protect
 * nothing.
 *
 * An authenticated cipher can not tell a wrong passphrase from damage. The checksum over the whole file can: where it
 * is right, what does not open is a wrong passphrase (or a forged file, which holds nothing that the passphrase
 * opens).
 */

import {
  type BinaryLike,
  createCipheriv,
  createDecipheriv,
  randomBytes,
  type ScryptOptions,
  scrypt
} from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { assert } from '../../base/assert.ts'
import { concatBytes, equalBytes, fromHex, fromUtf8, toHex, utf8 } from '../../base/bytes.ts'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { type DeviceId, idBytes, parseDeviceId } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { decodeTerms } from '../../ledger/chain/root-terms.ts'
import { signId } from '../../ledger/encoding/signature.ts'
import { decodeOverrideTerms } from '../../ledger/freshness/override.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from './device-key.ts'
import { writePrivateFile } from './private-file.ts'

export const PASSPHRASE_CHARACTERS_MIN = 8
export const PASSPHRASE_BYTES_MAX = 1024
export const KEY_FILE_BYTES_MAX = 4096

/** Cost of scrypt: N, r and p of RFC 7914. It takes 128 · N · r bytes of memory. */
export interface KeyFileCost {
  readonly n: number
  readonly r: number
  readonly p: number
}

export const KEY_FILE_COST: KeyFileCost = { n: 2 ** 17, r: 8, p: 1 }
/** Below this a passphrase that people can remember is guessed too soon. */
const COST_N_MIN = 2 ** 14
const COST_MEMORY_BYTES_MAX = 256 * MIB
const COST_R_MAX = 32
const COST_P_MAX = 4
/** What scrypt needs beside its big array. */
const SCRYPT_SPARE_BYTES = 16 * MIB

const CIPHER = 'aes-256-gcm'
const KIND = 'peerage key'
const DOMAIN = utf8('peerage/key-file/v1\0')
const SALT_BYTES = 16
const NONCE_BYTES = 12
const TAG_BYTES = 16
const SEED_BYTES = 32
const SEALED_BYTES = SEED_BYTES + TAG_BYTES
const CIPHER_KEY_BYTES = 32
const CHECK_BYTES = 8

/** What a key file says without its passphrase. */
export interface KeyFile {
  readonly key: DeviceId
  readonly cost: KeyFileCost
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
  /** The encrypted seed and its tag. */
  readonly sealed: Uint8Array
}

export type KeyFileFault = {
  readonly fault: 'not-a-key-file' | 'unknown-version' | 'damaged'
  readonly detail: string
}

const scryptAsync = promisify<BinaryLike, BinaryLike, number, ScryptOptions, Buffer>(scrypt)

/** Encrypts a key. `cost` is for tests; people get KEY_FILE_COST. */
export async function sealKey(
  key: DeviceKey,
  { passphrase, cost = KEY_FILE_COST }: { passphrase: string; cost?: KeyFileCost }
): Promise<string> {
  const fault = passphraseFault(passphrase)
  if (fault !== undefined) throw new AppError('USAGE', `the passphrase can not be used: ${fault}`)
  const salt = randomBytes(SALT_BYTES)
  const nonce = randomBytes(NONCE_BYTES)
  const header = { key: key.id, cost, salt, nonce }
  const secret = await deriveKey(passphrase, header)
  const cipher = createCipheriv(CIPHER, secret, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(headerBytes(header))
  const seed = key.seed()
  const sealed = concatBytes([cipher.update(seed), cipher.final(), cipher.getAuthTag()])
  seed.fill(0)
  secret.fill(0)
  return formatKeyFile({ ...header, sealed })
}

/** Undefined when the passphrase opens nothing. */
export async function unsealKey(file: KeyFile, passphrase: string): Promise<DeviceKey | undefined> {
  const secret = await deriveKey(passphrase, file)
  const decipher = createDecipheriv(CIPHER, secret, file.nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(headerBytes(file))
  decipher.setAuthTag(file.sealed.subarray(SEED_BYTES))
  secret.fill(0)
  const seed = decipher.update(file.sealed.subarray(0, SEED_BYTES))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  const key = DeviceKey.fromSeed(seed)
  seed.fill(0)
  return key.id === file.key ? key : undefined
}

export function formatKeyFile(file: KeyFile): string {
  const { n, r, p } = file.cost
  const value = {
    v: 1,
    kind: KIND,
    key: file.key,
    kdf: { name: 'scrypt', n, r, p, salt: toHex(file.salt) },
    cipher: { name: CIPHER, nonce: toHex(file.nonce) },
    sealed: toHex(file.sealed),
    check: toHex(checkOf(file))
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Reads what a file says, strictly: all of it and nothing else, within the bounds, and with the right checksum. */
export function parseKeyFile(text: string): KeyFile | KeyFileFault {
  const value = fieldsOf(parseJson(text), ['v', 'kind', 'key', 'kdf', 'cipher', 'sealed', 'check'])
  if (value === undefined || value.kind !== KIND) return kindOfFault(text)
  if (value.v !== 1) return { fault: 'unknown-version', detail: 'its version is not known here' }
  const kdf = fieldsOf(value.kdf, ['name', 'n', 'r', 'p', 'salt'])
  const cipher = fieldsOf(value.cipher, ['name', 'nonce'])
  const key = typeof value.key === 'string' ? parseDeviceId(value.key) : undefined
  const salt = hexOf(kdf?.salt, SALT_BYTES)
  const nonce = hexOf(cipher?.nonce, NONCE_BYTES)
  const sealed = hexOf(value.sealed, SEALED_BYTES)
  const check = hexOf(value.check, CHECK_BYTES)
  if (kdf?.name !== 'scrypt' || cipher?.name !== CIPHER)
    return { fault: 'unknown-version', detail: `it is not encrypted by scrypt and ${CIPHER}` }
  if (!key || !salt || !nonce || !sealed || !check)
    return { fault: 'damaged', detail: 'a field is not what it should be' }
  const cost = costOf(kdf)
  if (cost === undefined) return { fault: 'damaged', detail: 'the cost of its passphrase is out of bounds' }
  const file = { key, cost, salt, nonce, sealed }
  if (!equalBytes(check, checkOf(file))) return { fault: 'damaged', detail: 'its checksum does not match' }
  return file
}

/** A new key under a passphrase. AppError USAGE, KEY_FILE_EXISTS or STORAGE_FAILED. */
export async function createKeyFile(
  path: string,
  {
    passphrase,
    key = DeviceKey.generate(),
    cost
  }: { passphrase: string; key?: DeviceKey; cost?: KeyFileCost }
): Promise<DeviceId> {
  const text = await sealKey(key, { passphrase, ...(cost && { cost }) })
  await write(path, text, 'create')
  return key.id
}

/** What the file says without its passphrase. AppError KEY_FILE_MISSING, KEY_FILE_INVALID or STORAGE_FAILED. */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const bytes = await readBounded(path)
  const text = bytes === undefined ? undefined : fromUtf8(bytes)
  const file: KeyFile | KeyFileFault =
    text === undefined
      ? { fault: 'not-a-key-file', detail: `it is no text of at most ${KEY_FILE_BYTES_MAX} bytes` }
      : parseKeyFile(text)
  if (!('fault' in file)) return file
  const { fault, detail } = file
  const what = {
    'not-a-key-file': 'is no key file',
    damaged: 'is damaged',
    'unknown-version': 'can not be read'
  }
  const next = fault === 'damaged' ? 'restore it from a copy' : 'give one that peerage key create has made'
  throw new AppError('KEY_FILE_INVALID', `${path} ${what[fault]}: ${detail}; ${next}`, {
    details: { path, reason: fault }
  })
}

/** The key itself. AppError as `readKeyFile`, and PASSPHRASE_WRONG. */
export async function openKeyFile(path: string, passphrase: string): Promise<DeviceKey> {
  const key = await unsealKey(await readKeyFile(path), passphrase)
  if (key !== undefined) return key
  throw new AppError('PASSPHRASE_WRONG', `this is not the passphrase of ${path}; the file itself is whole`, {
    details: { path }
  })
}

/** The same key under another passphrase and today's cost; the file is replaced in one step. */
export async function changePassphrase(
  path: string,
  { from, to, cost }: { from: string; to: string; cost?: KeyFileCost }
): Promise<DeviceId> {
  const key = await openKeyFile(path, from)
  await write(path, await sealKey(key, { passphrase: to, ...(cost && { cost }) }), 'replace')
  return key.id
}

/** The signature, in hex, of the key in a file under a root, whose bytes have to be those of the hash. */
export async function signRootWithFile(
  path: string,
  passphrase: string,
  root: { readonly hash: string; readonly bytes: string }
): Promise<string> {
  const bytes = fromHex(root.bytes)
  const terms = bytes === undefined ? undefined : decodeTerms(bytes)
  if (bytes === undefined || terms?.ok !== true || toHex(sha256(bytes)) !== root.hash)
    throw new AppError('RECORD_INVALID', `nothing was signed: the bytes are not those of a root ${root.hash}`)
  const key = await openKeyFile(path, passphrase)
  return toHex(signId('root', sha256(bytes), message => key.sign(message)))
}

/** The same under an override of freshness, by its id. */
export async function signOverrideWithFile(
  path: string,
  passphrase: string,
  override: { readonly id: string; readonly bytes: string }
): Promise<string> {
  const bytes = fromHex(override.bytes)
  const terms = bytes === undefined ? undefined : decodeOverrideTerms(bytes)
  if (bytes === undefined || terms?.ok !== true || toHex(sha256(bytes)) !== override.id)
    throw new AppError(
      'RECORD_INVALID',
      `nothing was signed: the bytes are not those of an override ${override.id}`
    )
  const key = await openKeyFile(path, passphrase)
  return toHex(signId('override', sha256(bytes), message => key.sign(message)))
}

/** Why a passphrase can not be used; undefined when it can. */
export function passphraseFault(passphrase: string): string | undefined {
  if ([...passphrase.normalize('NFC')].length < PASSPHRASE_CHARACTERS_MIN)
    return `it is shorter than ${PASSPHRASE_CHARACTERS_MIN} characters`
  if (utf8(passphrase.normalize('NFC')).length > PASSPHRASE_BYTES_MAX)
    return `it is longer than ${PASSPHRASE_BYTES_MAX} bytes`
  return undefined
}

/** NFC, since systems differ in how they type an accented letter. */
async function deriveKey(
  passphrase: string,
  { cost, salt }: { cost: KeyFileCost; salt: Uint8Array }
): Promise<Buffer> {
  const { n, r, p } = cost
  assert(costOf({ n, r, p }) !== undefined, 'a cost is within its bounds')
  const maxmem = 128 * r * (n + p) + SCRYPT_SPARE_BYTES
  return await scryptAsync(utf8(passphrase.normalize('NFC')), salt, CIPHER_KEY_BYTES, { N: n, r, p, maxmem })
}

/** All that is not secret, in one order: the associated data. */
function headerBytes({ key, cost, salt, nonce }: Omit<KeyFile, 'sealed'>): Uint8Array {
  const costs = new Uint8Array(12)
  const view = new DataView(costs.buffer)
  for (const [index, value] of [cost.n, cost.r, cost.p].entries()) view.setUint32(4 * index, value)
  return concatBytes([DOMAIN, idBytes(key), costs, salt, nonce])
}

function checkOf(file: KeyFile): Uint8Array {
  return sha256(concatBytes([headerBytes(file), file.sealed])).subarray(0, CHECK_BYTES)
}

function costOf({ n, r, p }: Readonly<Record<'n' | 'r' | 'p', unknown>>): KeyFileCost | undefined {
  const within = (value: unknown, min: number, max: number): value is number =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
  if (!within(r, 1, COST_R_MAX) || !within(p, 1, COST_P_MAX)) return undefined
  if (!within(n, COST_N_MIN, COST_MEMORY_BYTES_MAX / (128 * r)) || (n & (n - 1)) !== 0) return undefined
  return { n, r, p }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A file that was one of ours before it was cut or changed says so in its text. */
function kindOfFault(text: string): KeyFileFault {
  return text.includes(`"${KIND}"`)
    ? { fault: 'damaged', detail: 'a part of it is missing or too much' }
    : { fault: 'not-a-key-file', detail: 'it does not begin like one' }
}

function fieldsOf<K extends string>(value: unknown, keys: readonly K[]): Record<K, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const found = Object.keys(value)
  if (found.length !== keys.length || !keys.every(key => Object.hasOwn(value, key))) return undefined
  return value as Record<K, unknown>
}

function hexOf(value: unknown, length: number): Uint8Array | undefined {
  if (typeof value !== 'string' || value !== value.toLowerCase()) return undefined
  const bytes = fromHex(value)
  return bytes?.length === length ? bytes : undefined
}

/** Undefined when it is larger than a key file can be. */
async function readBounded(path: string): Promise<Uint8Array | undefined> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const buffer = new Uint8Array(KEY_FILE_BYTES_MAX + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length)
      length += bytesRead
      if (length > KEY_FILE_BYTES_MAX) return undefined
      if (bytesRead === 0) return buffer.subarray(0, length)
    }
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT')
      throw new AppError('KEY_FILE_MISSING', `there is no key file at ${path}`, { details: { path }, cause })
    throw new AppError('STORAGE_FAILED', `can not read the key file ${path}: ${messageOf(cause)}`, {
      details: { path },
      cause
    })
  } finally {
    await file?.close()
  }
}

async function write(path: string, text: string, mode: 'create' | 'replace'): Promise<void> {
  try {
    await writePrivateFile(path, text, mode)
  } catch (cause) {
    if (systemCodeOf(cause) === 'EEXIST')
      throw new AppError(
        'KEY_FILE_EXISTS',
        `a file is at ${path} already; a key file is never written over`,
        {
          details: { path },
          cause
        }
      )
    throw new AppError('STORAGE_FAILED', `can not write the key file ${path}: ${messageOf(cause)}`, {
      details: { path },
      cause
    })
  }
}
