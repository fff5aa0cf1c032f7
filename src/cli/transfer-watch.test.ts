import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Transfer, transfer } from '../api/transfer.ts'
import type { AppError } from '../base/errors.ts'
import { Invocation } from './command.ts'
import type { CliContext } from './context.ts'
import { TransferWatch } from './transfer-watch.ts'

const WAITING = transfer.parse({
  ...{ id: 't-1', name: 'payroll', version: 'ab'.repeat(32), ordinal: 1, destination: '/d', purpose: null },
  ...{ state: 'waiting', startedAtMs: 0, finishedAtMs: null, files: 1, totalBytes: 100, haveBytes: 100 },
  ...{ resumedBytes: 0, reusedBytes: 0, receivedBytes: 0, wastedBytes: 0, bytesPerSecond: 0, etaMs: null },
  ...{ sourcesConnected: 0, sources: [], problem: null }
})
const NO_KEY = { code: 'SEALED_NO_KEY', message: 'it waits for build-1', path: null }

/** A node that says a transfer at times after the command began; then it is complete, or waits on. */
async function watch(
  says: readonly (readonly [number, Partial<Transfer>])[],
  { timeoutMs }: { readonly timeoutMs?: number } = {}
): Promise<{ readonly log: string; readonly error: AppError | undefined }> {
  let nowMs = 0
  let log = ''
  let last = WAITING
  const write = (text: string) => {
    log += text
  }
  const stderr = { isTty: false, columns: undefined, write }
  const context = { stderr, stdout: stderr, env: {}, monotonicMs: () => nowMs } as unknown as CliContext
  const invocation = new Invocation(context, { home: '/h', json: false })
  const client = {
    call: async () => ({ ...last, state: 'stopped' }),
    stream: async (
      _: string,
      __: unknown,
      { signal, onProgress }: { signal: AbortSignal; onProgress: (transfer: Transfer) => void }
    ) => {
      for (const [atMs, change] of says) {
        nowMs = atMs
        last = { ...WAITING, ...change }
        onProgress(last)
        signal.throwIfAborted()
      }
      return { ...last, state: 'complete' }
    }
  }
  Object.defineProperty(invocation, 'client', { value: client })
  const interrupt = new AbortController().signal
  const error = await new TransferWatch(invocation, { timeoutMs, interrupt }).follow(WAITING).then(
    () => undefined,
    (thrown: AppError) => thrown
  )
  return { log, error }
}

describe('what a log says of a transfer', () => {
  it('that starts soon is nothing of waiting', async () => {
    const { log } = await watch([
      [0, {}],
      [1500, {}],
      [1600, { state: 'fetching', haveBytes: 5 }]
    ])
    assert.match(log, /^payroll@1 {2}\[#/)
    assert.doesNotMatch(log, /waiting/)
  })

  it('that waits is that it does, once for each reason and at once', async () => {
    const { log } = await watch([
      [0, {}],
      [2000, {}],
      [2200, {}],
      [2400, { problem: NO_KEY }],
      [2600, { problem: NO_KEY }]
    ])
    assert.deepEqual(log.trimEnd().split('\n'), [
      'payroll@1  waiting for a peer that has it…  100%  100 B of 100 B',
      'payroll@1  waiting for its key: it waits for build-1'
    ])
  })

  it('that lacked its key until the time was over is not that it lacks sources', async () => {
    const patience = { timeoutMs: 3000 }
    const key = await watch(
      [
        [0, { problem: NO_KEY }],
        [3000, { problem: NO_KEY }]
      ],
      patience
    )
    assert.equal(key.error?.code, 'SEALED_NO_KEY')
    assert.match(key.error?.message ?? '', /^gave up: it waits for build-1; 100 B of 100 B are kept/)
    const peers = await watch(
      [
        [0, {}],
        [3000, {}]
      ],
      patience
    )
    assert.equal(peers.error?.code, 'NO_SOURCES')
  })
})
