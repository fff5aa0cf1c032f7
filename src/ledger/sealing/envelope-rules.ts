/**
 * Who may write an envelope of a sealed version, and for whom it is wrapped: those who may read the version now, and
 * have said to which key things are sealed for them.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { askOwners, type Denial } from '../fold/access.ts'
import { publishersOf } from '../fold/deletion.ts'
import { readersOf } from '../fold/readers.ts'
import { isMember, type State } from '../fold/state.ts'
import { type KnownEpoch, sealableEpochs } from './epoch-rules.ts'

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

/** Members that may write an envelope of a version: those who published it first, then by device id. */
export function envelopeWriters(state: State, version: VersionId, nowMs: number): DeviceId[] {
  const publishers = publishersOf(state, version)
  const names = state.publishedAs.get(version) ?? []
  const owners = new Set([...names].map(name => state.datasets.get(name)?.owner))
  const candidates = [...state.devices.values()].filter(
    ({ device, role }) => role === 'admin' || publishers.has(device) || owners.has(device)
  )
  return candidates
    .map(({ device }) => device)
    .filter(device => isMember(state, device, nowMs) && mayWriteEnvelope(state, device, version, nowMs))
    .sort((a, b) => Number(publishers.has(b)) - Number(publishers.has(a)) || (a < b ? -1 : 1))
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
  /** Keys of epochs that stand for some of them. */
  readonly epochs: readonly KnownEpoch[]
  /** Those of the recipients that no epoch stands for, in their order. */
  readonly single: readonly EnvelopeRecipient[]
  /** Readers that have not said to which key things are sealed for them. */
  readonly keyless: readonly DeviceId[]
}

/** `epochs` are the current ones of groups of which all is known. */
export function recipientsOf(
  state: State,
  version: VersionId,
  nowMs: number,
  epochs: readonly KnownEpoch[] = []
): EnvelopeRecipients {
  const first: EnvelopeRecipient[] = []
  const others: EnvelopeRecipient[] = []
  const keyless: DeviceId[] = []
  const { devices, groups } = readersOf(state, version, nowMs)
  for (const [device, { because }] of devices) {
    const recipient = state.devices.get(device)?.sealing?.recipient
    if (recipient === undefined) keyless.push(device)
    else if (because === 'owner' || because === 'publisher' || because === 'admin')
      first.push({ device, recipient })
    else others.push({ device, recipient })
  }
  const byDevice = (a: EnvelopeRecipient, b: EnvelopeRecipient) => (a.device < b.device ? -1 : 1)
  first.sort(byDevice)
  others.sort(byDevice)
  const recipients = [...first, ...others]
  const keys = new Map(recipients.map(({ device, recipient }) => [device, recipient]))
  const sealable = sealableEpochs(epochs, groups, keys)
  // Those who may wrap it on have a place of their own, whatever becomes of a group.
  const rest = others.filter(({ device }) => !sealable.some(({ members }) => members.has(device)))
  return { recipients, epochs: sealable, single: [...first, ...rest], keyless }
}
