/** The bytes of what is said about the risk register. */

import { idBytes } from '../../base/ids.ts'
import { label } from '../encoding/names.ts'
import { integer, object } from '../encoding/shape.ts'
import { REASON_CHARACTERS_MAX, RISK_SCORE_MAX } from './operation-limits.ts'
import { rule, type TypeRules } from './type-rule.ts'
import { line, nothing, operationId } from './wire-fields.ts'

const acceptBody = object({
  score: integer(1, RISK_SCORE_MAX),
  until: integer(1),
  reason: line(REASON_CHARACTERS_MAX)
})

export const RISK_TYPES: TypeRules<'risk.accept' | 'risk.withdraw'> = {
  'risk.accept': rule(
    'gives',
    { target: label, body: acceptBody },
    {
      read: (risk, { until, ...body }) => ({ type: 'risk.accept', risk, untilMs: until, ...body }),
      write: ({ risk, score, untilMs, reason }) => ({ target: risk, body: { score, until: untilMs, reason } })
    }
  ),
  'risk.withdraw': rule(
    'takes',
    { target: operationId, body: nothing },
    {
      read: acceptance => ({ type: 'risk.withdraw', acceptance }),
      write: ({ acceptance }) => ({ target: idBytes(acceptance), body: {} })
    }
  )
}
