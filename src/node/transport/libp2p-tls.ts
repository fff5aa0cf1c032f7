/**
 * libp2p's TLS handshake ('/tls/1.0.0', https://github.com/libp2p/specs/blob/master/tls/tls.md) on the real TCP socket.
 * It is wire-compatible with @libp2p/tls and reuses its certificates. That one wraps the connection in a stream that
 * node:tls then reads through JavaScript; handed the socket itself, node:tls encrypts inside the event loop's own reads
 * and writes, which is most of the difference in speed (docs/adr/0003-transport.md).
 *
 * Invariants
 * - TLS 1.3 only; both sides prove their key; a resumed session is refused, so each link proves it anew.
 * - Bytes that the negotiation had already read are given back to the socket before TLS reads from it.
 * - Who owns the socket is never shared: after `takeSocket` the connection of @libp2p/tcp reads nothing from it.
 *
 * It decides nothing about membership: the gate does, once the key is proved.
 */

import { Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import {
  type ConnectionEncrypter,
  type MessageStream,
  type PeerId,
  type PrivateKey,
  type SecureConnectionOptions,
  type SecuredConnection,
  type StreamMuxerFactory,
  serviceCapabilities,
  type Upgrader
} from '@libp2p/interface'
import { verifyPeerCertificate } from '@libp2p/tls/utils'
import { AbstractMessageStream, type SendResult } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { assert } from '../../base/assert.ts'
import type { DeviceId } from '../../base/ids.ts'
import { KIB, MIB } from '../../base/units.ts'
import { makeDeviceCertificate } from './device-certificate.ts'
import { toDeviceId } from './libp2p-identity.ts'
import { ProvedCertificates } from './proved-certificates.ts'

export const TLS_PROTOCOL = '/tls/1.0.0'
/** In ALPN it says: no multiplexer was negotiated early. */
const NO_EARLY_MUXER = 'libp2p'
/** In ALPN it says: no libp2p after the handshake, but one stream of ours (direct-connections.ts). */
const DIRECT = 'peerage-direct/1'
/**
 * AES with the shorter key first: it costs a fifth less, and nobody breaks either. Devices without AES in hardware
 * take ChaCha20 for themselves by putting it first.
 */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
/** How much may wait inside node:tls before a sender is told to stop; large enough to keep the kernel busy. */
const SOCKET_BUFFER_BYTES = MIB
/** More than any single delivery: the multiplexer above takes everything at once. */
const READ_BUFFER_BYTES_MAX = 4 * MIB
/** Delivered in one go at the latest when this much has gathered; bounds memory, costs nothing below it. */
const GATHER_BYTES_MAX = MIB
/** What the negotiation may have read ahead: a few lines and, at worst, one TLS flight. */
const READ_AHEAD_BYTES_MAX = 64 * KIB

export const WRONG_DEVICE = 'proved another key than expected: '
export class WrongDeviceError extends Error {
  override readonly name = 'WrongDeviceError'
  constructor(device: DeviceId | undefined) {
    super(`${WRONG_DEVICE}${device ?? 'not a device key'}`)
  }
}

/** One encrypted link, as the layers above account for it. */
export class TlsChannel extends AbstractMessageStream {
  bytesSent = 0
  bytesReceived = 0
  /** Set for a stranger: the link is cut when either direction exceeds it. */
  bytesMax = Number.POSITIVE_INFINITY
  readonly #socket: TLSSocket
  readonly #connection: MessageStream
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #flushing = false

  constructor(connection: MessageStream, socket: TLSSocket) {
    super({
      log: connection.log,
      inactivityTimeout: connection.inactivityTimeout,
      maxReadBufferLength: READ_BUFFER_BYTES_MAX,
      direction: connection.direction
    })
    this.#connection = connection
    this.#socket = socket
    socket.on('data', chunk => this.#gather(chunk))
    socket.on('drain', () => this.safeDispatchEvent('drain'))
    socket.on('end', () => this.#flush())
    socket.on('close', () => {
      this.#flush()
      connection.close().catch(error => connection.abort(error))
    })
    connection.addEventListener('close', event => {
      socket.destroy()
      if (event.error === undefined) this.onTransportClosed()
      else if (event.local === true) this.abort(event.error)
      else this.onRemoteReset()
    })
  }

  /**
   * node:tls hands out one record at a time. One pass of the event loop reads many of them, and delivering those
   * together halves what each costs in the layers above.
   */
  #gather(chunk: Uint8Array): void {
    this.bytesReceived += chunk.length
    if (this.bytesReceived > this.bytesMax) {
      this.abort(new Error('a stranger sent too much'))
      return
    }
    this.#gathered.push(chunk)
    this.#gatheredBytes += chunk.length
    if (this.#gatheredBytes >= GATHER_BYTES_MAX) this.#flush()
    else if (!this.#flushing) {
      this.#flushing = true
      setImmediate(() => {
        this.#flushing = false
        this.#flush()
      })
    }
  }

  #flush(): void {
    if (this.#gatheredBytes === 0) return
    const chunks = this.#gathered
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#socket.cork() // what the layers above answer at once, such as window updates, leaves as one record
    this.onData(new Uint8ArrayList(...chunks))
    this.#socket.uncork()
  }

  /** Plaintext that waits to be encrypted, here or in the socket. */
  get unsentBytes(): number {
    return this.writeBufferLength + this.#socket.writableLength
  }

  /**
   * What is sent on a link that is over goes nowhere, and says that nothing more can be. The muxer sends from
   * microtasks of its own: what this threw there would be caught by nobody and end the process.
   */
  override send(data: Uint8Array | Uint8ArrayList): boolean {
    if (this.writeStatus === 'closed' || this.writeStatus === 'closing') return false
    return super.send(data)
  }

  sendData(data: Uint8ArrayList): SendResult {
    const sentBytes = data.byteLength
    this.bytesSent += sentBytes
    if (this.bytesSent > this.bytesMax) throw new Error('a stranger was sent too much')
    // Corked, a frame's header and body become one write, hence no record of a few bytes for the header alone.
    this.#socket.cork()
    for (const chunk of data) this.#socket.write(chunk)
    this.#socket.uncork()
    return { sentBytes, canSendMore: !this.#socket.writableNeedDrain }
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  sendReset(error: Error): void {
    this.#socket.destroy()
    this.#connection.abort(error)
  }

  sendPause(): void {
    this.#socket.pause()
  }

  sendResume(): void {
    this.#socket.resume()
  }
}

interface Credentials {
  readonly secureContext: SecureContext
}

/** Ends libp2p's upgrade of a connection that is none of its own. */
class TakenOver extends Error {
  override readonly name = 'TakenOver'
}

export interface TlsListener {
  /** A link is encrypted, and its key proved. */
  readonly onSecured?: (connection: MessageStream, channel: TlsChannel) => void
  /** A direct connection came in: a paused socket that is the listener's from here on. */
  readonly onDirect?: (connection: MessageStream, socket: TLSSocket, device: DeviceId) => void
}

export interface TlsComponents {
  readonly privateKey: PrivateKey
  readonly upgrader: Upgrader
}

export class RealSocketTls implements ConnectionEncrypter {
  readonly protocol = TLS_PROTOCOL
  readonly [Symbol.toStringTag] = '@peerage/tls'
  readonly [serviceCapabilities] = ['@libp2p/connection-encryption']
  readonly #components: TlsComponents
  readonly #listener: TlsListener
  readonly #proved = new ProvedCertificates(verifyPeerCertificate)
  #credentials: Promise<Credentials> | undefined

  constructor(components: TlsComponents, listener: TlsListener = {}) {
    this.#components = components
    this.#listener = listener
  }

  secureInbound(connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    return this.#secure(connection, true, options)
  }

  secureOutbound(connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    return this.#secure(connection, false, options)
  }

  /** Makes a direct connection of a socket whose other side has agreed on TLS; it comes back paused. */
  async secureDirect(raw: Socket, device: DeviceId, signal: AbortSignal): Promise<TLSSocket> {
    const { secureContext } = await this.#ownCredentials()
    const socket = connect({ ...SOCKET_OPTIONS, secureContext, socket: raw, ALPNProtocols: [DIRECT] })
    closeThrough(socket, raw)
    try {
      await handshake(socket, signal)
      const proved = toDeviceId(await this.#provedPeer(socket))
      if (proved !== device) throw new WrongDeviceError(proved)
      if (socket.alpnProtocol !== DIRECT) throw new Error('the other side takes no direct connections')
      return socket
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  /** The certificate only carries the device key's signature, so one serves every link of a process. */
  #ownCredentials(): Promise<Credentials> {
    const made = () => makeDeviceCertificate(this.#components.privateKey, Date.now())
    this.#credentials ??= made().then(({ cert, key }) => ({
      secureContext: createSecureContext({
        cert,
        key,
        minVersion: 'TLSv1.3',
        maxVersion: 'TLSv1.3',
        ciphers: CIPHERS
      })
    }))
    return this.#credentials
  }

  async #secure(
    connection: MessageStream,
    isServer: boolean,
    options: SecureConnectionOptions = {}
  ): Promise<SecuredConnection> {
    const { secureContext } = await this.#ownCredentials()
    const muxers = this.#components.upgrader.getStreamMuxers()
    const offered = options.skipStreamMuxerNegotiation === true ? [] : [...muxers.keys()]
    const raw = await takeSocket(connection)
    const shared = { ...SOCKET_OPTIONS, secureContext }
    const accepted = this.#listener.onDirect === undefined ? offered : [DIRECT, ...offered]
    const socket = isServer
      ? new TLSSocket(raw, {
          ...shared,
          isServer,
          requestCert: true,
          ALPNCallback: ({ protocols }) => protocols.find(p => accepted.includes(p) || p === NO_EARLY_MUXER)
        })
      : connect({ ...shared, socket: raw, ALPNProtocols: [...offered, NO_EARLY_MUXER] })
    closeThrough(socket, raw)
    try {
      await handshake(socket, options.signal)
      if (isServer && socket.alpnProtocol === DIRECT) await this.#takeOver(connection, socket, raw)
      return await this.#finish(connection, socket, muxers, options)
    } catch (error) {
      if (!(error instanceof TakenOver)) socket.destroy()
      throw error
    }
  }

  /** libp2p gives up the connection without closing its socket, which has another owner from here on. */
  async #takeOver(connection: MessageStream, socket: TLSSocket, raw: Socket): Promise<never> {
    const device = toDeviceId(await this.#provedPeer(socket))
    if (device === undefined) throw new Error('it proved no device key')
    raw.resetAndDestroy = () => raw
    raw.destroySoon = () => undefined
    this.#listener.onDirect?.(connection, socket, device)
    throw new TakenOver('a direct connection')
  }

  /** Who is at the other end of a finished handshake; the socket is paused, since data may follow at once. */
  async #provedPeer(socket: TLSSocket): Promise<PeerId> {
    socket.pause()
    if (socket.isSessionReused()) throw new Error('a resumed TLS session proves no key')
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) throw new Error('the other side showed no certificate')
    return await this.#proved.peerOf(certificate)
  }

  async #finish(
    connection: MessageStream,
    socket: TLSSocket,
    muxers: Map<string, StreamMuxerFactory>,
    options: SecureConnectionOptions
  ): Promise<SecuredConnection> {
    const remotePeer = await this.#provedPeer(socket)
    if (options.remotePeer !== undefined && !options.remotePeer.equals(remotePeer))
      throw new WrongDeviceError(toDeviceId(remotePeer))
    const chosen = socket.alpnProtocol
    const streamMuxer =
      typeof chosen === 'string' && chosen !== NO_EARLY_MUXER ? muxers.get(chosen) : undefined
    const channel = new TlsChannel(connection, socket)
    this.#listener.onSecured?.(connection, channel)
    socket.resume()
    return { connection: channel, remotePeer, ...(streamMuxer === undefined ? {} : { streamMuxer }) }
  }
}

const SOCKET_OPTIONS = {
  rejectUnauthorized: false, // self-signed by design; the libp2p extension is what is verified
  highWaterMark: SOCKET_BUFFER_BYTES
}

function handshake(socket: TLSSocket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => fail(new Error('the TLS handshake took too long'))
    const onClose = (): void => fail(new Error('the other side closed during the TLS handshake'))
    const fail = (error: Error): void => {
      settle()
      socket.on('error', () => undefined) // what follows from giving up is no news
      reject(error)
    }
    const settle = (): void => {
      signal?.removeEventListener('abort', onAbort)
      socket.removeListener('error', fail)
      socket.removeListener('close', onClose)
    }
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.once('error', fail)
    socket.once('close', onClose)
    socket.once('secure', () => {
      settle()
      socket.on('error', () => undefined) // 'close' follows, and the channel acts on that
      resolve()
    })
  })
}

/**
 * Takes the TCP socket out of a connection of @libp2p/tcp: the one place that reaches into libp2p. If a release moves
 * the socket, this throws on the first link, and the conformance suite fails.
 */
async function takeSocket(connection: MessageStream): Promise<Socket> {
  const socket = 'socket' in connection ? connection.socket : undefined
  assert(socket instanceof Socket, '@libp2p/tcp keeps the TCP socket of a connection in `socket`')
  socket.pause()
  socket.removeAllListeners('data')
  socket.removeAllListeners('drain')
  socket.setTimeout(0) // the link's own liveness check replaces the one by idle time
  const ahead = await readAhead(connection)
  if (ahead.length > READ_AHEAD_BYTES_MAX) throw new Error('too much was sent before the TLS handshake')
  if (ahead.length > 0) socket.unshift(ahead)
  return socket
}

/**
 * Makes every way in which @libp2p/tcp ends the socket end TLS first. Resetting a socket beneath a live TLS session
 * crashes the process in Node 24 (a freed handle is used), and closing it there would lose what TLS has yet to write.
 */
function closeThrough(tls: TLSSocket, raw: Socket): void {
  raw.destroySoon = () => tls.destroySoon()
  raw.resetAndDestroy = () => {
    tls.destroy()
    return raw
  }
}

/** Whatever the connection had read from the socket and nobody had taken yet. */
async function readAhead(connection: MessageStream): Promise<Uint8Array> {
  if (connection.readBufferLength === 0) return new Uint8Array(0)
  const { promise, resolve } = Promise.withResolvers<Uint8Array>()
  // The whole buffer comes in one event, in a microtask after the listener was added.
  connection.addEventListener('message', event => resolve(event.data.subarray()), { once: true })
  return promise
}
