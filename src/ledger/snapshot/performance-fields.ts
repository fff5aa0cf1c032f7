/** Service levels and prices in a snapshot. */

import type { LevelEntry, PriceEntry } from '../fold/performance-entry.ts'
import { LEVEL_MEASURES } from '../operation/performance-content.ts'
import { type Codec, deviceId, natural, nullable, operationId, text, word } from './codec.ts'

type Fields<T> = { readonly [K in keyof T]-?: Codec<T[K]> }

const signed = { operation: operationId, by: deviceId, timeMs: natural }

export const LEVEL_FIELDS: Fields<LevelEntry> = {
  name: text,
  measure: word(LEVEL_MEASURES),
  dataset: nullable(text),
  site: nullable(text),
  limitMs: nullable(natural),
  share: natural,
  windowMs: natural,
  ...signed
}

export const PRICE_FIELDS: Fields<PriceEntry> = {
  site: text,
  currency: text,
  microsPerGb: natural,
  ...signed
}
