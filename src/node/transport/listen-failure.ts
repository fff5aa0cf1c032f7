/** What the system said of addresses that could not be listened on, out of what libp2p makes of it. */

import { AppError, messageOf } from '../../base/errors.ts'

/** As in `/ip4/10.0.0.5/tcp/4701: Error: listen EADDRINUSE: address already in use 10.0.0.5:4701`, a line each. */
const SAID = /^\s*(\/\S+): .*?listen E[A-Z]+: (.+?)(?: \S+:\d+)?$/gm

export function listenFailure(listen: readonly string[], cause: unknown): AppError {
  const text = messageOf(cause)
  const said = [...text.matchAll(SAID)].map(([, address, reason]) => `${address}: ${reason}`)
  const why =
    said.length > 0 ? said.join('; ') : `${listen.join(', ')}: ${text.replaceAll(/\s*\n\s*/g, '; ')}`
  const message = `can not listen on ${why}; free the port, or choose another address with --listen`
  return new AppError('LISTEN_FAILED', message, { details: { listen: [...listen] }, cause })
}
