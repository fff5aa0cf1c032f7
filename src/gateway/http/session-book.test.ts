import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { FRESH_MS } from '../../api/fresh-routes.ts'
import { AppError } from '../../base/errors.ts'
import { DAY_MS } from '../../base/units.ts'
import { type Caller, OWNER } from './caller.ts'
import { SESSION_LIMITS, SessionBook } from './session-book.ts'

let nowMs: number
let tokens: Map<string, Caller>
let book: SessionBook
/** Tokens whose use was noted. */
let used: string[]

beforeEach(() => {
  nowMs = 1_800_000_000_000
  tokens = new Map()
  used = []
  const holderOf = (id: string): Caller | undefined => tokens.get(id)
  const callerWith = (id: string): Caller | undefined => {
    used.push(id)
    return holderOf(id)
  }
  book = new SessionBook({ callerWith, holderOf }, () => nowMs)
  book.openAt(['https://localhost:4780'])
})

function token(id: string, expiresAtMs = nowMs + DAY_MS): Caller {
  const caller: Caller = { kind: 'token', id: `token x (${id})`, scopes: new Set(['read']), expiresAtMs }
  tokens.set(id, caller)
  return caller
}

const refusal = (code: string) => (thrown: unknown) => thrown instanceof AppError && thrown.code === code

const PERSON = {
  kind: 'person',
  provedAtMs: null,
  caller: { ...OWNER, kind: 'person', id: 'person 1' }
} as const

describe('a session', () => {
  test('is the token on which it rests, as that is now', () => {
    token('a')
    const secret = book.begin({ kind: 'token', id: 'a' })
    assert.deepEqual(book.use(secret)?.caller, { ...tokens.get('a'), isStale: false })
    tokens.delete('a')
    assert.equal(book.use(secret), undefined)
    token('a')
    assert.equal(book.use(secret), undefined, 'what has ended does not begin again')
  })

  test('ends when it is not used for a while, and only then', () => {
    const secret = book.begin({ kind: 'owner', caller: OWNER })
    for (let use = 0; use < 3; use++) {
      nowMs += SESSION_LIMITS.idleMs - 1
      assert.ok(book.use(secret))
    }
    nowMs += SESSION_LIMITS.idleMs
    assert.equal(book.use(secret), undefined)
  })

  test('is not kept alive by being looked at', () => {
    const secret = book.begin({ kind: 'owner', caller: OWNER })
    nowMs += SESSION_LIMITS.idleMs - 1
    assert.ok(book.holds(secret))
    nowMs += 1
    assert.ok(!book.holds(secret))
  })

  test('ends after its life, however it is used', () => {
    const secret = book.begin({ kind: 'owner', caller: OWNER })
    const endMs = nowMs + SESSION_LIMITS.lifeMs
    for (; nowMs < endMs; nowMs += SESSION_LIMITS.idleMs / 2) assert.equal(book.use(secret)?.endsAtMs, endMs)
    assert.equal(book.use(secret), undefined)
  })

  test('ends with its caller', () => {
    const secret = book.begin({ kind: 'owner', caller: { ...OWNER, expiresAtMs: nowMs + 5 } })
    assert.equal(book.use(secret)?.endsAtMs, nowMs + 5)
    nowMs += 5
    assert.equal(book.use(secret), undefined)
  })

  test('ends when it is ended, and no other with it', () => {
    const [one, two] = [
      book.begin({ kind: 'owner', caller: OWNER }),
      book.begin({ kind: 'owner', caller: OWNER })
    ]
    book.end(one)
    assert.equal(book.use(one), undefined)
    assert.ok(book.use(two))
  })

  test('is stale a while after its person proved who they are, or where that is not known', () => {
    const owner = book.begin({ kind: 'owner', caller: OWNER })
    const silent = book.begin(PERSON)
    const told = book.begin({ ...PERSON, provedAtMs: nowMs - FRESH_MS + 1000 })
    const stale = () => [owner, silent, told].map(secret => book.use(secret)?.caller.isStale)
    assert.deepEqual(stale(), [false, true, false])
    nowMs += 2000
    assert.deepEqual(stale(), [false, true, true])
    nowMs += FRESH_MS
    assert.deepEqual(stale(), [true, true, true])
  })

  test('of a person ends when the provider changes, and those of others go on', () => {
    token('a')
    const person = book.begin(PERSON)
    const others = [book.begin({ kind: 'token', id: 'a' }), book.begin({ kind: 'owner', caller: OWNER })]
    book.endPersons()
    assert.equal(book.use(person), undefined)
    for (const secret of others) assert.ok(book.use(secret))
  })

  test('is listed with what it rests on and when it ends, which counts as no use of it', () => {
    token('a')
    const secret = book.begin({ kind: 'token', id: 'a' })
    const begunAtMs = nowMs
    nowMs += 1000
    book.begin(PERSON)
    nowMs += 1000
    const listed = book.list()
    assert.deepEqual(
      listed.map(({ who, by, usedAtMs }) => [who, by, usedAtMs]),
      [
        ['person 1', 'provider', begunAtMs + 1000],
        ['token x (a)', 'token', begunAtMs]
      ]
    )
    assert.equal(listed.at(1)?.idleEndsAtMs, begunAtMs + SESSION_LIMITS.idleMs)
    assert.equal(listed.at(1)?.endsAtMs, begunAtMs + SESSION_LIMITS.lifeMs)
    assert.deepEqual(used, [])
    assert.equal(book.use(secret)?.id, listed.at(1)?.id)
    tokens.delete('a')
    assert.equal(book.list().length, 1, 'what has ended is not listed')
  })

  test('ends by what lists call it, once', () => {
    const secret = book.begin({ kind: 'owner', caller: OWNER })
    const other = book.begin({ kind: 'owner', caller: OWNER })
    const id = book.use(secret)?.id ?? ''
    book.endNamed(id)
    assert.equal(book.use(secret), undefined)
    assert.ok(book.use(other))
    assert.throws(() => book.endNamed(id), refusal('SESSION_UNKNOWN'))
  })

  test('is not what somebody makes up', () => {
    for (const secret of ['', 'x', 'A'.repeat(43), 'A'.repeat(4000)])
      assert.equal(book.use(secret), undefined)
  })

  test('gives way to a newer one of the same ground: the one that was used longest ago', () => {
    token('a')
    token('b')
    const other = book.begin({ kind: 'token', id: 'b' })
    const many = Array.from({ length: SESSION_LIMITS.eachMax }, () => book.begin({ kind: 'token', id: 'a' }))
    const [first = '', second = ''] = many
    assert.ok(book.use(first))
    book.begin({ kind: 'token', id: 'a' })
    assert.equal(book.use(second), undefined)
    for (const secret of [first, other, ...many.slice(2)]) assert.ok(book.use(secret))
  })
})

describe('a code', () => {
  test('begins one session, for all that the owner may', () => {
    const { code, scopes } = book.createCode({ scopes: null }, OWNER)
    const caller = book.redeem(code)
    assert.deepEqual([caller?.kind, [...(caller?.scopes ?? [])]], ['person', [...OWNER.scopes]])
    assert.deepEqual(scopes, [...OWNER.scopes])
    assert.match(caller?.id ?? '', /^browser of the owner \([0-9a-f]{12}\)$/)
    assert.equal(book.redeem(code), undefined)
  })

  test('gives no more than was asked for', () => {
    const caller = book.redeem(book.createCode({ scopes: ['read'] }, OWNER).code)
    assert.deepEqual([...(caller?.scopes ?? [])], ['read'])
  })

  test('is over soon', () => {
    const { code, expiresAtMs } = book.createCode({ scopes: null }, OWNER)
    nowMs = expiresAtMs
    assert.equal(book.redeem(code), undefined)
  })

  test('is made by the owner on the local socket alone, and of no scope that the owner has not', () => {
    const session = book.redeem(book.createCode({ scopes: null }, OWNER).code)
    assert.ok(session)
    for (const by of [session, token('a')])
      assert.throws(() => book.createCode({ scopes: null }, by), refusal('NOT_AUTHORISED'))
    const little: Caller = { ...OWNER, scopes: new Set(['read']) }
    assert.throws(() => book.createCode({ scopes: ['govern'] }, little), refusal('SCOPE_MISSING'))
  })

  test('is not made where no browser could use it', () => {
    const closed = new SessionBook({ callerWith: () => undefined, holderOf: () => undefined })
    assert.throws(() => closed.createCode({ scopes: null }, OWNER), refusal('API_CLOSED'))
  })

  test('is dropped when too many wait, the oldest first', () => {
    const codes = Array.from({ length: SESSION_LIMITS.codesMax + 1 }, () =>
      book.createCode({ scopes: null }, OWNER)
    )
    assert.equal(book.redeem(codes[0]?.code ?? ''), undefined)
    assert.ok(book.redeem(codes[1]?.code ?? ''))
  })
})
