/** Entries of audit logs in words. */

import type { Answer } from '../../api/routes.ts'
import { dateText, formatBytes, shortId } from '../../components/words.ts'

export type Entry = Answer<'audit'>['entries'][number]

export const ACTIONS: Readonly<Record<Entry['action'], string>> = {
  serving: 'began to send',
  served: 'sent',
  received: 'received',
  obtained: 'got from an origin',
  receipted: 'was given a receipt',
  read: 'fetched in full',
  stored: 'holds',
  deleted: 'holds no more',
  damaged: 'found damaged',
  healed: 'healed',
  administered: 'signed an operation',
  expired: 'dropped old entries',
  renewed: 'began a new log',
  denied: 'refused a device',
  violation: 'saw the protocol broken',
  called: 'was called by its API',
  switched: 'switched what looks for harm',
  'looked-up': 'looked a person up',
  override: 'took up an override',
  overridden: 'read by an override'
}

/** Ids, hashes and signatures. */
const HEX = /^[0-9a-f]{32,}$/
/** They have a column of their own. */
const IN_COLUMNS = ['action', 'dataset', 'peer', 'version']
/** Of no use to a reader by itself. */
const OPAQUE = ['salt', 'subject']
const UNIT = /Ms$/
const INSTANTS = ['before', 'begunMs', 'earlier', 'endsMs']

export function eventText(event: Entry['event']): string {
  return Object.entries(event)
    .flatMap(([key, value]) => {
      if (value === null || IN_COLUMNS.includes(key) || OPAQUE.includes(key)) return []
      // Of a call it says what its object is.
      if (key === 'kind' && event.object !== undefined) return []
      if (key === 'object') return [`${event.kind} ${valueText(key, value)}`]
      return [`${key.replace(UNIT, '')} ${valueText(key, value)}`]
    })
    .join(', ')
}

export function valueText(key: string, value: boolean | number | string): string {
  if (key === 'bytes') return formatBytes(Number(value))
  if (INSTANTS.includes(key)) return dateText(Number(value))
  const text = String(value)
  return HEX.test(text) ? shortId(text) : text
}
