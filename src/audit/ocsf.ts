/**
 * Entries in the words of others: OCSF 1.2 events (schema.ocsf.io) in CloudEvents 1.0 envelopes, for the systems that a
 * security team already has. A mapping, not evidence: it says where each event is in which log, and the log proves it.
 *
 *     serving served received read   Datastore Activity 6005, Read
 *     stored                         Datastore Activity 6005, Write
 *     deleted                        Datastore Activity 6005, Delete
 *     receipted                      Datastore Activity 6005, Other ("Receipt")
 *     denied                         Datastore Activity 6005, Connect, with status Failure
 *     administered                   Entity Management 3004: Create, Delete, or Other with the operation's type
 *     override                       Entity Management 3004, Other ("Override")
 *     overridden                     Datastore Activity 6005, Other ("Override")
 *     expired                        Entity Management 3004, Delete
 *     renewed                        Entity Management 3004, Other ("Log renewed")
 *     violation                      Detection Finding 2004, Create
 *     looked-up                      Entity Management 3004, Read, of a person by a pseudonym
 *     called                         API Activity 6003, Other with the route, Failure where it was not done
 */

import { toHex } from '../base/bytes.ts'
import type { DeviceId, OrgId } from '../base/ids.ts'
import { logOrigin } from './checkpoint.ts'
import { type AuditAction, type AuditEvent, datasetOf, peerOf, versionOf } from './entry.ts'
import type { LoggedEntry } from './evidence.ts'

const OCSF_VERSION = '1.2.0'

const CLASSES = {
  datastore: { category_uid: 6, class_uid: 6005, class_name: 'Datastore Activity' },
  entity: { category_uid: 3, class_uid: 3004, class_name: 'Entity Management' },
  api: { category_uid: 6, class_uid: 6003, class_name: 'API Activity' },
  finding: { category_uid: 2, class_uid: 2004, class_name: 'Detection Finding' }
} as const

interface Activity {
  readonly of: keyof typeof CLASSES
  readonly id: number
  readonly name: string
}

const ACTIVITIES: { readonly [A in AuditAction]: Activity } = {
  serving: { of: 'datastore', id: 1, name: 'Read' },
  served: { of: 'datastore', id: 1, name: 'Read' },
  received: { of: 'datastore', id: 1, name: 'Read' },
  obtained: { of: 'datastore', id: 1, name: 'Read' },
  read: { of: 'datastore', id: 1, name: 'Read' },
  stored: { of: 'datastore', id: 5, name: 'Write' },
  deleted: { of: 'datastore', id: 7, name: 'Delete' },
  damaged: { of: 'datastore', id: 99, name: 'Damage' },
  healed: { of: 'datastore', id: 99, name: 'Restore' },
  receipted: { of: 'datastore', id: 99, name: 'Receipt' },
  denied: { of: 'datastore', id: 3, name: 'Connect' },
  administered: { of: 'entity', id: 99, name: 'Other' },
  violation: { of: 'finding', id: 1, name: 'Create' },
  override: { of: 'entity', id: 99, name: 'Override' },
  overridden: { of: 'datastore', id: 99, name: 'Override' },
  expired: { of: 'entity', id: 4, name: 'Delete' },
  renewed: { of: 'entity', id: 99, name: 'Log renewed' },
  'looked-up': { of: 'entity', id: 2, name: 'Read' },
  called: { of: 'api', id: 99, name: 'Call' }
}

/** Operations that OCSF has a word for; others go as Other, with their own type as name. */
const OPERATION_ACTIVITIES: Readonly<Record<string, Activity>> = {
  'device.enrol': { of: 'entity', id: 1, name: 'Create' },
  'invite.create': { of: 'entity', id: 1, name: 'Create' },
  'dataset.publish': { of: 'entity', id: 1, name: 'Create' },
  'dataset.retire': { of: 'entity', id: 4, name: 'Delete' }
}

const ALARMS: readonly AuditAction[] = ['violation', 'denied', 'damaged', 'override', 'overridden']
const SEVERITY_INFORMATIONAL = 1
const SEVERITY_MEDIUM = 3
const STATUS_SUCCESS = 1
const STATUS_FAILURE = 2
const STATUS_NEW = 1
const DATABUCKET_TYPE_OTHER = 99
const DATASTORE_TYPE_DATABUCKET = 2

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }
export type JsonObject = { readonly [key: string]: JsonValue }

export interface OcsfOptions {
  readonly org: OrgId
  readonly productVersion: string
}

function activityOf(event: AuditEvent): Activity {
  if (event.action === 'called') return { ...ACTIVITIES.called, name: event.route }
  if (event.action !== 'administered') return ACTIVITIES[event.action]
  return OPERATION_ACTIVITIES[event.type] ?? { ...ACTIVITIES.administered, name: event.type }
}

/** Who acted on whom: data flows from the destination's datastore to the source of the request. */
function endpointsOf({ device, event }: LoggedEntry): {
  readonly reader: DeviceId
  readonly server: DeviceId
} {
  const peer = peerOf(event) ?? device
  return event.action === 'received' ? { reader: device, server: peer } : { reader: peer, server: device }
}

function datastoreFields(entry: LoggedEntry): JsonObject {
  const { reader, server } = endpointsOf(entry)
  const { event } = entry
  const version = versionOf(event)
  return {
    actor: { app_name: 'peerage', app_uid: reader },
    src_endpoint: { uid: reader },
    dst_endpoint: { uid: server },
    type_id: DATASTORE_TYPE_DATABUCKET,
    databucket: {
      type_id: DATABUCKET_TYPE_OTHER,
      type: 'Peerage dataset',
      name: datasetOf(event) ?? 'unknown',
      ...(version === undefined ? {} : { uid: version })
    }
  }
}

function fieldsOf(entry: LoggedEntry): JsonObject {
  const { event, device } = entry
  if (event.action === 'administered')
    return {
      actor: { app_name: 'peerage', app_uid: device },
      entity: { uid: event.operation, type: event.type, name: event.type }
    }
  if (event.action === 'override')
    return {
      actor: { app_name: 'peerage', app_uid: event.signer },
      entity: { uid: event.override, type: 'Freshness override', name: event.reason }
    }
  if (event.action === 'expired')
    return {
      actor: { app_name: 'peerage', app_uid: device },
      entity: { uid: `${device}/${entry.incarnation}`, type: 'audit log', name: `${event.entries} entries` }
    }
  if (event.action === 'renewed')
    return {
      actor: { app_name: 'peerage', app_uid: device },
      entity: { uid: `${device}/${event.earlier}`, type: 'audit log', name: event.reason }
    }
  if (event.action === 'looked-up')
    return {
      actor: { app_name: 'peerage', app_uid: device },
      entity: {
        uid: event.subject === null ? 'persons' : toHex(event.subject),
        type: 'Person',
        name: event.what
      }
    }
  if (event.action === 'called')
    return {
      actor: { app_name: 'peerage', app_uid: event.by },
      api: { operation: event.route, service: { name: 'peerage', uid: device } },
      src_endpoint: { name: event.by }
    }
  if (event.action === 'violation')
    return {
      finding_info: {
        uid: `${device}/${entry.incarnation}/${entry.seq}`,
        title: `A device broke the protocol: ${event.reason}`,
        types: [event.reason]
      },
      resources: [{ uid: event.peer, type: 'Device' }]
    }
  return datastoreFields(entry)
}

function statusOf(event: AuditEvent): JsonObject {
  if (event.action === 'violation') return { status_id: STATUS_NEW }
  if (event.action === 'called' && event.outcome !== 'done')
    return { status_id: STATUS_FAILURE, status_detail: event.outcome }
  if (event.action === 'denied') return { status_id: STATUS_FAILURE, status_detail: event.reason }
  return { status_id: STATUS_SUCCESS }
}

export type PlainEvent = { readonly [key: string]: null | boolean | number | string }

/** All that an event says, in plain JSON: binary as hex. */
export function plainEvent(event: AuditEvent): PlainEvent {
  const fields = Object.entries(event).map(([name, value]): [string, PlainEvent[string]] => [
    name,
    value instanceof Uint8Array ? toHex(value) : value
  ])
  return Object.fromEntries(fields)
}

/** One CloudEvent, whose data is one OCSF event. */
export function toOcsf(entry: LoggedEntry, { org, productVersion }: OcsfOptions): JsonObject {
  const { device, incarnation, seq, timeMs, event } = entry
  const uid = `${device}/${incarnation}/${seq}`
  const activity = activityOf(event)
  const ocsfClass = CLASSES[activity.of]
  const isAlarm = ALARMS.includes(event.action)
  return {
    specversion: '1.0',
    id: uid,
    source: logOrigin(org, entry),
    type: `peerage.audit.${event.action}`,
    time: new Date(timeMs).toISOString(),
    datacontenttype: 'application/json',
    data: {
      ...ocsfClass,
      activity_id: activity.id,
      activity_name: activity.name,
      type_uid: 100 * ocsfClass.class_uid + activity.id,
      time: timeMs,
      severity_id: isAlarm ? SEVERITY_MEDIUM : SEVERITY_INFORMATIONAL,
      ...statusOf(event),
      // Of a lookup it is how much was told, and not how often.
      ...('count' in event && event.action !== 'looked-up' ? { count: event.count } : {}),
      metadata: {
        version: OCSF_VERSION,
        product: { name: 'Peerage', vendor_name: 'Peerage', version: productVersion },
        tenant_uid: org,
        log_name: logOrigin(org, entry),
        uid,
        sequence: seq
      },
      ...fieldsOf(entry),
      unmapped: plainEvent(event)
    }
  }
}
