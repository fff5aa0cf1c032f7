/**
 * What the org notes for its registers, in the store of this device: of itself, of places, of datasets. Each note is a
 * line that people read; what is written is checked here, and what no version of this program wrote is not read.
 */

import { AppError } from '../../base/errors.ts'
import { isVisibleLine } from '../../ledger/encoding/names.ts'
import type { PrivacyStore } from '../../store/privacy-store.ts'
import {
  CONTROLLER_FIELDS,
  type ControllerField,
  type DatasetNote,
  type DatasetNoteChanges,
  NOTE_CHARACTERS_MAX,
  type PlaceNote,
  type PrivacyNotes,
  TRANSFER_BASES
} from './privacy-terms.ts'
import { countryOf, EEA_WORD, territoryOf } from './territory.ts'

const PLACE_PREFIX = 'place/'
const DATASET_PREFIX = 'dataset/'
const TERRITORY = 'territory'
const UNSAID = { purpose: null, legalBasis: null, persons: null, data: null, personal: null }

export class NotesBook {
  readonly #store: PrivacyStore

  constructor(store: PrivacyStore) {
    this.#store = store
  }

  all(): PrivacyNotes {
    const notes = this.#store.notes()
    const lineOf = (key: string): string | null => {
      const value: unknown = JSON.parse(notes.get(key) ?? 'null')
      return typeof value === 'string' ? value : null
    }
    const under = <T>(prefix: string): T[] =>
      [...notes].flatMap(([key, value]) => (key.startsWith(prefix) ? [JSON.parse(value) as T] : []))
    return {
      controller: {
        controller: lineOf('controller'),
        contact: lineOf('contact'),
        'joint-controllers': lineOf('joint-controllers'),
        representative: lineOf('representative'),
        dpo: lineOf('dpo'),
        authority: lineOf('authority')
      },
      territory: lineOf(TERRITORY) ?? EEA_WORD,
      places: under<PlaceNote>(PLACE_PREFIX),
      datasets: under<DatasetNote>(DATASET_PREFIX)
    }
  }

  setController(field: ControllerField, value: string | null): void {
    if (!CONTROLLER_FIELDS.includes(field))
      throw new AppError('USAGE', `there is nothing to note as ${JSON.stringify(field)}`)
    this.#put(field, value === null ? null : lineOf(field, value))
  }

  setTerritory(value: string | null): void {
    const territory = value === null ? null : territoryOf(value)
    if (territory === undefined)
      throw new AppError(
        'USAGE',
        `${JSON.stringify(value)} is no territory: write EEA, countries of two letters (ISO 3166-1), or both with commas ` +
          'between, such as EEA,CH'
      )
    this.#put(TERRITORY, territory)
  }

  /** `place` is one that exists. */
  setPlace({ place, country, basis, reference }: Omit<PlaceNote, 'sinceAtMs'>, nowMs: number): void {
    const code = country === null ? null : countryOf(country)
    if (code === undefined)
      throw new AppError(
        'USAGE',
        `${JSON.stringify(country)} is no country: write the two letters of ISO 3166-1, such as DE`
      )
    if (basis !== null && !TRANSFER_BASES.includes(basis))
      throw new AppError('USAGE', `a basis is one of ${TRANSFER_BASES.join(', ')}`)
    const isNone = code === null && basis === null && reference === null
    const note: PlaceNote = {
      ...{ place, country: code, basis, sinceAtMs: nowMs },
      reference: reference === null ? null : lineOf('reference', reference)
    }
    this.#put(PLACE_PREFIX + place, isNone ? null : note)
  }

  dataset(name: string): DatasetNote {
    const stored = this.#store.note(DATASET_PREFIX + name)
    return stored === undefined ? { name, ...UNSAID } : (JSON.parse(stored) as DatasetNote)
  }

  /** What is left out stays as it is; null takes it away. */
  describeDataset({ name, ...changes }: DatasetNoteChanges): void {
    const before = this.dataset(name)
    const lines = (['purpose', 'legalBasis', 'persons', 'data'] as const).map(field => {
      const value = changes[field]
      if (value === undefined) return [field, before[field]]
      return [field, value === null ? null : lineOf(field, value)]
    })
    const personal = changes.personal === undefined ? before.personal : changes.personal
    this.#put(DATASET_PREFIX + name, { ...before, ...Object.fromEntries(lines), personal })
  }

  #put(key: string, value: unknown): void {
    this.#store.setNote(key, value === null ? null : JSON.stringify(value))
    this.#store.scrub()
  }
}

function lineOf(field: string, value: string): string {
  if (isVisibleLine(value, NOTE_CHARACTERS_MAX)) return value
  throw new AppError(
    'USAGE',
    `${field} is one line of at most ${NOTE_CHARACTERS_MAX} visible characters, without spaces at its ends`
  )
}
