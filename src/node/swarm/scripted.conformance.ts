/** For tests: a part of the node of which only the given methods may be called. */

import { assert } from '../../base/assert.ts'

export function scripted<T extends object>(methods: Partial<T>): T {
  return new Proxy(methods, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      // Else to await it would be to call it.
      if (name === 'then') return method
      return method ?? (() => assert(false, `${String(name)} was not to be called`))
    }
  }) as T
}
