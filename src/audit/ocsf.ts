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
 *     switched                       Entity Management 3004, Update, of what looks for harm; an alarm unless it goes on
 *     looked-up                      Entity Management 3004, Read, of a person by a pseudonym
 *     called                         API Activity 6003, Other with the route, Failure where it was not done, and what
 *                                    it was about among the resources; or, of a route that begins or ends a session,
 *                                    Authentication 3002, Logon or Logoff
 */

import { toHex } from '../base/bytes.ts'
import type { DeviceId, OrgId } from '../base/ids.ts'
import { isoTime } from '../base/words.ts'
import { logOrigin } from './checkpoint.ts'
import { type AuditAction, type AuditEvent, datasetOf, peerOf, versionOf } from './entry.ts'
import type { LoggedEntry } from './evidence.ts'

const OCSF_VERSION = '1.2.0'

const CLASSES = {
  datastore: { category_uid: 6, class_uid: 6005, class_name: 'Datastore Activity' },
  entity: { category_uid: 3, class_uid: 3004, class_name: 'Entity Management' },
  authentication: { category_uid: 3, class_uid: 3002, class_name: 'Authentication' },
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
  switched: { of: 'entity', id: 3, name: 'Update' },
  called: { of: 'api', id: 99, name: 'Call' }
}

/** Operations that OCSF has a word for; others go as Other, with their own type as name. */
const OPERATION_ACTIVITIES: Readonly<Record<string, Activity>> = {
  'device.enrol': { of: 'entity', id: 1, name: 'Create' },
  'invite.create': { of: 'entity', id: 1, name: 'Create' },
  'dataset.publish': { of: 'entity', id: 1, name: 'Create' },
  'dataset.retire': { of: 'entity', id: 4, name: 'Delete' }
}

/** Routes by which somebody signs in, with a token, a code or at a provider, and out; to go there is neither yet. */
const SESSION_ACTIVITIES: Readonly<Record<string, Activity>> = {
  beginSession: { of: 'authentication', id: 1, name: 'Logon' },
  endSignIn: { of: 'authentication', id: 1, name: 'Logon' },
  endSession: { of: 'authentication', id: 2, name: 'Logoff' }
}

const ALARMS: readonly AuditAction[] = ['violation', 'denied', 'damaged', 'override', 'overridden']
/** How a call of nobody who is signed in is told (gateway/http/web-server.ts). */
const BY_ADDRESS = 'address '
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
  if (event.action === 'called')
    return SESSION_ACTIVITIES[event.route] ?? { ...ACTIVITIES.called, name: event.route }
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
  if (event.action === 'switched')
    return {
      actor: { app_name: 'peerage', app_uid: event.by },
      entity: { uid: event.what, type: 'Guard', name: event.state }
    }
  if (event.action === 'called' && event.route in SESSION_ACTIVITIES)
    return {
      // Who was not let in is known by an address alone.
      user: event.by.startsWith(BY_ADDRESS) ? { name: 'unknown' } : { uid: event.by },
      service: { name: 'peerage', uid: device },
      src_endpoint: { name: event.by },
      is_remote: true
    }
  if (event.action === 'called')
    return {
      actor: { app_name: 'peerage', app_uid: event.by },
      api: { operation: event.route, service: { name: 'peerage', uid: device } },
      src_endpoint: { name: event.by },
      ...(event.object === null ? {} : { resources: [{ uid: event.object, type: event.kind }] })
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

/** Who switches off what looks for harm, or changes what it looks for, may be who does harm. */
function isAlarm(event: AuditEvent): boolean {
  return event.action === 'switched' ? event.state !== 'on' : ALARMS.includes(event.action)
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

export interface OcsfEvent {
  /** Of this event; a receiver that has it drops it. */
  readonly id: string
  readonly source: string
  readonly type: string
  readonly atMs: number
  readonly of: keyof typeof CLASSES
  readonly activity: { readonly id: number; readonly name: string }
  readonly severityId: number
  /** Of what it is about, which several events can be. */
  readonly uid: string
  /** Its place in its source. */
  readonly sequence: number
  /** What the class has besides. */
  readonly fields: JsonObject
}

/** One CloudEvent, whose data is one OCSF event. */
export function cloudEventOf(event: OcsfEvent, { org, productVersion }: OcsfOptions): JsonObject {
  const { id, source, type, atMs, activity, uid, sequence } = event
  const ocsfClass = CLASSES[event.of]
  return {
    ...{ specversion: '1.0', id, source, type },
    time: isoTime(atMs),
    datacontenttype: 'application/json',
    data: {
      ...ocsfClass,
      activity_id: activity.id,
      activity_name: activity.name,
      type_uid: 100 * ocsfClass.class_uid + activity.id,
      time: atMs,
      severity_id: event.severityId,
      metadata: {
        version: OCSF_VERSION,
        product: { name: 'Peerage', vendor_name: 'Peerage', version: productVersion },
        ...{ tenant_uid: org, log_name: source, uid, sequence }
      },
      ...event.fields
    }
  }
}

/** An entry of an audit log as an event. */
export function toOcsf(entry: LoggedEntry, options: OcsfOptions): JsonObject {
  const { device, incarnation, seq, timeMs, event } = entry
  const uid = `${device}/${incarnation}/${seq}`
  const activity = activityOf(event)
  return cloudEventOf(
    {
      ...{ id: uid, uid, source: logOrigin(options.org, entry), sequence: seq, atMs: timeMs },
      ...{ type: `peerage.audit.${event.action}`, of: activity.of, activity },
      severityId: isAlarm(event) ? SEVERITY_MEDIUM : SEVERITY_INFORMATIONAL,
      fields: {
        ...statusOf(event),
        // Of a lookup it is how much was told, and not how often.
        ...('count' in event && event.action !== 'looked-up' ? { count: event.count } : {}),
        ...fieldsOf(entry),
        unmapped: plainEvent(event)
      }
    },
    options
  )
}
