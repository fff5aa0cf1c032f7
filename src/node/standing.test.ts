import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusals, refusedEverywhere } from './standing.ts'

test('a transfer waits because of refusals only where nobody lets the device in', () => {
  const node = (linked: number, reasons: readonly string[]) =>
    ({
      transport: { peers: () => Array.from({ length: linked }) },
      connector: { refusals: () => new Map(reasons.map((reason, at) => [String(at), reason])) }
    }) as unknown as Parameters<typeof refusedEverywhere>[0]
  const refused = node(0, ['it was revoked', 'it was revoked', 'it is of another org'])
  assert.deepEqual(
    refusals(refused.connector).map(({ message }) => message),
    [
      "2 of the org's devices refuse this one: it was revoked",
      "1 of the org's devices refuses this one: it is of another org"
    ]
  )
  assert.match(refusedEverywhere(refused, 'waiting')?.message ?? '', /^2 of .* revoked$/)
  assert.equal(refusedEverywhere(refused, 'paused'), null)
  assert.equal(refusedEverywhere(node(1, ['it was revoked']), 'waiting'), null)
  assert.equal(refusedEverywhere(node(0, []), 'waiting'), null)
})
