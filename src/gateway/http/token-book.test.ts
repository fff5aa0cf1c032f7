import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { scopeNames } from '../../api/scope-names.ts'
import { AppError } from '../../base/errors.ts'
import { DAY_MS, HOUR_MS } from '../../base/units.ts'
import { OWNER, requireScope } from './caller.ts'
import { parseTokens, TOKENS_MAX, TokenBook } from './token-book.ts'

let home: string
let nowMs = Date.UTC(2026, 0, 1)

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'peerage-tokens-'))
})
const books: TokenBook[] = []
afterEach(async () => {
  for (const opened of books.splice(0)) await opened.close()
  rmSync(home, { recursive: true })
})

function book(): TokenBook {
  const opened = new TokenBook(home, () => nowMs)
  books.push(opened)
  return opened
}
const isCode = (code: string) => (thrown: unknown) => thrown instanceof AppError && thrown.code === code

test('a token opens what it was made for, after a restart too, until it ends', async () => {
  const { token, entry } = await book().create(
    { name: 'ci', scopes: ['read', 'audit'], lifeMs: HOUR_MS },
    OWNER
  )
  const caller = book().callerOf(token)
  assert.deepEqual([...(caller?.scopes ?? [])], ['read', 'audit'])
  assert.equal(caller?.id, `token ci (${entry.id})`)
  assert.throws(() => caller && requireScope(caller, 'govern'), isCode('SCOPE_MISSING'))
  nowMs += HOUR_MS - 1
  assert.ok(book().callerOf(token))
  nowMs += 1
  assert.equal(book().callerOf(token), undefined)
})

test('the file has no token in it, and only its owner reads it', async () => {
  const { token } = await book().create({ name: 'ci', scopes: ['read'], lifeMs: HOUR_MS }, OWNER)
  const path = join(home, 'tokens.json')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.ok(!readFileSync(path, 'utf8').includes(token.split('_')[2] ?? 'secret'))
})

test('what is not a token, of another node, or revoked opens nothing', async () => {
  const tokens = book()
  const { token, entry } = await tokens.create({ name: 'ci', scopes: ['read'], lifeMs: HOUR_MS }, OWNER)
  const other = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
  for (const shown of [
    '',
    'pgt_',
    other,
    token.toUpperCase(),
    `${token} `,
    `pgt_${'0'.repeat(12)}_${token.slice(-43)}`
  ])
    assert.equal(tokens.callerOf(shown), undefined, shown)
  await tokens.revoke(entry.id)
  assert.equal(tokens.callerOf(token), undefined)
  assert.equal(book().callerOf(token), undefined)
  await assert.rejects(tokens.revoke(entry.id), isCode('TOKEN_UNKNOWN'))
})

test('a token gives no scope that its maker has not, and lives no longer than it', async () => {
  const tokens = book()
  const first = await tokens.create({ name: 'desk', scopes: ['read', 'settings'], lifeMs: HOUR_MS }, OWNER)
  const by = tokens.callerOf(first.token)
  assert.ok(by)
  await assert.rejects(
    tokens.create({ name: 'up', scopes: ['read', 'authority'], lifeMs: HOUR_MS }, by),
    isCode('SCOPE_MISSING')
  )
  const { entry } = await tokens.create({ name: 'down', scopes: ['read'], lifeMs: 30 * DAY_MS }, by)
  assert.equal(entry.expiresAtMs, first.entry.expiresAtMs)
})

test('tokens made at once are all kept', async () => {
  const tokens = book()
  const names = Array.from({ length: 20 }, (_, index) => `token ${index}`)
  await Promise.all(names.map(name => tokens.create({ name, scopes: ['read'], lifeMs: HOUR_MS }, OWNER)))
  assert.deepEqual(
    book()
      .list()
      .map(({ name }) => name)
      .sort(),
    names.sort()
  )
})

test('there are no more than the limit', async () => {
  const entry = { ...{ name: 'x', scopes: ['read'], hash: '0'.repeat(64), createdBy: 'owner' } }
  const tokens = Array.from({ length: TOKENS_MAX }, (_, index) => ({
    ...entry,
    ...{
      id: index.toString(16).padStart(12, '0'),
      createdAtMs: 0,
      expiresAtMs: nowMs + HOUR_MS,
      usedAtMs: null
    }
  }))
  writeFileSync(join(home, 'tokens.json'), JSON.stringify({ v: 1, tokens }))
  await assert.rejects(
    book().create({ name: 'one more', scopes: ['read'], lifeMs: HOUR_MS }, OWNER),
    isCode('TOKENS_FULL')
  )
})

test('a file that holds no tokens is refused with its path, whatever is in it', () => {
  writeFileSync(join(home, 'tokens.json'), '{"v":2,"tokens":[]}')
  assert.throws(book, isCode('HOME_CORRUPT'))
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), text => {
      const parsed = parseTokens(text)
      assert.ok(typeof parsed === 'string' || Array.isArray(parsed))
    })
  )
})

test('the owner of the socket has every scope', () => {
  for (const scope of scopeNames) assert.doesNotThrow(() => requireScope(OWNER, scope))
})
