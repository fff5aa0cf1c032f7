/** The bytes of what is said about service levels and prices. */

import { MILLIONTHS } from '../../base/units.ts'
import { DATASET_NAME_CHARACTERS_MAX, isDatasetName, label } from '../encoding/names.ts'
import { integer, nullable, object, oneOf, type Shape, text, where } from '../encoding/shape.ts'
import { LEVEL_WINDOW_MS_MAX, LEVEL_WINDOW_MS_MIN, PRICE_MICROS_MAX } from './operation-limits.ts'
import { LEVEL_MEASURES, type Objective } from './performance-content.ts'
import { rule, type TypeRules } from './type-rule.ts'
import { durationMs } from './wire-fields.ts'

const datasets = where(
  text(DATASET_NAME_CHARACTERS_MAX + 1),
  value => isDatasetName(value.endsWith('/') ? value.slice(0, -1) : value),
  'a dataset name, or the beginning of names up to a slash'
)

const objective = where(
  object({
    measure: oneOf(LEVEL_MEASURES),
    dataset: nullable(datasets),
    site: nullable(label),
    limit: durationMs,
    share: integer(1, MILLIONTHS),
    window: integer(LEVEL_WINDOW_MS_MIN, LEVEL_WINDOW_MS_MAX)
  }),
  ({ measure, limit }) => (measure === 'availability') === (limit === null),
  'an objective with a limit, or of availability without one'
)

const levelBody: Shape<{ readonly objective: ReturnType<typeof writeObjective> | null }> = object({
  objective: nullable(objective)
})
const priceBody = object({
  price: nullable(object({ currency: text(3, /^[A-Z]{3}$/), perGb: integer(0, PRICE_MICROS_MAX) }))
})

function writeObjective({ limitMs, windowMs, ...said }: Objective) {
  return { ...said, limit: limitMs, window: windowMs }
}

export const PERFORMANCE_TYPES: TypeRules<'level.set' | 'price.set'> = {
  'level.set': rule(
    'gives',
    { target: label, body: levelBody },
    {
      read: (name, { objective: said }) => {
        if (said === null) return { type: 'level.set', name, objective: null }
        const { limit, window, ...others } = said
        return { type: 'level.set', name, objective: { ...others, limitMs: limit, windowMs: window } }
      },
      write: ({ name, objective: said }) => ({
        target: name,
        body: { objective: said === null ? null : writeObjective(said) }
      })
    }
  ),
  'price.set': rule(
    'gives',
    { target: label, body: priceBody },
    {
      read: (site, { price }) => ({
        type: 'price.set',
        site,
        price: price && { currency: price.currency, microsPerGb: price.perGb }
      }),
      write: ({ site, price }) => ({
        target: site,
        body: { price: price && { currency: price.currency, perGb: price.microsPerGb } }
      })
    }
  )
}
