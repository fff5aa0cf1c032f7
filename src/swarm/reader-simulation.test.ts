/** Readers that wait for pieces, in virtual time: how soon they go on, and what that costs. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { KIB, MIB } from '../base/units.ts'
import { demandOf, WINDOW_BYTES_MAX, WindowReader } from './read-windows.ts'
import { makeVersion } from './swarm-fixture.conformance.ts'
import { type NodeInit, SimNetwork, type SimNode } from './swarm-network.conformance.ts'

/** 100 Mbit/s. */
const LAN = 12_500
const LINK = { upBytesPerMs: LAN, downBytesPerMs: LAN }
const PIECE_BYTES = 256 * KIB
const PIECE_MS = PIECE_BYTES / LAN
/** At which a film plays: 5 Mbit/s. */
const FILM = LAN / 20
/** A film, and something else. */
const FIXTURE = makeVersion([24 * MIB, 8 * MIB], PIECE_BYTES)
const FILM_PIECES = (24 * MIB) / PIECE_BYTES

function lan(...others: Partial<NodeInit>[]): SimNetwork {
  const network = new SimNetwork(2)
  network.add({ fixture: FIXTURE, hasAll: true, ...LINK })
  for (const other of others) network.add({ fixture: FIXTURE, ...LINK, ...other })
  network.connectAll()
  return network
}

/** Somebody who plays a film from a node, at a rate; waits where the next piece is not here. */
class Player {
  readonly waitedMs: number[] = []
  readonly #network: SimNetwork
  readonly #node: SimNode
  readonly #bytesPerMs: number
  #reader: WindowReader
  #told = ''

  constructor(network: SimNetwork, node: SimNode, bytesPerMs: number) {
    this.#network = network
    this.#node = node
    this.#bytesPerMs = bytesPerMs
    this.#reader = new WindowReader(FIXTURE.version, { first: 0, end: FILM_PIECES }, 0)
  }

  demand(others: readonly WindowReader[] = []): void {
    const isHere = (piece: PieceIndex) => this.#node.stored.has(piece)
    const now = { nowMs: this.#network.time.nowMs, isHere, bytesMax: 2 * WINDOW_BYTES_MAX }
    const pieces = demandOf([this.#reader, ...others], now)
    if (String(pieces) === this.#told) return
    this.#told = String(pieces)
    this.#node.post({ type: 'demand', pieces })
  }

  /** Plays so many pieces from one on; answers how long it waited for the first. */
  play(first: number, count: number): number {
    const { time } = this.#network
    const beganMs = time.nowMs
    time.run(beganMs + 10_000, () => this.#node.transfer.status(time.nowMs).phase !== 'metadata')
    this.#reader = new WindowReader(FIXTURE.version, { first, end: FILM_PIECES }, time.nowMs)
    const waits: number[] = []
    for (let index = first; index < first + count; index++) {
      const askedMs = time.nowMs
      this.#reader.moveTo(pieceIndex(index))
      this.demand()
      time.run(askedMs + 60_000, () => this.#node.stored.has(index))
      assert.ok(this.#node.stored.has(index), `piece ${index} comes`)
      waits.push(time.nowMs - askedMs)
      this.#reader.took(PIECE_BYTES, time.nowMs)
      this.pause(PIECE_BYTES / this.#bytesPerMs)
    }
    this.waitedMs.push(...waits)
    return time.nowMs - beganMs - waits.slice(1).reduce((sum, ms) => sum + ms, 0) - this.#playedMs(count)
  }

  #playedMs(count: number): number {
    return (count * PIECE_BYTES) / this.#bytesPerMs
  }

  pause(ms: number): void {
    const { time } = this.#network
    const untilMs = time.nowMs + ms
    let isOver = false
    time.at(untilMs, () => {
      isOver = true
    })
    time.run(untilMs + 1, () => isOver)
  }

  leave(): void {
    this.#node.post({ type: 'demand', pieces: [] })
  }
}

function nodesOf(network: SimNetwork): { source: SimNode; viewer: SimNode } {
  const [source, viewer] = network.nodes
  assert.ok(source !== undefined && viewer !== undefined)
  return { source, viewer }
}

test('a film from a node that has nothing begins after its first piece, plays on, and can be sought in', t => {
  const network = lan({ onDemand: true })
  const { source, viewer } = nodesOf(network)
  const player = new Player(network, viewer, FILM)
  const startMs = player.play(0, 20)
  const seekMs = player.play(70, 20)
  t.diagnostic(`start ${(startMs / PIECE_MS).toFixed(2)}, seek ${(seekMs / PIECE_MS).toFixed(2)} pieces`)
  assert.ok(startMs <= 4 * PIECE_MS, 'description, hashes and one piece')
  assert.ok(seekMs <= 3 * PIECE_MS)
  const later = player.waitedMs.filter((_, at) => at !== 0 && at !== 20)
  assert.ok(Math.max(...later) < 1, 'nothing is waited for in between')
  player.leave()
  const sent = source.blockBytesSent
  player.pause(2000)
  assert.ok(source.blockBytesSent - sent <= 2 * MIB, 'what comes after it has gone is what was on its way')
  assert.ok(viewer.stored.size <= 66, `${viewer.stored.size} pieces: those played, and a window after each`)
  assert.ok(
    [...viewer.stored].every(piece => piece < FILM_PIECES),
    'and nothing of what nobody reads'
  )
  assert.ok(viewer.transfer.status(network.time.nowMs).wastedBytes <= MIB)
  assert.equal(viewer.lentBuffers, 0)
  assert.deepEqual(viewer.misbehaviours, [])
  assert.deepEqual(source.misbehaviours, [])
})

test('where all is fetched, what a reader waits for comes first, and the rest all the same', () => {
  const network = lan({})
  const { viewer } = nodesOf(network)
  network.time.run(400, () => false)
  const player = new Player(network, viewer, FILM)
  const startMs = player.play(10, 30)
  assert.ok(startMs <= 30 * PIECE_MS, `${startMs} ms: after what was asked for already`)
  const later = player.waitedMs.slice(1)
  assert.ok(Math.max(...later) < 1, 'it never waits again')
  player.leave()
  network.time.run(60_000, () => viewer.completedMs !== undefined)
  assert.equal(viewer.stored.size, FIXTURE.version.pieceCount)
  assert.equal(viewer.lentBuffers, 0)
})

test('a slow peer does not hold a reader up where a fast one has the film too', () => {
  const network = new SimNetwork(2)
  network.add({ fixture: FIXTURE, hasAll: true, upBytesPerMs: LAN / 100, downBytesPerMs: LAN })
  network.add({ fixture: FIXTURE, onDemand: true, ...LINK })
  network.add({ fixture: FIXTURE, hasAll: true, ...LINK })
  network.connectAll()
  const { viewer } = nodesOf(network)
  const player = new Player(network, viewer, FILM)
  player.play(0, 40)
  const stalls = player.waitedMs.slice(8).filter(ms => ms > 1)
  assert.deepEqual(stalls, [])
})

test('two who play one film in one site have it brought in once', t => {
  const network = new SimNetwork(1)
  network.addSite('here', { upBytesPerMs: LAN, downBytesPerMs: LAN, latencyMs: 5 })
  const wan = network.addSite('there', { upBytesPerMs: LAN, downBytesPerMs: LAN, latencyMs: 5 })
  network.add({ fixture: FIXTURE, hasAll: true, ...LINK, site: 'here' })
  for (let i = 0; i < 2; i++) network.add({ fixture: FIXTURE, onDemand: true, ...LINK, site: 'there' })
  network.connectAll()
  const [, one, other] = network.nodes
  assert.ok(one !== undefined && other !== undefined)
  const first = new Player(network, one, FILM)
  first.play(0, 40)
  const second = new Player(network, other, FILM)
  second.play(0, 30)
  const copies = wan.receivedBlockBytes / (40 * PIECE_BYTES)
  t.diagnostic(`${copies.toFixed(2)} copies over the link`)
  assert.ok(other.stored.size >= 30)
  assert.ok(wan.receivedBlockBytes <= 60 * PIECE_BYTES, 'what the second plays comes from the first')
})
