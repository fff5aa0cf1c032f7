/** Who is signed in, and what that lets the console do. */

import type { Scope } from './routes.ts'

export interface Caller {
  readonly kind: 'owner' | 'token' | 'person'
  readonly id: string
  readonly scopes: readonly Scope[]
  readonly expiresAtMs: number | null
}
