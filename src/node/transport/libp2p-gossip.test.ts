import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { KIB } from '../../base/units.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { GOSSIP_PROTOCOL } from './libp2p-gossip.ts'
import { Libp2pTransport } from './libp2p-transport.ts'
import { eventually, soon } from './transport-sides.conformance.ts'

/** Above gossipsub's upper bound of its mesh: some of so many are outside of that of the one that all are linked with. */
const PEERS_BEYOND_MESH = 15
/** More than a mesh of links of one peer: the oldest is cut then. */
const LINKS = 6

class Gossiper {
  readonly transport = new Libp2pTransport({
    ...{
      key: DeviceKey.generate(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      topics: { relayed: ['news'], linked: ['murmur'] }
    }
  })
  readonly heard = new Set<string>()

  static async start(t: TestContext): Promise<Gossiper> {
    const one = new Gossiper()
    one.transport.setGate(() => 'member')
    for (const topic of ['news', 'murmur'])
      one.transport.subscribe(topic, (_from, bytes) => one.heard.add(Buffer.from(bytes).toString()))
    await one.transport.start()
    t.after(() => one.transport.stop())
    return one
  }

  say(what: string): void {
    this.transport.publish('news', Buffer.from(what))
  }

  /** To those it is linked with. */
  murmur(what: string): void {
    this.transport.publish('murmur', Buffer.from(what))
  }

  async dial({ transport }: Gossiper, addresses = transport.addresses()): Promise<void> {
    const { kind } = await this.transport.dial({ device: transport.self, addresses }, soon())
    assert.equal(kind, 'connected')
  }
}

/** Says it again and again until the others have heard one of it. */
async function reaches(one: Gossiper, what: string, others: readonly Gossiper[]): Promise<void> {
  let said = 0
  await eventually(what, () => {
    one.say(`${what} ${said++}`)
    return others.every(({ heard }) => [...heard].some(each => each.startsWith(what)))
  })
}

/** A way to a node on which the near end of a connection can be cut, and the far end hears nothing of it. */
class SilentWay {
  readonly #ends: { readonly near: Socket; readonly far: Socket }[] = []
  #address = ''

  static async to(t: TestContext, { transport }: Gossiper): Promise<SilentWay> {
    const way = new SilentWay()
    const port = Number(/tcp\/(\d+)/.exec(transport.addresses()[0] ?? '')?.[1])
    const server = createServer(near => {
      const far = connect(port, '127.0.0.1')
      near.on('error', () => undefined).pipe(far, { end: false })
      far.on('error', () => undefined).pipe(near)
      way.#ends.push({ near, far })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    way.#address = `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`
    t.after(() => {
      server.close()
      for (const { near, far } of way.#ends) for (const end of [near, far]) end.destroy()
    })
    return way
  }

  get addresses(): readonly string[] {
    return [this.#address]
  }

  cut(): void {
    for (const { near, far } of this.#ends) {
      far.unpipe(near)
      near.destroy()
    }
  }
}

/** A member whose gossip is made by hand. */
async function byHand(t: TestContext, to: Gossiper): Promise<{ node: Libp2p; open: () => Promise<Stream> }> {
  const node = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux()]
  })
  t.after(() => node.stop())
  const connection = await node.dial(multiaddr(to.transport.addresses()[0] ?? ''))
  return { node, open: () => connection.newStream([GOSSIP_PROTOCOL]) }
}

describe('gossip that is for those who are linked', { timeout: 120_000 }, () => {
  it('comes to all of them, and goes no further, while what is for everybody does', async t => {
    const hub = await Gossiper.start(t)
    const others = await Promise.all(Array.from({ length: PEERS_BEYOND_MESH }, () => Gossiper.start(t)))
    for (const one of others) await one.dial(hub)
    const far = await Gossiper.start(t)
    const [relay] = others
    assert.ok(relay)
    await far.dial(relay)
    await reaches(hub, 'hello', [...others, far])
    await delay(2000) // the mesh is complete after a heartbeat or two
    hub.murmur('nearby')
    await eventually('all who are linked hear it', () => others.every(({ heard }) => heard.has('nearby')))
    // Messages of one author keep their order on a link, and those of later heartbeats offer what was not relayed.
    await delay(2000)
    await reaches(hub, 'goodbye', [...others, far])
    assert.equal(far.heard.has('nearby'), false)
  })
})

describe('gossip over links that come and go', { timeout: 120_000 }, () => {
  it('goes both ways over a new link while an old one is dead and nobody knows, and once that is known', async t => {
    const [back, other] = [await Gossiper.start(t), await Gossiper.start(t)]
    const way = await SilentWay.to(t, other)
    for (let link = 0; link < LINKS; link++) {
      await back.dial(other, way.addresses)
      await reaches(back, `here again ${link}`, [other])
      await reaches(other, `welcome ${link}`, [back])
      way.cut()
      await eventually('it is noticed on one side', () => back.transport.peers().length === 0)
      assert.equal(other.transport.peers().length, 1)
    }
  })

  it('brings much at once to those outside of the mesh, too, and goes on', async t => {
    const hub = await Gossiper.start(t)
    const others = await Promise.all(Array.from({ length: PEERS_BEYOND_MESH }, () => Gossiper.start(t)))
    for (const one of others) await one.dial(hub)
    await reaches(hub, 'hello', others)
    await delay(2000) // the mesh is complete after a heartbeat or two
    const burst = Array.from({ length: 150 }, (_, index) => `news ${index} `.padEnd(KIB, '.'))
    for (const each of burst) hub.say(each)
    await eventually('all of it', () => others.every(({ heard }) => burst.every(each => heard.has(each))))
    await reaches(hub, 'and now', others)
  })

  it('reaches who is linked and has not said what it wants', async t => {
    const one = await Gossiper.start(t)
    let received = ''
    const { node } = await byHand(t, one)
    await node.handle(GOSSIP_PROTOCOL, stream => {
      stream.addEventListener('message', ({ data }) => {
        received += Buffer.from(data.subarray()).toString('latin1')
      })
    })
    await eventually('the word', () => {
      one.say('to whom it may concern')
      return received.includes('to whom it may concern')
    })
  })

  it('is ended where it can not be read, so that nobody goes on to say it in vain', async t => {
    const one = await Gossiper.start(t)
    const { open } = await byHand(t, one)
    const stream = await open()
    stream.send(Buffer.from('ffffffff7f', 'hex')) // the length of a frame, beyond all limits
    await eventually('the end', () => stream.status === 'reset')
  })
})
