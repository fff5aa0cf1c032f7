/** The log of a node: lines of JSON for programs or of text for people, at and above a level, without secrets. */

import { type Logger, pino } from 'pino'
import { journalPrefix } from './journal.ts'
import { readableLogLine } from './log-line.ts'
import { lineWithoutSecrets } from './log-secrets.ts'

export interface LogOptions {
  readonly level: string
  readonly format: 'json' | 'text'
  /** Whether lines go to the journal of systemd, each with its priority. */
  readonly isJournal?: boolean
  readonly write: (text: string) => void
}

export function openLog({ level, format, isJournal = false, write }: LogOptions): Logger {
  const asShown = format === 'json' ? (line: string) => line : (line: string) => `${readableLogLine(line)}\n`
  const prefix = isJournal ? (line: string) => journalPrefix(levelOf(line)) : () => ''
  return pino(
    { level, base: null },
    {
      write: line => write(prefix(line) + asShown(lineWithoutSecrets(line)))
    }
  )
}

function levelOf(line: string): number {
  return (JSON.parse(line) as { level: number }).level
}
