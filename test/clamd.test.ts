/**
 * Scanning by the real clamd (Debian's clamav-daemon), with signatures of our own making: no network, no database of
 * ClamAV, nothing of the machine's own configuration.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { AppError } from '../src/base/errors.ts'
import { MIB } from '../src/base/units.ts'
import type { ScanSource } from '../src/node/scan/clamd-client.ts'
import { type ScannedVersion, scanVersion, type VersionScan } from '../src/node/scan/version-scan.ts'
import {
  CLAMD,
  ClamdProcess,
  databaseOf,
  EICAR,
  isMissing,
  MARKER,
  skipWithoutClamd
} from './interop/clamd-process.ts'

const NEVER = new AbortController().signal
const STREAM_BYTES_MAX = 8 * MIB

function sourceOf(content: Uint8Array, each?: (offset: number) => Promise<void> | void): ScanSource {
  return {
    bytes: content.length,
    async *stream() {
      for (let offset = 0; offset < content.length; offset += 100_000) {
        await each?.(offset)
        yield content.subarray(offset, offset + 100_000)
      }
    }
  }
}

interface VersionFile {
  readonly path: string
  readonly content: Uint8Array
  readonly each?: (offset: number) => Promise<void> | void
}

function versionOf(files: readonly VersionFile[]): ScannedVersion {
  return {
    files: files.length,
    bytes: files.reduce((sum, { content }) => sum + content.length, 0),
    async *read() {
      for (const { path, content, each } of files) yield { path, ...sourceOf(content, each) }
    }
  }
}

/** Of bytes that no file format begins with, each time others: clamd remembers what was clean. */
function filler(bytes: number, seed: number): Buffer {
  return Buffer.alloc(bytes, `line ${seed} of plain text; `)
}

suite('clamd', { skip: skipWithoutClamd }, () => {
  let folder = ''
  let clamd: ClamdProcess

  before(() => assert.ok(!isMissing, `there is no ${CLAMD}: install clamav-daemon`))

  async function started(settings: readonly string[] = ['AlertExceedsMax yes']): Promise<ClamdProcess> {
    folder = mkdtempSync(join(tmpdir(), 'peerage-clamd-'))
    clamd = new ClamdProcess(folder)
    clamd.setDatabase({ 'daily.cud': databaseOf(7) })
    await clamd.start([`StreamMaxLength ${STREAM_BYTES_MAX}`, ...settings])
    return clamd
  }

  async function stop(): Promise<void> {
    await clamd?.stop()
    if (folder !== '') rmSync(folder, { recursive: true, force: true })
  }

  const scan = (
    files: readonly VersionFile[],
    until: 'first-finding' | 'end' = 'end'
  ): Promise<VersionScan> => scanVersion(clamd.client, versionOf(files), { until, signal: NEVER })

  suite('as docs/OPERATIONS.md sets it up', () => {
    before(async () => void (await started()))
    after(stop)

    test('says its version and that of its database', async () => {
      const { engine, database } = await clamd.client.version(NEVER)
      assert.match(engine, /^\d+\.\d+\.\d+/)
      assert.equal(database?.version, 7)
      // It tells its local time.
      assert.ok(Math.abs((database?.timeMs ?? 0) - Date.UTC(2026, 0, 1)) <= 14 * 3_600_000)
    })

    test('finds nothing where nothing is', async () => {
      const result = await scan([
        { path: 'empty', content: new Uint8Array(0) },
        { path: 'small', content: filler(100, 1) },
        { path: 'large', content: filler(STREAM_BYTES_MAX, 2) },
        { path: 'packed', content: gzipSync(filler(MIB, 3)) }
      ])
      assert.deepEqual([result.verdict, result.unscanned, result.fault], ['clean', [], null])
      assert.deepEqual([result.scannedFiles, result.database], [4, 7])
    })

    test('finds EICAR, a marker at the end of several megabytes, and one that is packed', async () => {
      const late = filler(5 * MIB + 17, 4)
      late.write(MARKER, late.length - MARKER.length)
      const result = await scan([
        { path: 'z/eicar.com', content: Buffer.from(EICAR) },
        { path: 'clean', content: filler(1000, 5) },
        { path: 'late', content: late },
        { path: 'late.gz', content: gzipSync(late) }
      ])
      assert.equal(result.verdict, 'infected')
      assert.deepEqual(result.findings, [
        { path: 'late', signature: 'Peerage.Test.Marker.UNOFFICIAL' },
        { path: 'late.gz', signature: 'Peerage.Test.Marker.UNOFFICIAL' },
        { path: 'z/eicar.com', signature: 'Eicar.Test.UNOFFICIAL' }
      ])
    })

    test('a file above StreamMaxLength is too large, and never clean', async () => {
      const content = filler(STREAM_BYTES_MAX + 1, 6)
      const result = await scan([
        { path: 'image', content },
        { path: 'small', content: filler(100, 7) }
      ])
      assert.equal(result.verdict, 'unscanned')
      assert.deepEqual(result.unscanned, [
        { path: 'image', reason: 'too-large', detail: 'INSTREAM size limit exceeded.' }
      ])
      assert.equal(result.scannedFiles, 1)
    })

    test('its word that it is too large is heard whenever it comes', async () => {
      const large = filler(4 * STREAM_BYTES_MAX, 8)
      const blocked = new Int32Array(new SharedArrayBuffer(4))
      // While this thread stands still, clamd answers and closes, and our next write fails before anything is read.
      const standStill = (offset: number): void => {
        if (offset > STREAM_BYTES_MAX && offset <= STREAM_BYTES_MAX + 200_000)
          Atomics.wait(blocked, 0, 0, 200)
      }
      for (const each of [undefined, standStill, standStill]) {
        const verdict = await clamd.client.scan(sourceOf(large, each), NEVER)
        assert.deepEqual(verdict, {
          kind: 'unscanned',
          reason: 'too-large',
          detail: 'INSTREAM size limit exceeded.'
        })
      }
    })

    test('a new database meanwhile has all scanned again', async () => {
      let reloads = 0
      const reloadOnce = async (): Promise<void> => {
        if (reloads++ === 0) await clamd.reload(8)
      }
      const result = await scan([{ path: 'a', content: filler(1000, 9), each: reloadOnce }])
      assert.deepEqual([result.verdict, result.database, result.fault], ['clean', 8, null])
      assert.equal(reloads, 2)
    })

    test('a new database each time leaves it unscanned', async () => {
      let version = 8
      const reload = (): Promise<void> => clamd.reload(++version)
      const result = await scan([{ path: 'a', content: filler(1000, 10), each: reload }])
      assert.deepEqual([result.verdict, result.fault?.reason], ['unscanned', 'database-changed'])
    })
  })

  suite('set up otherwise', () => {
    afterEach(stop)

    test('killed while it scans leaves the version unscanned', async () => {
      await started()
      const kill = async (offset: number): Promise<void> => {
        if (offset >= MIB) await clamd.stop('SIGKILL')
      }
      const files = Array.from({ length: 20 }, (_, i) => ({ path: `f${i}`, content: filler(1000, 11 + i) }))
      const result = await scan([{ path: 'a', content: filler(4 * MIB, 31), each: kill }, ...files])
      assert.deepEqual([result.verdict, result.fault?.reason], ['unscanned', 'scanner-lost'])
      // Which file hears of it first is chance; it is called off for those then under way.
      assert.ok(result.unscanned.length > 0)
      assert.ok(result.unscanned.every(({ reason }) => reason === 'error'))
      assert.ok(result.scannedFiles <= files.length)
    })

    test('with smaller limits inside than for a stream it says of what it did not look at', async () => {
      await started(['AlertExceedsMax yes', 'MaxFileSize 1M', 'MaxScanSize 2M'])
      const result = await scan([
        { path: 'plain', content: filler(3 * MIB, 32) },
        { path: 'packed', content: gzipSync(filler(3 * MIB, 33)) },
        { path: 'small', content: filler(100, 34) }
      ])
      assert.deepEqual([result.verdict, result.findings, result.scannedFiles], ['unscanned', [], 1])
      assert.deepEqual(
        result.unscanned.map(({ path, reason }) => [path, reason]),
        [
          ['packed', 'too-large'],
          ['plain', 'too-large']
        ]
      )
    })

    const isUnfit = (thrown: unknown): boolean =>
      thrown instanceof AppError && thrown.code === 'SCANNER_UNFIT'

    test('without AlertExceedsMax, or without looking into archives, it is not used', async () => {
      for (const settings of [[], ['AlertExceedsMax yes', 'ScanArchive no']]) {
        await started(settings)
        // The danger is real: it calls clean what it did not look at.
        await assert.rejects(scan([{ path: 'a', content: filler(100, 35) }]), isUnfit, settings.join())
        await stop()
      }
    })

    test('with nothing but signatures of our own it has no version, and is not used', async () => {
      folder = mkdtempSync(join(tmpdir(), 'peerage-clamd-'))
      clamd = new ClamdProcess(folder)
      clamd.setDatabase({ 'own.ndb': `Peerage.Test.Marker:0:*:${Buffer.from(MARKER).toString('hex')}\n` })
      await clamd.start(['AlertExceedsMax yes'])
      assert.equal((await clamd.client.version(NEVER)).database, null)
      await assert.rejects(scan([{ path: 'a', content: filler(100, 36) }]), isUnfit)
    })
  })
})
