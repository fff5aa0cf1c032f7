/** The log of a node: lines of JSON for programs or of text for people, at and above a level, without secrets. */

import { type Logger, pino } from 'pino'
import { readableLogLine } from './log-line.ts'
import { lineWithoutSecrets } from './log-secrets.ts'

export interface LogOptions {
  readonly level: string
  readonly format: 'json' | 'text'
  readonly write: (text: string) => void
}

export function openLog({ level, format, write }: LogOptions): Logger {
  const asShown = format === 'json' ? (line: string) => line : (line: string) => `${readableLogLine(line)}\n`
  return pino({ level, base: null }, { write: line => write(asShown(lineWithoutSecrets(line))) })
}
