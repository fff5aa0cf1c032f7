/**
 * An org for tests: keys from fixed seeds, and shorthand for writing histories. Everything that it makes goes
 * through the product's own functions; only the keys and the clock are made up.
 */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign as signWith,
  verify as verifyWith
} from 'node:crypto'
import { assert, defined } from '../../base/assert.ts'
import {
  type DeviceId,
  deviceIdFromBytes,
  type OperationId,
  type OrgId,
  versionIdFromBytes
} from '../../base/ids.ts'
import { type ChainView, singleRoot } from '../chain/chain-view.ts'
import {
  createRootRecord,
  decodeRoot,
  foundingTerms,
  orgIdOf,
  type Root,
  type RootTerms
} from '../chain/root.ts'
import { type CborValue, encodeCbor } from '../encoding/cbor.ts'
import { type Sha256, type Sign, signId, type Verify } from '../encoding/signature.ts'
import { Ledger } from '../ledger.ts'
import { createOperation, type Operation } from '../operation/operation.ts'
import type { OperationContent } from '../operation/operation-content.ts'
import { commitName, proveRedemption } from './invite.ts'

// RFC 8410: the DER wrappings of a raw Ed25519 seed and public key.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

export const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())

export const verify: Verify = (key, message, signature) => {
  try {
    const der = Buffer.concat([SPKI, key])
    return verifyWith(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
  } catch {
    return false
  }
}

export interface TestKey {
  readonly seed: Uint8Array
  readonly id: DeviceId
  readonly publicKey: Uint8Array
  readonly sign: Sign
}

/** The Ed25519 key of a seed. */
export function keyOfSeed(seed: Uint8Array): TestKey {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const publicKey = new Uint8Array(spki.subarray(SPKI.length))
  const sign: Sign = message => new Uint8Array(signWith(null, message, key))
  return { seed, id: deviceIdFromBytes(publicKey), publicKey, sign }
}

/** A key by name: the same name is the same key in every run. */
export function keyNamed(name: string): TestKey {
  return keyOfSeed(sha256(Buffer.from(`test key ${name}`)))
}

export const versionNamed = (name: string) => versionIdFromBytes(sha256(Buffer.from(`version ${name}`)))
export const saltOf = (key: TestKey) => sha256(key.publicKey).slice(0, 16)
export const INCARNATION = '00000000000000a1'
export const OTHER_INCARNATION = '00000000000000b2'
export const START_MS = 1_800_000_000_000
const MINUTE = 60_000

/** One device that writes into its own ledger, minute by minute. */
export class TestDevice {
  readonly key: TestKey
  readonly ledger: Ledger
  incarnation = INCARNATION
  nowMs = START_MS

  constructor(key: TestKey, authority: Root | ChainView) {
    this.key = key
    const chain = 'founding' in authority ? authority : singleRoot(authority)
    this.ledger = new Ledger(chain, { verify, sha256 })
  }

  get id(): DeviceId {
    return this.key.id
  }

  /** Signs the next operation without adding it. */
  sign(content: OperationContent, options: { timeMs?: number; expiresMs?: number | null } = {}): Operation {
    this.nowMs += MINUTE
    const { timeMs = this.nowMs, expiresMs = null } = options
    const { id: author, incarnation } = this
    const draft = this.ledger.draft({ author, incarnation, content, nowMs: timeMs })
    assert(draft.ok, `a draft is possible: ${draft.ok ? '' : draft.detail}`)
    return createOperation({ ...draft.value, timeMs, expiresMs }, { sign: this.key.sign, sha256 })
  }

  write(content: OperationContent, options: { timeMs?: number; expiresMs?: number | null } = {}): Operation {
    const operation = this.sign(content, options)
    const { accepted } = this.ledger.add([operation.record])
    assert(accepted.length === 1, 'an operation of our own is accepted')
    return operation
  }

  invite(inviteKey: TestKey, { uses = 1, expiresMs = START_MS + 1000 * MINUTE } = {}): Operation {
    return this.write({ type: 'invite.create', inviteKey: inviteKey.publicKey, uses, expiresMs })
  }

  enrol(device: TestKey, invite?: { operation: OperationId; key: TestKey }, timeMs?: number): Operation {
    return this.write(enrolment(this.ledger.org, device, invite), timeMs === undefined ? {} : { timeMs })
  }

  publish(name: string, version: string): Operation {
    return this.write(publication(name, version))
  }

  retire(name: string, version: string | null = null): Operation {
    const named = version === null ? null : versionNamed(version)
    return this.write({ type: 'dataset.retire', name, version: named })
  }

  /** Takes everything that another device holds. */
  learn(from: TestDevice): void {
    this.ledger.add([...from.ledger.operations()].map(operation => operation.record))
    this.nowMs = Math.max(this.nowMs, from.nowMs)
  }
}

export function publication(name: string, version: string): OperationContent {
  return {
    type: 'dataset.publish',
    name,
    version: versionNamed(version),
    class: 'internal',
    sealed: false,
    pieceBytes: 16_384,
    files: 1,
    bytes: 1000
  }
}

export function enrolment(
  org: OrgId,
  device: TestKey,
  invite?: { operation: OperationId; key: TestKey }
): OperationContent {
  const nameCommitment = commitName('device', saltOf(device), sha256)
  const redemption = invite && {
    invite: invite.operation,
    proof: proveRedemption({ org, device: device.id, nameCommitment }, invite.key.sign)
  }
  return {
    type: 'device.enrol',
    device: device.id,
    kind: 'server',
    nameCommitment,
    redemption: redemption ?? null
  }
}

export function signedRoot(terms: RootTerms, signers: readonly TestKey[]): Uint8Array {
  return createRootRecord(terms, { signers: signers.map(key => ({ key: key.id, sign: key.sign })), sha256 })
}

/** root.v1 with the given admins, all of whom sign, and the defaults otherwise. */
export function foundOrg(admins: readonly TestKey[], changes: Partial<RootTerms> = {}): Root {
  const founder = defined(admins[0], 'founder')
  const terms: RootTerms = {
    ...foundingTerms({ orgName: 'Acme', admin: founder.id, timeMs: START_MS }),
    admins: admins.map(key => key.id),
    threshold: Math.floor(admins.length / 2) + 1,
    ...changes
  }
  const root = decodeRoot(signedRoot(terms, admins), { verify, sha256 })
  assert(root.ok, `a founding root is valid: ${root.ok ? '' : root.detail}`)
  assert(orgIdOf(root.value).length > 0, 'an org has an id')
  return root.value
}

/** Signs any envelope at all, for what the product's own functions refuse to write. */
export function signRaw(key: TestKey, envelope: { readonly [field: string]: CborValue }): Uint8Array {
  const bytes = encodeCbor(envelope)
  return encodeCbor([bytes, signId('operation', sha256(bytes), key.sign)])
}

/** A valid envelope at position 1 of a feed, to be broken field by field. */
export function rawEnvelope(root: Root, key: TestKey): { [field: string]: CborValue } {
  return {
    v: 1,
    org: root.hash,
    root: root.hash,
    author: key.publicKey,
    incarnation: new Uint8Array(8),
    seq: 1,
    prev: null,
    deps: [],
    type: 'dataset.retire',
    target: 'some/name',
    body: { version: null },
    time: START_MS,
    expires: null
  }
}

/** The root of the vectors has a role table of its own, so that they do not move with what new orgs begin with. */
export const FIRST_ROLE_TABLE = {
  roles: new Map([
    ['admin', ['dataset.publish', 'dataset.retire', 'device.enrol', 'invite.create']],
    ['device', ['dataset.publish', 'dataset.retire']]
  ]),
  ranks: new Map([
    ['admin', 1],
    ['device', 2]
  ])
}
