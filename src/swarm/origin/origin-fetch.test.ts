/** What a transfer asks of its origin, and when: one device alone, without any I/O. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { type DeviceId, pieceIndex } from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import { ORIGIN_PEER } from '../open-piece.ts'
import { makeVersion } from '../swarm-fixture.conformance.ts'
import { Transfer } from '../transfer.ts'
import type { AskGate, TransferEffect, TransferEvent } from '../transfer-types.ts'

const PIECE_BYTES = 64 * KIB
const { version, layers } = makeVersion([4 * PIECE_BYTES], PIECE_BYTES)

class Alone {
  readonly effects: TransferEffect[] = []
  readonly #transfer: Transfer
  #nowMs = 0

  constructor(asking?: AskGate) {
    this.#transfer = new Transfer({
      ...{ versionId: version.id, version, wantsData: true, seed: 1, site: 'berlin', asking },
      ...{ self: '1'.repeat(64) as DeviceId, bringers: undefined, knownLayer: index => layers.get(index) },
      sha256: bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
    })
    this.post({ type: 'originReady', isReady: true })
  }

  post(event: TransferEvent): void {
    this.effects.push(...this.#transfer.handle(event, this.#nowMs))
  }

  wait(ms: number): void {
    for (const untilMs = this.#nowMs + ms; this.#nowMs < untilMs; this.#nowMs += 250)
      this.post({ type: 'tick' })
  }

  /** Pieces that were asked for. */
  get asked(): number[] {
    return this.effects.flatMap(effect => (effect.type === 'fetchOrigin' ? [effect.piece] : []))
  }
}

test('what the limits of the device let not come is not begun, and what they slow down comes alone', () => {
  let mayBytes = 0
  const alone = new Alone({
    mayAsk: peer => (peer === ORIGIN_PEER ? mayBytes : Number.POSITIVE_INFINITY),
    asked: () => assert.fail('each request passes the limits when it is carried out'),
    pace: () => undefined
  })
  alone.wait(20_000)
  assert.deepEqual(alone.asked, [])
  mayBytes = 16 * KIB
  alone.post({ type: 'askTurn', peer: ORIGIN_PEER })
  const [piece = -1] = alone.asked
  assert.equal(alone.asked.length, 1)
  alone.wait(20_000)
  assert.equal(alone.asked.length, 1)
  alone.post({ type: 'originBlock', piece, begin: 0, block: new Uint8Array(16 * KIB) })
  alone.post({ type: 'originEnded', piece: pieceIndex(piece) })
  alone.wait(1000)
  assert.equal(alone.asked.length, 2)
})

test('without limits as much is begun as may be on its way', () => {
  const alone = new Alone()
  alone.wait(6000)
  assert.ok(alone.asked.length > 1)
})
