/**
 * The bytes of what operations say. Each known type has one closed schema for its target and body; a later version of a
 * type takes a new type name, because two readers that fold one operation differently would never converge. The schemas
 * stand by subject in member-types.ts, dataset-types.ts, content-types.ts, storage-types.ts, risk-types.ts,
 * performance-types.ts and authority-types.ts.
 *
 * An operation may name a type that this program does not know, or break its type's schema: it stays in its feed,
 * so that the chain goes on, and is inert.
 *
 * `gives` and `takes` decide what a fork does: a device that equivocates loses what its operations gave from the fork
 * on, and never undoes what they took away (remove-wins).
 */

import type { Misshape } from '../encoding/shape.ts'
import { AUTHORITY_TYPES } from './authority-types.ts'
import { CONTENT_TYPES } from './content-types.ts'
import { DATASET_TYPES } from './dataset-types.ts'
import { MEMBER_TYPES } from './member-types.ts'
import type { OperationContent, OperationType } from './operation-content.ts'
import { PERFORMANCE_TYPES } from './performance-types.ts'
import { RISK_TYPES } from './risk-types.ts'
import { STORAGE_TYPES } from './storage-types.ts'
import type { TypeRule, TypeRules, Wire } from './type-rule.ts'

const RULES: TypeRules<OperationType> = {
  ...MEMBER_TYPES,
  ...DATASET_TYPES,
  ...CONTENT_TYPES,
  ...STORAGE_TYPES,
  ...RISK_TYPES,
  ...PERFORMANCE_TYPES,
  ...AUTHORITY_TYPES
}

export const OPERATION_TYPES = Object.keys(RULES) as readonly OperationType[]

export function isOperationType(type: string): type is OperationType {
  return Object.hasOwn(RULES, type)
}

/** The rule of a type; what one rule reads, it writes. */
function ruleOf(type: OperationType): TypeRule<OperationType> {
  return RULES[type] as TypeRule<OperationType>
}

/**
 * Whether an operation only takes away, and so stays in force even on a forked feed. Of a type alone, whether all of
 * the type do.
 */
export function takes(said: OperationType | OperationContent): boolean {
  const { polarity, takesBy } = ruleOf(typeof said === 'string' ? said : said.type)
  return polarity === 'takes' || (typeof said !== 'string' && takesBy?.(said) === true)
}

export function readContent(type: OperationType, wire: Wire): OperationContent | Misshape {
  return ruleOf(type).read(wire)
}

export function writeContent(content: OperationContent): Wire {
  return ruleOf(content.type).write(content)
}
