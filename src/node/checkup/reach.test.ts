import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import type { DeviceId } from '../../base/ids.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { MemoryNetwork, type MemoryTransport } from '../transport/memory-transport.ts'
import { Reach } from './reach.ts'
import { decodeAnswer, encodeAnswer, encodeQuestion } from './reach-messages.ts'
import { listenFailure, probe, tcpAddressOf } from './tcp-probe.ts'

let server: Server
let open: string
let refused: string
let knocks = 0

before(async () => {
  server = createServer(() => knocks++).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open = `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  refused = `/ip4/127.0.0.1/tcp/${(other.address() as AddressInfo).port}`
  other.close()
  await once(other, 'close')
})
after(() => server.close())

describe('a connection that is tried', () => {
  it('opens or is refused', async () => {
    assert.equal(await probe(open), 'open')
    assert.equal(await probe(`${open}/p2p/12D3KooWAahj4xyF3pM45vR749bQCTAXGkgziy7HFwguDE7EYmbt`), 'open')
    assert.equal(await probe(refused), 'refused')
    assert.equal(await probe('/ip4/127.0.0.1/udp/7'), 'no-route')
    assert.equal(await probe('nonsense'), 'no-route')
  })

  it('knows TCP addresses', () => {
    assert.deepEqual(tcpAddressOf('/dns4/lab-7/tcp/4701'), { host: 'lab-7', port: 4701 })
    assert.deepEqual(tcpAddressOf('/ip6/::1/tcp/1'), { host: '::1', port: 1 })
    assert.equal(tcpAddressOf('/ip4/10.0.0.1'), undefined)
  })

  it('a port is free or not', async () => {
    assert.equal(await listenFailure(Number(open.split('/').at(-1))), 'EADDRINUSE')
    assert.equal(await listenFailure(Number(refused.split('/').at(-1))), undefined)
  })
})

describe('asking a peer to connect', () => {
  it('tells what it reached, at stated addresses only, and its time; too many questions are not answered', async () => {
    const network = new MemoryNetwork()
    const [us, them] = [DeviceKey.generate(), DeviceKey.generate()].map(key => {
      const transport = network.create(key.id, [])
      transport.setGate(() => 'member')
      return transport
    }) as [MemoryTransport, MemoryTransport]
    const stated = new Map<DeviceId, readonly string[]>([[us.self, [open, refused]]])
    const board = { find: (device: DeviceId) => ({ addresses: stated.get(device) ?? [] }) as never }
    const reach = new Reach({ transport: us, board, log: SILENT_LOG })
    new Reach({ transport: them, board, log: SILENT_LOG })
    await Promise.all([us.start(), them.start()])
    try {
      await us.dial({ device: them.self, addresses: them.addresses() }, new AbortController().signal)
      const knocked = knocks
      const outcome = await reach.ask(them.self)
      assert.ok(outcome.kind === 'answered')
      assert.deepEqual(outcome.answer.tried, [
        { address: open, reached: 'open' },
        { address: refused, reached: 'refused' }
      ])
      assert.equal(knocks, knocked + 1)
      assert.ok(Math.abs(outcome.aheadMs) < 60_000)
      const more = []
      for (let at = 0; at < 4; at++) more.push((await reach.ask(them.self)).kind)
      assert.deepEqual(more, ['answered', 'answered', 'answered', 'silent'])
    } finally {
      await Promise.all([us.stop(), them.stop()])
    }
  })
})

describe('messages of /peerage/reach/1', () => {
  it('are these bytes', () => {
    assert.equal(toHex(encodeQuestion()), '8101')
    const answer = {
      timeMs: 1_800_000_000_000,
      seenAddress: '/ip4/203.0.113.7/tcp/50124',
      tried: [{ address: '/ip4/10.0.0.1/tcp/4701', reached: 'silent' }]
    } as const
    const bytes = encodeAnswer(answer)
    assert.equal(
      toHex(bytes),
      '84011b000001a3185c5000781a2f6970342f3230332e302e3131332e372f7463702f35303132348182762f6970342f31302e302e302e312f7463702f3437303102'
    )
    assert.deepEqual(decodeAnswer(bytes), { ok: true, value: answer })
  })
})
