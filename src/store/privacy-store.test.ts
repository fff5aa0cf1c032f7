import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { PrivacyStore } from './privacy-store.ts'

test('keeps notes and cases over a restart, and of what was deleted or replaced no byte', t => {
  const folder = mkdtempSync(join(tmpdir(), 'privacy-store-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'privacy.db')
  const isOnDisk = (words: string): boolean =>
    readdirSync(folder).some(name => readFileSync(join(folder, name)).includes(words))
  const store = new PrivacyStore(path)
  store.setNote('controller', '"Acme"')
  store.setNote('dpo', '"Jane Roe"')
  store.setNote('dpo', null)
  store.putCase({ id: 'aa', kind: 'request', value: '"jane-doe-771"' })
  store.putCase({ id: 'bb', kind: 'breach', value: '"lost laptop"' })
  store.close()
  const again = new PrivacyStore(path)
  assert.deepEqual([...again.notes()], [['controller', '"Acme"']])
  assert.deepEqual([again.note('controller'), again.note('dpo')], ['"Acme"', undefined])
  assert.deepEqual(again.cases('request'), [{ id: 'aa', kind: 'request', value: '"jane-doe-771"' }])
  assert.equal(isOnDisk('jane-doe-771'), true)
  again.putCase({ id: 'aa', kind: 'request', value: '"nobody"' })
  again.scrub()
  assert.deepEqual([isOnDisk('jane-doe-771'), isOnDisk('lost laptop')], [false, true])
  again.deleteCase('bb')
  assert.equal(isOnDisk('lost laptop'), false)
  again.clear()
  assert.deepEqual([again.notes().size, again.cases('request'), isOnDisk('Acme')], [0, [], false])
  again.close()
})
