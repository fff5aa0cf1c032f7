import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type DeviceId, versionIdFromBytes } from '../../base/ids.ts'
import { BlockBuffers } from '../../store/block-buffers.ts'
import { MemoryStore } from '../../store/memory.ts'
import { fetchAll, sampleBytes, sampleVersion } from '../../store/samples.conformance.ts'
import { sha256 } from '../../store/sha256.ts'
import { encodeMessages } from '../../swarm/wire-encoder.ts'
import { INFO_HASH_BYTES } from '../../swarm/wire-messages.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import type {
  PeerLink,
  PeerStream,
  StreamHandler,
  Transport,
  TransportEvents
} from '../transport/transport.ts'
import { scripted } from './scripted.conformance.ts'
import { SwarmHub } from './swarm-hub.ts'

const version = versionIdFromBytes(sha256(Buffer.from('a version')))

/** A hub whose one peer answers when the test says so, and may not have any version for what `refusal` says. */
function hubWith(
  t: { after: (close: () => void) => void },
  refusal: () => string | undefined,
  store = new MemoryStore()
) {
  const [self, peer] = [DeviceKey.generate().id, DeviceKey.generate().id]
  const opened = Promise.withResolvers<PeerStream>()
  const events: Partial<TransportEvents>[] = []
  const handlers: StreamHandler[] = []
  const noted: string[] = []
  const transport = scripted<Transport>({
    self,
    handle: (_protocol, handler) => void handlers.push(handler),
    on: heard => void events.push(heard),
    peers: () => [],
    open: () => opened.promise
  })
  const hub = new SwarmHub({
    ...{ transport, store, buffers: new BlockBuffers(), log: SILENT_LOG, seed: 1 },
    siteOf: () => undefined,
    ownSite: 'berlin',
    addressesOf: () => [],
    refusal: device => {
      const detail = device === peer ? refusal() : undefined
      return detail === undefined ? undefined : { reason: 'needs-grant', detail }
    },
    audit: {
      streamOpened: () => undefined,
      serving: () => Promise.resolve(),
      streamEnded: () => undefined,
      obtained: () => undefined,
      refused: ({ reason }) => void noted.push(reason)
    }
  })
  t.after(() => hub.close())
  const unheard = () => undefined
  const listener = { onInfo: unheard, onComplete: unheard, onStorageFailure: unheard, onRefused: unheard }
  hub.want({ versionId: version, holding: undefined, ...listener })
  const link: PeerLink = {
    ...{ device: peer, address: '/memory/1', direction: 'outbound', sinceMs: 0 },
    ...{ rttMs: undefined, leastRttMs: undefined },
    ...{ bytesSent: 0, bytesReceived: 0 }
  }
  const connect = (): void => {
    for (const { onConnect } of events) onConnect?.(link)
  }
  const comeIn = (stream: PeerStream): void => {
    for (const handler of handlers) handler(stream)
  }
  return { hub, peer, connect, opened, comeIn, noted }
}

type Push = (chunk: Uint8Array) => void

function streamOf(peer: DeviceId, aborts: string[], onListen?: (push: Push) => void): PeerStream {
  return scripted<PeerStream>({
    peer,
    send: () => true,
    abort: reason => void aborts.push(reason),
    onData: push => onListen?.(push),
    readInto: () => undefined,
    onEnd: () => undefined,
    onClose: () => undefined
  })
}

test('a peer that may not have the version by the time it answers gets no stream for it', async t => {
  let refused: string | undefined
  const { hub, peer, connect, opened } = hubWith(t, () => refused)
  connect()
  refused = 'its grant was taken'
  hub.recheck() // there is no stream to end yet
  const aborts: string[] = []
  opened.resolve(streamOf(peer, aborts))
  await opened.promise
  await nextTurn()
  assert.deepEqual(aborts, ['its grant was taken'])
  assert.deepEqual(hub.streams(), [])
})

test('a peer that may have the version gets its stream', async t => {
  const { hub, peer, connect, opened } = hubWith(t, () => undefined)
  connect()
  const aborts: string[] = []
  opened.resolve(streamOf(peer, aborts))
  await opened.promise
  await nextTurn()
  assert.deepEqual(
    hub.streams().map(({ device }) => device),
    [peer]
  )
  assert.deepEqual(aborts, [])
})

test('a peer that misbehaved is let in on no other stream while it is banned', async t => {
  const { hub, peer, connect, opened, comeIn } = hubWith(t, () => undefined)
  connect()
  const aborts: string[] = []
  let push: Push = () => assert.fail('nobody listens')
  opened.resolve(
    streamOf(peer, aborts, listening => {
      push = listening
    })
  )
  await opened.promise
  await nextTurn()
  push(Buffer.alloc(200, 'no handshake '))
  assert.equal(aborts.length, 1)
  assert.equal(hub.ban(peer)?.reason, 'bad-handshake')
  comeIn(streamOf(peer, aborts, () => assert.fail('it is not read')))
  assert.deepEqual(aborts.slice(1), ['not served'])
})

test('a version that is here is served to whom it may be, whatever the peer says of itself', async t => {
  const sample = sampleVersion([{ path: ['a.bin'], bytes: sampleBytes(20_000, 1) }])
  const store = new MemoryStore()
  const place = { version: sample.version, destination: '/d', layers: sample.layers }
  await fetchAll(await store.create(place), sample)
  let refused: string | undefined = 'it has no grant'
  const { hub, peer, comeIn, noted } = hubWith(t, () => refused, store)
  const infoHash = Buffer.from(sample.version.id, 'hex').subarray(0, INFO_HASH_BYTES)
  const flags = { extended: false, fast: true, v2: true }
  const ask = (): string[] => {
    const aborts: string[] = []
    comeIn(
      streamOf(peer, aborts, push =>
        push(
          Buffer.concat(
            encodeMessages([{ type: 'handshake', ...flags, infoHash, peerId: new Uint8Array(20).fill(1) }])
          )
        )
      )
    )
    return aborts
  }
  assert.equal(ask().length, 1)
  assert.deepEqual(noted, ['needs-grant'])
  assert.deepEqual(hub.streams(), [])
  refused = undefined
  assert.deepEqual(ask(), [])
  assert.deepEqual(
    hub.streams().map(({ device }) => device),
    [peer]
  )
  refused = 'its grant was taken'
  hub.recheck()
  assert.deepEqual(hub.streams(), [])
})
