/**
 * The home folder: everything that makes this machine a device of an org.
 *
 *     device.json   who we are: org, device id, name and its salt, site, kind (this module)
 *     device.key    the device's private key (device-key.ts)
 *     sealing.key   the private key to which content is sealed for it (sealing-key.ts)
 *     index.db      what we hold (the store)
 *     ledger.db     the ledger's records and named blobs (the store)
 *     ledger.snapshot  the state that ledger.db comes to, for a quick start (ledger/snapshot-file.ts)
 *     audit.db      what this device did, and what it collected of others' logs (the store)
 *     history.db    what was measured over time (history/history-file.ts)
 *     detection.db  what detection found, and what is usual (detection/detection-file.ts)
 *     siem.db       where events are sent, and how far (siem/siem-file.ts)
 *     sealed/       objects of sealed versions that were published or fetched here (sealing/sealed-folders.ts)
 *     lock.db       held while a process uses the home; the system drops the lock however that process ends
 *
 * The folder is mode 0700. `device.json` is written last, by a rename: a home is either whole or not there.
 */

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fromHex, toHex } from '../base/bytes.ts'
import { AppError, messageOf, systemCodeOf } from '../base/errors.ts'
import { type DeviceId, type OrgId, parseDeviceId, parseOrgId } from '../base/ids.ts'
import { makeFolderSync } from '../files/make-folder.ts'
import { appErrorOf, failureOf } from '../store/failure.ts'
import type { DeviceKind } from './service.ts'

const IDENTITY_VERSION = 1
const IDENTITY_FILE = 'device.json'
const LOCK_FILE = 'lock.db'
const SNAPSHOT_FILE = 'ledger.snapshot'
const DEVICE_KINDS: readonly DeviceKind[] = ['server', 'desktop', 'laptop']

export const NAME_SALT_BYTES = 16

/** Who this device is. The name stays out of the ledger, which holds only a salted commitment to it. */
export interface Identity {
  readonly org: OrgId
  readonly orgName: string
  readonly device: DeviceId
  readonly name: string
  readonly nameSalt: Uint8Array
  readonly site: string
  readonly kind: DeviceKind
}

export function keyPath(home: string): string {
  return join(home, 'device.key')
}

export function sealingKeyPath(home: string): string {
  return join(home, 'sealing.key')
}

export function snapshotPath(home: string): string {
  return join(home, SNAPSHOT_FILE)
}

export function newNameSalt(): Uint8Array {
  return randomBytes(NAME_SALT_BYTES)
}

/** Makes the folder with mode 0700 when it is missing; refuses one that already belongs to a device. */
export function createHome(home: string): void {
  try {
    makeFolderSync(home, { mode: 0o700 })
  } catch (cause) {
    throw new AppError(
      'STORAGE_FAILED',
      `can not make the home folder ${home}: ${messageOf(cause)}; name another one with --home or PEERAGE_HOME`,
      { details: { home }, cause }
    )
  }
  if (readIdentityFile(home) !== undefined) {
    throw new AppError(
      'HOME_EXISTS',
      `the home folder ${home} already belongs to a device; use another one with --home or PEERAGE_HOME`,
      { details: { home } }
    )
  }
}

export function saveIdentity(home: string, identity: Identity): void {
  const text = JSON.stringify(
    {
      v: IDENTITY_VERSION,
      org: identity.org,
      orgName: identity.orgName,
      device: identity.device,
      name: identity.name,
      nameSalt: toHex(identity.nameSalt),
      site: identity.site,
      kind: identity.kind
    },
    null,
    2
  )
  const path = join(home, IDENTITY_FILE)
  writeFileSync(`${path}.new`, `${text}\n`, { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}

export function loadIdentity(home: string): Identity {
  const text = readIdentityFile(home)
  if (text === undefined) {
    throw new AppError(
      'HOME_MISSING',
      `there is no device in ${home}; create an org with 'peerage init' or join one with 'peerage join', ` +
        'or name another folder with --home',
      { details: { home } }
    )
  }
  const identity = parseIdentity(text)
  if (identity === undefined) {
    throw new AppError(
      'HOME_CORRUPT',
      `${join(home, IDENTITY_FILE)} is damaged or from an unknown version; restore it from a backup`,
      { details: { home } }
    )
  }
  return identity
}

function readIdentityFile(home: string): string | undefined {
  try {
    return readFileSync(join(home, IDENTITY_FILE), 'utf8')
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined
    throw new AppError('STORAGE_FAILED', `can not read the home folder ${home}: ${messageOf(cause)}`, {
      details: { home },
      cause
    })
  }
}

function parseIdentity(text: string): Identity | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const fields = parsed as Record<string, unknown>
  const string = (key: string): string => (typeof fields[key] === 'string' ? fields[key] : '')
  const org = parseOrgId(string('org'))
  const device = parseDeviceId(string('device'))
  const nameSalt = fromHex(string('nameSalt'))
  const kind = DEVICE_KINDS.find(each => each === fields.kind)
  if (fields.v !== IDENTITY_VERSION || org === undefined || device === undefined) return undefined
  if (nameSalt?.length !== NAME_SALT_BYTES || kind === undefined) return undefined
  return {
    org,
    orgName: string('orgName'),
    device,
    name: string('name'),
    nameSalt,
    site: string('site'),
    kind
  }
}

/** Removes what init or join left in a folder that did not become a home. */
export function discardHome(home: string): void {
  const databases = [LOCK_FILE, 'index.db', 'ledger.db', 'audit.db'].flatMap(file => [
    file,
    `${file}-wal`,
    `${file}-shm`
  ])
  for (const file of [IDENTITY_FILE, 'device.key', SNAPSHOT_FILE, ...databases])
    rmSync(join(home, file), { force: true })
}

/** Takes the home for this process; the returned function gives it back. */
export function lockHome(home: string): () => void {
  const database = openLock(home)
  try {
    // A lock on a SQLite file is the system's own: it ends with the process, also after kill -9, on every platform.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!/locked|busy/i.test(messageOf(cause)))
      throw appErrorOf(failureOf('lock', join(home, LOCK_FILE), cause), cause)
    throw new AppError(
      'HOME_LOCKED',
      `another process is using the home folder ${home}; stop that node first, or use another folder with --home`,
      { details: { home }, cause }
    )
  }
  return () => database.close()
}

function openLock(home: string): DatabaseSync {
  try {
    return new DatabaseSync(join(home, LOCK_FILE))
  } catch (cause) {
    throw new AppError(
      'STORAGE_FAILED',
      `can not write in the home folder ${home}: ${messageOf(cause)}; ` +
        'use a folder that this user may write in, with --home or PEERAGE_HOME',
      { details: { home }, cause }
    )
  }
}

/** For code that has a home and needs to know whose it is. */
export function requireDevice(identity: Identity, key: { readonly id: DeviceId }): void {
  if (identity.device === key.id) return
  throw new AppError(
    'HOME_CORRUPT',
    'device.key and device.json belong to different devices; restore both from one backup'
  )
}
