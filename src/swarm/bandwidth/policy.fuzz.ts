/** Any text as a stored policy: nothing throws, and what is read can be written and is read the same. */

import assert from 'node:assert/strict'
import { utf8 } from '../../base/bytes.ts'
import { parseHours } from './calendar.ts'
import { decodePolicy, encodePolicy, NO_POLICY, withRule } from './policy.ts'

export function fuzz(input: Uint8Array): void {
  const policy = decodePolicy(new TextDecoder().decode(input))
  if (policy !== undefined) assert.deepEqual(decodePolicy(encodePolicy(policy)), policy)
}

const office = parseHours('mon-fri 08:00-18:00 Europe/Berlin', 'UTC')
const terms = { direction: 'up', link: 'wan', dataClass: 'all' } as const

export const seeds: Uint8Array[] = [
  utf8(encodePolicy(NO_POLICY)),
  utf8(
    encodePolicy(
      withRule(
        { ...NO_POLICY, budgets: { up: null, down: { bytes: 1e10, zone: 'UTC' } } },
        {
          ...terms,
          hours: typeof office === 'string' ? null : office,
          limit: { kind: 'cap', bytesPerSecond: 1e6 }
        }
      )
    )
  ),
  utf8(encodePolicy(withRule(NO_POLICY, { ...terms, hours: null, limit: { kind: 'background' } }, 'quiet')))
]
