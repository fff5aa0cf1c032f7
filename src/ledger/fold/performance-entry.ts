/** Service levels and prices as the state has them: the last word in causal order about each. */

import type { DeviceId, OperationId } from '../../base/ids.ts'
import type { Operation } from '../operation/operation.ts'
import type { Objective, Price } from '../operation/performance-content.ts'

interface Signed {
  readonly operation: OperationId
  readonly by: DeviceId
  readonly timeMs: number
}

export interface LevelEntry extends Objective, Signed {
  readonly name: string
}

export interface PriceEntry extends Price, Signed {
  readonly site: string
}

type Said = Pick<Operation, 'id' | 'author' | 'timeMs' | 'content'>

export function levelOf(said: Said | undefined): LevelEntry | undefined {
  if (said?.content?.type !== 'level.set' || said.content.objective === null) return undefined
  const { name, objective } = said.content
  return { name, ...objective, ...signed(said) }
}

export function priceOf(said: Said | undefined): PriceEntry | undefined {
  if (said?.content?.type !== 'price.set' || said.content.price === null) return undefined
  const { site, price } = said.content
  return { site, ...price, ...signed(said) }
}

function signed({ id, author, timeMs }: Said): Signed {
  return { operation: id, by: author, timeMs }
}
