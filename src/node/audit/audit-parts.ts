/** Puts the parts of the audit log of a node together: what it records, who witnesses it, who may read it. */

import { decodeEntry, peerOf } from '../../audit/entry.ts'
import { type DeviceId, parseVersionId, type VersionId } from '../../base/ids.ts'
import { isMember, rolesOf } from '../../ledger/fold/state.ts'
import type { AuditStore } from '../../store/audit-store.ts'
import type { Identity } from '../home.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { SwarmAudit } from '../swarm/swarm-hub.ts'
import type { Transport } from '../transport/transport.ts'
import { AuditExchange } from './audit-exchange.ts'
import { AuditLog, type Refusal } from './audit-log.ts'
import { AuditRecorder, type StreamTotals } from './audit-recorder.ts'

/** Entries that are looked through for a proof that a device was served a version. */
const SERVED_LOOK_MAX = 10_000

export interface AuditPartsInit {
  readonly auditStore: AuditStore
  readonly transport: Transport
  readonly keeper: LedgerKeeper
  readonly identity: Identity
  readonly key: DeviceKey
  readonly log: Log
  readonly streams: () => readonly StreamTotals[]
}

export interface AuditParts extends SwarmAudit {
  readonly log: AuditLog
  readonly exchange: AuditExchange
  readonly recorder: AuditRecorder
  /** After the swarm's streams have ended; waits for what is being written. */
  close(): Promise<void>
}

export function openAudit(init: AuditPartsInit): AuditParts {
  const { auditStore, transport, keeper, identity, key, log } = init
  const audit = new AuditLog({ store: auditStore, org: identity.org, key, log })
  const nameOf = (version: string): string | null => datasetNameOf(keeper, version)
  const exchange = new AuditExchange({
    ...{ transport, audit, key, log },
    isMember: device => isMember(keeper.state(), device, Date.now()),
    mayAudit: device =>
      rolesOf(keeper.state(), device, Date.now()).some(role => role === 'admin' || role === 'auditor') ||
      'not-an-auditor',
    wasServed: (device, version) => wasServed(audit, device, version),
    datasetOf: nameOf
  })
  const recorder = new AuditRecorder({
    ...{ audit, key, log, datasetOf: nameOf, streams: init.streams },
    giveReceipt: (server, receipt) => exchange.giveReceipt(server, receipt)
  })
  keeper.onAuthored(operation => recorder.authored(operation))
  return {
    ...{ log: audit, exchange, recorder },
    streamOpened: (device, version) => recorder.streamOpened(device, version),
    serving: (device, version) => recorder.serving(device, version),
    streamEnded: stream => recorder.streamEnded(stream),
    refused: (refusal: Refusal) => audit.refused(refusal),
    close: async () => {
      recorder.close()
      exchange.close()
      await audit.close()
      await auditStore.close()
    }
  }
}

/** The name that a version was published under, the newest if there are several. */
export function datasetNameOf(keeper: LedgerKeeper, version: string): string | null {
  let found: { readonly name: string; readonly timeMs: number } | undefined
  for (const { name, versions } of keeper.state().datasets.values())
    for (const each of versions)
      if (each.version === version && each.timeMs > (found?.timeMs ?? -1))
        found = { name, timeMs: each.timeMs }
  return found?.name ?? null
}

function wasServed(audit: AuditLog, device: DeviceId, version: string): boolean {
  const of: VersionId | undefined = parseVersionId(version)
  if (of === undefined) return false
  const search = { device: audit.device, version: of, action: 'serving', limit: SERVED_LOOK_MAX }
  return audit.store.database.search(search).some(({ bytes }) => {
    const entry = decodeEntry(bytes)
    return entry.ok && peerOf(entry.value.event) === device
  })
}
