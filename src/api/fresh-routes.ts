/**
 * Routes that a person in a browser may call only a short while after they proved who they are (OWASP ASVS, fully
 * re-authenticate before what is sensitive; "sudo mode"). Who shows a token with each call proves it with each call.
 *
 * A browser that was left open, or a cookie that was stolen, is to do nothing that outlives its session, that nobody
 * takes back, or that blinds who would see it. What only stops or withdraws is not among these: in an incident nobody
 * signs in again to suspend a device or to quarantine a version.
 */

import { MINUTE_MS } from '../base/units.ts'
import type { RouteName } from './routes.ts'

export const FRESH_MS = 5 * MINUTE_MS

/** Who has been given something has it when the session is over. */
const GIVES: readonly RouteName[] = [
  'createToken',
  'invite',
  'readmitDevice',
  'grantRole',
  'addToGroup',
  'grantAccess',
  'setPolicy',
  'propose',
  'vote',
  'approve',
  'makeOverride'
]
const DESTROYS: readonly RouteName[] = ['erase', 'approveErasure', 'forgetSubject']
const BLINDS: readonly RouteName[] = ['setDetectionRules', 'setUpScan', 'endScan', 'setSink', 'removeSink']

export const FRESH_ROUTES: ReadonlySet<RouteName> = new Set([...GIVES, ...DESTROYS, ...BLINDS])
