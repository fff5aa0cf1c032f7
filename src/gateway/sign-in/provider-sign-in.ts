/**
 * Signs people in by OpenID Connect: the authorization code flow with PKCE, state and nonce (openid-client does the
 * protocol). The identity is verified with the keys of the provider, must be meant for this node, and be valid by the
 * clock of this node, give or take `toleranceMs`.
 *
 * What the provider says of itself is asked for again after an hour, and after it refused the client. One question is
 * under way at a time, however many people wait for its answer.
 *
 * A person may what the roles say that values of one claim are mapped to. That is looked at when the person signs in,
 * and holds while the session does.
 *
 * Who is to prove anew who they are is asked by the provider (`prompt` and `max_age`, OpenID Connect Core, section
 * 3.1.2.1), which has to say when they did (`auth_time`). Of another sign-in it may say so.
 */

import { readFileSync } from 'node:fs'
import type * as oidc from 'openid-client'
import { FRESH_MS } from '../../api/fresh-routes.ts'
import type { Provider } from '../../api/sign-in.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { Caller } from '../http/caller.ts'
import { SESSION_LIMITS } from '../http/session-book.ts'
import { claimValues, foreignAudience, scopesOf } from './person.ts'
import { loadOpenid, providerFailure, refused, unavailable } from './provider-failure.ts'
import { ProviderSettings, requireSetter } from './provider-settings.ts'
import { AttemptSeal } from './sealed-attempt.ts'

export const ATTEMPT_LIFE_MS = 10 * MINUTE_MS
const ANSWER_MS = 10 * SECOND_MS
const TOLERANCE_MS = 30 * SECOND_MS
const KNOWN_MS = HOUR_MS
const SHOWN_VALUES_MAX = 10

interface Known {
  readonly provider: Provider
  readonly atMs: number
  readonly configuration: Promise<oidc.Configuration>
}

export interface Begun {
  /** Where the person goes on. */
  readonly url: URL
  /** What the browser keeps until it comes back. */
  readonly attempt: string
}

export interface Finished {
  readonly caller: Caller
  /** When the person proved to the provider who they are; null where it does not say. */
  readonly provedAtMs: number | null
  /** The session that the browser had when this was begun. */
  readonly earlier: string | null
}

export interface BeginOptions {
  /** Whether the person is to prove anew who they are. */
  readonly isAgain?: boolean
  /** The session that the browser has. */
  readonly earlier?: string | null
}

export class ProviderSignIn {
  readonly settings: ProviderSettings
  readonly #nowMs: () => number
  readonly #seal = new AttemptSeal()
  #known: Known | undefined

  constructor(home: string, nowMs: () => number = Date.now) {
    this.settings = new ProviderSettings(home)
    this.#nowMs = nowMs
  }

  /** Sets the provider, once it has answered. */
  async set(provider: Provider, by: Caller): Promise<void> {
    requireSetter(by)
    await this.#answered(provider, this.#discover(provider))
    await this.settings.set(provider, by)
  }

  /** `callback` is the address to which the provider sends the person back. */
  async begin(callback: URL, { isAgain = false, earlier = null }: BeginOptions = {}): Promise<Begun> {
    const provider = this.settings.require()
    const configuration = await this.#configuration(provider)
    const openid = await loadOpenid()
    const state = openid.randomState()
    const nonce = openid.randomNonce()
    const verifier = openid.randomPKCECodeVerifier()
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: callback.href,
      scope: ['openid', ...provider.ask].join(' '),
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...{ state, nonce },
      ...(isAgain ? { prompt: 'login', max_age: String(FRESH_MS / SECOND_MS) } : {})
    })
    const endsAtMs = this.#nowMs() + ATTEMPT_LIFE_MS
    return {
      url,
      attempt: this.#seal.seal({
        state,
        nonce,
        verifier,
        issuer: provider.issuer,
        endsAtMs,
        isAgain,
        earlier
      })
    }
  }

  /** Who came back to `at`, the whole address, with what the browser kept. */
  async finish(at: URL, kept: string | undefined): Promise<Finished> {
    const provider = this.settings.require()
    const attempt = kept === undefined ? undefined : this.#seal.open(kept)
    if (attempt === undefined || attempt.state !== at.searchParams.get('state'))
      throw refused(
        'this sign-in was not begun in this browser, or before the node was started anew; begin it again'
      )
    if (this.#nowMs() >= attempt.endsAtMs)
      throw refused(`this sign-in took longer than ${ATTEMPT_LIFE_MS / MINUTE_MS} minutes; begin it again`)
    if (attempt.issuer !== provider.issuer)
      throw refused('another provider signs people in now than when this sign-in was begun; begin it again')
    const configuration = await this.#configuration(provider)
    try {
      const { authorizationCodeGrant } = await loadOpenid()
      const tokens = await authorizationCodeGrant(configuration, at, {
        pkceCodeVerifier: attempt.verifier,
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        idTokenExpected: true,
        ...(attempt.isAgain ? { maxAge: FRESH_MS / SECOND_MS } : {})
      })
      const identity = tokens.claims()
      if (identity === undefined) throw refused(`${provider.issuer} does not say who this person is`)
      const values = await valuesOf(provider, configuration, tokens)
      const caller = this.#caller({ provider, identity, values })
      return { caller, provedAtMs: this.#provedAtMs(identity), earlier: attempt.earlier }
    } catch (thrown) {
      const failure = await providerFailure(thrown, { issuer: provider.issuer, nowMs: this.#nowMs() })
      if (failure.code === 'SIGN_IN_UNAVAILABLE') this.#known = undefined
      throw failure
    }
  }

  #provedAtMs({ auth_time: seconds }: oidc.IDToken): number | null {
    return seconds === undefined ? null : Math.min(seconds * SECOND_MS, this.#nowMs())
  }

  #caller(of: {
    readonly provider: Provider
    readonly identity: oidc.IDToken
    readonly values: readonly string[]
  }): Caller {
    const { provider, identity, values } = of
    const foreign = foreignAudience(identity.aud, provider)
    if (foreign !== undefined)
      throw refused(
        `what ${provider.issuer} says is meant for ${JSON.stringify(foreign)} too, which this node was not told to ` +
          'trust: peerage signin set --audience does'
      )
    const scopes = scopesOf(values, provider)
    if (scopes.size === 0) throw unmapped(provider, values)
    return {
      ...{ kind: 'person', id: this.settings.personId(identity.sub), scopes },
      // So that no token that this person makes outlives what the provider vouched for.
      expiresAtMs: this.#nowMs() + SESSION_LIMITS.lifeMs
    }
  }

  async #configuration(provider: Provider): Promise<oidc.Configuration> {
    const known = this.#known
    if (known !== undefined && known.provider === provider && this.#nowMs() < known.atMs + KNOWN_MS)
      return await this.#answered(provider, known.configuration)
    const configuration = this.#discover(provider)
    const asked = { provider, atMs: this.#nowMs(), configuration }
    this.#known = asked
    try {
      return await this.#answered(provider, configuration)
    } catch (thrown) {
      if (this.#known === asked) this.#known = undefined
      throw thrown
    }
  }

  async #answered(
    provider: Provider,
    configuration: Promise<oidc.Configuration>
  ): Promise<oidc.Configuration> {
    try {
      return await configuration
    } catch (thrown) {
      if (thrown instanceof AppError) throw thrown
      const { message } = await providerFailure(thrown, { issuer: provider.issuer, nowMs: this.#nowMs() })
      throw unavailable(`${provider.issuer} does not say how people sign in there: ${message}`, thrown)
    }
  }

  async #discover({ issuer, clientId, secretFile }: Provider): Promise<oidc.Configuration> {
    const secret = secretFile === null ? undefined : readSecret(secretFile)
    const openid = await loadOpenid()
    const url = new URL(issuer)
    const execute = url.protocol === 'http:' ? [openid.allowInsecureRequests] : []
    const timeout = ANSWER_MS / SECOND_MS
    const found = await openid.discovery(url, clientId, undefined, openid.None(), { execute, timeout })
    const server = found.serverMetadata()
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const configuration = new openid.Configuration(
      server,
      clientId,
      {
        [openid.clockSkew]: Math.round((this.#nowMs() - Date.now()) / SECOND_MS),
        [openid.clockTolerance]: TOLERANCE_MS / SECOND_MS
      },
      secret === undefined ? openid.None() : authentication(openid, methods)(secret)
    )
    configuration.timeout = timeout
    openid.enableNonRepudiationChecks(configuration)
    for (const extend of execute) extend(configuration)
    return configuration
  }
}

/** Basic is what a provider takes that says nothing of it (OpenID Connect Core, section 9). */
function authentication(
  openid: typeof oidc,
  methods: readonly string[]
): (secret: string) => oidc.ClientAuth {
  if (methods.includes('client_secret_basic')) return openid.ClientSecretBasic
  if (methods.includes('client_secret_post')) return openid.ClientSecretPost
  throw unavailable(
    `the provider takes no client secret (it takes ${methods.join(', ')}); leave --secret-file out if the client has none`
  )
}

function readSecret(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw unavailable(`can not read the client secret of ${path}: ${messageOf(cause)}`, cause)
  }
  if (text !== '') return text
  throw unavailable(`the file ${path} of the client secret is empty`)
}

/** In the identity, or else where the provider tells more about the person. */
async function valuesOf(
  { claim }: Provider,
  configuration: oidc.Configuration,
  tokens: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers
): Promise<readonly string[]> {
  const identity = tokens.claims()
  if (identity === undefined) return []
  const values = claimValues(identity[claim])
  if (values.length > 0 || configuration.serverMetadata().userinfo_endpoint === undefined) return values
  const { fetchUserInfo } = await loadOpenid()
  const more = await fetchUserInfo(configuration, tokens.access_token, identity.sub)
  return claimValues(more[claim])
}

function unmapped({ issuer, claim }: Provider, values: readonly string[]): AppError {
  const shown = values.slice(0, SHOWN_VALUES_MAX).map(value => JSON.stringify(value))
  const has =
    shown.length === 0 ? `says nothing of their ${claim}` : `says their ${claim} is ${shown.join(', ')}`
  return new AppError(
    'PERSON_UNMAPPED',
    `${issuer} knows this person and ${has}, to which this node maps no role; ask who runs it (peerage signin set --map)`
  )
}
