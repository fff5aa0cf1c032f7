/**
 * The first bytes of a direct connection, after TLS: the opener names the protocol, and the acceptor answers with an
 * admission (admission.ts) before anything else.
 *
 *   opening:  length of the protocol, one byte | protocol, ASCII
 *
 * And, before TLS, the dialogue of multistream-select that leads to it on the port that all links use
 * (https://github.com/multiformats/multistream-select).
 */

import type { Socket } from 'node:net'
import { concatBytes, equalBytes, fromUtf8, utf8 } from '../../base/bytes.ts'

const PROTOCOL_BYTES_MAX = 255
const MULTISTREAM = '/multistream/1.0.0'
/** Above what a refusal or an opening can be long. */
const HEAD_BYTES_MAX = 1024

export function encodeOpening(protocol: string): Uint8Array {
  const name = utf8(protocol)
  return concatBytes([Uint8Array.of(name.length), name])
}

export type Opening =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'named'; readonly protocol: string; readonly rest: Uint8Array }
  | { readonly kind: 'malformed' }

export function decodeOpening(bytes: Uint8Array): Opening {
  const length = bytes[0]
  if (length === undefined) return { kind: 'incomplete' }
  if (length === 0 || length > PROTOCOL_BYTES_MAX) return { kind: 'malformed' }
  if (bytes.length < 1 + length) return { kind: 'incomplete' }
  const protocol = fromUtf8(bytes.subarray(1, 1 + length))
  return protocol === undefined
    ? { kind: 'malformed' }
    : { kind: 'named', protocol, rest: bytes.subarray(1 + length) }
}

/** One line of multistream-select; all of ours are short enough for a length of one byte. */
function line(text: string): Uint8Array {
  const bytes = utf8(`${text}\n`)
  return concatBytes([Uint8Array.of(bytes.length), bytes])
}

/** Asks whoever listens for a protocol; once it agreed, the socket is paused at the first byte after. */
export async function selectProtocol(socket: Socket, protocol: string, signal: AbortSignal): Promise<void> {
  const dialogue = concatBytes([line(MULTISTREAM), line(protocol)])
  socket.write(dialogue)
  const rest = await readHead(socket, signal, head => {
    const known = Math.min(head.length, dialogue.length)
    if (!equalBytes(head.subarray(0, known), dialogue.subarray(0, known))) return 'other'
    return known < dialogue.length ? undefined : head.subarray(known)
  })
  if (rest === 'other') throw new Error(`the other side does not speak ${protocol}`)
  if (rest.length > 0) socket.unshift(rest)
}

/**
 * Reads from a socket until `decide` makes something of what has come so far, and leaves the socket paused. Rejects when
 * the socket closes, sends too much, or the signal fires.
 */
export function readHead<T>(
  socket: Socket,
  signal: AbortSignal,
  decide: (head: Uint8Array) => T | undefined
): Promise<T> {
  return new Promise((resolve, reject) => {
    let head: Uint8Array = new Uint8Array(0)
    const settle = (): void => {
      socket.pause()
      socket.removeListener('data', onData)
      socket.removeListener('close', onClose)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (error: Error): void => {
      settle()
      reject(error)
    }
    const onData = (chunk: Uint8Array): void => {
      head = concatBytes([head, chunk])
      const decided = decide(head)
      if (decided === undefined) {
        if (head.length > HEAD_BYTES_MAX) fail(new Error('too much came before the connection was agreed on'))
        return
      }
      settle()
      resolve(decided)
    }
    const onClose = (): void => fail(new Error('the other side closed'))
    const onAbort = (): void => fail(new Error('no answer in time'))
    if (socket.destroyed) return onClose()
    if (signal.aborted) return onAbort()
    socket.on('data', onData)
    socket.once('close', onClose)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.resume()
  })
}
