/** The scope of a caller, as requests and answers name it (base/scopes.ts). */

import { z } from 'zod'
import { type Scope, scopeNames } from '../base/scopes.ts'

export const scope = z.enum(scopeNames as [Scope, ...Scope[]])
