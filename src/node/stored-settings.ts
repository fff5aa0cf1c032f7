/** What was set on this device: a record of the store for each matter. */

import { fromUtf8, utf8 } from '../base/bytes.ts'
import type { RecordStore } from '../store/records.ts'
import type { Log } from './log.ts'

export interface StoredSettings<T> {
  readonly key: string
  /** As in "the stored … can not be read: the defaults are in force". */
  readonly what: string
  readonly byDefault: T
  /** What was saved, parsed; undefined where it is none. */
  readonly read: (said: unknown) => T | undefined
}

/** Those that can not be read count as none, and it is said. */
export function loadSettings<T>(
  records: Pick<RecordStore, 'getBlob'>,
  { key, what, byDefault, read }: StoredSettings<T>,
  log: Log
): T {
  const stored = records.getBlob(key)
  if (stored === undefined) return byDefault
  const settings = read(parsed(fromUtf8(stored) ?? ''))
  if (settings !== undefined) return settings
  log.error({ key }, `the stored ${what} can not be read: the defaults are in force`)
  return byDefault
}

export function saveSettings(records: Pick<RecordStore, 'putBlob'>, key: string, settings: object): void {
  records.putBlob(key, utf8(JSON.stringify({ v: 1, ...settings })))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
