/**
 * Lines for the journal of systemd, which takes all that a service writes for one priority, unless a line begins with
 * its own (sd-daemon(3)); the journal takes that away again.
 */

import { fstatSync } from 'node:fs'

/** Levels of the log with their priorities of syslog (RFC 5424 section 6.2.1), from the worst. */
const PRIORITIES = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6]
] as const
const DEBUG = 7

/**
 * Whether what is written to that descriptor goes to the journal: systemd names its device and inode in JOURNAL_STREAM
 * (systemd.exec(5)), which is inherited also where the output was led elsewhere since.
 */
export function isJournal(stream: string | undefined, descriptor: number): boolean {
  if (stream === undefined) return false
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    return stream === `${dev}:${ino}`
  } catch {
    return false // it is closed
  }
}

/** What stands before a line of that level, one of pino's. */
export function journalPrefix(level: number): string {
  const [, priority = DEBUG] = PRIORITIES.find(([least]) => level >= least) ?? []
  return `<${priority}>`
}
