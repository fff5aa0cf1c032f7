/** How much later than the rule says a version is over: no clock that is a day off has it deleted before its time. */

import { DAY_MS } from './units.ts'

export const RETENTION_MARGIN_MS = DAY_MS
