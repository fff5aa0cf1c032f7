/**
 * What a risk of the register is: its inherent likelihood and impact, the indicators that are read from the running
 * network, and the controls that lower it while their indicators say that they work. Types only.
 */

import type { Degree } from './scale.ts'

export const FACTORS = ['likelihood', 'impact'] as const
export type Factor = (typeof FACTORS)[number]

/**
 * - `proved`: measured or checked by cryptography now.
 * - `attested`: a signed statement of a device or a person, which nobody has checked just now.
 * - `judged`: follows from the design or from a policy; believed, not measured.
 */
export const BASES = ['proved', 'attested', 'judged'] as const
export type Basis = (typeof BASES)[number]

export const TREATMENTS = ['mitigate', 'accept', 'transfer', 'avoid'] as const
export type Treatment = (typeof TREATMENTS)[number]

export const CATEGORIES = [
  'storage',
  'access',
  'content',
  'governance',
  'privacy',
  'network',
  'operations'
] as const
export type Category = (typeof CATEGORIES)[number]

export type Unit = 'count' | 'share' | 'ms' | 'bytes'

/** A measure of one factor of one risk. */
export interface IndicatorSpec {
  /** Unique in the register. */
  readonly id: string
  readonly title: string
  readonly factor: Factor
  readonly unit: Unit
  readonly better: 'lower' | 'higher'
  /** At this value or a better one, controls that rest on it have their whole effect. */
  readonly target: number
  /** At this value or a worse one, they have none. */
  readonly limit: number
}

export interface ControlSpec {
  /** Unique within its risk. */
  readonly id: string
  readonly title: string
  readonly factor: Factor
  readonly basis: Basis
  /** By how many degrees it lowers its factor at the most. */
  readonly steps: 1 | 2 | 3
  /** Where it can be seen that it works. */
  readonly evidence: string
  /** Ids of indicators of the same factor. */
  readonly indicators: readonly string[]
}

export interface Mapping {
  /** NIST CSF 2.0 subcategories. */
  readonly csf: readonly string[]
  /** ISO/IEC 27001:2022 Annex A controls. */
  readonly iso: readonly string[]
  /** GDPR articles. */
  readonly gdpr: readonly string[]
}

export interface RiskSpec {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly category: Category
  /** In the terms of NIST SP 800-30 Rev. 1, tables E-2 and E-3. */
  readonly threatEvents: readonly string[]
  /** As it would be if no control worked. */
  readonly inherent: { readonly likelihood: Degree; readonly impact: Degree; readonly why: string }
  readonly indicators: readonly IndicatorSpec[]
  readonly controls: readonly ControlSpec[]
  readonly mapping: Mapping
}

/** What was read of an indicator. */
export interface Reading {
  /** In the unit of the indicator; null when it could not be measured. */
  readonly value: number | null
  /** Why it is not known; null when it is. */
  readonly unknown: string | null
  /** More about the value, such as what is meant by it; null where there is no more to say. */
  readonly detail: string | null
  /** Ids of the devices whose word or measurement it is. */
  readonly devices: readonly string[]
  /** When it was true: ms since the Unix epoch. */
  readonly atMs: number
}
