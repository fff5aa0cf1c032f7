/**
 * Presence: a device's signed, short-lived statement of what it is called, where it is and how to reach it. It is
 * exchanged between peers and kept only while it lives; the ledger never holds it, so a name or an address is
 * forgotten when nobody repeats it.
 *
 * Its record is a statement (statement.ts). The name it shows must open the commitment of the device's enrolment, so
 * that no device can call itself what nobody enrolled it as. The newest statement of a device replaces the others.
 */

import { assert } from '../../base/assert.ts'
import { compareBytes, equalBytes } from '../../base/bytes.ts'
import { type DeviceId, deviceIdFromBytes, idBytes, type OrgId, orgIdFromBytes } from '../../base/ids.ts'
import { DAY_MS, MINUTE_MS } from '../../base/units.ts'
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
import { bytes, exactly, list, object, oneOf, type Shaped } from '../encoding/shape.ts'
import type { Sha256, Sign, Verify } from '../encoding/signature.ts'
import {
  lifeFault,
  openStatement,
  readTerms,
  recordBytesMax,
  type StatementFault,
  type StatementForm,
  signStatement
} from '../encoding/statement.ts'
import { commitName, NAME_SALT_BYTES } from '../fold/invite.ts'
import { isMember, type State } from '../fold/state.ts'

export const PRESENCE_BYTES_MAX = 8 * 1024
export const PRESENCE_RECORD_BYTES_MAX = recordBytesMax(PRESENCE_BYTES_MAX)
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

export type PresenceFault = StatementFault
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
const FORM: StatementForm<Shaped<typeof presenceShape>> = {
  ...{ domain: 'presence', what: 'presence', recordWhat: 'presence record' },
  ...{ bytesMax: PRESENCE_BYTES_MAX, depthMax: 2, shape: presenceShape },
  signer: { name: 'the device', keyOf: ({ device }) => device },
  faultOf: terms => lifeFault(terms, PRESENCE_LIFE_MAX_MS)
}

export function createPresence(terms: PresenceTerms, keys: { sign: Sign; sha256: Sha256 }): Presence {
  const signed = signStatement(
    'presence',
    {
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
    },
    keys
  )
  const read = readTerms(FORM, signed.encoded)
  assert(read.ok, `a presence that we sign is valid: ${read.ok ? '' : read.detail}`)
  return presenceOf(read.value, signed)
}

/** Decodes a statement of any origin: its shape and its signature. `judgePresence` says whether it counts. */
export function decodePresence(
  record: Uint8Array,
  keys: { verify: Verify; sha256: Sha256 }
): Outcome<Presence, PresenceFault> {
  const opened = openStatement(FORM, record, keys)
  if (!opened.ok) return opened
  const { terms, hash: hashed } = opened.value
  return accepted(presenceOf(terms, { hash: hashed, record: record.slice() }))
}

function presenceOf(
  terms: Shaped<typeof presenceShape>,
  { hash: hashed, record }: Pick<Presence, 'hash' | 'record'>
): Presence {
  return {
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
  }
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
