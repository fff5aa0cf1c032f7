/** Who calls: the owner of the local socket, a token, or a person who signed in; and what each may do. */

import { FRESH_MS } from '../../api/fresh-routes.ts'
import { AppError } from '../../base/errors.ts'
import { hasScope, type Scope, scopeNames } from '../../base/scopes.ts'
import { MINUTE_MS } from '../../base/units.ts'

export interface Caller {
  readonly kind: 'owner' | 'token' | 'person'
  /** Names it in the audit log: no personal data. */
  readonly id: string
  readonly scopes: ReadonlySet<Scope>
  /** When it ends; null without an end. */
  readonly expiresAtMs: number | null
  /** In a session: whether it was a while ago, or is not known, when who calls proved who they are. */
  readonly isStale?: boolean
}

export const OWNER: Caller = {
  kind: 'owner',
  id: 'owner',
  scopes: new Set(scopeNames),
  expiresAtMs: null
}

/** `what` follows "can not", and says how the owner does it. */
export function requireOwner(by: Caller, what: string): void {
  if (by.kind !== 'owner') throw new AppError('NOT_AUTHORISED', `${by.id} can not ${what}`)
}

export function requireScope(caller: Caller, scope: Scope): void {
  if (hasScope(caller.scopes, scope)) return
  const has = [...caller.scopes].join(', ') || 'none'
  throw new AppError(
    'SCOPE_MISSING',
    `${caller.id} may not do this: it takes the scope ${scope}, and it has ${has}; ask who runs this node for a token ` +
      'with that scope',
    { details: { scope, scopes: [...caller.scopes] } }
  )
}

/** For what a browser that was left open, or a cookie that was stolen, is not to do (api/fresh-routes.ts). */
export function requireFresh({ id, isStale = false }: Caller): void {
  if (!isStale) return
  throw new AppError(
    'SIGN_IN_STALE',
    `${id} signed in more than ${FRESH_MS / MINUTE_MS} minutes ago, and this takes a newer sign-in: sign in again, by ` +
      'your token, your provider or peerage console, and do it then'
  )
}

/** Nobody gives more than they have. */
export function requireGivable(by: Caller, scopes: readonly Scope[]): void {
  const scope = scopes.find(each => !hasScope(by.scopes, each))
  if (scope === undefined) return
  throw new AppError('SCOPE_MISSING', `${by.id} can not give the scope ${scope}, which it has not itself`, {
    details: { scope }
  })
}
