/** Entries of audit logs, and what vouches for them, in words. */

import type { Answer } from '../../api/routes.ts'
import type { Tone } from '../../components/dot.tsx'
import { counted, dateText, formatBytes, shortId } from '../../components/words.ts'

export type Entry = Answer<'audit'>['entries'][number]
export type Log = Answer<'audit'>['logs'][number]
export type Read = Answer<'auditWho'>['reads'][number]

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

/** How much of a log others have signed for, by the most witnesses first. */
export function cosignedText({
  entries,
  cosigned,
  outside
}: Pick<Log, 'entries' | 'cosigned' | 'outside'>): string {
  if (cosigned.length + outside.length === 0) return 'by nobody else'
  return [
    ...cosigned
      .filter(({ entries: size }, at) => cosigned[at + 1]?.entries !== size)
      .map(level => `${level.entries} of ${entries} by ${counted(level.witnesses, 'device')}`)
      .toReversed(),
    ...outside.map(({ name, entries: size }) => `${size} by ${name}, outside`)
  ].join('; ')
}

const TRACES: Readonly<Record<Read['receipt'], readonly [Tone, string]>> = {
  present: ['good', ''],
  missing: ['bad', 'missing'],
  expired: ['quiet', 'may have expired'],
  unavailable: ['warn', 'log not here'],
  invalid: ['bad', 'invalid']
}

/** One half of the evidence of a read, with what it says where it is there. */
export function traceText(trace: Read['receipt'], bytes: number | null): readonly [Tone, string] {
  const [tone, words] = TRACES[trace]
  return [tone, words === '' ? formatBytes(bytes ?? 0) : words]
}
