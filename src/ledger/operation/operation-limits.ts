/** How much an operation can say; docs/protocol-ledger.md has the same numbers, and a test holds the two together. */

import { HOUR_MS, MILLIONTHS } from '../../base/units.ts'

export const INVITE_USES_MAX = 10_000
export const CUTOFFS_MAX = 64
export const DATASET_LABELS_MAX = 16
export const REASON_CHARACTERS_MAX = 200
export const NOTE_CHARACTERS_MAX = 1000
/** Likelihood times impact. */
export const RISK_SCORE_MAX = 25
export const LEVEL_WINDOW_MS_MIN = HOUR_MS
export const LEVEL_WINDOW_MS_MAX = 366 * 24 * HOUR_MS
/** A million units of a currency for a GB. */
export const PRICE_MICROS_MAX = 1_000_000 * MILLIONTHS
export const PROPOSED_ROOT_BYTES_MAX = 32 * 1024
/** Copies of a version, and sites that they are spread over. */
export const COPIES_MAX = 16
export const REGIONS_MAX = 16
/** Data and parity shares of a version together. */
export const SHARES_MAX = 32
/** With one they would be copies. */
export const DATA_SHARES_MIN = 2
/** As content/erasure/share-scheme.ts has it, of which this layer knows nothing. */
export const SHARE_UNIT_BYTES_MIN = 16 * 1024
export const SHARE_UNIT_BYTES_MAX = 1024 * 1024
/** Copies that one operation tells of. */
export const COPIES_TOLD_MAX = 128
/** Persons that one operation says a version is about; several add up. */
export const SUBJECTS_MAX = 64
/** Far more than any group turns its key over; bounds what counting one up can reach. */
export const GROUP_EPOCH_MAX = 2 ** 32
