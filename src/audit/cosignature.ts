/**
 * What a witness signs: that a checkpoint, at a time, was the largest that it had seen of that log, and that it grew
 * out of every one that it had cosigned before (C2SP tlog-cosignature, Ed25519 `cosignature/v1`).
 *
 * A witness is a device, and signs with the device's key. Its key name ends in the device id, so whoever reads a
 * cosignature can check it without being told any key; whether that device is a member is the ledger's to say.
 *
 * An outside witness is no device of the org: an auditor's machine, or a public witness. Its name and key say nothing by
 * themselves, so it counts only where an administrator has named it, by the verifier key that C2SP's signed-note has:
 *
 *     <name>+<key id, hex>+<base64 of the type byte and the public key>
 */

import { assert } from '../base/assert.ts'
import { concatBytes, equalBytes, fromBase64, fromHex, toBase64, toHex, utf8 } from '../base/bytes.ts'
import { type DeviceId, idBytes, type OrgId, parseDeviceId } from '../base/ids.ts'
import {
  KEY_BYTES,
  type Sha256,
  SIGNATURE_BYTES,
  type Sign,
  type Verify
} from '../ledger/encoding/signature.ts'
import { COSIGNATURE_TYPE, isKeyName, keyIdOf, type NoteSignature } from './signed-note.ts'

const TIME_BYTES = 8

const DEVICE_NAME_START = 'peerage/'
/** Beyond it a time is no exact number; C2SP allows more. */
const TIME_SECONDS_MAX = Number.MAX_SAFE_INTEGER

export interface Cosignature {
  readonly witness: DeviceId
  /** The witness's clock, in seconds of the Unix epoch. */
  readonly timeSeconds: number
}

export function witnessName(org: OrgId, witness: DeviceId): string {
  return `peerage/${org}/witness/${witness}`
}

/** The witness whose key name this is, in that org. */
function witnessOf(name: string, org: OrgId): DeviceId | undefined {
  const prefix = `peerage/${org}/witness/`
  return name.startsWith(prefix) ? parseDeviceId(name.slice(prefix.length)) : undefined
}

function cosignedMessage(text: string, timeSeconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`)
}

export function createCosignature(
  statement: {
    readonly org: OrgId
    readonly witness: DeviceId
    readonly timeSeconds: number
    readonly text: string
  },
  keys: { readonly sign: Sign; readonly sha256: Sha256 }
): NoteSignature {
  const { org, witness, timeSeconds, text } = statement
  const by = { name: witnessName(org, witness), publicKey: idBytes(witness) }
  return cosign({ by, timeSeconds, text }, keys)
}

/** A cosignature by any key, under any name. */
export function cosign(
  statement: { readonly by: WitnessKey; readonly timeSeconds: number; readonly text: string },
  keys: { readonly sign: Sign; readonly sha256: Sha256 }
): NoteSignature {
  const { by, timeSeconds, text } = statement
  const { name, publicKey } = by
  assert(Number.isSafeInteger(timeSeconds) && timeSeconds >= 0, 'a cosignature has whole seconds')
  const time = new Uint8Array(TIME_BYTES)
  new DataView(time.buffer).setBigUint64(0, BigInt(timeSeconds))
  return {
    name,
    keyId: keyIdOf({ name, type: COSIGNATURE_TYPE, publicKey }, keys.sha256),
    signature: concatBytes([time, keys.sign(cosignedMessage(text, timeSeconds))])
  }
}

export type CosignatureCheck =
  | { readonly kind: 'valid'; readonly cosignature: Cosignature }
  /** It names a witness of this org, and that device never signed it. */
  | { readonly kind: 'forged'; readonly witness: DeviceId }
  /** Of another key, type or org: to be ignored, as C2SP asks. */
  | { readonly kind: 'foreign' }

export function checkCosignature(
  line: NoteSignature,
  note: { readonly org: OrgId; readonly text: string },
  keys: { readonly verify: Verify; readonly sha256: Sha256 }
): CosignatureCheck {
  const witness = witnessOf(line.name, note.org)
  if (witness === undefined) return { kind: 'foreign' }
  const publicKey = idBytes(witness)
  const keyId = keyIdOf({ name: line.name, type: COSIGNATURE_TYPE, publicKey }, keys.sha256)
  if (!equalBytes(line.keyId, keyId)) return { kind: 'foreign' }
  const timeSeconds = cosignedTime({ line, text: note.text, publicKey }, keys.verify)
  return timeSeconds === undefined
    ? { kind: 'forged', witness }
    : { kind: 'valid', cosignature: { witness, timeSeconds } }
}

/** When a line was signed; undefined when its signature is not that key's. */
function cosignedTime(
  cosigned: { readonly line: NoteSignature; readonly text: string; readonly publicKey: Uint8Array },
  verify: Verify
): number | undefined {
  const { line, text, publicKey } = cosigned
  if (line.signature.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined
  const { buffer, byteOffset } = line.signature
  const time = new DataView(buffer, byteOffset).getBigUint64(0)
  if (time > BigInt(TIME_SECONDS_MAX)) return undefined
  const signature = line.signature.slice(TIME_BYTES)
  return verify(publicKey, cosignedMessage(text, Number(time)), signature) ? Number(time) : undefined
}

/** Who signs: a name and a key. */
export interface WitnessKey {
  readonly name: string
  readonly publicKey: Uint8Array
}

/** By a witness that is no device of the org. */
export interface OutsideCosignature {
  readonly name: string
  readonly timeSeconds: number
}

export function formatWitnessKey({ name, publicKey }: WitnessKey, sha256: Sha256): string {
  const keyId = keyIdOf({ name, type: COSIGNATURE_TYPE, publicKey }, sha256)
  return `${name}+${toHex(keyId)}+${toBase64(concatBytes([Uint8Array.of(COSIGNATURE_TYPE), publicKey]))}`
}

/** Undefined when it is no verifier key of a witness, or would pass for a device of an org. */
export function parseWitnessKey(text: string, sha256: Sha256): WitnessKey | undefined {
  const [name = '', id = '', ...encoded] = text.split('+')
  const bytes = fromBase64(encoded.join('+'))
  if (!isKeyName(name) || name.startsWith(DEVICE_NAME_START) || bytes === undefined) return undefined
  if (bytes.length !== 1 + KEY_BYTES || bytes[0] !== COSIGNATURE_TYPE) return undefined
  const publicKey = bytes.slice(1)
  const keyId = fromHex(id)
  const expected = keyIdOf({ name, type: COSIGNATURE_TYPE, publicKey }, sha256)
  return keyId !== undefined && equalBytes(keyId, expected) ? { name, publicKey } : undefined
}

export type OutsideCheck =
  | { readonly kind: 'valid'; readonly cosignature: OutsideCosignature }
  | { readonly kind: 'forged'; readonly name: string }
  | { readonly kind: 'foreign' }

/** Holds a line against the outside witnesses that are trusted. */
export function checkOutsideCosignature(
  line: NoteSignature,
  note: { readonly text: string; readonly witnesses: readonly WitnessKey[] },
  keys: { readonly verify: Verify; readonly sha256: Sha256 }
): OutsideCheck {
  const witness = note.witnesses.find(
    ({ name, publicKey }) =>
      name === line.name &&
      equalBytes(line.keyId, keyIdOf({ name, type: COSIGNATURE_TYPE, publicKey }, keys.sha256))
  )
  if (witness === undefined) return { kind: 'foreign' }
  const { name, publicKey } = witness
  const timeSeconds = cosignedTime({ line, text: note.text, publicKey }, keys.verify)
  return timeSeconds === undefined
    ? { kind: 'forged', name }
    : { kind: 'valid', cosignature: { name, timeSeconds } }
}
