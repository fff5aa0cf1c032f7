/** What a device asks of an origin under limits of its own, against a real web server on loopback. */

import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pieceIndex } from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import { BlockBuffers } from '../../store/block-buffers.ts'
import { sampleBytes } from '../../store/samples.conformance.ts'
import { makeVersion } from '../../swarm/swarm-fixture.conformance.ts'
import type { TransferEvent } from '../../swarm/transfer-types.ts'
import { BLOCK_BYTES } from '../../swarm/wire-messages.ts'
import { SILENT_LOG } from '../log.ts'
import { OriginDesk } from './origin-desk.ts'
import { OriginRunner, type RequestFlow } from './origin-runner.ts'
import { OriginServer } from './origin-server.conformance.ts'

const PIECE_BYTES = 64 * KIB
const TORRENT_BYTES = 100 * KIB
const { version } = makeVersion([4 * PIECE_BYTES], PIECE_BYTES)
const [file] = version.files
const server = new OriginServer()
let url: string

before(async () => {
  url = `${await server.listen()}/`
})

beforeEach(() => {
  server.files.clear()
  server.files.set(`/${file?.path.join('/')}`, { bytes: sampleBytes(4 * PIECE_BYTES, 1) })
})

after(() => server.close())

/** Lets nothing pass before `open` is called. */
class Limits {
  /** What they let come at a time. */
  turnBytes = Number.POSITIVE_INFINITY
  readonly passed: number[] = []
  closed = 0
  readonly #waiting = new Set<(passes: boolean) => void>()

  readonly openFlow = (): RequestFlow => {
    let mine: ((passes: boolean) => void) | undefined
    return {
      acquire: bytes => {
        const { promise, resolve } = Promise.withResolvers<boolean>()
        mine = passes => {
          if (passes) this.passed.push(bytes)
          resolve(passes)
        }
        this.#waiting.add(mine)
        return promise
      },
      bytesOf: () => this.turnBytes,
      passed: bytes => this.passed.push(bytes),
      leave: () => {
        if (mine !== undefined && this.#waiting.delete(mine)) mine(false)
      },
      close: () => this.closed++
    }
  }

  /** Resolves once somebody waits for a turn. */
  async asked(): Promise<void> {
    while (this.#waiting.size === 0) await delay(5)
  }

  /** Resolves once so many have closed their flow. */
  async left(count: number): Promise<void> {
    while (this.closed < count) await delay(5)
  }

  open(): void {
    for (const turn of this.#waiting) turn(true)
    this.#waiting.clear()
  }
}

function runnerOf(limits?: Limits) {
  const events: TransferEvent[] = []
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const runner = new OriginRunner({
    versionId: version.id,
    origins: new OriginDesk({ urlOf: () => url, rules: { anyAddress: true }, log: SILENT_LOG }),
    version: () => version,
    buffers: new BlockBuffers(),
    log: SILENT_LOG,
    post: event => {
      events.push(event)
      const came = events.reduce(
        (sum, each) => sum + (each.type === 'originBlock' ? each.block.length : 0),
        0
      )
      if (event.type === 'originEnded' || came === PIECE_BYTES) resolve()
    },
    openFlow: limits?.openFlow,
    onTorrent: () => undefined
  })
  return { runner, events, ended }
}

test('a request leaves when the limits of the device let it, and counts for what was asked', async () => {
  const limits = new Limits()
  const { runner, events, ended } = runnerOf(limits)
  const before = server.asked.length
  runner.perform({ type: 'fetchOrigin', piece: 1, begin: 0, length: PIECE_BYTES })
  await limits.asked()
  await delay(50)
  assert.equal(server.asked.length, before, 'it waits')
  limits.open()
  await ended
  assert.equal(server.asked.length, before + 1)
  assert.equal(events.filter(({ type }) => type === 'originEnded').length, 0)
  await limits.left(1)
  assert.deepEqual([limits.passed, limits.closed], [[PIECE_BYTES, 0], 1])
  runner.close()
})

test('what is called off while it waits is never asked for, and what does not come does not count', async () => {
  const limits = new Limits()
  const { runner, ended } = runnerOf(limits)
  const before = server.asked.length
  runner.perform({ type: 'fetchOrigin', piece: 2, begin: 0, length: PIECE_BYTES })
  runner.perform({ type: 'cancelOrigin', piece: pieceIndex(2) })
  await limits.left(1)
  limits.open()
  await delay(20)
  assert.deepEqual([limits.passed, limits.closed, server.asked.length], [[], 1, before])
  server.files.clear()
  runner.perform({ type: 'fetchOrigin', piece: 3, begin: 0, length: PIECE_BYTES })
  await limits.asked()
  limits.open()
  await ended
  await limits.left(2)
  assert.deepEqual([limits.passed, limits.closed], [[PIECE_BYTES, -PIECE_BYTES], 2])
  runner.close()
})

test('the .torrent comes when the limits of the device let it, and counts for what it was', async () => {
  const limits = new Limits()
  const { runner, events } = runnerOf(limits)
  const described = async (count: number): Promise<void> => {
    while (events.filter(({ type }) => type === 'originDescribed').length < count) await delay(5)
  }
  const before = server.asked.length
  runner.perform({ type: 'fetchDescription' })
  await limits.asked()
  await delay(50)
  assert.equal(server.asked.length, before, 'it waits')
  server.files.set('/.torrent', { bytes: sampleBytes(TORRENT_BYTES, 3) })
  limits.open()
  await described(1)
  await limits.left(1)
  assert.equal(server.asked.length, before + 1)
  assert.deepEqual([limits.passed, limits.closed], [[64 * KIB, TORRENT_BYTES - 64 * KIB], 1])
  runner.close()
})

test('what waits for the limits when all is over is never asked for', async () => {
  const limits = new Limits()
  const { runner } = runnerOf(limits)
  const before = server.asked.length
  runner.perform({ type: 'fetchDescription' })
  runner.close()
  await limits.left(1)
  limits.open()
  await delay(20)
  assert.deepEqual([limits.passed, limits.closed, server.asked.length], [[], 1, before])
})

test('of a piece that is asked for in several runs all that are left are called off', async () => {
  const { runner, events } = runnerOf()
  const path = `/${file?.path.join('/')}`
  const { promise: called, resolve: onCalled } = Promise.withResolvers<void>()
  const { promise: cut, resolve: onCut } = Promise.withResolvers<void>()
  server.answers.set(path, (request, response) => {
    if (request.headers.range?.startsWith(`bytes=${PIECE_BYTES}-`)) {
      server.give(request, response)
      return
    }
    onCalled()
    response.on('close', onCut)
  })
  runner.perform({ type: 'fetchOrigin', piece: 1, begin: 0, length: BLOCK_BYTES })
  runner.perform({ type: 'fetchOrigin', piece: 1, begin: 2 * BLOCK_BYTES, length: BLOCK_BYTES })
  await called
  while (!events.some(({ type }) => type === 'originBlock')) await delay(5)
  await delay(20)
  runner.perform({ type: 'cancelOrigin', piece: pieceIndex(1) })
  const late = delay(5000, 'it is still being answered', { ref: false })
  assert.equal(await Promise.race([cut, late]), undefined)
  server.answers.clear()
  runner.close()
})

test('a request is no longer than what limits let come at a time, but where it is a whole file', async () => {
  const limits = new Limits()
  limits.turnBytes = 40 * KIB
  const { runner, events, ended } = runnerOf(limits)
  const before = server.asked.length
  runner.perform({ type: 'fetchOrigin', piece: 1, begin: 0, length: PIECE_BYTES })
  for (let part = 0; part < 2; part++) {
    await limits.asked()
    await delay(30)
    assert.equal(server.asked.length, before + part, 'each waits for its turn')
    limits.open()
  }
  await ended
  const blocks = events.flatMap(event => (event.type === 'originBlock' ? [event.block] : []))
  const piece = sampleBytes(4 * PIECE_BYTES, 1).subarray(PIECE_BYTES, 2 * PIECE_BYTES)
  assert.ok(Buffer.concat(blocks).equals(piece))
  await limits.left(1)
  // Whole blocks, so that none comes in two parts.
  assert.deepEqual([limits.passed, limits.closed], [[32 * KIB, 0, 32 * KIB, 0], 1])
  runner.close()
})
