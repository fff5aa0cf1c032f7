/**
 * Presence: a device's signed, short-lived statement of what it is called, where it is and how to reach it. It is
 * exchanged between peers and kept only while it lives; the ledger never holds it, so a name or an address is
 * forgotten when nobody repeats it.
 *
 * Its record is the deterministic CBOR of [bytes, signature], the signature over the domain-separated SHA-256 of
 * the bytes. The name it shows must open the commitment of the device's enrolment, so that no device can call
 * itself what nobody enrolled it as. The newest statement of a device replaces the others.
 */

import { assert } from '../../base/assert.ts'
import { compareBytes, equalBytes } from '../../base/bytes.ts'
import { type DeviceId, deviceIdFromBytes, idBytes, type OrgId, orgIdFromBytes } from '../../base/ids.ts'
import { DAY_MS, MINUTE_MS } from '../../base/units.ts'
import { type CborFault, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import {
  ADDRESSES_MAX,
  address,
  DEVICE_KINDS,
  type DeviceKind,
  hash,
  key,
  label,
  timeMs
} from '../encoding/names.ts'
import { accepted, type Outcome, type Rejection, rejected } from '../encoding/outcome.ts'
import { bytes, bytesUpTo, exactly, list, Misshape, object, oneOf, tuple } from '../encoding/shape.ts'
import {
  domainMessage,
  type Sha256,
  SIGNATURE_BYTES,
  type Sign,
  signId,
  type Verify
} from '../encoding/signature.ts'
import { commitName, NAME_SALT_BYTES } from '../fold/invite.ts'
import { isMember, type State } from '../fold/state.ts'

export const PRESENCE_BYTES_MAX = 8 * 1024
export const PRESENCE_RECORD_BYTES_MAX = PRESENCE_BYTES_MAX + SIGNATURE_BYTES + 16
/** A statement that lives longer is refused: a device that is gone must not stay. */
export const PRESENCE_LIFE_MAX_MS = DAY_MS
/** How far ahead of ours a device's clock may be. */
export const PRESENCE_SKEW_MAX_MS = 10 * MINUTE_MS

export interface PresenceTerms {
  readonly org: OrgId
  readonly device: DeviceId
  readonly name: string
  /** Opens the name commitment of the device's enrolment. */
  readonly nameSalt: Uint8Array
  readonly site: string
  readonly kind: DeviceKind
  /** Multiaddrs, best first. */
  readonly addresses: readonly string[]
  readonly timeMs: number
  readonly expiresMs: number
}

export interface Presence extends PresenceTerms {
  /** SHA-256 of the statement's bytes. */
  readonly hash: Uint8Array
  readonly record: Uint8Array
}

export type PresenceFault = CborFault | 'unknown-version' | 'bad-signature'
export type PresenceRefusal = 'foreign-org' | 'not-a-member' | 'expired' | 'from-the-future' | 'wrong-name'

const presenceShape = object({
  v: exactly(1),
  org: hash,
  device: key,
  name: label,
  salt: bytes(NAME_SALT_BYTES),
  site: label,
  kind: oneOf(DEVICE_KINDS),
  addresses: list(address, ADDRESSES_MAX),
  time: timeMs,
  expires: timeMs
})
const recordShape = tuple(bytesUpTo(PRESENCE_BYTES_MAX), bytes(SIGNATURE_BYTES))

export function createPresence(terms: PresenceTerms, keys: { sign: Sign; sha256: Sha256 }): Presence {
  const encoded = encodeCbor({
    v: 1,
    org: idBytes(terms.org),
    device: idBytes(terms.device),
    name: terms.name,
    salt: terms.nameSalt,
    site: terms.site,
    kind: terms.kind,
    addresses: terms.addresses,
    time: terms.timeMs,
    expires: terms.expiresMs
  })
  const hashed = keys.sha256(encoded)
  const record = encodeCbor([encoded, signId('presence', hashed, keys.sign)])
  const presence = readPresence(encoded, { hashed, record })
  assert(presence.ok, `a presence that we sign is valid: ${presence.ok ? '' : presence.detail}`)
  return presence.value
}

/** Decodes a statement of any origin: its shape and its signature. `judgePresence` says whether it counts. */
export function decodePresence(
  record: Uint8Array,
  { verify, sha256 }: { verify: Verify; sha256: Sha256 }
): Outcome<Presence, PresenceFault> {
  const outer = decodeCbor(record, { bytesMax: PRESENCE_RECORD_BYTES_MAX, depthMax: 1 })
  if (!outer.ok) return outer
  const parts = recordShape(outer.value)
  if (parts instanceof Misshape) return rejected('malformed', `presence record: ${parts}`)
  const [encoded, signature] = parts
  const hashed = sha256(encoded)
  const presence = readPresence(encoded, { hashed, record: record.slice() })
  if (!presence.ok) return presence
  return verify(idBytes(presence.value.device), domainMessage('presence', hashed), signature)
    ? presence
    : rejected('bad-signature', 'the signature is not by the device')
}

function readPresence(
  encoded: Uint8Array,
  { hashed, record }: { hashed: Uint8Array; record: Uint8Array }
): Outcome<Presence, PresenceFault> {
  const decoded = decodeCbor(encoded, { bytesMax: PRESENCE_BYTES_MAX, depthMax: 2 })
  if (!decoded.ok) return decoded
  const terms = presenceShape(decoded.value)
  if (terms instanceof Misshape)
    return rejected(terms.path === 'v' ? 'unknown-version' : 'malformed', `presence: ${terms}`)
  const lifeMs = terms.expires - terms.time
  if (lifeMs <= 0 || lifeMs > PRESENCE_LIFE_MAX_MS)
    return rejected('malformed', `presence: it lives ${lifeMs} ms, at most ${PRESENCE_LIFE_MAX_MS}`)
  return accepted({
    org: orgIdFromBytes(terms.org),
    device: deviceIdFromBytes(terms.device),
    name: terms.name,
    nameSalt: terms.salt,
    site: terms.site,
    kind: terms.kind,
    addresses: terms.addresses,
    timeMs: terms.time,
    expiresMs: terms.expires,
    hash: hashed,
    record
  })
}

/** Whether a decoded statement counts here and now; undefined when it does. */
export function judgePresence(
  presence: Presence,
  { state, nowMs, sha256 }: { state: State; nowMs: number; sha256: Sha256 }
): Rejection<PresenceRefusal> | undefined {
  if (presence.org !== state.org) return rejected('foreign-org', `it is of org ${presence.org}`)
  if (!isMember(state, presence.device, nowMs)) return rejected('not-a-member', 'its device is not enrolled')
  if (nowMs >= presence.expiresMs) return rejected('expired', `it ended ${nowMs - presence.expiresMs} ms ago`)
  if (presence.timeMs > nowMs + PRESENCE_SKEW_MAX_MS)
    return rejected('from-the-future', `its clock is ${presence.timeMs - nowMs} ms ahead of ours`)
  const enrolment = state.devices.get(presence.device)?.enrolment
  const commitment = commitName(presence.name, presence.nameSalt, sha256)
  if (enrolment === undefined || !equalBytes(enrolment.nameCommitment, commitment))
    return rejected('wrong-name', 'the name is not the one that the device was enrolled with')
  if (enrolment.kind !== presence.kind)
    return rejected('wrong-name', `the device was enrolled as a ${enrolment.kind}`)
  return undefined
}

/** Whether `next` takes the place of `current`, both of one device; the same for every peer. */
export function replaces(next: Presence, current: Presence): boolean {
  assert(next.device === current.device, 'a statement replaces only those of its own device')
  if (next.timeMs !== current.timeMs) return next.timeMs > current.timeMs
  return compareBytes(next.hash, current.hash) > 0
}
