import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, pieceIndex, versionIdFromBytes } from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import { MemoryStore } from '../../store/memory.ts'
import { fetchAll, sampleBytes, sampleVersion } from '../../store/samples.conformance.ts'
import type { Holding } from '../../store/store.ts'
import { SILENT_LOG } from '../log.ts'
import { MemoryNetwork, type MemoryTransport } from '../transport/memory-transport.ts'
import { POSSESSION_PROTOCOL, Possession, type PossessionInit } from './possession.ts'
import {
  ANSWER_BYTES_MAX,
  BLOCKS_MAX,
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion
} from './possession-messages.ts'

const sample = sampleVersion(
  [
    { path: ['large'], bytes: sampleBytes(300_001, 1) },
    { path: ['one piece'], bytes: sampleBytes(40_000, 2) },
    { path: ['empty'], bytes: new Uint8Array(0) },
    { path: ['short'], bytes: sampleBytes(9, 3) }
  ],
  { pieceBytes: 64 * KIB }
)
const { version } = sample
const network = new MemoryNetwork()
const started: MemoryTransport[] = []
after(() => Promise.all(started.map(transport => transport.stop())))

async function held(): Promise<{ readonly store: MemoryStore; readonly holding: Holding }> {
  const store = new MemoryStore()
  const holding = await store.create({ version, destination: '/copy', layers: sample.layers })
  await fetchAll(holding, sample)
  return { store, holding }
}

async function side(init: Partial<PossessionInit> = {}) {
  const transport = network.create(
    String(started.length + 1)
      .repeat(64)
      .slice(0, 64) as DeviceId
  )
  started.push(transport)
  transport.setGate(() => 'member')
  const possession = new Possession({
    ...{ transport, kept: () => undefined, known: () => undefined, mayAsk: () => true, log: SILENT_LOG },
    ...init
  })
  await transport.start()
  return { transport, possession }
}

/** One that asks, with a sound copy, and one that answers from what it keeps. */
async function pair(kept: PossessionInit['kept'], init: Partial<PossessionInit> = {}) {
  const { holding } = await held()
  const asker = await side({ known: () => holding, ...init })
  const holder = await side({ kept })
  const device = holder.transport.self
  const signal = AbortSignal.timeout(5000)
  await asker.transport.dial({ device, addresses: holder.transport.addresses() }, signal)
  return { asker, holder, ask: () => asker.possession.challenge(device, version.id) }
}

test('who has the copy proves it, whichever blocks are drawn', async () => {
  const { holding } = await held()
  const { ask } = await pair(() => holding)
  for (let round = 0; round < 20; round++) assert.deepEqual(await ask(), { kind: 'proved' })
})

test('who has it not, or not all of it, does not', async () => {
  const { ask } = await pair(() => undefined)
  assert.deepEqual(await ask(), { kind: 'not-held' })
  const store = new MemoryStore()
  const part = await store.create({ version, destination: '/copy', layers: sample.layers })
  await fetchAll(part, sample, [pieceIndex(0)])
  const some = await pair(() => part)
  assert.deepEqual(await some.ask(), { kind: 'not-held' })
})

test('a block that is not the version’s is found when it is drawn', async () => {
  const { store, holding } = await held()
  const [path = ''] = [...store.disk.keys()].filter(each => each.endsWith('/large'))
  const bytes = store.disk.get(path)
  assert.ok(bytes)
  const { ask } = await pair(
    () =>
      ({
        ...{ version, have: holding.have },
        read: async range => {
          const read = new Uint8Array(await holding.read(range))
          if (range.piece === 1) read[0] = (read[0] ?? 0) ^ 1
          return read
        }
      }) as Holding,
    { draw: () => 1 }
  )
  assert.deepEqual(await ask(), { kind: 'wrong' })
})

test('who draws from a damaged copy of its own accuses nobody', async () => {
  const { holding } = await held()
  const own = {
    ...{ version, have: holding.have, pieceHash: holding.pieceHash.bind(holding) },
    leafHashes: async () => new Uint8Array(4 * 32)
  } as unknown as Holding
  const { ask } = await pair(() => holding, { known: () => own, draw: () => 0 })
  const outcome = await ask()
  assert.equal(outcome.kind, 'silent')
})

test('who may not ask, asks too often, or is not there gets no answer, which proves nothing', async () => {
  const { holding } = await held()
  const asker = await side({ known: () => holding })
  const refusing = await side({ kept: () => holding, mayAsk: () => false })
  const stranger = await asker.possession.challenge(refusing.transport.self, version.id)
  assert.equal(stranger.kind, 'silent')
  const target = { device: refusing.transport.self, addresses: refusing.transport.addresses() }
  await asker.transport.dial(target, AbortSignal.timeout(5000))
  assert.equal((await asker.possession.challenge(refusing.transport.self, version.id)).kind, 'silent')
  const { ask } = await pair(() => holding)
  const kinds = new Set<string>()
  for (let round = 0; round < 125; round++) kinds.add((await ask()).kind)
  assert.deepEqual([...kinds], ['proved', 'silent'])
})

test('what is no answer proves nothing, and one of another length is wrong', async () => {
  const { holding } = await held()
  for (const [bytes, kind] of [
    [new Uint8Array([1, 2, 3]), 'silent'],
    [encodeAnswer([]), 'wrong'],
    [encodeAnswer(Array.from({ length: BLOCKS_MAX }, () => new Uint8Array(0))), 'wrong']
  ] as const) {
    const asker = await side({ known: () => holding })
    const transport = network.create(
      String(started.length + 1)
        .repeat(64)
        .slice(0, 64) as DeviceId
    )
    started.push(transport)
    transport.setGate(() => 'member')
    transport.handle(POSSESSION_PROTOCOL, stream => {
      const length = new Uint8Array(4)
      new DataView(length.buffer).setUint32(0, bytes.length)
      void stream.send([length, bytes])
    })
    await transport.start()
    const target = { device: transport.self, addresses: transport.addresses() }
    await asker.transport.dial(target, AbortSignal.timeout(5000))
    assert.equal((await asker.possession.challenge(transport.self, version.id)).kind, kind)
  }
})

test('messages are read back, and bounded', () => {
  const question = {
    version: versionIdFromBytes(new Uint8Array(32).fill(5)),
    blocks: [
      { piece: pieceIndex(0), block: 0 },
      { piece: pieceIndex(4_194_303), block: 1023 }
    ]
  }
  assert.equal(
    Buffer.from(encodeQuestion(question)).toString('hex'),
    `83015820${'05'.repeat(32)}82820000821a003fffff1903ff`
  )
  assert.deepEqual(decodeQuestion(encodeQuestion(question)), { ok: true, value: question })
  assert.equal(Buffer.from(encodeAnswer(undefined)).toString('hex'), '8201f6')
  assert.deepEqual(decodeAnswer(encodeAnswer(undefined)), { ok: true, value: undefined })
  const many = Array.from({ length: BLOCKS_MAX + 1 }, () => ({ piece: pieceIndex(0), block: 0 }))
  assert.equal(decodeQuestion(encodeQuestion({ ...question, blocks: many })).ok, false)
  const full = encodeAnswer(Array.from({ length: BLOCKS_MAX }, () => new Uint8Array(16 * KIB)))
  assert.ok(full.length <= ANSWER_BYTES_MAX)
  assert.equal(decodeAnswer(full).ok, true)
  assert.equal(decodeAnswer(encodeAnswer([new Uint8Array(16 * KIB + 1)])).ok, false)
})

test('a device that can not read just now is silent: it has the copy still, and nobody disputes that', async () => {
  const { holding } = await held()
  const passing = {
    ...{ version, have: holding.have },
    read: () => Promise.reject(new AppError('STORAGE_FAILED', 'too many open files'))
  } as unknown as Holding
  const { ask } = await pair(() => passing)
  assert.equal((await ask()).kind, 'silent')
})
