/** What vouches for audit logs, and for the reads that they tell of, in words. */

import type { Answer } from '../api/routes.ts'
import type { Tone } from './dot.tsx'
import { counted, formatBytes } from './words.ts'

export type Log = Answer<'audit'>['logs'][number]
export type Read = Answer<'auditWho'>['reads'][number]

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
  // It noted that it began, and not yet how much; who is killed never does.
  if (trace === 'present' && bytes === 0) return ['quiet', 'begun']
  const [tone, words] = TRACES[trace]
  return [tone, words === '' ? formatBytes(bytes ?? 0) : words]
}
