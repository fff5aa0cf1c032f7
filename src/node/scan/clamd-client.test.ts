/** The client against a clamd on loopback that answers early, late, in parts, too much, nonsense, or not at all. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import { sampleBytes } from '../../store/samples.conformance.ts'
import type { ClamdAddress } from './clamd-address.ts'
import { ClamdClient, type ScanSource, type StreamVerdict } from './clamd-client.ts'
import { CHUNK_BYTES_MAX, REPLY_BYTES_MAX } from './clamd-codec.ts'
import type { ClamdTimeouts } from './clamd-connection.ts'
import { FakeClamd } from './fake-clamd.conformance.ts'

const NEVER = new AbortController().signal
const PATIENT: ClamdTimeouts = { connectMs: 20_000, idleMs: 20_000, totalMs: 20_000, lastWordsMs: 20_000 }
const BYTES = sampleBytes(3 * CHUNK_BYTES_MAX + 17, 1)

function sourceOf(
  parts: readonly Uint8Array[],
  bytes = parts.reduce((sum, part) => sum + part.length, 0)
): ScanSource {
  return {
    bytes,
    async *stream() {
      yield* parts
    }
  }
}

for (const kind of ['Unix socket', 'TCP'] as const)
  suite(`clamd over ${kind}`, () => {
    let fake: FakeClamd
    let address: ClamdAddress
    let client: ClamdClient
    let folder = ''

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'peerage-clamd-'))
      fake = new FakeClamd()
      address = await fake.listen(kind === 'TCP' ? undefined : join(folder, 'clamd.ctl'))
      client = new ClamdClient(address, PATIENT)
    })

    afterEach(() => {
      fake.close()
      rmSync(folder, { recursive: true, force: true })
    })

    const scan = (source: ScanSource = sourceOf([BYTES]), timeouts = PATIENT): Promise<StreamVerdict> =>
      new ClamdClient(address, timeouts).scan(source, NEVER)

    /** Answers every stream that came whole with just these bytes. */
    function answer(...parts: readonly string[]): void {
      fake.script.onStream = (_content, { socket }) => void sayInParts(socket, parts)
    }

    test('is there, and says its version', async () => {
      await client.ping(NEVER)
      const version = await client.version(NEVER)
      assert.deepEqual(version, { engine: '1.4.6', database: { version: 7, timeMs: Date.UTC(2026, 0, 1) } })
    })

    test('gets every byte, however the source cuts it, and its empty parts do not end the stream', async () => {
      const cuts = [0, 0, 1, 17, 17, CHUNK_BYTES_MAX, 2 * CHUNK_BYTES_MAX + 5, BYTES.length, BYTES.length]
      const parts = cuts.map((at, index) => BYTES.subarray(cuts[index - 1] ?? 0, at))
      assert.deepEqual(await scan(sourceOf(parts)), { kind: 'clean' })
      assert.deepEqual(await scan(sourceOf([BYTES])), { kind: 'clean' })
      assert.deepEqual(await scan(sourceOf([])), { kind: 'clean' })
      assert.deepEqual(
        fake.streams.map(stream => Buffer.compare(stream, BYTES)),
        [0, 0, -1]
      )
      assert.equal(fake.streams[2]?.length, 0)
    })

    test('a source may use one buffer again and again', async () => {
      const shared = new Uint8Array(CHUNK_BYTES_MAX)
      const source = {
        bytes: 40 * shared.length,
        async *stream() {
          for (let i = 0; i < 40; i++) yield shared.fill(i)
        }
      }
      assert.deepEqual(await scan(source), { kind: 'clean' })
      const [stream = new Uint8Array(0)] = fake.streams
      for (let i = 0; i < 40; i++)
        assert.ok(
          stream.subarray(i * shared.length, (i + 1) * shared.length).every(byte => byte === i),
          String(i)
        )
    })

    test('what it finds is told, in however many parts it says so', async () => {
      answer(...'stream: Win.Test.EICAR_HDB-1 FOUND\0')
      assert.deepEqual(await scan(), { kind: 'infected', signature: 'Win.Test.EICAR_HDB-1' })
    })

    test('a limit of its own that it met is not an infection, and not clean', async () => {
      answer('stream: Heuristics.Limits.Exceeded.MaxScanSize FOUND\0')
      const detail = 'Heuristics.Limits.Exceeded.MaxScanSize'
      assert.deepEqual(await scan(), { kind: 'unscanned', reason: 'too-large', detail })
    })

    for (const [what, said] of Object.entries({
      nonsense: 'HTTP/1.1 400 Bad Request\r\n\r\n\0',
      'an error of its own': "stream: Can't allocate memory ERROR\0",
      'no UTF-8': '\xff\0',
      'more than an answer': `${'x'.repeat(REPLY_BYTES_MAX + 1)}`,
      'two answers': 'stream: OK\0stream: OK\0',
      'an answer without its end': 'stream: OK',
      nothing: ''
    }))
      test(`is not clean when it says ${what}`, async () => {
        fake.script.onStream = (_content, { socket }) => void socket.end(Buffer.from(said, 'latin1'))
        const verdict = await scan()
        assert.equal(verdict.kind === 'unscanned' && verdict.reason, 'error')
      })

    test('is not clean when it says so before it has all', async () => {
      fake.script.onPart = ({ socket }) => void socket.end('stream: OK\0')
      const source = {
        bytes: 2,
        async *stream(signal: AbortSignal) {
          yield Uint8Array.of(1)
          await delay(60_000, undefined, { signal })
          yield Uint8Array.of(2)
        }
      }
      assert.deepEqual(await scan(source), {
        kind: 'unscanned',
        reason: 'error',
        detail: 'it answered before it had all of it'
      })
    })

    test('its word that a stream is too long is read although it closes while we send', async () => {
      fake.script.onPart = ({ socket, streamed }) => {
        if (streamed() === 0) return
        socket.write('INSTREAM size limit exceeded. ERROR\0')
        socket.destroy()
      }
      const endless = {
        bytes: Number.MAX_SAFE_INTEGER,
        async *stream() {
          for (;;) yield BYTES
        }
      }
      const verdict = { kind: 'unscanned', reason: 'too-large', detail: 'INSTREAM size limit exceeded.' }
      for (let i = 0; i < 20; i++) assert.deepEqual(await scan(endless), verdict)
    })

    test('its last word is read although our write failed before we could hear it', async () => {
      const closed = Promise.withResolvers<void>()
      fake.script.onPart = ({ socket, streamed }) => {
        if (streamed() === 0) return
        socket.write('INSTREAM size limit exceeded. ERROR\0')
        socket.destroy()
        closed.resolve()
      }
      const source = {
        bytes: 2 + BYTES.length,
        async *stream() {
          yield Uint8Array.of(1)
          await closed.promise // nothing is read between here and the write that fails
          yield Uint8Array.of(2)
          yield BYTES
        }
      }
      const verdict = { kind: 'unscanned', reason: 'too-large', detail: 'INSTREAM size limit exceeded.' }
      assert.deepEqual(await scan(source), verdict)
    })

    test('a connection that breaks while we send is an error, as soon as it can be', async () => {
      fake.script.onPart = ({ socket }) => void socket.destroy()
      const verdict = await scan(sourceOf(Array(64).fill(BYTES)), { ...PATIENT, lastWordsMs: 20 })
      assert.equal(verdict.kind === 'unscanned' && verdict.reason, 'error')
    })

    test('is given up when it is silent for too long, before and after it has all', async () => {
      fake.script.onStream = () => {}
      const verdict = await scan(sourceOf([BYTES]), { ...PATIENT, idleMs: 50 })
      assert.deepEqual(verdict, { kind: 'unscanned', reason: 'timeout', detail: 'nothing moved for 50 ms' })
      fake.script.onConnection = socket => void socket.pause()
      const stuck = await scan(sourceOf(Array(64).fill(BYTES)), { ...PATIENT, idleMs: 50 })
      assert.equal(stuck.kind === 'unscanned' && stuck.reason, 'timeout')
    })

    test('is given up in the end although something comes all the time', async () => {
      fake.script.onStream = (_content, { socket }) => {
        const timer = setInterval(() => socket.write('s'), 5)
        socket.on('close', () => clearInterval(timer))
      }
      const verdict = await scan(sourceOf([BYTES]), { ...PATIENT, totalMs: 200 })
      assert.deepEqual(verdict, { kind: 'unscanned', reason: 'timeout', detail: 'no answer within 200 ms' })
    })

    test('sends no faster than it is read', async () => {
      fake.script.onConnection = socket => void socket.pause()
      let given = 0
      const source = {
        bytes: 1024 * BYTES.length,
        async *stream() {
          for (let i = 0; i < 1024; i++) {
            given += BYTES.length
            yield BYTES
          }
        }
      }
      await scan(source, { ...PATIENT, idleMs: 100 })
      assert.ok(given < source.bytes / 8, `${given} B were asked for`)
    })

    test('a source that fails, or gives too little or too much, is not clean, and has no end sent for it', async () => {
      const unreadable = {
        bytes: 2,
        async *stream(): AsyncGenerator<Uint8Array> {
          yield Uint8Array.of(1)
          throw new AppError('CONTENT_CHANGED', 'it was changed')
        }
      }
      assert.deepEqual(await scan(unreadable), {
        kind: 'unscanned',
        reason: 'error',
        detail: 'it can not be read: it was changed'
      })
      for (const bytes of [BYTES.length - 1, BYTES.length + 1]) {
        const verdict = await scan(sourceOf([BYTES], bytes))
        assert.match(verdict.kind === 'unscanned' ? verdict.detail : '', /it should have/)
      }
      await client.ping(NEVER)
      assert.deepEqual(fake.streams, [])
    })

    test('a bug of the source is thrown', async () => {
      const source: ScanSource = {
        bytes: 2,
        // biome-ignore lint/correctness/useYield: it never comes to that
        async *stream() {
          throw new TypeError('a bug')
        }
      }
      await assert.rejects(scan(source), /a bug/)
    })

    test('is called off, at whatever point, with the reason of the signal, and the source is told', async () => {
      const reason = new Error('no longer wanted')
      await assert.rejects(client.scan(sourceOf([BYTES]), AbortSignal.abort(reason)), reason)
      const [asked, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const source = {
        bytes: 1,
        async *stream(signal: AbortSignal) {
          signal.addEventListener('abort', () => told.resolve())
          asked.resolve()
          await told.promise
          yield Uint8Array.of(1)
        }
      }
      const abort = new AbortController()
      const scanning = client.scan(source, abort.signal)
      await asked.promise
      abort.abort(reason)
      await assert.rejects(scanning, reason)
      await told.promise
    })

    test('is down when nobody listens', async () => {
      fake.close()
      const isDown = (thrown: unknown): boolean =>
        thrown instanceof AppError && thrown.code === 'SCANNER_DOWN'
      await assert.rejects(client.ping(NEVER), isDown)
      await assert.rejects(client.version(NEVER), isDown)
      await assert.rejects(client.scan(sourceOf([BYTES]), NEVER), isDown)
    })

    test('is faulty when it answers a question with something else, or not in time', async () => {
      const isFaulty = (thrown: unknown): boolean =>
        thrown instanceof AppError && thrown.code === 'SCANNER_FAULTY'
      fake.script.versions = ['UNKNOWN COMMAND']
      await assert.rejects(client.version(NEVER), isFaulty)
      fake.script.onConnection = socket => void socket.pause()
      await assert.rejects(new ClamdClient(address, { ...PATIENT, idleMs: 30 }).ping(NEVER), isFaulty)
    })
  })

async function sayInParts(socket: Socket, parts: readonly string[]): Promise<void> {
  socket.setNoDelay(true)
  for (const part of parts) {
    socket.write(part)
    await delay(1)
  }
  socket.end()
}
