/**
 * An event as a syslog message: RFC 5424, framed by octet counting (RFC 5425). The message is the CloudEvent as JSON in
 * ASCII, so it needs no byte order mark; the host is the id of the device.
 */

import type { JsonObject } from '../../audit/ocsf.ts'

/** Log audit. */
const FACILITY = 13
const APP = 'peerage'
const MSGID_CHARACTERS_MAX = 32
const NIL = '-'
/** By the severity of OCSF: informational, low, medium, high, critical. */
const SEVERITIES: Readonly<Record<number, number>> = { 1: 6, 2: 5, 3: 4, 4: 3, 5: 2 }
const INFORMATIONAL = 6

export function syslogMessage(event: JsonObject, host: string): string {
  const data = event.data as JsonObject
  const severity = SEVERITIES[Number(data.severity_id)] ?? INFORMATIONAL
  const priority = 8 * FACILITY + severity
  const kind = String(event.type).slice(0, MSGID_CHARACTERS_MAX)
  return `<${priority}>1 ${event.time} ${host} ${APP} ${NIL} ${kind} ${NIL} ${ascii(JSON.stringify(event))}`
}

export function framed(message: string): string {
  return `${message.length} ${message}`
}

/** The same JSON, with escapes for what is not ASCII. */
function ascii(json: string): string {
  return json.replace(
    /[^\x20-\x7e]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}
