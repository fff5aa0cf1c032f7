/**
 * Who may write an envelope of a sealed version, and for whom it is wrapped: those who may read the version now, and
 * have said to which key things are sealed for them.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { askOwners, type Denial } from '../fold/access.ts'
import { readersOf } from '../fold/readers.ts'
import type { State } from '../fold/state.ts'

/**
 * Admins, and who published it or owns a dataset that has it. Anybody can publish the version of another under a name
 * of their own, and whoever may write an envelope can end those of others: so where several owners have it, who is no
 * admin has to be of each, as for reading (access.ts), and while admins have published it theirs alone count.
 */
export function mayWriteEnvelope(state: State, device: DeviceId, version: VersionId, nowMs: number): boolean {
  const isAdmin = state.devices.get(device)?.role === 'admin'
  const ask = askOwners(state, version, nowMs)
  const decision = ask(device, ({ dataset, published }) => {
    const isTheirs = isAdmin || dataset.owner === device || published.publisher === device
    return published.sealed && isTheirs ? { allowed: true, class: published.class } : NOT_THEIRS
  })
  return decision.allowed
}

const NOT_THEIRS: Denial = { allowed: false, reason: 'needs-grant', detail: 'it is of others' }

/** Every version that is published sealed. */
export function sealedVersions(state: State): VersionId[] {
  const published = [...state.datasets.values()].flatMap(({ versions }) => versions)
  return [...new Set(published.filter(({ sealed }) => sealed).map(({ version }) => version))]
}

export interface EnvelopeRecipient {
  readonly device: DeviceId
  /** An X25519 public key. */
  readonly recipient: Uint8Array
}

export interface EnvelopeRecipients {
  /** By device id; whoever owns it, published it or is an admin first, so that no limit leaves them out. */
  readonly recipients: readonly EnvelopeRecipient[]
  /** Readers that have not said to which key things are sealed for them. */
  readonly keyless: readonly DeviceId[]
}

export function recipientsOf(state: State, version: VersionId, nowMs: number): EnvelopeRecipients {
  const first: EnvelopeRecipient[] = []
  const others: EnvelopeRecipient[] = []
  const keyless: DeviceId[] = []
  for (const [device, { because }] of readersOf(state, version, nowMs).devices) {
    const recipient = state.devices.get(device)?.sealing?.recipient
    if (recipient === undefined) keyless.push(device)
    else if (because === 'owner' || because === 'publisher' || because === 'admin')
      first.push({ device, recipient })
    else others.push({ device, recipient })
  }
  const byDevice = (a: EnvelopeRecipient, b: EnvelopeRecipient) => (a.device < b.device ? -1 : 1)
  return { recipients: [...first.sort(byDevice), ...others.sort(byDevice)], keyless }
}
