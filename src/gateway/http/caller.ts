/** Who calls: the owner of the local socket, a token, or a person who signed in; and what each may do. */

import type { Scope } from '../../api/scope-names.ts'
import { SCOPE_WITHIN, scopeNames } from '../../api/scope-names.ts'
import { AppError } from '../../base/errors.ts'

export interface Caller {
  readonly kind: 'owner' | 'token' | 'person'
  /** Names it in the audit log: no personal data. */
  readonly id: string
  readonly scopes: ReadonlySet<Scope>
  /** When it ends; null without an end. */
  readonly expiresAtMs: number | null
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

function hasScope({ scopes }: Caller, scope: Scope): boolean {
  const whole = SCOPE_WITHIN[scope]
  return scopes.has(scope) || (whole !== undefined && scopes.has(whole))
}

export function requireScope(caller: Caller, scope: Scope): void {
  if (hasScope(caller, scope)) return
  const has = [...caller.scopes].join(', ') || 'none'
  throw new AppError(
    'SCOPE_MISSING',
    `${caller.id} may not do this: it takes the scope ${scope}, and it has ${has}; ask who runs this node for a token ` +
      'with that scope',
    { details: { scope, scopes: [...caller.scopes] } }
  )
}

/** Nobody gives more than they have. */
export function requireGivable(by: Caller, scopes: readonly Scope[]): void {
  const scope = scopes.find(each => !hasScope(by, each))
  if (scope === undefined) return
  throw new AppError('SCOPE_MISSING', `${by.id} can not give the scope ${scope}, which it has not itself`, {
    details: { scope }
  })
}
