/**
 * Scanning by the real clamd (Debian's clamav-daemon), with signatures of our own making: no network, no database of
 * ClamAV, nothing of the machine's own configuration.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { after, afterEach, before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { AppError } from '../src/base/errors.ts'
import { MIB } from '../src/base/units.ts'
import { ClamdClient, type ScanSource } from '../src/node/scan/clamd-client.ts'
import { type ScannedVersion, scanVersion, type VersionScan } from '../src/node/scan/version-scan.ts'

const CLAMD = '/usr/sbin/clamd'
const NEVER = new AbortController().signal
const MARKER = 'PEERAGE-TEST-MARKER-0123456789'
/** EICAR's test file (eicar.org), in two halves so that no scanner takes this source for it. */
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('')
const STREAM_BYTES_MAX = 8 * MIB
const SIGNATURES = { 'Peerage.Test.Marker': MARKER, 'Eicar.Test': EICAR }
/** The level of functions that a database asks of its engine: low. */
const LEVEL = 90

/**
 * A `daily.cud`: as what ClamAV publishes, but unsigned. Only a database of this name gives clamd a version to tell. A
 * header of fixed length, then a gzipped tar of a list with checksums and of what is in it.
 */
function databaseOf(version: number): Buffer {
  const lines = Object.entries(SIGNATURES).map(
    ([name, text]) => `${name}:0:*:${Buffer.from(text).toString('hex')}\n`
  )
  const signatures = Buffer.from(lines.join(''))
  const madeAt = Date.UTC(2026, 0, 1) / 1000
  const header = `ClamAV-VDB:01 Jan 2026 00-00 +0000:${version}:${lines.length}:${LEVEL}:X:X:peerage:${madeAt}`
  const checksum = createHash('sha256').update(signatures).digest('hex')
  const info = Buffer.from(`${header}\ndaily.ndb:${signatures.length}:${checksum}\n`)
  const tar = Buffer.concat([
    ...tarEntry('daily.info', info),
    ...tarEntry('daily.ndb', signatures),
    Buffer.alloc(1024)
  ])
  return Buffer.concat([Buffer.from(header.padEnd(512)), gzipSync(tar)])
}

function tarEntry(name: string, content: Buffer): Buffer[] {
  const head = Buffer.alloc(512)
  head.write(name, 0)
  head.write(`0000644\0${'0000000\0'.repeat(2)}`, 100)
  head.write(`${content.length.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0        0`, 124)
  head.write('ustar\x0000', 257)
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return [head, content, Buffer.alloc(-content.length & 511)]
}

class Clamd {
  readonly client: ClamdClient
  readonly #folder: string
  readonly #socket: string
  #child: ChildProcess | undefined
  #said = ''

  constructor(folder: string) {
    this.#folder = folder
    this.#socket = join(folder, 'clamd.ctl')
    this.client = new ClamdClient({ path: this.#socket })
  }

  setDatabase(files: Readonly<Record<string, Buffer | string>>): void {
    const place = join(this.#folder, 'database')
    mkdirSync(place, { recursive: true })
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(this.#folder, name), content)
      renameSync(join(this.#folder, name), join(place, name))
    }
  }

  async start(settings: readonly string[]): Promise<void> {
    const configuration = join(this.#folder, 'clamd.conf')
    const lines = [
      ...['Foreground yes', `LocalSocket ${this.#socket}`, 'MaxThreads 4', 'SelfCheck 0'],
      ...[`DatabaseDirectory ${join(this.#folder, 'database')}`, `TemporaryDirectory ${this.#folder}`],
      ...settings
    ]
    writeFileSync(configuration, lines.map(line => `${line}\n`).join(''))
    const child = spawn(CLAMD, [`--config-file=${configuration}`], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => {
        this.#said = (this.#said + bytes.toString()).slice(-4000)
      })
    for (;;) {
      assert.equal(child.exitCode, null, `clamd ended: ${this.#said}`)
      try {
        await this.client.ping(NEVER)
        return
      } catch (thrown) {
        if (!(thrown instanceof AppError && thrown.code === 'SCANNER_DOWN')) throw thrown
      }
      await delay(50)
    }
  }

  /** Returns once the new database is in use. */
  async reload(version: number): Promise<void> {
    this.setDatabase({ 'daily.cud': databaseOf(version) })
    const socket = connect(this.#socket)
    socket.resume().write('zRELOAD\0')
    await once(socket, 'close')
    while ((await this.client.version(NEVER)).database?.version !== version) await delay(20)
  }

  /** Kills it by its own process id. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
}

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

const missing = spawnSync(CLAMD, ['--version']).status !== 0
const skip = missing && env.CI !== 'true' ? `skipped: there is no ${CLAMD}; install clamav-daemon` : false

suite('clamd', { skip }, () => {
  let folder = ''
  let clamd: Clamd

  before(() => assert.ok(!missing, `there is no ${CLAMD}: install clamav-daemon`))

  async function started(settings: readonly string[] = ['AlertExceedsMax yes']): Promise<Clamd> {
    folder = mkdtempSync(join(tmpdir(), 'peerage-clamd-'))
    clamd = new Clamd(folder)
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
      clamd = new Clamd(folder)
      clamd.setDatabase({ 'own.ndb': `Peerage.Test.Marker:0:*:${Buffer.from(MARKER).toString('hex')}\n` })
      await clamd.start(['AlertExceedsMax yes'])
      assert.equal((await clamd.client.version(NEVER)).database, null)
      await assert.rejects(scan([{ path: 'a', content: filler(100, 36) }]), isUnfit)
    })
  })
})
