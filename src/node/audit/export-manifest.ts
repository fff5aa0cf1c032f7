/**
 * `export.json` of an exported folder: what the exporter says is in it. A list to find the files by, and no evidence:
 * whatever it says is held against what was signed.
 */

import type { LogId } from '../../audit/checkpoint.ts'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { type DeviceId, parseDeviceId } from '../../base/ids.ts'
import { accepted, type Outcome, rejected } from '../../ledger/encoding/outcome.ts'
import type { DeviceName } from '../keys/device-name.ts'
import type { DroppedHere } from './audit-copy.ts'

/** Of some 100,000 logs. */
export const MANIFEST_BYTES_MAX = 32 * 1024 * 1024
const REASON_CHARACTERS_MAX = 1024

export interface ManifestLog extends LogId {
  readonly entries: number
  /** What the exporter itself had dropped of it by retention. */
  readonly dropped: DroppedHere | null
}

export interface Manifest {
  readonly org: string
  readonly exportedBy: string
  readonly atMs: number
  readonly logs: readonly ManifestLog[]
  readonly missing: readonly { readonly device: DeviceName; readonly reason: string }[]
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  return utf8(`${JSON.stringify({ v: 1, ...manifest }, null, 2)}\n`)
}

/** Why a value is not what it must be. */
class Fault extends Error {}

type Fields = { readonly [key: string]: unknown }

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Fault(`${what} is no object`)
  return value as Fields
}

function listOf<T>(value: unknown, what: string, each: (fields: Fields) => T): T[] {
  if (!Array.isArray(value)) throw new Fault(`${what} is no list`)
  return value.map((item, index) => each(fieldsOf(item, `${what} ${index}`)))
}

function countOf(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Fault(`${what} is no count`)
  return value as number
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string' || value.length > REASON_CHARACTERS_MAX) throw new Fault(`${what} is no text`)
  return value
}

function deviceOf(value: unknown): DeviceId {
  const device = parseDeviceId(textOf(value, 'a device'))
  if (device === undefined) throw new Fault('a device is no device id')
  return device
}

function nameOf({ device, name, site }: Fields): DeviceName {
  return {
    device: deviceOf(device),
    name: name === null ? null : textOf(name, 'a name'),
    site: site === null ? null : textOf(site, 'a site')
  }
}

function logOf({ device, incarnation, entries, dropped }: Fields): ManifestLog {
  const here = dropped === null ? null : fieldsOf(dropped, 'what was dropped')
  const log = { device: deviceOf(device), incarnation: countOf(incarnation, 'an incarnation') }
  if (log.incarnation === 0) throw new Fault('an incarnation is 0')
  return {
    ...log,
    entries: countOf(entries, 'a number of entries'),
    dropped: here && { beforeMs: countOf(here.beforeMs, 'a time'), atMs: countOf(here.atMs, 'a time') }
  }
}

function manifestOf(parsed: unknown): Manifest {
  const { v, org, exportedBy, atMs, logs, missing } = fieldsOf(parsed, 'the manifest')
  if (v !== 1) throw new Fault(`it is of version ${String(v)}, and this program knows version 1`)
  const manifest = {
    org: textOf(org, 'the org'),
    exportedBy: textOf(exportedBy, 'the exporter'),
    atMs: countOf(atMs, 'the time'),
    logs: listOf(logs, 'log', logOf),
    missing: listOf(missing, 'missing log', ({ device, reason }) => ({
      device: nameOf(fieldsOf(device, 'a device')),
      reason: textOf(reason, 'a reason')
    }))
  }
  const names = new Set(manifest.logs.map(({ device, incarnation }) => `${device}/${incarnation}`))
  if (names.size !== manifest.logs.length) throw new Fault('a log is listed twice')
  return manifest
}

export function decodeManifest(bytes: Uint8Array): Outcome<Manifest, 'malformed'> {
  const text = fromUtf8(bytes)
  if (text === undefined) return rejected('malformed', 'it is not UTF-8')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (thrown) {
    return rejected('malformed', thrown instanceof Error ? thrown.message : 'it is no JSON')
  }
  try {
    return accepted(manifestOf(parsed))
  } catch (thrown) {
    if (thrown instanceof Fault) return rejected('malformed', thrown.message)
    throw thrown
  }
}
