/**
 * Routes that a person in a browser may call only a short while after they proved who they are (OWASP ASVS, fully
 * re-authenticate before what is sensitive; "sudo mode"): a browser that was left open, or a cookie that was stolen,
 * makes no token that outlives the session, and blinds nobody who watches. Who shows a token with each call proves it
 * with each call.
 */

import { MINUTE_MS } from '../base/units.ts'
import type { RouteName } from './routes.ts'

export const FRESH_MS = 5 * MINUTE_MS

export const FRESH_ROUTES: ReadonlySet<RouteName> = new Set<RouteName>([
  'createToken',
  'setDetectionRules',
  'setUpScan',
  'endScan',
  'setSink',
  'removeSink'
])
