/** Debian's clamd as a process of the test's own, with signatures of the test's own. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { AppError } from '../../src/base/errors.ts'
import { ClamdClient } from '../../src/node/scan/clamd-client.ts'
import { debianProgram } from './debian-program.ts'

export const CLAMD = '/usr/sbin/clamd'
export const MARKER = 'PEERAGE-TEST-MARKER-0123456789'
/** EICAR's test file (eicar.org), in two halves so that no scanner takes this source for it. */
export const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('')
const SIGNATURES = { 'Peerage.Test.Marker': MARKER, 'Eicar.Test': EICAR }
const NEVER = new AbortController().signal
/** The level of functions that a database asks of its engine: low. */
const LEVEL = 90

/**
 * A `daily.cud`: as what ClamAV publishes, but unsigned. Only a database of this name gives clamd a version to tell. A
 * header of fixed length, then a gzipped tar of a list with checksums and of what is in it.
 */
export function databaseOf(version: number, more: Readonly<Record<string, string>> = {}): Buffer {
  const lines = Object.entries({ ...SIGNATURES, ...more }).map(
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

export class ClamdProcess {
  readonly client: ClamdClient
  readonly #folder: string
  readonly socket: string
  #child: ChildProcess | undefined
  #said = ''

  constructor(folder: string) {
    this.#folder = folder
    this.socket = join(folder, 'clamd.ctl')
    this.client = new ClamdClient({ path: this.socket })
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
      ...['Foreground yes', `LocalSocket ${this.socket}`, 'MaxThreads 4', 'SelfCheck 0'],
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
  async reload(version: number, more: Readonly<Record<string, string>> = {}): Promise<void> {
    this.setDatabase({ 'daily.cud': databaseOf(version, more) })
    const socket = connect(this.socket)
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

export const { isMissing, skip: skipWithoutClamd } = debianProgram(CLAMD, 'clamav-daemon')
