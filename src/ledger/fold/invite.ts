/**
 * Redeeming an invite. The joining device proves, with the invite key that only its ticket holds, that *this*
 * device under *this* name commitment may be enrolled; the inviter then writes the enrolment into the feed that
 * holds the invite. Only that feed can spend the invite, so its own order says exactly which redemptions fit into
 * the number of uses, and no agreement between peers is needed.
 *
 * A name is committed to with a salt, so that the ledger says nothing about it to who does not know the name.
 */

import { assert } from '../../base/assert.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'
import { type DeviceId, idBytes, type OrgId } from '../../base/ids.ts'
import { isLabel } from '../encoding/names.ts'
import { domainMessage, type Sha256, SIGNATURE_BYTES, type Sign, type Verify } from '../encoding/signature.ts'
import { type InviteEntry, type State, usesLeft } from './state.ts'

export const NAME_SALT_BYTES = 16

export interface Redemption {
  readonly org: OrgId
  readonly device: DeviceId
  readonly nameCommitment: Uint8Array
}

/** SHA-256 over the domain, the salt and the name in UTF-8. */
export function commitName(name: string, salt: Uint8Array, sha256: Sha256): Uint8Array {
  assert(isLabel(name), 'a device name is a label')
  assert(salt.length === NAME_SALT_BYTES, `a name salt has ${NAME_SALT_BYTES} bytes`)
  return sha256(domainMessage('name', salt, utf8(name)))
}

function redemptionMessage(redemption: Redemption): Uint8Array {
  const { org, device, nameCommitment } = redemption
  return domainMessage('redeem', idBytes(org), idBytes(device), nameCommitment)
}

/** `signWithInviteKey` signs with the key whose seed the ticket holds. */
export function proveRedemption(redemption: Redemption, signWithInviteKey: Sign): Uint8Array {
  const proof = signWithInviteKey(redemptionMessage(redemption))
  assert(proof.length === SIGNATURE_BYTES, 'a redemption proof is an Ed25519 signature')
  return proof
}

export function verifyRedemption(
  redemption: Redemption,
  { inviteKey, proof, verify }: { inviteKey: Uint8Array; proof: Uint8Array; verify: Verify }
): boolean {
  return verify(inviteKey, redemptionMessage(redemption), proof)
}

export type InviteRefusal =
  | 'unknown'
  | 'foreign'
  | 'suspended'
  | 'cancelled'
  | 'expired'
  | 'spent'
  | 'bad-proof'

/**
 * What the inviter decides, by its own clock, before it writes an enrolment. `inviter` and `incarnation` name the
 * feed that it writes now: an invite of another device, or of this one's life before a restore, is not its to
 * honour. Nor is a ticket a way back for a device that was suspended or revoked.
 */
export function judgeRedemption(
  state: State,
  request: Redemption & {
    readonly inviteKey: Uint8Array
    readonly proof: Uint8Array
    readonly inviter: DeviceId
    readonly incarnation: string
    readonly nowMs: number
  },
  verify: Verify
): { readonly invite: InviteEntry } | { readonly refused: InviteRefusal } {
  const invite = findInvite(state, request.inviteKey, request)
  if (request.org !== state.org) return { refused: 'foreign' }
  if (invite === undefined) return { refused: 'unknown' }
  if (!verifyRedemption(request, { inviteKey: request.inviteKey, proof: request.proof, verify }))
    return { refused: 'bad-proof' }
  const standing = state.devices.get(request.device)?.standing
  if (standing === 'suspended' || standing === 'revoked') return { refused: 'suspended' }
  if (invite.cancelledBy !== undefined) return { refused: 'cancelled' }
  if (request.nowMs > invite.expiresMs) return { refused: 'expired' }
  if (!invite.redeemedBy.has(request.device) && usesLeft(invite) === 0) return { refused: 'spent' }
  return { invite }
}

/** An invite of one feed by its key; the first one, should an author have used a key twice. */
function findInvite(
  state: State,
  inviteKey: Uint8Array,
  feed: { readonly inviter: DeviceId; readonly incarnation: string }
): InviteEntry | undefined {
  for (const invite of state.invites.values()) {
    const isOfFeed = invite.author === feed.inviter && invite.incarnation === feed.incarnation
    if (isOfFeed && equalBytes(invite.inviteKey, inviteKey)) return invite
  }
  return undefined
}
