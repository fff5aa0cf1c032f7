/** What was set about boosts on this device: a record of the store. */

import { MINUTE_MS } from '../../base/units.ts'
import { type BoostTerms, DEFAULT_BOOST_TERMS } from '../../placement/boost.ts'
import type { RecordStore } from '../../store/records.ts'
import type { Log } from '../log.ts'
import { loadSettings, saveSettings } from '../stored-settings.ts'
import type { BoostSettings } from './boost-terms.ts'

const KEY = 'settings/boost'

export const DEFAULT_BOOST_SETTINGS: BoostSettings = { isOn: true, ...DEFAULT_BOOST_TERMS }

/** The least and the most of each number; all but the share are whole. */
export const BOOST_LIMITS = {
  wantedMin: [1, 100_000],
  wantedPerHolder: [1, 100_000],
  holdersMax: [1, 64],
  lingerMs: [MINUTE_MS, 30 * 24 * 60 * MINUTE_MS],
  roomShare: [0, 1],
  countMax: [1, 10_000]
} as const satisfies Record<keyof BoostTerms, readonly [number, number]>

type Records = Pick<RecordStore, 'getBlob' | 'putBlob'>

export function loadBoostSettings(records: Records, log: Log): BoostSettings {
  const terms = {
    key: KEY,
    what: 'settings of boosts',
    byDefault: DEFAULT_BOOST_SETTINGS,
    read: readSettings
  }
  return loadSettings(records, terms, log)
}

export function saveBoostSettings(records: Records, settings: BoostSettings): void {
  saveSettings(records, KEY, settings)
}

function readSettings(said: unknown): BoostSettings | undefined {
  if (typeof said !== 'object' || said === null) return undefined
  const { v, isOn, wantedMin, wantedPerHolder, holdersMax, lingerMs, roomShare, countMax } =
    said as Partial<BoostSettings> & { v?: unknown }
  if (v !== 1 || typeof isOn !== 'boolean') return undefined
  const terms = { wantedMin, wantedPerHolder, holdersMax, lingerMs, roomShare, countMax }
  return areTerms(terms) ? { isOn, ...terms } : undefined
}

function areTerms(
  terms: { readonly [Name in keyof BoostTerms]: BoostTerms[Name] | undefined }
): terms is BoostTerms {
  return Object.entries(BOOST_LIMITS).every(([name, [least, most]]) => {
    const value = terms[name as keyof typeof BOOST_LIMITS]
    const isWholeEnough = name === 'roomShare' || Number.isInteger(value)
    return typeof value === 'number' && isWholeEnough && value >= least && value <= most
  })
}
