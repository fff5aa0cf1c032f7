/**
 * Calls by which a caller only looked at something. A console that is open asks again and again, and in a list of the
 * audit log what it asked would hide what was done; so whoever reads the log may have their own looks left out.
 *
 * - Only what was answered, by a route that reads: what was refused, failed or changed something stays, and so do
 *   content that was read, and the entry of its own that looking a person up leaves.
 * - Only the caller's own: a token's of that token, a person's of that person, the owner's of each browser that the
 *   owner signed in. That a browser did sign in stays.
 */

import { ROUTES } from '../../api/routes.ts'
import { isOwnersBrowser } from '../../base/owners-browser.ts'
import type { CalledEntry } from '../../node/audit/audit-report.ts'
import type { Caller } from './caller.ts'

const LOOKS: ReadonlySet<string> = new Set([
  ...['live', 'session'],
  ...Object.entries(ROUTES).flatMap(([name, { method, kind }]) =>
    method === 'GET' && kind === 'json' ? name : []
  )
])

type Call = Pick<CalledEntry, 'by' | 'route' | 'outcome'>

export function ownLooks({ kind, id }: Pick<Caller, 'kind' | 'id'>): (call: Call) => boolean {
  const isOwner = kind === 'owner' || isOwnersBrowser(id)
  return ({ by, route, outcome }) =>
    outcome === 'done' && LOOKS.has(route) && (by === id || (isOwner && isOwnersBrowser(by)))
}
