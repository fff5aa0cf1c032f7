import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Provider } from '../../api/sign-in.ts'
import type { ErrorCode } from '../../base/error-codes.ts'
import { AppError } from '../../base/errors.ts'
import { HOUR_MS } from '../../base/units.ts'
import { type Caller, OWNER } from '../http/caller.ts'
import { SESSION_LIMITS } from '../http/session-book.ts'
import { ATTEMPT_LIFE_MS, ProviderSignIn } from './provider-sign-in.ts'
import { CLIENT_SECRET, RealProvider, signInAt } from './real-provider.conformance.ts'

const CALLBACK = new URL('https://nas.example:4780/sign-in/callback')
const GROUPS = { alice: ['storage', 'everybody'], bob: ['everybody'], mallory: ['catering'] }
const ROLES: Provider['roles'] = [
  { value: 'storage', role: 'operator' },
  { value: 'everybody', role: 'auditor' }
]

const folder = mkdtempSync(join(tmpdir(), 'peerage-oidc-'))
const secretFile = join(folder, 'client.secret')
let real: RealProvider
let home: string
let aheadMs: number
let node: ProviderSignIn

before(async () => {
  writeFileSync(secretFile, `${CLIENT_SECRET}\n`)
  real = await RealProvider.start({ groups: GROUPS, redirect: CALLBACK.href })
})
after(async () => {
  await real.stop()
  rmSync(folder, { recursive: true })
})
beforeEach(async () => {
  home = mkdtempSync(join(folder, 'home-'))
  aheadMs = 0
  node = new ProviderSignIn(home, () => Date.now() + aheadMs)
  await node.set(real.setting(secretFile, ROLES), OWNER)
})

async function signIn(person: string): Promise<Caller> {
  const { url, attempt } = await node.begin(CALLBACK)
  return (await node.finish(await signInAt(url, person), attempt)).caller
}

const refusal =
  (code: ErrorCode, pattern: RegExp) =>
  (thrown: unknown): boolean => {
    assert.ok(thrown instanceof AppError, String(thrown))
    assert.equal(thrown.code, code, thrown.message)
    assert.match(thrown.message, pattern)
    return true
  }

describe('a person whom the provider knows', () => {
  test('may what all their groups are mapped to, for as long as a session lasts', async () => {
    const alice = await signIn('alice')
    assert.deepEqual([...alice.scopes].sort(), ['audit', 'content', 'read', 'settings'])
    assert.ok((alice.expiresAtMs ?? 0) <= Date.now() + SESSION_LIMITS.lifeMs)
    assert.deepEqual([...(await signIn('bob')).scopes].sort(), ['audit', 'read'])
  })

  test('is called the same at each sign-in, by no name that tells who it is, and otherwise on another node', async () => {
    const [first, again, bob] = [await signIn('alice'), await signIn('alice'), await signIn('bob')]
    assert.match(first.id, /^person [0-9a-f]{16}$/)
    assert.equal(again.id, first.id)
    assert.notEqual(bob.id, first.id)
    assert.equal(node.settings.personId('alice'), first.id)
    // The names stay when the provider is set again and when the node starts again.
    await node.set(real.setting(secretFile, ROLES.slice(1)), OWNER)
    assert.equal(new ProviderSignIn(home).settings.personId('alice'), first.id)
    const other = new ProviderSignIn(mkdtempSync(join(folder, 'home-')))
    await other.set(real.setting(secretFile, ROLES), OWNER)
    assert.notEqual(other.settings.personId('alice'), first.id)
  })

  test('may nothing when no group is mapped, and is told which there are', async () => {
    await assert.rejects(signIn('mallory'), refusal('PERSON_UNMAPPED', /their groups is "catering", .*--map/))
    await assert.rejects(signIn('nobody'), refusal('PERSON_UNMAPPED', /says nothing of their groups/))
  })

  test('that gives up is not signed in', async () => {
    const { url, attempt } = await node.begin(CALLBACK)
    await assert.rejects(
      node.finish(await signInAt(url, null), attempt),
      refusal('SIGN_IN_REFUSED', /did not sign this person in: access_denied/)
    )
  })
})

test('a person who is to prove anew who they are does so at the provider, which says when', async () => {
  const plain = await node.begin(CALLBACK)
  assert.deepEqual(
    [plain.url.searchParams.get('prompt'), plain.url.searchParams.get('max_age')],
    [null, null]
  )
  const { provedAtMs: unknown } = await node.finish(await signInAt(plain.url, 'alice'), plain.attempt)
  assert.equal(unknown, null)
  const again = await node.begin(CALLBACK, { isAgain: true })
  assert.deepEqual(
    [again.url.searchParams.get('prompt'), again.url.searchParams.get('max_age')],
    ['login', '300']
  )
  const { provedAtMs } = await node.finish(await signInAt(again.url, 'alice'), again.attempt)
  assert.ok(provedAtMs !== null && Date.now() - provedAtMs < HOUR_MS && provedAtMs <= Date.now())
  // Without the question the provider need not say when, and is not believed to have asked.
  const { url, attempt } = await node.begin(CALLBACK, { isAgain: true })
  for (const key of ['prompt', 'max_age']) url.searchParams.delete(key)
  await assert.rejects(
    node.finish(await signInAt(url, 'alice'), attempt),
    refusal('SIGN_IN_REFUSED', /auth_time/)
  )
})

test('groups may come with the identity too', async () => {
  const telling = await RealProvider.start({ groups: GROUPS, redirect: CALLBACK.href, inIdentity: true })
  try {
    await node.set(telling.setting(secretFile, ROLES), OWNER)
    assert.ok((await signIn('bob')).scopes.has('audit'))
  } finally {
    await telling.stop()
  }
})

describe('a sign-in is refused', () => {
  test('in another browser than it was begun in, and in none', async () => {
    const [one, two] = [await node.begin(CALLBACK), await node.begin(CALLBACK)]
    const at = await signInAt(one.url, 'alice')
    for (const kept of [undefined, two.attempt, 'AAAA', one.attempt.slice(0, -2), `${one.attempt}A`.slice(1)])
      await assert.rejects(node.finish(at, kept), refusal('SIGN_IN_REFUSED', /not begun in this browser/))
    const forged = new URL(at)
    forged.searchParams.set('state', 'x')
    await assert.rejects(
      node.finish(forged, one.attempt),
      refusal('SIGN_IN_REFUSED', /not begun in this browser/)
    )
  })

  test('when it is finished twice', async () => {
    const { url, attempt } = await node.begin(CALLBACK)
    const at = await signInAt(url, 'alice')
    await node.finish(at, attempt)
    await assert.rejects(node.finish(at, attempt), refusal('SIGN_IN_REFUSED', /finished already/))
  })

  test('when it took too long', async () => {
    const { url, attempt } = await node.begin(CALLBACK)
    const at = await signInAt(url, 'alice')
    aheadMs = ATTEMPT_LIFE_MS
    await assert.rejects(node.finish(at, attempt), refusal('SIGN_IN_REFUSED', /longer than 10 minutes/))
  })

  test('when the identity is for another sign-in', async () => {
    const { url, attempt } = await node.begin(CALLBACK)
    url.searchParams.set('nonce', 'of-another-sign-in')
    await assert.rejects(
      node.finish(await signInAt(url, 'alice'), attempt),
      refusal('SIGN_IN_REFUSED', /its nonce is not the one that was asked for/)
    )
  })

  test('when it was begun without the proof that its code is asked for with', async () => {
    const [one, two] = [await node.begin(CALLBACK), await node.begin(CALLBACK)]
    const challenge = two.url.searchParams.get('code_challenge')
    one.url.searchParams.set('code_challenge', challenge ?? '')
    await assert.rejects(
      node.finish(await signInAt(one.url, 'alice'), one.attempt),
      refusal('SIGN_IN_REFUSED', /takes this sign-in no more/)
    )
  })

  test('when the clock of the node is wrong, and the clock is named', async () => {
    aheadMs = 2 * HOUR_MS
    await node.set(real.setting(secretFile, ROLES), OWNER)
    await assert.rejects(
      signIn('alice'),
      refusal('SIGN_IN_REFUSED', /by the clock of this node it is .*doctor/)
    )
  })

  test('when the identity is signed with no key of the provider', async () => {
    const forging = await RealProvider.start({ groups: GROUPS, redirect: CALLBACK.href })
    try {
      forging.forgeKeys()
      await node.set(forging.setting(secretFile, ROLES), OWNER)
      await assert.rejects(signIn('alice'), refusal('SIGN_IN_REFUSED', /does not hold: .*signature/))
    } finally {
      await forging.stop()
    }
  })

  test('when the provider is another by then', async () => {
    const { url, attempt } = await node.begin(CALLBACK)
    const at = await signInAt(url, 'alice')
    const other = await RealProvider.start({ groups: GROUPS, redirect: CALLBACK.href })
    await node.set(other.setting(secretFile, ROLES), OWNER)
    await other.stop()
    await assert.rejects(node.finish(at, attempt), refusal('SIGN_IN_REFUSED', /another provider/))
  })
})

describe('a provider', () => {
  test('that does not answer, or is none, is told of when it is set, and nothing is changed', async () => {
    const gone = await RealProvider.start({ groups: {}, redirect: CALLBACK.href })
    await gone.stop()
    await assert.rejects(
      node.set(gone.setting(secretFile, ROLES), OWNER),
      refusal('SIGN_IN_UNAVAILABLE', /does not say how people sign in there: .*ECONNREFUSED/)
    )
    const page = { ...real.setting(secretFile, ROLES), issuer: `${real.issuer}/elsewhere` }
    await assert.rejects(
      node.set(page, OWNER),
      refusal('SIGN_IN_UNAVAILABLE', /does not say how people sign in/)
    )
    assert.equal(node.settings.provider?.issuer, real.issuer)
  })

  test('that is away when a person comes back is told of, and works once it is there again', async () => {
    const going = await RealProvider.start({ groups: GROUPS, redirect: CALLBACK.href })
    await node.set(going.setting(secretFile, ROLES), OWNER)
    const { url, attempt } = await node.begin(CALLBACK)
    const at = await signInAt(url, 'alice')
    await going.stop()
    await assert.rejects(
      node.finish(at, attempt),
      refusal('SIGN_IN_UNAVAILABLE', /does not answer as a provider does.*try again later/)
    )
    await assert.rejects(node.begin(CALLBACK), refusal('SIGN_IN_UNAVAILABLE', /does not answer/))
    await node.set(real.setting(secretFile, ROLES), OWNER)
    assert.ok(await signIn('alice'))
  })

  test('that does not know the client secret is told of; a secret that is changed is read again', async () => {
    const changing = join(home, 'secret')
    writeFileSync(changing, 'wrong')
    await node.set(real.setting(changing, ROLES), OWNER)
    await assert.rejects(signIn('alice'), refusal('SIGN_IN_UNAVAILABLE', /client id and secret/))
    writeFileSync(changing, CLIENT_SECRET)
    assert.ok(await signIn('alice'))
    writeFileSync(changing, ' \n')
    const setting = real.setting(changing, ROLES)
    await assert.rejects(node.set(setting, OWNER), refusal('SIGN_IN_UNAVAILABLE', /is empty/))
    rmSync(changing)
    await assert.rejects(
      node.set(setting, OWNER),
      refusal('SIGN_IN_UNAVAILABLE', /can not read the client secret/)
    )
  })

  test('is set by the owner alone, and kept where only the owner reads', async () => {
    const by: Caller = { ...OWNER, kind: 'person' }
    const setting = real.setting(secretFile, [{ value: 'everybody', role: 'admin' }])
    await assert.rejects(node.set(setting, by), refusal('NOT_AUTHORISED', /on the machine of the node/))
    await assert.rejects(node.settings.unset(by), refusal('NOT_AUTHORISED', /on the machine of the node/))
    assert.deepEqual(node.settings.provider?.roles, ROLES)
    const path = join(home, 'sign-in.json')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.ok(!readFileSync(path, 'utf8').includes(CLIENT_SECRET))
  })

  test('that is unset signs nobody in', async () => {
    await node.settings.unset(OWNER)
    for (const again of [node, new ProviderSignIn(home)])
      await assert.rejects(again.begin(CALLBACK), refusal('SIGN_IN_UNSET', /peerage signin set/))
    writeFileSync(join(home, 'sign-in.json'), '{"v":2}')
    assert.throws(
      () => new ProviderSignIn(home),
      refusal('HOME_CORRUPT', /remove it and run peerage signin set/)
    )
  })
})
