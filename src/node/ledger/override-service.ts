/**
 * The override part of the admin API: break-glass for the limits of freshness. An admin's key signs, that of this
 * device or one in a key file, and the board keeps the override and spreads it. What it opens, and for how long, is
 * judged by every device for itself (ledger/freshness/override-shelf.ts).
 */

import { fromHex, toHex } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, idBytes, parseDeviceId, shortId } from '../../base/ids.ts'
import { formatDuration } from '../../base/units.ts'
import { domainMessage, SIGNATURE_BYTES } from '../../ledger/encoding/signature.ts'
import { stalenessLimitsMs } from '../../ledger/fold/class-policy.ts'
import {
  assembleOverrideRecord,
  decodeOverrideTerms,
  isOverrideReason,
  OVERRIDE_DEVICES_MAX,
  OVERRIDE_LIFE_MAX_MS,
  OVERRIDE_REASON_CHARACTERS_MAX,
  type Override,
  overrideBytes
} from '../../ledger/freshness/override.ts'
import { sha256 } from '../../store/sha256.ts'
import { byName } from '../keys/device-name.ts'
import type { Node } from '../node.ts'
import { verify } from './ledger-keeper.ts'
import { LedgerNames } from './ledger-names.ts'
import type {
  OverrideActed,
  OverrideAction,
  OverrideDraft,
  OverrideRecord,
  OverrideService,
  OverrideSigning
} from './override-terms.ts'

export class LocalOverrideService implements OverrideService {
  readonly #node: Node
  readonly #names: LedgerNames

  constructor(node: Node) {
    this.#node = node
    this.#names = new LedgerNames(node.keeper, device => node.catalogue.nameOf(device))
  }

  async overrides(): Promise<readonly OverrideRecord[]> {
    return this.#node.beacons.overrides().map(override => this.#record(override))
  }

  async draftOverride({ classes, reason, lifeMs, devices, key }: OverrideAction): Promise<OverrideDraft> {
    const { keeper, beacons, identity } = this.#node
    const { head } = keeper.chain
    this.#requireAdmin(key === null ? identity.device : this.#key(key))
    if (!isOverrideReason(reason))
      throw new AppError(
        'USAGE',
        `a reason is one line of 1 to ${OVERRIDE_REASON_CHARACTERS_MAX} visible characters: not ${JSON.stringify(reason.slice(0, 200))}`
      )
    if (lifeMs <= 0 || lifeMs > OVERRIDE_LIFE_MAX_MS)
      throw new AppError(
        'USAGE',
        `an override lasts at most ${formatDuration(OVERRIDE_LIFE_MAX_MS)}, not ${formatDuration(lifeMs)}; make another when it has ended`
      )
    const named = devices?.map(device => this.#names.findDevice(device)) ?? null
    if (named !== null && (named.length === 0 || named.length > OVERRIDE_DEVICES_MAX))
      throw new AppError(
        'USAGE',
        `an override is for 1 to ${OVERRIDE_DEVICES_MAX} devices, or for all: not ${named.length}`
      )
    const limits = stalenessLimitsMs(keeper.state())
    if (head.beacon === null || classes.every(name => limits[name] === null))
      throw new AppError(
        'NO_CHANGE',
        `nothing was signed: ${head.orgName} sets no limit of freshness for class ${classes.join(', ')}`
      )
    // By what a quorum has stated if our clock is behind that, since others judge it by their own.
    const timeMs = beacons.view().nowMs
    const bytes = overrideBytes({
      ...{ org: keeper.ledger.org, rootHash: head.hash, classes, reason },
      ...{ devices: named === null ? null : [...new Set(named)], timeMs, expiresMs: timeMs + lifeMs }
    })
    return { id: toHex(sha256(bytes)), bytes: toHex(bytes), expiresAtMs: timeMs + lifeMs }
  }

  async makeOverride({ bytes: hex, vote }: OverrideSigning): Promise<OverrideActed> {
    const { keeper, beacons, identity, transport } = this.#node
    const bytes = fromHex(hex)
    const terms = bytes === undefined ? undefined : decodeOverrideTerms(bytes)
    if (bytes === undefined || terms?.ok !== true || terms.value.org !== keeper.ledger.org)
      throw new AppError('RECORD_INVALID', 'nothing was signed: the bytes are not an override of this org')
    const key = vote === null ? identity.device : this.#key(vote.key)
    this.#requireAdmin(key)
    const hash = sha256(bytes)
    const signature = vote === null ? keeper.signOverride(hash) : fromHex(vote.signature)
    if (
      signature?.length !== SIGNATURE_BYTES ||
      !verify(idBytes(key), domainMessage('override', hash), signature)
    )
      throw new AppError(
        'RECORD_INVALID',
        `the signature is not one of key ${key} under override ${toHex(hash)}`
      )
    const override = beacons.addOverride(assembleOverrideRecord(bytes, [{ key, signature }]))
    return { ...this.#record(override), peersTold: transport.peers().length }
  }

  #requireAdmin(key: DeviceId): void {
    const { head } = this.#node.keeper.chain
    if (head.admins.includes(key)) return
    const isOwn = key === this.#node.identity.device
    throw new AppError(
      'NOT_AUTHORISED',
      `nothing was signed: ${isOwn ? 'this device' : `key ${shortId(key)}`} is no admin of ${head.orgName}, and an override takes the key of one; ` +
        'run it on an admin’s device, or with --key and an admin’s key file',
      { details: { key } }
    )
  }

  /** A key in full need not be a device's. */
  #key(text: string): DeviceId {
    return parseDeviceId(text) ?? this.#names.findDevice(text)
  }

  #record({ id, classes, reason, devices, signers, timeMs, expiresMs }: Override): OverrideRecord {
    const name = (key: DeviceId) => this.#names.nameOf(key)
    return {
      ...{ id, classes, reason, madeAtMs: timeMs, expiresAtMs: expiresMs },
      devices: devices === null ? null : devices.map(name).sort(byName),
      signers: signers.map(name)
    }
  }
}
