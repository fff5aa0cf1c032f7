/** How much comes in over a stream, for tests and measurements: added to `came` as it comes. */

import type { PeerStream } from './transport.ts'

export function countedStream(stream: PeerStream, came: { bytes: number }): PeerStream {
  const onData = stream.onData.bind(stream)
  stream.onData = listener =>
    onData(chunk => {
      came.bytes += chunk.length
      listener(chunk)
    })
  return stream
}
