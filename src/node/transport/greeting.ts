/** A stream without content: its admission is how a dialler learns whether it is admitted. */

import type { StreamHandler } from './transport.ts'

export const GREETING_PROTOCOL = '/peerage/greeting/1'

export const acceptGreeting: StreamHandler = stream => {
  stream.onData(() => stream.abort('a greeting has no content'))
  stream.close().catch(() => undefined)
}
