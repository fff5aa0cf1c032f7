/**
 * Break-glass: an admin's signed, short-lived word that named classes may be used although this device's view of the
 * ledger is not fresh enough. It lifts the limits of freshness and nothing else: who is a member and who may read
 * what is judged as ever, by the view there is.
 *
 * Its record is the deterministic CBOR of [bytes, [[key, signature], ...]], signatures in ascending order of their
 * keys, each over the domain-separated SHA-256 of the bytes. Whether it is valid is decided anew each time it would
 * be used: while it lives, and while one of its signers is an admin of the head root. It can not be taken back, only
 * wait for its end; hence the bound on its life. Whoever acts by it reports each use for the audit log.
 */

import { assert } from '../../base/assert.ts'
import { compareBytes, toHex } from '../../base/bytes.ts'
import { type DeviceId, deviceIdFromBytes, idBytes, type OrgId, orgIdFromBytes } from '../../base/ids.ts'
import { DAY_MS } from '../../base/units.ts'
import { ADMINS_MAX, type RootSigner } from '../chain/root.ts'
import { type CborFault, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { DATASET_CLASSES, type DatasetClass, hash, isVisibleLine, key, timeMs } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import {
  bytes,
  bytesUpTo,
  exactly,
  isAscending,
  list,
  Misshape,
  nullable,
  object,
  oneOf,
  sortedBytes,
  text,
  tuple,
  where
} from '../encoding/shape.ts'
import {
  domainMessage,
  KEY_BYTES,
  type Sha256,
  SIGNATURE_BYTES,
  signId,
  type Verify
} from '../encoding/signature.ts'

export const OVERRIDE_BYTES_MAX = 4 * 1024
/** Room for the signatures, each with its key. */
export const OVERRIDE_RECORD_BYTES_MAX = OVERRIDE_BYTES_MAX + ADMINS_MAX * 128
export const OVERRIDE_DEVICES_MAX = 64
export const OVERRIDE_REASON_CHARACTERS_MAX = 200
export const OVERRIDE_LIFE_MAX_MS = DAY_MS

export interface OverrideTerms {
  readonly org: OrgId
  /** Hash of the root that its signers knew as the newest. */
  readonly rootHash: Uint8Array
  /** What it opens; in the order of DATASET_CLASSES. */
  readonly classes: readonly DatasetClass[]
  /** Why, for people and for the audit log. */
  readonly reason: string
  /** For whom; null is for every device. */
  readonly devices: readonly DeviceId[] | null
  readonly timeMs: number
  readonly expiresMs: number
}

export interface Override extends OverrideTerms {
  /** SHA-256 of the override's bytes, in hex: what the audit log names it by. */
  readonly id: string
  readonly record: Uint8Array
  /** Ascending; of whom at least one must be an admin when it is used. */
  readonly signers: readonly DeviceId[]
}

export type OverrideFault = CborFault | 'unknown-version' | 'bad-signature'

const classesShape = where(
  list(oneOf(DATASET_CLASSES), DATASET_CLASSES.length, 1),
  classes => {
    const places = classes.map(name => DATASET_CLASSES.indexOf(name))
    return places.every((place, index) => index === 0 || place > (places[index - 1] ?? 0))
  },
  `classes in the order ${DATASET_CLASSES.join(', ')}, each once`
)
const reasonShape = where(
  text(OVERRIDE_REASON_CHARACTERS_MAX),
  isOverrideReason,
  'one line of visible text, trimmed'
)

const overrideShape = object({
  v: exactly(1),
  org: hash,
  root: hash,
  classes: classesShape,
  reason: reasonShape,
  devices: nullable(sortedBytes(KEY_BYTES, OVERRIDE_DEVICES_MAX, 1)),
  time: timeMs,
  expires: timeMs
})
const recordShape = tuple(
  bytesUpTo(OVERRIDE_BYTES_MAX),
  list(tuple(key, bytes(SIGNATURE_BYTES)), ADMINS_MAX, 1)
)

/** Whether people can give `reason` for an override. */
export function isOverrideReason(reason: string): boolean {
  return isVisibleLine(reason, OVERRIDE_REASON_CHARACTERS_MAX)
}

/** What is signed: the override without its signatures. */
export function overrideBytes(terms: OverrideTerms): Uint8Array {
  return encodeCbor({
    v: 1,
    org: idBytes(terms.org),
    root: terms.rootHash,
    classes: DATASET_CLASSES.filter(name => terms.classes.includes(name)),
    reason: terms.reason,
    devices: terms.devices === null ? null : [...terms.devices].sort().map(idBytes),
    time: terms.timeMs,
    expires: terms.expiresMs
  })
}

/** The record of an override and signatures that were made apart from each other. */
export function assembleOverrideRecord(
  encoded: Uint8Array,
  signatures: readonly { readonly key: DeviceId; readonly signature: Uint8Array }[]
): Uint8Array {
  const entries = signatures.map(({ key, signature }) => [idBytes(key), signature] as const)
  return encodeCbor([encoded, entries.sort((a, b) => compareBytes(a[0], b[0]))])
}

export function createOverride(
  terms: OverrideTerms,
  { signers, sha256 }: { signers: readonly RootSigner[]; sha256: Sha256 }
): Override {
  const encoded = overrideBytes(terms)
  const hashed = sha256(encoded)
  const record = assembleOverrideRecord(
    encoded,
    signers.map(({ key, sign }) => ({ key, signature: signId('override', hashed, sign) }))
  )
  const read = decodeOverrideTerms(encoded)
  assert(read.ok, `an override that we sign is valid: ${read.ok ? '' : read.detail}`)
  return { ...read.value, id: toHex(hashed), record, signers: signers.map(signer => signer.key).sort() }
}

/** Decodes an override of any origin: its shape and every signature. Whether it holds, override-shelf.ts says. */
export function decodeOverride(
  record: Uint8Array,
  { verify, sha256 }: { verify: Verify; sha256: Sha256 }
): Outcome<Override, OverrideFault> {
  const outer = decodeCbor(record, { bytesMax: OVERRIDE_RECORD_BYTES_MAX, depthMax: 3 })
  if (!outer.ok) return outer
  const parts = recordShape(outer.value)
  if (parts instanceof Misshape) return rejected('malformed', `override record: ${parts}`)
  const [encoded, signatures] = parts
  const keys = signatures.map(([signer]) => signer)
  if (!isAscending(keys)) return rejected('malformed', 'override record: signatures are not sorted or repeat')
  const terms = decodeOverrideTerms(encoded)
  if (!terms.ok) return terms
  const hashed = sha256(encoded)
  const message = domainMessage('override', hashed)
  for (const [signer, signature] of signatures)
    if (!verify(signer, message, signature))
      return rejected('bad-signature', `the signature of ${toHex(signer)} is wrong`)
  const signers = keys.map(deviceIdFromBytes)
  return accepted({ ...terms.value, id: toHex(hashed), record: record.slice(), signers })
}

/** Reads what an override says, whoever is to sign it. */
export function decodeOverrideTerms(encoded: Uint8Array): Outcome<OverrideTerms, OverrideFault> {
  const decoded = decodeCbor(encoded, { bytesMax: OVERRIDE_BYTES_MAX, depthMax: 2 })
  if (!decoded.ok) return decoded
  const terms = overrideShape(decoded.value)
  if (terms instanceof Misshape)
    return rejected(terms.path === 'v' ? 'unknown-version' : 'malformed', `override: ${terms}`)
  const lifeMs = terms.expires - terms.time
  if (lifeMs <= 0 || lifeMs > OVERRIDE_LIFE_MAX_MS)
    return rejected('malformed', `override: it lives ${lifeMs} ms, at most ${OVERRIDE_LIFE_MAX_MS}`)
  return accepted({
    org: orgIdFromBytes(terms.org),
    rootHash: terms.root,
    classes: terms.classes,
    reason: terms.reason,
    devices: terms.devices?.map(deviceIdFromBytes) ?? null,
    timeMs: terms.time,
    expiresMs: terms.expires
  })
}
