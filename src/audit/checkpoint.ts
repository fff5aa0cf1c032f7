/**
 * A checkpoint: what a device says its log is, as a C2SP tlog-checkpoint. Three lines of text (origin, size, root),
 * signed by the device's own key, and cosigned by the witnesses that have seen it.
 *
 * The origin names org, device and incarnation, and the device id is the key: a checkpoint proves by itself whose it
 * is. A device that signs two checkpoints of one log and size with different roots has proved its own fork; nothing
 * else is needed. A device whose log was lost begins another, of a higher incarnation: a log of its own, with
 * checkpoints of its own, beside the one that it can not go on with.
 *
 * Extension lines are refused: nothing could check them.
 */

import { assert } from '../base/assert.ts'
import { equalBytes, fromBase64, toBase64, utf8 } from '../base/bytes.ts'
import { type DeviceId, idBytes, type OrgId, parseDeviceId, parseOrgId } from '../base/ids.ts'
import { accepted, type Outcome, rejected } from '../ledger/encoding/outcome.ts'
import { HASH_BYTES, type Sha256, type Sign, type Verify } from '../ledger/encoding/signature.ts'
import {
  type Cosignature,
  checkCosignature,
  checkOutsideCosignature,
  type OutsideCosignature,
  type WitnessKey,
  witnessName
} from './cosignature.ts'
import {
  decodeNote,
  ED25519_TYPE,
  encodeNote,
  keyIdOf,
  NOTE_SIGNATURES_MAX,
  type NoteFault,
  type NoteSignature
} from './signed-note.ts'
import { TREE_SIZE_MAX } from './tree.ts'

const ORIGIN = /^peerage\/([0-9a-f]{64})\/audit\/([0-9a-f]{64})\/([1-9][0-9]{0,15})$/
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/

export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/** One log: a device has another for each time that it had to begin anew. */
export interface LogId {
  readonly device: DeviceId
  /** When it was begun, in ms by the device's clock, and larger than that of any that the device knows. */
  readonly incarnation: number
}

export interface Checkpoint extends TreeHead, LogId {
  readonly org: OrgId
}

export interface SignedCheckpoint extends Checkpoint {
  /** The three lines, that a cosignature is over. */
  readonly text: string
  /** Valid ones, each witness once. */
  readonly cosignatures: readonly Cosignature[]
  /** Devices that a line names as witnesses, and whose signature it is not. */
  readonly forged: readonly DeviceId[]
  /** Of those outside witnesses that the reader trusts, valid ones and names that were forged. */
  readonly outsiders: readonly OutsideCosignature[]
  readonly forgedOutsiders: readonly string[]
  readonly note: Uint8Array
}

export type CheckpointFault = NoteFault | 'unsigned'

export function logOrigin(org: OrgId, { device, incarnation }: LogId): string {
  return `peerage/${org}/audit/${device}/${incarnation}`
}

export function isSameLog(a: LogId, b: LogId): boolean {
  return a.device === b.device && a.incarnation === b.incarnation
}

export function checkpointText({ org, device, incarnation, size, root }: Checkpoint): string {
  assert(Number.isSafeInteger(incarnation) && incarnation > 0, 'an incarnation is a positive number')
  assert(size >= 0 && size <= TREE_SIZE_MAX && root.length === HASH_BYTES, 'a checkpoint has size and root')
  return `${logOrigin(org, { device, incarnation })}\n${size}\n${toBase64(root)}\n`
}

function parseText(text: string): Checkpoint | undefined {
  const [origin, size, root, end, ...more] = text.split('\n')
  const [, orgHex, deviceHex, incarnationText] = ORIGIN.exec(origin ?? '') ?? []
  const org = parseOrgId(orgHex ?? '')
  const device = parseDeviceId(deviceHex ?? '')
  const rootBytes = fromBase64(root ?? '')
  if (org === undefined || device === undefined || end !== '' || more.length > 0) return undefined
  if (rootBytes?.length !== HASH_BYTES || !SIZE.test(size ?? '') || Number(size) > TREE_SIZE_MAX)
    return undefined
  const incarnation = Number(incarnationText)
  if (!Number.isSafeInteger(incarnation)) return undefined
  return { org, device, incarnation, size: Number(size), root: rootBytes }
}

export function signCheckpoint(
  checkpoint: Checkpoint,
  keys: { readonly sign: Sign; readonly sha256: Sha256 }
): Uint8Array {
  const text = checkpointText(checkpoint)
  const name = logOrigin(checkpoint.org, checkpoint)
  const keyId = keyIdOf({ name, type: ED25519_TYPE, publicKey: idBytes(checkpoint.device) }, keys.sha256)
  return encodeNote({ text, signatures: [{ name, keyId, signature: keys.sign(utf8(text)) }] })
}

/** Reads a checkpoint of any origin: its form, the signature of its device, and the cosignatures on it. */
export function openCheckpoint(
  note: Uint8Array,
  keys: {
    readonly verify: Verify
    readonly sha256: Sha256
    /** Outside witnesses that are trusted; lines of others say nothing. */
    readonly witnesses?: readonly WitnessKey[]
  }
): Outcome<SignedCheckpoint, CheckpointFault> {
  const decoded = decodeNote(note)
  if (!decoded.ok) return decoded
  const { text, signatures } = decoded.value
  const checkpoint = parseText(text)
  if (checkpoint === undefined)
    return rejected('malformed', 'the text is not origin, size and root of an audit log')
  const { org, device } = checkpoint
  const name = logOrigin(org, checkpoint)
  const keyId = keyIdOf({ name, type: ED25519_TYPE, publicKey: idBytes(device) }, keys.sha256)
  const own = signatures.find(line => line.name === name && equalBytes(line.keyId, keyId))
  if (own === undefined || !keys.verify(idBytes(device), utf8(text), own.signature))
    return rejected('unsigned', `the checkpoint is not signed by device ${device}`)
  const cosignatures = new Map<DeviceId, Cosignature>()
  const forged = new Set<DeviceId>()
  const outsiders = new Map<string, OutsideCosignature>()
  const forgedOutsiders = new Set<string>()
  for (const line of signatures) {
    const check = checkCosignature(line, { org, text }, keys)
    if (check.kind === 'valid') cosignatures.set(check.cosignature.witness, check.cosignature)
    if (check.kind === 'forged') forged.add(check.witness)
    const outside = checkOutsideCosignature(line, { text, witnesses: keys.witnesses ?? [] }, keys)
    if (outside.kind === 'valid') outsiders.set(outside.cosignature.name, outside.cosignature)
    if (outside.kind === 'forged') forgedOutsiders.add(outside.name)
  }
  return accepted({
    ...checkpoint,
    text,
    cosignatures: [...cosignatures.values()],
    forged: [...forged],
    outsiders: [...outsiders.values()],
    forgedOutsiders: [...forgedOutsiders],
    note: note.slice()
  })
}

/** The same checkpoint with more cosignature lines; a witness that signed it before is renewed. */
export function addCosignatures(note: Uint8Array, lines: readonly NoteSignature[]): Uint8Array {
  const decoded = decodeNote(note)
  assert(decoded.ok, 'a checkpoint that was opened is a note')
  const { text, signatures } = decoded.value
  const kept = signatures.filter(
    old => !lines.some(line => line.name === old.name && equalBytes(line.keyId, old.keyId))
  )
  return encodeNote({ text, signatures: [...kept, ...lines].slice(0, NOTE_SIGNATURES_MAX) })
}

/** The lines of a note that are valid cosignatures. */
function cosignatureLines({ note, org, cosignatures, outsiders }: SignedCheckpoint): NoteSignature[] {
  const decoded = decodeNote(note)
  assert(decoded.ok, 'a checkpoint that was opened is a note')
  const names = new Set([
    ...cosignatures.map(({ witness }) => witnessName(org, witness)),
    ...outsiders.map(({ name }) => name)
  ])
  return decoded.value.signatures.filter(({ name }) => names.has(name))
}

/** The lines of outside witnesses on a checkpoint. */
export function outsideLines(checkpoint: SignedCheckpoint): NoteSignature[] {
  const names = new Set(checkpoint.outsiders.map(({ name }) => name))
  return cosignatureLines(checkpoint).filter(({ name }) => names.has(name))
}

/** A note with the cosignatures of another of the same checkpoint that it lacks; undefined when it lacks none. */
export function mergedNote(known: SignedCheckpoint, other: SignedCheckpoint): Uint8Array | undefined {
  const has = new Set(cosignatureLines(known).map(({ name }) => name))
  const more = cosignatureLines(other).filter(({ name }) => !has.has(name))
  return known.text !== other.text || more.length === 0 ? undefined : addCosignatures(known.note, more)
}

/** Whether a device has signed two histories: one log, one size, two roots. */
export function contradicts(a: Checkpoint, b: Checkpoint): boolean {
  return a.org === b.org && isSameLog(a, b) && a.size === b.size && !equalBytes(a.root, b.root)
}
