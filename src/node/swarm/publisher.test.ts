import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { KIB } from '../../base/units.ts'
import { foundOrg, keyNamed, TestDevice } from '../../ledger/fold/org-fixture.conformance.ts'
import type { State } from '../../ledger/fold/state.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import { MemoryStore } from '../../store/memory.ts'
import { sampleBytes, sampleVersion } from '../../store/samples.conformance.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import { SILENT_LOG } from '../log.ts'
import { ChunkIndexes } from '../reuse/chunk-indexes.ts'
import type { Catalogue } from './catalogue.ts'
import { Publisher } from './publisher.ts'
import { scripted } from './scripted.conformance.ts'

const NAME = 'os'

interface PublisherParts {
  readonly append?: (content: OperationContent) => void
  /** Whether the version that the ledger knows is that of the file. */
  readonly isKnown?: boolean
}

/** A publisher of one file, of whose dataset the ledger knows a version already. */
function publisherOf(store: MemoryStore, { append, isKnown = false }: PublisherParts = {}): Publisher {
  const { version, layers, fileBytes } = sampleVersion([
    { path: ['sample'], bytes: sampleBytes(300 * KIB, 1) }
  ])
  store.disk.set('/srv/sample', fileBytes(0))
  const key = keyNamed('admin')
  const state = new TestDevice(key, foundOrg([key])).ledger.state()
  const before = {
    version: isKnown ? version.id : 'ff'.repeat(32),
    ordinal: 1,
    class: 'public',
    expiresMs: null
  }
  const datasets = new Map([[NAME, { name: NAME, owner: key.id, versions: [before] }]])
  return new Publisher({
    self: key.id,
    store,
    keeper: scripted<LedgerKeeper>({
      ...(append && { append: append as never }),
      requireClock: () => undefined,
      state: () => ({ ...state, datasets }) as unknown as State
    }),
    catalogue: scripted<Catalogue>({
      ...(isKnown && { entry: () => ({ versions: [before] }) as never, magnet: () => 'magnet:' })
    }),
    indexes: new ChunkIndexes(store),
    hashTree: async () => ({ version, source: '/srv/sample', layers, fingerprints: new Map() }),
    onPublished: () => assert.ok(isKnown, 'nothing is published'),
    log: SILENT_LOG
  })
}

test('who is interrupted while a new version is cut into chunks has published, and holds, nothing', async () => {
  const store = new MemoryStore()
  const interrupt = new AbortController()
  const phases = new Set<string>()
  const publishing = publisherOf(store).publish(
    { path: '/srv/sample', name: NAME, dataClass: 'internal' },
    {
      signal: interrupt.signal,
      onProgress: ({ phase }) => {
        phases.add(phase)
        interrupt.abort(new Error('interrupted'))
      }
    }
  )
  await assert.rejects(publishing, /interrupted/)
  assert.deepEqual([...phases], ['chunking'])
  assert.deepEqual(store.holdings(), [])
})

test('what is published stays so when its origin can not be said, and it is told how to say it', async () => {
  const store = new MemoryStore()
  const said: string[] = []
  const publisher = publisherOf(store, {
    append: content => {
      if (content.type === 'dataset.origin') throw new AppError('NOT_AUTHORISED', 'this device may not')
      said.push(content.type)
    }
  })
  await assert.rejects(
    publisher.publish(
      { path: '/srv/sample', name: NAME, dataClass: 'internal', origin: 'https://mirror.example/os' },
      { signal: new AbortController().signal, onProgress: () => undefined }
    ),
    /os was published, but without its origin: .*then: peerage dataset origin os https:/
  )
  assert.deepEqual(said, ['dataset.publish'])
  assert.equal(store.holdings().length, 1)
})

test('what the org knows and is held no more is served again, and nothing is recorded for it', async () => {
  const store = new MemoryStore()
  const publisher = publisherOf(store, { isKnown: true, append: () => assert.fail('nothing is new') })
  const publish = (): ReturnType<Publisher['publish']> =>
    publisher.publish(
      { path: '/srv/sample', name: NAME, dataClass: 'internal' },
      { signal: new AbortController().signal, onProgress: () => undefined }
    )
  const { again, ordinal, dataClass } = await publish()
  assert.deepEqual([again, ordinal, dataClass], [true, 1, 'public'])
  assert.equal(store.holdings()[0]?.state, 'complete')
  await assert.rejects(publish(), /os has this very content already, as version 1/)
  assert.equal(store.holdings().length, 1)
})
