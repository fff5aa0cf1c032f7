/**
 * Services that need operations and not only their state: after a start from a snapshot (ledger-keeper.ts) they answer
 * once all are here. Put around a service as a whole, it can not be forgotten in one of its methods.
 */

import type { LedgerKeeper } from './ledger-keeper.ts'

type Methods<T> = { readonly [K in keyof T]: (...given: never[]) => Promise<unknown> }

export function whenWhole<T extends Methods<T>>(service: T, keeper: Pick<LedgerKeeper, 'whole'>): T {
  return new Proxy(service, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...given: unknown[]): Promise<unknown> => {
        await keeper.whole()
        return await Reflect.apply(method, target, given)
      }
    }
  })
}
