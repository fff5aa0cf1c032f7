/** What a person is called here, and what that person may do, by what a provider says of them. Pure but for hashing. */

import { createHmac } from 'node:crypto'
import { PERSON_ROLES, type Provider } from '../../api/sign-in.ts'
import type { Scope } from '../../base/scopes.ts'

const ID_DIGITS = 16

/**
 * The name in the audit log: HMAC-SHA256 of issuer and subject under a key of this node. Whoever lacks the key can not
 * try out who it is, and two nodes call one person differently.
 */
export function personId(key: Buffer, of: { readonly issuer: string; readonly subject: string }): string {
  const digest = createHmac('sha256', key).update(`${of.issuer}\0${of.subject}`).digest('hex')
  return `person ${digest.slice(0, ID_DIGITS)}`
}

/** The values of a claim: a text is one of them, a list is each of its texts. */
export function claimValues(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return [claim]
  return Array.isArray(claim) ? claim.filter(value => typeof value === 'string') : []
}

export function scopesOf(values: readonly string[], { roles }: Pick<Provider, 'roles'>): ReadonlySet<Scope> {
  return new Set(
    roles.filter(({ value }) => values.includes(value)).flatMap(({ role }) => PERSON_ROLES[role])
  )
}

/** An audience of an identity that is neither this client nor one that it was told to trust; undefined for none. */
export function foreignAudience(
  audience: unknown,
  of: Pick<Provider, 'clientId' | 'audiences'>
): string | undefined {
  return claimValues(audience).find(each => each !== of.clientId && !of.audiences.includes(each))
}
