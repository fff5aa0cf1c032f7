import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { after, describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter, Libp2p, PrivateKey } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { type TLSComponents, tls } from '@libp2p/tls'
import { generateCertificate } from '@libp2p/tls/utils'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { KIB, MIB, SECOND_MS } from '../../base/units.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { toLibp2pKey, toPeerId } from './libp2p-identity.ts'
import { Libp2pStream } from './libp2p-stream.ts'
import { RealSocketTls, type TlsChannel } from './libp2p-tls.ts'

type Encrypter = (components: TLSComponents) => ConnectionEncrypter

const ours: Encrypter = components => new RealSocketTls(components)
const theirs: Encrypter = tls()
const ECHO = '/peerage/test-echo/1'
const PATIENCE_MS = 20 * SECOND_MS
const NEGOTIATE_TLS = lines('/multistream/1.0.0', '/tls/1.0.0')

/** multistream-select: each line has its length in front, one byte for lines this short. */
function lines(...texts: string[]): Buffer {
  return Buffer.concat(texts.map(text => Buffer.from(`${String.fromCharCode(text.length + 1)}${text}\n`)))
}

describe('TLS on the real socket', { timeout: 60 * SECOND_MS }, () => {
  const nodes: Libp2p[] = []
  after(() => Promise.all(nodes.map(node => node.stop())))

  async function start(encrypter: Encrypter): Promise<{ node: Libp2p; key: DeviceKey; address: Multiaddr }> {
    const key = DeviceKey.generate()
    const node = await createLibp2p({
      privateKey: toLibp2pKey(key),
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [encrypter],
      streamMuxers: [yamux()]
    })
    nodes.push(node)
    await node.handle(ECHO, stream => {
      const wrapped = new Libp2pStream(stream, key.id)
      wrapped.onData(chunk => {
        if (wrapped.send(chunk)) return
        wrapped.pause()
        wrapped.drained().then(
          () => wrapped.resume(),
          () => undefined
        )
      })
      wrapped.onEnd(() => void wrapped.close().catch(() => undefined))
    })
    const address = node.getMultiaddrs()[0]
    assert.ok(address)
    return { node, key, address }
  }

  for (const [name, dialer, listener] of [
    ['ours with ours', ours, ours],
    ['ours dials @libp2p/tls', ours, theirs],
    ['@libp2p/tls dials ours', theirs, ours]
  ] as const)
    it(`is wire-compatible: ${name}`, async () => {
      const [a, b] = [await start(dialer), await start(listener)]
      const connection = await a.node.dial(b.address, { signal: AbortSignal.timeout(PATIENCE_MS) })
      assert.ok(connection.remotePeer.equals(toPeerId(b.key.id)))
      assert.equal(connection.encryption, '/tls/1.0.0')
      const stream = new Libp2pStream(await connection.newStream([ECHO]), b.key.id)
      const sent = randomBytes(8 * MIB + 13)
      const hash = createHash('sha256')
      const received = new Promise<string>((resolve, reject) => {
        stream.onData(chunk => hash.update(chunk))
        stream.onEnd(() => resolve(hash.digest('hex')))
        stream.onClose(({ detail }) => reject(new Error(detail)))
      })
      for (let at = 0; at < sent.length; at += 200 * KIB)
        if (!stream.send(sent.subarray(at, at + 200 * KIB))) await stream.drained()
      await stream.close()
      assert.equal(await received, createHash('sha256').update(sent).digest('hex'))
    })

  it('names the key that was proved when another was expected', async () => {
    const [a, b] = [await start(ours), await start(ours)]
    const elsewhere = multiaddr(`${withoutPeer(b.address)}/p2p/${toPeerId(DeviceKey.generate().id)}`)
    await assert.rejects(a.node.dial(elsewhere), new RegExp(`another key than expected: ${b.key.id}`))
    assert.deepEqual(a.node.getConnections(), [])
  })

  /** Speaks to a listener by hand: the negotiation and the first TLS flight in one write. */
  async function rawClient(
    address: Multiaddr,
    options: Record<string, unknown>
  ): Promise<{ secure: TLSSocket; raw: Socket }> {
    const port = Number(address.getComponents().find(component => component.name === 'tcp')?.value)
    const raw = connectTcp(port, '127.0.0.1')
    await once(raw, 'connect')
    raw.on('error', () => undefined)
    const secure = connectTls({ socket: inFront(raw), rejectUnauthorized: false, ...options })
    return { secure, raw }
  }

  const credentials = async (key: PrivateKey) => ({
    ...(await generateCertificate(key)),
    ALPNProtocols: ['libp2p']
  })

  it('loses nothing that came together with the negotiation', async () => {
    const b = await start(ours)
    const key = DeviceKey.generate()
    const upgraded = once(b.node, 'connection:open', { signal: AbortSignal.timeout(PATIENCE_MS) })
    const { secure, raw } = await rawClient(b.address, await credentials(toLibp2pKey(key)))
    await once(secure, 'secureConnect')
    assert.equal(secure.alpnProtocol, 'libp2p')
    assert.equal(secure.getProtocol(), 'TLSv1.3')
    secure.write(lines('/multistream/1.0.0', '/yamux/1.0.0'))
    const [{ detail }] = await upgraded
    assert.ok(detail.remotePeer.equals(toPeerId(key.id)))
    raw.destroy()
  })

  it('refuses an older TLS, a client without certificate, and one that claims a key which it does not have', async () => {
    const b = await start(ours)
    const [attacker, victim] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
    const forged: PrivateKey = Object.create(victim, { sign: { value: attacker.sign.bind(attacker) } })
    for (const [what, options] of Object.entries({
      older: { ...(await credentials(attacker)), maxVersion: 'TLSv1.2' },
      without: { ALPNProtocols: ['libp2p'] },
      forged: await credentials(forged)
    })) {
      let opened = false
      b.node.addEventListener('connection:open', () => {
        opened = true
      })
      const { secure } = await rawClient(b.address, options)
      secure.on('error', () => undefined)
      secure.on('secureConnect', () => secure.write(lines('/multistream/1.0.0', '/yamux/1.0.0')))
      secure.resume()
      await new Promise(resolve => secure.on('close', resolve))
      assert.equal(opened, false, what)
    }
  })

  it('ends nothing but the link when a stream is opened in the turn in which the link goes', async () => {
    const channels: TlsChannel[] = []
    const onSecured = (_: unknown, channel: TlsChannel) => void channels.push(channel)
    const a = await start(components => new RealSocketTls(components, { onSecured }))
    const b = await start(ours)
    const connection = await a.node.dial(b.address, { signal: AbortSignal.timeout(PATIENCE_MS) })
    const [channel] = channels
    assert.ok(channel)
    const opening = connection.newStream([ECHO])
    channel.abort(new Error('the link is cut'))
    await assert.rejects(opening)
    await nextTurn() // what the muxer sends in a microtask of its own is caught by nobody
    assert.equal(channel.send(new Uint8Array(1)), false)
  })

  it('reports a lost socket as a lost link', async () => {
    const [a, b] = [await start(ours), await start(ours)]
    const connection = await a.node.dial(b.address)
    const stream = new Libp2pStream(await connection.newStream([ECHO]), b.key.id)
    const closed = new Promise(resolve => stream.onClose(({ kind }) => resolve(kind)))
    let ended = false
    stream.onEnd(() => {
      ended = true
    })
    stream.onData(() => undefined)
    await b.node.stop()
    assert.equal(await closed, 'reset')
    assert.equal(ended, false)
  })

  it('fails loudly when the socket is not where @libp2p/tcp keeps it', async () => {
    const encrypter = ours({
      privateKey: await generateKeyPair('Ed25519'),
      upgrader: { getStreamMuxers: () => new Map() }
    } as unknown as TLSComponents)
    const moved = { direction: 'outbound', readBufferLength: 0 } as unknown as TlsChannel
    await assert.rejects(encrypter.secureOutbound(moved), /keeps the TCP socket/)
  })
})

function withoutPeer(address: Multiaddr): string {
  return address.toString().replace(/\/p2p\/[^/]+$/, '')
}

/** Puts the negotiation in front of the first write, and takes the answer to it from the front of what comes back. */
function inFront(raw: Socket): Duplex {
  let pending: Buffer | undefined = NEGOTIATE_TLS
  let skip = NEGOTIATE_TLS.length
  const duplex = new Duplex({
    write(chunk, _, done) {
      raw.write(pending === undefined ? chunk : Buffer.concat([pending, chunk]), () => done())
      pending = undefined
    },
    final(done) {
      raw.end(() => done())
    },
    read() {
      raw.resume()
    },
    destroy(error, done) {
      raw.destroy()
      done(error)
    }
  })
  raw.on('data', chunk => {
    const taken = Math.min(skip, chunk.length)
    skip -= taken
    if (taken < chunk.length) duplex.push(chunk.subarray(taken))
  })
  raw.on('end', () => duplex.push(null))
  raw.on('close', () => duplex.destroy())
  return duplex
}
