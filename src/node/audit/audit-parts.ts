/** Puts the parts of the audit log of a node together: what it records, who witnesses it, who may read it. */

import type { WitnessKey } from '../../audit/cosignature.ts'
import { decodeEntry, peerOf } from '../../audit/entry.ts'
import { type DeviceId, parseVersionId, type VersionId } from '../../base/ids.ts'
import { DAY_MS } from '../../base/units.ts'
import { mayRead } from '../../ledger/fold/access.ts'
import { type DeviceEntry, isMember, rolesOf } from '../../ledger/fold/state.ts'
import type { AuditStore } from '../../store/audit-store.ts'
import { type Store, wasWhole } from '../../store/store.ts'
import type { Identity } from '../home.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { SwarmAudit } from '../swarm/swarm-hub.ts'
import type { Transport } from '../transport/transport.ts'
import { AuditExchange } from './audit-exchange.ts'
import { AuditLog, type Refusal } from './audit-log.ts'
import { AuditRecorder, type StreamTotals } from './audit-recorder.ts'
import { AuditRetention } from './audit-retention.ts'
import { CheckpointReader } from './checkpoint-reader.ts'
import { StrangerWatch } from './stranger-watch.ts'

/** Entries that are looked through for a proof that a device was served a version. */
const SERVED_LOOK_MAX = 10_000

/** What an administrator of this machine says of its audit log. */
export interface AuditSettings {
  /** Witnesses outside the org whose cosignatures count here. */
  readonly witnesses: readonly WitnessKey[]
  /** How long entries are kept, this device's own and those it collected. */
  readonly retentionMs: number
}

export const DEFAULT_AUDIT_SETTINGS: AuditSettings = { witnesses: [], retentionMs: 400 * DAY_MS }

export interface AuditPartsInit {
  readonly settings: AuditSettings
  readonly auditStore: AuditStore
  readonly transport: Transport
  readonly keeper: LedgerKeeper
  readonly store: Pick<Store, 'holdings'>
  readonly identity: Identity
  readonly key: DeviceKey
  readonly log: Log
  readonly streams: () => readonly StreamTotals[]
  /** What this device says that it reads a version for. */
  readonly purposeOf: (version: VersionId) => string | null
}

export interface AuditParts extends SwarmAudit {
  readonly log: AuditLog
  readonly exchange: AuditExchange
  readonly recorder: AuditRecorder
  /** Whether others give their logs to a device. */
  mayAudit(device: DeviceId): boolean
  /** A device that is not enrolled was refused; it may just be about to join. */
  strangerRefused(device: DeviceId): void
  /** After the swarm's streams have ended; waits for what is being written. */
  close(): Promise<void>
}

export function openAudit(init: AuditPartsInit): AuditParts {
  const { auditStore, transport, keeper, identity, key, log } = init
  const audit = new AuditLog({
    ...{ store: auditStore, org: identity.org, key, log },
    notes: new CheckpointReader(init.settings.witnesses)
  })
  const nameOf = (version: string): string | null => datasetNameOf(keeper, version)
  const mayAudit = (device: DeviceId): boolean =>
    rolesOf(keeper.state(), device, Date.now()).some(role => role === 'admin' || role === 'auditor')
  const exchange = new AuditExchange({
    ...{ transport, audit, key, log },
    isMember: device => isMember(keeper.state(), device, Date.now()),
    hasCompany: () => keeper.state().devices.size > 1,
    mayAudit: device => mayAudit(device) || 'not-an-auditor',
    wasServed: (device, version) => wasServed(audit, device, version),
    datasetOf: nameOf
  })
  const recorder = new AuditRecorder({
    ...{ audit, key, log, datasetOf: nameOf, streams: init.streams },
    grantedFor: (device, version) => grantedFor(keeper, device, version),
    isHeld: version =>
      init.store.holdings().some(({ version: { id }, state }) => id === version && wasWhole(state)),
    purposeOf: init.purposeOf,
    giveReceipt: (server, receipt) => exchange.giveReceipt(server, receipt)
  })
  const retention = new AuditRetention({ audit, log, retentionMs: init.settings.retentionMs })
  const strangers = new StrangerWatch({
    isMember: device => isMember(keeper.state(), device, Date.now()),
    onRefused: peer => audit.refused({ action: 'denied', peer, reason: 'not-enrolled', version: null })
  })
  keeper.onAuthored(operation => recorder.authored(operation))
  return {
    ...{ log: audit, exchange, recorder, mayAudit },
    streamOpened: (device, version) => recorder.streamOpened(device, version),
    serving: (device, version) => recorder.serving(device, version),
    streamEnded: stream => recorder.streamEnded(stream),
    strangerRefused: device => strangers.knocked(device),
    refused: (refusal: Refusal) => audit.refused(refusal),
    obtained: from => recorder.obtained(from),
    close: async () => {
      recorder.close()
      strangers.close()
      await retention.close()
      exchange.close()
      await audit.close()
      await auditStore.close()
    }
  }
}

/** Why a device of the ledger that `membershipFault` finds fault with is refused, as a slug for records. */
export function refusalReason({ standing }: Pick<DeviceEntry, 'standing'>): string {
  if (standing === 'former') return 'not-enrolled'
  return standing === 'member' ? 'expired' : standing
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

/** The purpose of the grant by which a device may read a version; null when it needs none, or it names none. */
function grantedFor(keeper: LedgerKeeper, device: DeviceId, version: VersionId): string | null {
  const decision = mayRead(keeper.state(), device, version, Date.now())
  return decision.allowed ? decision.purpose : null
}

function wasServed(audit: AuditLog, device: DeviceId, version: string): boolean {
  const of: VersionId | undefined = parseVersionId(version)
  if (of === undefined) return false
  const search = { device: audit.device, version: of, action: 'serving', limit: SERVED_LOOK_MAX }
  for (const { bytes } of audit.store.database.eachFound(search)) {
    const entry = decodeEntry(bytes)
    if (entry.ok && peerOf(entry.value.event) === device) return true
  }
  return false
}
