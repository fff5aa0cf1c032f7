/**
 * Who may write an envelope of a sealed version, and for whom it is wrapped: those who may read the version now, and
 * have said to which key things are sealed for them.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { readersOf } from '../fold/readers.ts'
import { isMember, type State } from '../fold/state.ts'

/** Who published it, who owns a dataset that has it, and admins. */
export function mayWriteEnvelope(state: State, device: DeviceId, version: VersionId, nowMs: number): boolean {
  if (!isMember(state, device, nowMs)) return false
  const isAdmin = state.devices.get(device)?.role === 'admin'
  return [...(state.publishedAs.get(version) ?? [])].some(name => {
    const dataset = state.datasets.get(name)
    const published = dataset?.versions.filter(each => each.version === version && each.sealed) ?? []
    if (published.length === 0) return false
    return isAdmin || dataset?.owner === device || published.some(({ publisher }) => publisher === device)
  })
}

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
