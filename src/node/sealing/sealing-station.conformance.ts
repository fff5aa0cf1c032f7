/** Devices that seal and open, each with a ledger, shelves and keepers: between them is only what a test brings. */

import { idBytes, type VersionId } from '../../base/ids.ts'
import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import type { Version } from '../../content/version.ts'
import { type Actor, cast, meet } from '../../ledger/fold/governance-fixture.conformance.ts'
import { publication, type TestKey, versionNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import { createEnvelopeRecord } from '../../ledger/sealing/envelope-record.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { wrapEnvelope } from '../../store/sealing/envelope.ts'
import { hkdf } from '../../store/sealing/openssl-ciphers.ts'
import { X25519Key } from '../../store/sealing/x25519.ts'
import { sha256 } from '../../store/sha256.ts'
import { SILENT_LOG } from '../log.ts'
import { EnvelopeKeeper } from './envelope-keeper.ts'
import { EnvelopeShelf } from './envelope-shelf.ts'
import { EpochKeeper } from './epoch-keeper.ts'
import { EpochShelf } from './epoch-shelf.ts'

export const ONE = versionNamed('one')
export const FILE_KEY = new Uint8Array(16).fill(1)
export const GARBAGE = new Uint8Array(16).fill(2)

export const sealingKeyOf = (key: TestKey) => new X25519Key(sha256(idBytes(key.id)))

/** A device with shelves and keepers, that has said its key. */
export function station(actor: Actor, key: TestKey) {
  const sealingKey = sealingKeyOf(key)
  actor.write({ type: 'device.sealing', device: key.id, recipient: sealingKey.publicKey })
  const state = () => actor.ledger.state()
  const records = new MemoryRecords()
  const shelf = new EnvelopeShelf({ records, state, log: SILENT_LOG })
  const emptyShelf = () => new EnvelopeShelf({ records: new MemoryRecords(), state, log: SILENT_LOG })
  const openEpochShelf = () =>
    new EpochShelf({
      ...{ records, state, log: SILENT_LOG },
      authorOf: operation => actor.ledger.get(operation)?.author
    })
  const epochShelf = openEpochShelf()
  const common = { org: state().org, key, sealingKey, state, log: SILENT_LOG }
  const epochs = new EpochKeeper({
    ...{ ...common, shelf: epochShelf },
    append: content => actor.write(content),
    lookAfter: () => undefined
  })
  const known = new Map<VersionId, Version>()
  const open = () =>
    new EnvelopeKeeper({
      ...{ ...common, records, shelf },
      epochs: { known: () => epochShelf.known(), keyOf: recipient => epochs.keyOf(recipient) },
      lookAfter: () => undefined,
      versionOf: version => known.get(version),
      onMade: () => undefined
    })
  /** What any program could write of its own. */
  const forge = (fileKey: Uint8Array, recipients: readonly Uint8Array[], aheadMs: number) => {
    const timeMs = Date.now() + aheadMs
    const envelope = wrapEnvelope(fileKey, recipients)
    return createEnvelopeRecord(
      { org: state().org, version: ONE, author: key.id, timeMs, floorMs: timeMs, envelope },
      { sign: key.sign, sha256 }
    ).record
  }
  return {
    ...{ actor, key, shelf, emptyShelf, records, sealingKey, known, open, forge, keeper: open() },
    ...{ epochs, epochShelf, openEpochShelf }
  }
}

export type Station = ReturnType<typeof station>

/** As exchanges do: all that one has of the version, and of epochs. */
export function exchange(from: Station, to: Station): void {
  for (const { record } of from.shelf.recordsOf(ONE)) to.shelf.take(record)
  for (const recipient of from.epochShelf.recipients())
    for (const part of from.epochShelf.partsOf(recipient)) {
      const record = from.epochShelf.record(recipient, part)
      if (record !== undefined) to.epochShelf.take(record.record)
    }
  to.keeper.reopen()
}

/** Two admins, and two devices of which laptop has published a sealed version, that the admins can open. */
export function library() {
  const { admin, second, laptop, desktop, keys } = cast()
  const stations = {
    admin: station(admin, keys.admin),
    second: station(second, keys.second),
    laptop: station(laptop, keys.laptop),
    desktop: station(desktop, keys.desktop)
  }
  stations.laptop.keeper.keep(ONE, FILE_KEY)
  laptop.write({ ...publication('set', 'one'), class: 'confidential', sealed: true } as OperationContent)
  meet(admin, second, laptop, desktop)
  stations.laptop.keeper.wrap(ONE)
  for (const each of [stations.admin, stations.second]) exchange(stations.laptop, each)
  return { ...stations, keys }
}

export const keysOf = ({ keeper }: Station) => keeper.keysOf(ONE).map(key => key[0])

/** A version whose manifest a file key opens. */
export const versionOf = (fileKey: Uint8Array) =>
  ({ files: [{ path: ['ab'.repeat(16)] }, { path: [manifestNameOf(fileKey, hkdf)] }] }) as unknown as Version
