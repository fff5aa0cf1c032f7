/**
 * What a witness signs: that a checkpoint, at a time, was the largest that it had seen of that log, and that it grew
 * out of every one that it had cosigned before (C2SP tlog-cosignature, Ed25519 `cosignature/v1`).
 *
 * A witness is a device, and signs with the device's key. Its key name ends in the device id, so whoever reads a
 * cosignature can check it without being told any key; whether that device is a member is the ledger's to say.
 */

import { assert } from '../base/assert.ts'
import { concatBytes, equalBytes, utf8 } from '../base/bytes.ts'
import { type DeviceId, idBytes, type OrgId, parseDeviceId } from '../base/ids.ts'
import { type Sha256, SIGNATURE_BYTES, type Sign, type Verify } from '../ledger/encoding/signature.ts'
import { COSIGNATURE_TYPE, keyIdOf, type NoteSignature } from './signed-note.ts'

const TIME_BYTES = 8
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
  assert(Number.isSafeInteger(timeSeconds) && timeSeconds >= 0, 'a cosignature has whole seconds')
  const name = witnessName(org, witness)
  const time = new Uint8Array(TIME_BYTES)
  new DataView(time.buffer).setBigUint64(0, BigInt(timeSeconds))
  return {
    name,
    keyId: keyIdOf({ name, type: COSIGNATURE_TYPE, publicKey: idBytes(witness) }, keys.sha256),
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
  if (line.signature.length !== TIME_BYTES + SIGNATURE_BYTES) return { kind: 'forged', witness }
  const { buffer, byteOffset } = line.signature
  const time = new DataView(buffer, byteOffset).getBigUint64(0)
  if (time > BigInt(TIME_SECONDS_MAX)) return { kind: 'forged', witness }
  const timeSeconds = Number(time)
  const signature = line.signature.slice(TIME_BYTES)
  return keys.verify(publicKey, cosignedMessage(note.text, timeSeconds), signature)
    ? { kind: 'valid', cosignature: { witness, timeSeconds } }
    : { kind: 'forged', witness }
}
