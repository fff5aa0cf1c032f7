/**
 * What a witness answers to a log that asks for a cosignature (C2SP tlog-witness, add-checkpoint).
 *
 * Invariant: the checkpoints of one log that a witness cosigns form a chain, each grown out of the one before. So the
 * witness remembers, for each log, the latest that it cosigned, and nothing else. The caller makes `next` durable, in
 * one step with the check that the state is still the one that was judged, before the cosignature leaves.
 *
 *     cosign     `next` is to be remembered, then signed
 *     conflict   the asker has another idea of what was cosigned last; it is told, and asks again from there
 *     refused    the checkpoint does not grow out of what was cosigned: evidence against the log; or the log is not the
 *                newest of its device that was cosigned: no evidence, the device may have been restored
 */

import { equalBytes } from '../base/bytes.ts'
import type { Sha256 } from '../ledger/encoding/signature.ts'
import type { SignedCheckpoint, TreeHead } from './checkpoint.ts'
import { verifyConsistency } from './tree.ts'

export interface CosignRequest {
  /** Size of the checkpoint that the asker believes was cosigned last; 0 for none. */
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
  readonly checkpoint: SignedCheckpoint
}

export type WitnessRefusal =
  /** The old size is larger than the checkpoint. */
  | 'malformed'
  /** The device has begun a newer log since: only that one may grow. */
  | 'ended'
  /** The size that was cosigned, with another root: both notes together prove the fork. */
  | 'forked'
  /** The proof does not lead from the root that was cosigned to the new one. */
  | 'inconsistent'

export type WitnessVerdict =
  | { readonly kind: 'cosign'; readonly next: TreeHead }
  | { readonly kind: 'conflict'; readonly size: number }
  | { readonly kind: 'refused'; readonly reason: WitnessRefusal }

const NOTHING_SEEN_SIZE = 0

/** What a witness remembers of the logs of one device. */
export interface WitnessMemory {
  /** The latest that was cosigned of this very log. */
  readonly latest: TreeHead | undefined
  /** The highest incarnation of which anything was cosigned; 0 for none. */
  readonly newestIncarnation: number
}

export function judgeCosignRequest(
  { latest, newestIncarnation }: WitnessMemory,
  { oldSize, proof, checkpoint }: CosignRequest,
  sha256: Sha256
): WitnessVerdict {
  const { size, root, incarnation } = checkpoint
  if (oldSize > size) return { kind: 'refused', reason: 'malformed' }
  if (incarnation < newestIncarnation) return { kind: 'refused', reason: 'ended' }
  const seenSize = latest?.size ?? NOTHING_SEEN_SIZE
  if (latest !== undefined && latest.size === size && !equalBytes(latest.root, root))
    return { kind: 'refused', reason: 'forked' }
  if (oldSize !== seenSize) return { kind: 'conflict', size: seenSize }
  const oldRoot = latest?.root ?? sha256(new Uint8Array(0))
  const grew = verifyConsistency({ oldSize, size, oldRoot, root, proof }, sha256)
  return grew ? { kind: 'cosign', next: { size, root } } : { kind: 'refused', reason: 'inconsistent' }
}
