/** The settings and notes of scanning in the records of this device (scan-record.ts). */

import type { VersionId } from '../../base/ids.ts'
import type { RecordStore } from '../../store/records.ts'
import type { Log } from '../log.ts'
import {
  decodeNote,
  decodeSettings,
  encodeNote,
  encodeSettings,
  type ScanNote,
  type ScanSettings
} from './scan-record.ts'

const SETTINGS_KEY = 'scan/settings'
const NOTE_PREFIX = 'scan/version/'

type Blobs = Pick<RecordStore, 'getBlob' | 'putBlob' | 'deleteBlob' | 'listBlobs'>

export class ScanNotes {
  readonly #records: Blobs
  readonly #notes = new Map<VersionId, ScanNote>()
  #settings: ScanSettings | undefined

  constructor(records: Blobs, log: Log) {
    this.#records = records
    const settings = records.getBlob(SETTINGS_KEY)
    this.#settings = settings && decodeSettings(settings)
    if (settings !== undefined && this.#settings === undefined)
      log.warn(
        {},
        'the settings of the malware scanner can not be read: set it up again with peerage scan setup'
      )
    for (const { key, bytes } of records.listBlobs(NOTE_PREFIX)) {
      const note = decodeNote(bytes)
      if (note === undefined)
        log.warn({ record: key }, 'a note of a malware scan can not be read, and is left alone')
      else this.#notes.set(note.version, note)
    }
  }

  get settings(): ScanSettings | undefined {
    return this.#settings
  }

  /** Undefined is for no scanner. */
  set settings(settings: ScanSettings | undefined) {
    if (settings === undefined) this.#records.deleteBlob(SETTINGS_KEY)
    else this.#records.putBlob(SETTINGS_KEY, encodeSettings(settings))
    this.#settings = settings
  }

  of(version: VersionId): ScanNote | undefined {
    return this.#notes.get(version)
  }

  all(): ScanNote[] {
    return [...this.#notes.values()]
  }

  forget(version: VersionId): void {
    this.#records.deleteBlob(NOTE_PREFIX + version)
    this.#notes.delete(version)
  }

  keep(note: ScanNote): void {
    this.#records.putBlob(NOTE_PREFIX + note.version, encodeNote(note))
    this.#notes.set(note.version, note)
  }
}
