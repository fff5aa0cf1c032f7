import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { AppError } from '../../base/errors.ts'
import { scopeNames } from '../../base/scopes.ts'
import { TOKEN_NAME_CHARACTERS_MAX } from '../../base/token-name.ts'
import { DAY_MS, HOUR_MS } from '../../base/units.ts'
import { isCallerName } from '../../node/audit/caller-name.ts'
import { type Caller, OWNER, requireScope } from './caller.ts'
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

test('what was made with a token ends with it, and nothing else does', async () => {
  const tokens = book()
  const create = async (name: string, by: Caller) => {
    const made = await tokens.create({ name, scopes: ['settings'], lifeMs: HOUR_MS }, by)
    const caller = tokens.callerOf(made.token)
    assert.ok(caller)
    return { caller, id: made.entry.id, name }
  }
  const other = await create('other', OWNER)
  const first = await create('first', OWNER)
  const second = await create(`x (${other.id})`, first.caller)
  await create('third', second.caller)
  await create('of another', other.caller)
  await tokens.revoke(first.id)
  for (const opened of [tokens, book()])
    assert.deepEqual(
      opened.list().map(({ name }) => name),
      ['other', 'of another']
    )
})

test('what persons made ends with what they were vouched for by', async () => {
  const tokens = book()
  const create = (name: string, by: Caller) => tokens.create({ name, scopes: ['read'], lifeMs: HOUR_MS }, by)
  const person: Caller = { ...OWNER, kind: 'person', id: 'person 0123456789abcdef' }
  const made = await create('of a person', person)
  const of = tokens.callerOf(made.token)
  assert.ok(of)
  await create('of that', of)
  await create('person x', OWNER)
  await tokens.endOfPersons()
  assert.deepEqual(
    book()
      .list()
      .map(({ name }) => name),
    ['person x']
  )
})

test('the audit log can call each by its name, or failing that by its id', async () => {
  const tokens = book()
  const create = (name: string) => tokens.create({ name, scopes: ['read'], lifeMs: HOUR_MS }, OWNER)
  const longest = 'x'.repeat(TOKEN_NAME_CHARACTERS_MAX)
  for (const bad of ['a\nb', 'a\u202eb', ' a', 'a\ud800', 'e\u0301', '\0', `${longest}x`])
    await assert.rejects(create(bad), isCode('USAGE'), JSON.stringify(bad))
  const { token, entry } = await create(longest)
  assert.equal(tokens.callerOf(token)?.id, `token ${longest} (${entry.id})`)
  const { id, hash, scopes } = entry
  const kept = { name: 'a\nb', createdBy: 'owner', createdAtMs: 0, expiresAtMs: nowMs + 1, usedAtMs: null }
  writeFileSync(join(home, 'tokens.json'), JSON.stringify({ v: 1, tokens: [{ id, hash, scopes, ...kept }] }))
  const known = book().callerOf(token)?.id ?? ''
  assert.equal(known, `token (${id})`)
  assert.ok(isCallerName(known))
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
