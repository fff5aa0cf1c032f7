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

/** What was called comes first: it is what one looks for, and who called is longer than a column. */
const FIRST = ['route', 'outcome', 'object']

export function eventText(event: Entry['event']): string {
  const said = Object.entries(event).filter(
    ([key, value]) => value !== null && !IN_COLUMNS.includes(key) && !OPAQUE.includes(key)
  )
  const [first, rest] = [
    said.filter(([key]) => FIRST.includes(key)),
    said.filter(([key]) => !FIRST.includes(key))
  ]
  return [...first, ...rest]
    .flatMap(([key, value]) => (value === null ? [] : (partText(key, value, event) ?? [])))
    .join(', ')
}

/** Null for what goes without saying. */
function partText(key: string, value: boolean | number | string, event: Entry['event']): string | null {
  const text = valueText(key, value)
  // Of a call it says what its object is.
  if (key === 'kind' && event.object !== undefined) return null
  if (key === 'object') return `${event.kind} ${text}`
  if (key === 'bytes' || key === 'outcome') return text
  if (key === 'done') return value === true ? 'to its end' : 'so far'
  if (key === 'since') return `begun in entry ${text}`
  // Of a look at persons it is how many were told of.
  if (key === 'count' && event.what === undefined) return value === 1 ? null : `${text} times`
  return `${key.replace(UNIT, '')} ${text}`
}

export function valueText(key: string, value: boolean | number | string): string {
  if (key === 'bytes') return formatBytes(Number(value))
  if (INSTANTS.includes(key)) return dateText(Number(value))
  const text = String(value)
  return HEX.test(text) ? shortId(text) : text
}
