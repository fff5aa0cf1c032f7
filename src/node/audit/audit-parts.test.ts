import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusalReason } from './audit-parts.ts'

test('who is let in nowhere is refused by what it is to the org', () => {
  const standings = ['suspended', 'revoked', 'former', 'member'] as const
  assert.deepEqual(
    standings.map(standing => refusalReason({ standing })),
    ['suspended', 'revoked', 'not-enrolled', 'expired']
  )
})
