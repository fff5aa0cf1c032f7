import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import { BlockBuffers } from '../../store/block-buffers.ts'
import { MemoryStore } from '../../store/memory.ts'
import { fetchAll, sampleBytes, sampleVersion } from '../../store/samples.conformance.ts'
import { WireDecoder } from '../../swarm/wire-decoder.ts'
import { encodeMessages } from '../../swarm/wire-encoder.ts'
import { INFO_HASH_BYTES, type WireMessage } from '../../swarm/wire-messages.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import type { PeerStream } from '../transport/transport.ts'
import { scripted } from './scripted.conformance.ts'
import { SwarmDriver } from './swarm-driver.ts'
import type { SwarmDriverListener } from './swarm-driver-types.ts'

const sample = sampleVersion([{ path: ['a.bin'], bytes: sampleBytes(40_000, 1) }])

/** What a driver that holds all of the version sends to a peer that asks for its first block. */
async function answerTo(
  t: { after: (close: () => void) => void },
  onServing: () => Promise<void>
): Promise<WireMessage['type'][]> {
  const store = new MemoryStore()
  const holding = await store.create({ version: sample.version, destination: '/d', layers: sample.layers })
  await fetchAll(holding, sample)
  const [self, peer] = [DeviceKey.generate().id, DeviceKey.generate().id]
  const driver = new SwarmDriver({
    ...{ versionId: sample.version.id, holding, wantsData: false, self, seed: 1, site: 'berlin' },
    ...{ buffers: new BlockBuffers(), log: SILENT_LOG },
    listener: scripted<SwarmDriverListener>({
      onPeer: () => undefined,
      onPeerGone: () => undefined,
      onServing
    })
  })
  t.after(() => driver.close('the test ends'))
  const heard: WireMessage['type'][] = []
  const decoder = new WireDecoder({ allocate: length => new Uint8Array(length) })
  const stream = scripted<PeerStream>({
    peer,
    unsentBytes: 0,
    send: parts => {
      for (const part of parts instanceof Uint8Array ? [parts] : parts)
        heard.push(...decoder.push(part).messages.map(({ type }) => type))
      return true
    },
    drained: () => Promise.resolve(),
    abort: () => undefined
  })
  const facts = { device: peer, site: '', sameSite: false, outbound: false }
  const sink = driver.attach({ stream, facts })
  const infoHash = Buffer.from(sample.version.id, 'hex').subarray(0, INFO_HASH_BYTES)
  const handshake = { type: 'handshake', extended: false, fast: true, v2: true } as const
  sink.onData(
    Buffer.concat(
      encodeMessages([
        { ...handshake, infoHash, peerId: new Uint8Array(20).fill(1) },
        { type: 'have-none' },
        { type: 'interested' },
        { type: 'request', piece: 0, begin: 0, length: 16_384 }
      ])
    )
  )
  for (let turn = 0; turn < 200 && !heard.includes('piece') && !heard.includes('reject'); turn++)
    await delay(5)
  return heard
}

test('a block leaves once the audit log says that the peer reads here', async t => {
  let said = false
  const heard = await answerTo(t, async () => {
    await delay(20)
    said = true
  })
  assert.ok(said)
  assert.ok(heard.includes('piece'))
})

test('nothing is served when the audit log can not say so: the request is rejected', async t => {
  const full = new AppError('DISK_FULL', 'the audit log can not be written')
  const heard = await answerTo(t, () => Promise.reject(full))
  assert.ok(!heard.includes('piece'))
  assert.ok(heard.includes('reject'))
})
