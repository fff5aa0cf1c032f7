/**
 * Lets a TLS socket read into memory that its user names, as node's documented `onread` option does for
 * sockets that `tls.connect` dials itself. A socket that was accepted, or handed over after a dialogue in the clear, can
 * not be given that option, so this sets what the option would have set (lib/net.js and
 * lib/internal/stream_base_commons.js of Node 24).
 *
 * Why it is worth reaching that deep: else each TLS record comes in an ArrayBuffer of its own, and V8 marks the whole
 * heap for every 64 MB of them. Receiving costs a third to a quarter of the CPU time without (docs/BENCHMARKS.md).
 *
 * Where a release of Node has moved these fields nothing is touched and false is returned: then the caller listens to
 * 'data'. A test fails on such a release.
 */

import type { TLSSocket } from 'node:tls'

const FIELDS = ['kBuffer', 'kBufferCb', 'kBufferGen'] as const

interface ReadingHandle {
  useUserBuffer(buffer: Uint8Array): void
}

function handleOf(socket: TLSSocket): ReadingHandle | undefined {
  const handle: unknown = Reflect.get(socket, '_handle')
  const isReading =
    typeof handle === 'object' &&
    handle !== null &&
    typeof Reflect.get(handle, 'useUserBuffer') === 'function'
  return isReading ? (handle as ReadingHandle) : undefined
}

/**
 * From now on the socket reads into what `next` gives, and `take` is called with what was read, a view of the beginning
 * of that memory, instead of 'data'. When it answers false the socket stops reading until `resume`; a few more records
 * may still come.
 */
export function lendReads(
  socket: TLSSocket,
  next: () => Uint8Array,
  take: (chunk: Uint8Array) => boolean
): boolean {
  const handle = handleOf(socket)
  const symbols = Object.getOwnPropertySymbols(socket)
  const [bufferField, callbackField, generatorField] = FIELDS.map(name =>
    symbols.find(symbol => symbol.description === name && Reflect.get(socket, symbol) === null)
  )
  if (handle === undefined || !bufferField || !callbackField || !generatorField) return false
  const first = next()
  Reflect.set(socket, bufferField, first)
  Reflect.set(socket, callbackField, (bytes: number, from: Uint8Array) => take(from.subarray(0, bytes)))
  Reflect.set(socket, generatorField, next)
  handle.useUserBuffer(first)
  return true
}
