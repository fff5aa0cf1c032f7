/**
 * Sign-in of people by a provider that the org has already (OpenID Connect): which one, and what who it vouches for may
 * do. Roles are sets of scopes with names; a person has all roles that a value of one claim is mapped to.
 */

import { z } from 'zod'
import { type Scope, scopeNames } from '../base/scopes.ts'
import { absolutePath, shown } from './field.ts'

export const PERSON_ROLES = {
  viewer: ['read'],
  auditor: ['read', 'audit'],
  privacy: ['read', 'audit', 'privacy'],
  operator: ['read', 'content', 'settings'],
  governor: ['read', 'content', 'govern'],
  admin: scopeNames
} as const satisfies Record<string, readonly Scope[]>

export type PersonRole = keyof typeof PERSON_ROLES

export const roleNames = Object.keys(PERSON_ROLES) as readonly PersonRole[]
export const personRole = z.enum(roleNames as [PersonRole, ...PersonRole[]])

const CHARACTERS_MAX = 512
const MAPPED_MAX = 200
const SEVERAL_MAX = 20
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

const text = z.string().min(1).max(CHARACTERS_MAX)

/** Over TLS, but for a provider on this very machine. */
function isIssuer(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, search, hash, username } = new URL(url)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))
  return isSafe && search === '' && hash === '' && username === ''
}

export const provider = z.strictObject({
  issuer: shown(
    text.refine(isIssuer, 'an issuer is an https URL without ? and #, or http on this machine'),
    'https://login.example.org'
  ),
  clientId: shown(text, 'peerage'),
  /** Read when it is needed, so that the secret can be changed; null for a client that has none. */
  secretFile: absolutePath.nullable().default(null),
  /** Scopes to ask the provider for, besides `openid`. */
  ask: shown(z.array(text.regex(/^\S+$/, 'a scope has no white space')).max(SEVERAL_MAX).readonly(), [
    'groups'
  ]).default([]),
  claim: shown(text, 'groups').default('groups'),
  roles: shown(
    z
      .array(z.strictObject({ value: text, role: personRole }))
      .min(1, 'map at least one value of the claim to a role')
      .max(MAPPED_MAX)
      .readonly(),
    [{ value: 'storage-team', role: 'operator' }]
  ),
  /** Whom an identity may be meant for besides the client. */
  audiences: shown(z.array(text).max(SEVERAL_MAX).readonly(), []).default([])
})

export const signInReport = z.object({
  provider: provider.nullable(),
  /** Addresses to which the provider has to be told that it may send people back. */
  redirects: shown(z.array(z.string()).readonly(), ['https://nas.example:4780/sign-in/callback'])
})

export const personRequest = z.strictObject({ subject: shown(text, '00u1a2b3') })
/** What a person is called in the audit log. */
export const personName = z.object({ id: shown(z.string(), 'person 0123456789abcdef') })

/** What a page needs to offer it: open to strangers. */
export const signInOffer = z.object({ issuer: shown(z.string().nullable(), 'https://login.example.org') })

export type Provider = z.output<typeof provider>
export type SignInReport = z.output<typeof signInReport>
