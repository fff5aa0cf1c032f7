import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceId, versionIdFromBytes } from '../../base/ids.ts'
import { BlockBuffers } from '../../store/block-buffers.ts'
import { MemoryStore } from '../../store/memory.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import type { PeerLink, PeerStream, Transport, TransportEvents } from '../transport/transport.ts'
import { scripted } from './scripted.conformance.ts'
import { SwarmHub } from './swarm-hub.ts'

const version = versionIdFromBytes(sha256(Buffer.from('a version')))

/** A hub whose one peer answers when the test says so, and may not have the version for what `refusal` says. */
function hubWith(t: { after: (close: () => void) => void }, refusal: () => string | undefined) {
  const [self, peer] = [DeviceKey.generate().id, DeviceKey.generate().id]
  const opened = Promise.withResolvers<PeerStream>()
  const events: Partial<TransportEvents>[] = []
  const transport = scripted<Transport>({
    self,
    handle: () => undefined,
    on: heard => void events.push(heard),
    peers: () => [],
    open: () => opened.promise
  })
  const hub = new SwarmHub({
    ...{ transport, store: new MemoryStore(), buffers: new BlockBuffers(), log: SILENT_LOG, seed: 1 },
    siteOf: () => undefined,
    ownSite: 'berlin',
    addressesOf: () => [],
    refusal: device => (device === peer ? refusal() : undefined),
    audit: {
      streamOpened: () => undefined,
      serving: () => Promise.resolve(),
      streamEnded: () => undefined,
      refused: () => undefined
    }
  })
  t.after(() => hub.close())
  const unheard = () => undefined
  const listener = { onInfo: unheard, onComplete: unheard, onStorageFailure: unheard, onRefused: unheard }
  hub.want({ versionId: version, holding: undefined, ...listener })
  const link: PeerLink = {
    ...{ device: peer, address: '/memory/1', direction: 'outbound', sinceMs: 0, rttMs: undefined },
    ...{ bytesSent: 0, bytesReceived: 0 }
  }
  const connect = (): void => {
    for (const { onConnect } of events) onConnect?.(link)
  }
  return { hub, peer, connect, opened }
}

function streamOf(peer: DeviceId, aborts: string[]): PeerStream {
  return scripted<PeerStream>({
    peer,
    send: () => true,
    abort: reason => void aborts.push(reason),
    onData: () => undefined,
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
  await Promise.resolve()
  assert.deepEqual(aborts, ['its grant was taken'])
  assert.deepEqual(hub.streams(), [])
})

test('a peer that may have the version gets its stream', async t => {
  const { hub, peer, connect, opened } = hubWith(t, () => undefined)
  connect()
  const aborts: string[] = []
  opened.resolve(streamOf(peer, aborts))
  await opened.promise
  await Promise.resolve()
  assert.deepEqual(
    hub.streams().map(({ device }) => device),
    [peer]
  )
  assert.deepEqual(aborts, [])
})
