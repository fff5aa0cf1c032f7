/** What operations can say about how well the network is to work, and what its links cost. */

export const LEVEL_MEASURES = ['distribute', 'availability', 'first-byte', 'revocation', 'repair'] as const
export type LevelMeasure = (typeof LEVEL_MEASURES)[number]

/** A service level: which share of what is measured has to be good. */
export interface Objective {
  readonly measure: LevelMeasure
  /** A dataset, or the beginning of names up to a slash; null for all. */
  readonly dataset: string | null
  /** Of the devices that measure; null for all. */
  readonly site: string | null
  /** What takes no longer is good; null for a measure that is good or not by itself. */
  readonly limitMs: number | null
  /** In millionths. */
  readonly share: number
  /** Over how long the share is counted. */
  readonly windowMs: number
}

/** Replaces the objective of that name; null ends it. */
export interface LevelSet {
  readonly type: 'level.set'
  readonly name: string
  readonly objective: Objective | null
}

/** What a GB (1,000,000,000 bytes) into a site over the WAN costs; null ends it. */
export interface PriceSet {
  readonly type: 'price.set'
  /** `ANY_SITE` for those that have none of their own. */
  readonly site: string
  readonly price: Price | null
}

export const ANY_SITE = '*'

export interface Price {
  /** ISO 4217. */
  readonly currency: string
  /** Millionths of a unit of the currency. */
  readonly microsPerGb: number
}
