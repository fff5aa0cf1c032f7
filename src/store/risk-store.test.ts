import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RiskStore } from './risk-store.ts'

test('keeps days and notes over a restart, and of a risk those days alone that it was last given', t => {
  const folder = mkdtempSync(join(tmpdir(), 'risk-store-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'risk.db')
  const [first, second] = [
    { day: 20_000, likelihood: 1, impact: 5 },
    { day: 20_001, likelihood: 4, impact: 5 }
  ]
  const store = new RiskStore(path)
  assert.deepEqual(store.note('data-loss'), { owner: null, treatment: null })
  store.keep(
    new Map([
      ['data-loss', [first, second]],
      ['site-loss', [first]]
    ])
  )
  store.setNote('data-loss', { owner: 'IT', treatment: null })
  store.setNote('data-loss', { owner: 'IT', treatment: 'avoid' })
  store.close()
  const again = new RiskStore(path)
  assert.deepEqual(again.days('data-loss'), [first, second])
  again.keep(new Map([['data-loss', [second]]]))
  assert.deepEqual(
    [again.days('data-loss'), again.days('site-loss'), again.days('other')],
    [[second], [first], []]
  )
  assert.deepEqual(again.note('data-loss'), { owner: 'IT', treatment: 'avoid' })
  again.close()
})
