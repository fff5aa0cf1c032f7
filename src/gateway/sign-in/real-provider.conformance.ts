/**
 * A provider of OpenID Connect on loopback (oidc-provider), and a browser as far as it takes one to sign in there:
 * cookies, redirects within the provider, and its form.
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type Configuration, type JWK } from 'oidc-provider'
import type { Provider as ProviderSetting } from '../../api/sign-in.ts'

export const CLIENT_ID = 'peerage'
export const CLIENT_SECRET = 'a-secret-of-the-client'
const KEY_BITS = 2048
const REDIRECTS_MAX = 10

export interface RealProviderOptions {
  /** Groups of each person; who is not in it is in none. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** Whether the identity itself says them, or only what is asked for besides. */
  readonly inIdentity?: boolean
  readonly redirect: string
}

function signingKey(): { readonly secret: JWK; readonly open: JWK } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS })
  const of = { kid: 'k', use: 'sig', alg: 'RS256' }
  return {
    secret: { ...(privateKey.export({ format: 'jwk' }) as JWK), ...of },
    open: { ...(publicKey.export({ format: 'jwk' }) as JWK), ...of }
  }
}

function configurationOf(options: RealProviderOptions, key: JWK): Configuration {
  const { groups, inIdentity = false, redirect } = options
  return {
    clients: [
      {
        ...{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [redirect] },
        ...{ grant_types: ['authorization_code'], response_types: ['code'] }
      }
    ],
    jwks: { keys: [key] },
    cookies: { keys: ['a key for cookies'] },
    scopes: ['openid', 'groups'],
    claims: { openid: ['sub'], groups: ['groups'] },
    conformIdTokenClaims: !inIdentity,
    features: { devInteractions: { enabled: true } },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, groups: groups[id] ?? [] }) }),
    // Nobody is asked whether the node may know who they are.
    loadExistingGrant: async ({ oidc: { client, session, provider } }) => {
      const grant = new provider.Grant({ clientId: client?.clientId, accountId: session?.accountId })
      grant.addOIDCScope('openid groups')
      await grant.save()
      return grant
    }
  }
}

export class RealProvider {
  readonly #server: Server
  readonly issuer: string
  /** What it says its keys are instead of what they are. */
  keys: { readonly keys: readonly JWK[] } | undefined

  private constructor(server: Server, issuer: string) {
    this.#server = server
    this.issuer = issuer
  }

  static async start(options: RealProviderOptions): Promise<RealProvider> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const self = new RealProvider(server, issuer)
    const answer = new Provider(issuer, configurationOf(options, signingKey().secret)).callback()
    server.on('request', (request, response) => {
      if (request.url !== '/jwks' || self.keys === undefined) return void answer(request, response)
      response.setHeader('content-type', 'application/jwk-set+json')
      response.end(JSON.stringify(self.keys))
    })
    return self
  }

  /** From now on it says that its key is another one. */
  forgeKeys(): void {
    this.keys = { keys: [signingKey().open] }
  }

  /** What a node is told of it; the secret is in `secretFile`. */
  setting(secretFile: string, roles: ProviderSetting['roles']): ProviderSetting {
    return {
      ...{ issuer: this.issuer, clientId: CLIENT_ID, secretFile, roles },
      ...{ ask: ['groups'], claim: 'groups', audiences: [] }
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** Signs a person in at `url`, or has the person give up, and answers the address to which the provider sends them. */
export async function signInAt(url: URL, person: string | null): Promise<URL> {
  const cookies = new Map<string, string>()
  let at = url
  let form: URLSearchParams | undefined
  for (let hop = 0; hop < REDIRECTS_MAX; hop++) {
    const answer = await fetch(at, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: form })
    })
    form = undefined
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    const text = await answer.text()
    if (location !== null) {
      at = new URL(location, at)
      if (at.origin !== url.origin) return at
    } else {
      assert.match(text, /name="login"/, `${at} is the form to sign in`)
      if (person === null) at = new URL(`${at.pathname}/abort`, at)
      else form = new URLSearchParams({ prompt: 'login', login: person, password: 'any' })
    }
  }
  return assert.fail('the provider sends people around in circles')
}
