/** The routes of the admin API: their shapes by type alone, their addresses as the build put them in. */

import type { RouteArguments, RouteName, Routes } from '../../../src/api/routes.ts'
import { hasScope, SCOPES, type Scope, scopeNames } from '../../../src/base/scopes.ts'

export type { RouteArguments, RouteName, Scope }

/** Routes that answer with one object. */
export type JsonRoute = {
  [Name in RouteName]: Routes[Name] extends { readonly kind: 'json' } ? Name : never
}[RouteName]
export type Answer<Name extends JsonRoute> = Routes[Name]['output']['_zod']['output']

declare const ROUTE_TABLE: Readonly<Record<RouteName, readonly ['GET' | 'POST', string, Scope]>>

export interface Address {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly body: string | undefined
}

/** Whether who has these scopes may call a route. */
export function mayCall(scopes: readonly Scope[], name: RouteName): boolean {
  return hasScope(new Set(scopes), ROUTE_TABLE[name][2])
}

/** The scopes that who has these can give. */
export function givableScopes(scopes: readonly Scope[]): readonly Scope[] {
  const had = new Set(scopes)
  return scopeNames.filter(scope => hasScope(had, scope))
}

/** What a scope lets its caller do. */
export function scopeWords(scope: Scope): string {
  return SCOPES[scope]
}

/** Arguments that the path names go into it; the others are the query of a GET, or the body of a POST. */
export function addressOf<Name extends RouteName>(name: Name, input: RouteArguments<Name>): Address {
  const [method, path] = ROUTE_TABLE[name]
  return placed(method, path, input as Readonly<Record<string, unknown>>)
}

export function placed(
  method: 'GET' | 'POST',
  path: string,
  input: Readonly<Record<string, unknown>>
): Address {
  const rest = new Map(Object.entries(input))
  const url = path.replace(/:([a-z]+)/gi, (_, key: string) => {
    const value = rest.get(key)
    rest.delete(key)
    return encodeURIComponent(String(value))
  })
  if (method === 'POST') return { method, url, body: JSON.stringify(Object.fromEntries(rest)) }
  const query = new URLSearchParams()
  for (const [key, value] of rest) if (value !== null && value !== undefined) query.set(key, String(value))
  return { method, url: query.size === 0 ? url : `${url}?${query}`, body: undefined }
}
