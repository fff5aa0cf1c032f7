/**
 * The key to which others seal content for this device: X25519 (RFC 7748), apart from the key that the device is, which
 * only signs. On disk it is the identity of age, `AGE-SECRET-KEY-1…`, on a line that only its owner can read: `age -d
 * -i` takes the file as it is.
 *
 * Whoever loses it can not open what was sealed to it; a home without one makes another at its next start.
 */

import { randomBytes } from 'node:crypto'
import { lstat, readFile } from 'node:fs/promises'
import { platform } from 'node:process'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { decodeIdentity, encodeIdentity, X25519_BYTES } from '../../content/sealing/age-x25519.ts'
import { X25519Key } from '../../store/sealing/x25519.ts'
import { writePrivateFile } from './private-file.ts'

const KEY_FILE_BYTES_MAX = 4096
const GROUP_OR_WORLD = 0o077

/** The key at `path`; made there, whole and fsynced, when there is none. AppError HOME_CORRUPT, STORAGE_FAILED. */
export async function loadSealingKey(path: string): Promise<X25519Key> {
  try {
    const text = await readKey(path)
    if (text !== undefined) return keyOf(text, path)
    const secret = new Uint8Array(randomBytes(X25519_BYTES))
    await writePrivateFile(path, `${encodeIdentity(secret)}\n`, 'create')
    return new X25519Key(secret)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    const message = `can not keep the sealing key at ${path}: ${messageOf(cause)}; check the folder and its disk`
    throw new AppError('STORAGE_FAILED', message, { details: { path }, cause })
  }
}

/** Undefined when there is none. */
async function readKey(path: string): Promise<string | undefined> {
  let stats: Awaited<ReturnType<typeof lstat>>
  try {
    stats = await lstat(path)
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined
    throw cause
  }
  if (!stats.isFile() || stats.size > KEY_FILE_BYTES_MAX) throw notAKey(path, 'it is no small file')
  // Windows has no such mode bits: there the home folder's access list protects the file.
  if (platform !== 'win32' && (stats.mode & GROUP_OR_WORLD) !== 0)
    throw notAKey(path, 'others may read it; only mode 600 is accepted')
  return await readFile(path, 'utf8')
}

function keyOf(text: string, path: string): X25519Key {
  const secret = decodeIdentity(text.trim())
  if (secret === undefined) throw notAKey(path, 'it holds no identity of age')
  return new X25519Key(secret)
}

function notAKey(path: string, why: string): AppError {
  const message = `the file at ${path} is not a sealing key: ${why}; restore it from a backup, or remove it: then another is made, which opens only what is wrapped to it from then on`
  return new AppError('HOME_CORRUPT', message, { details: { path } })
}
